import type { Clock } from '../core/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A fake clock for tests: time stands still until `run` jumps it from one timer to the next. */
export interface FakeClock extends Clock {
  /** Calls `fire` after `ms`. */
  after(ms: number, fire: () => void): void;
  /** Runs timers in order until `until` (monotonic milliseconds from 0), letting promises settle after each. */
  run(until: number): Promise<void>;
  /** The wall clock steps; the monotonic one does not. */
  step(ms: number): void;
}

export function fakeClock(start = Date.UTC(2026, 10, 20, 10)): FakeClock {
  let now = 0;
  let wall = start;
  let order = 0;
  let timers: Timer[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  function add(ms: number, fire: () => void): Timer {
    const timer = { at: now + Math.max(0, ms), order: order++, fire };
    timers.push(timer);
    return timer;
  }
  return {
    now: () => wall + now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const timer = add(ms, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        const stop = () => {
          timers = timers.filter((other) => other !== timer);
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', stop, { once: true });
      }),
    after: (ms, fire) => {
      add(ms, fire);
    },
    async run(until) {
      await settle();
      for (;;) {
        let next: Timer | undefined;
        for (const timer of timers) {
          if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
            next = timer;
        }
        if (next === undefined || next.at > until) break;
        now = next.at;
        const due = next;
        timers = timers.filter((timer) => timer !== due);
        due.fire();
        await settle();
      }
      now = Math.max(now, until);
    },
    step: (ms) => {
      wall += ms;
    },
  };
}
