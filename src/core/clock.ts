import { setTimeout as wait } from 'node:timers/promises';

/** Time as Quarry uses it. Everything that waits or dates takes a clock, so that tests and simulations own time. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Milliseconds from an arbitrary start, never stepping back. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await wait(Math.min(Math.max(ms, 0), MAX_TIMER_MS), undefined, { signal });
  },
};

/** Node fires timers above 2^31-1 ms at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** A clock whose time runs `speed` times as fast as the machine's, from `start`; for simulations. */
export function fastClock(speed: number, start = Date.now(), base: Clock = systemClock): Clock {
  const origin = base.monotonic();
  const elapsed = () => (base.monotonic() - origin) * speed;
  return {
    now: () => Math.floor(start + elapsed()),
    monotonic: elapsed,
    sleep: (ms, signal) => base.sleep(ms / speed, signal),
  };
}

/** `2026-11-20T10:00:00Z`: the form of Qualys's request parameters, UTC, whole seconds (rounded down). */
export function qualysTime(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
