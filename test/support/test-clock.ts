import { type Clock, systemClock } from '../../src/core/clock.ts';

/** Time for tests: runs `speed` times as fast as the machine's, and jumps when told to; sleepers notice both. */
export interface TestClock extends Clock {
  advance(ms: number): void;
  /** Sets the wall clock alone, as people and NTP do; back, too. */
  stepWall(ms: number): void;
}

export function testClock(speed = 200, start = Date.now()): TestClock {
  const origin = systemClock.monotonic();
  let jumped = 0;
  let stepped = 0;
  let jump = new AbortController();
  const monotonic = (): number => (systemClock.monotonic() - origin) * speed + jumped;
  return {
    monotonic,
    now: () => Math.floor(start + monotonic() + stepped),
    sleep: async (ms, signal) => {
      const until = monotonic() + ms;
      for (;;) {
        signal?.throwIfAborted();
        const left = until - monotonic();
        if (left <= 0) return;
        const stop = signal === undefined ? jump.signal : AbortSignal.any([signal, jump.signal]);
        await systemClock.sleep(left / speed, stop).catch(() => undefined);
      }
    },
    advance: (ms) => {
      jumped += ms;
      const before = jump;
      jump = new AbortController();
      before.abort();
    },
    stepWall: (ms) => {
      stepped += ms;
    },
  };
}
