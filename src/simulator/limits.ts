/**
 * The two limits of Qualys, per subscription and endpoint: calls running at once, and calls in a sliding window.
 * Concurrency is checked first and its error wins; a refused call counts against neither (reference, 0.7).
 *
 * A call holds its slot until it has ended at the server, not until its client has gone away.
 */

export interface Limits {
  /** Calls per window. */
  readonly limit: number;
  readonly windowSec: number;
  readonly concurrency: number;
}

/** Express and Standard are documented, Standard is in recorded traffic; Enterprise and Premium are hearsay. */
export const LEVELS = {
  express: { limit: 50, windowSec: 86_400, concurrency: 1 },
  standard: { limit: 300, windowSec: 3600, concurrency: 2 },
  enterprise: { limit: 750, windowSec: 3600, concurrency: 5 },
  premium: { limit: 2000, windowSec: 3600, concurrency: 10 },
  /** Headers are still sent, since Qualys always sends them; nobody reaches these numbers. */
  off: { limit: 1_000_000, windowSec: 3600, concurrency: 100 },
} as const satisfies Record<string, Limits>;

export type Level = keyof typeof LEVELS;

export interface Admission {
  readonly refused: '1960' | '1965' | undefined;
  /** Seconds until the window has room again; 0 when it has. */
  readonly toWait: number;
  /** Calls left in the window after this one. */
  readonly remaining: number;
  /** Calls running, without this one. */
  readonly running: number;
  /** To be called once when the call has ended at the server; does nothing for a refused one. */
  release(): void;
}

export interface Limiter {
  readonly limits: Limits;
  /** `now` in milliseconds on the limits' clock; `foreign` calls of others go with this one. */
  admit(key: string, now: number, others: { readonly calls: number; readonly running: number }): Admission;
  /** The most calls that ran at once and that any window held, per key. */
  extremes(): Readonly<Record<string, { readonly maxRunning: number; readonly maxInWindow: number }>>;
  resetExtremes(): void;
}

interface Track {
  calls: number[];
  running: number;
  maxRunning: number;
  maxInWindow: number;
}

export function createLimiter(limits: Limits): Limiter {
  const tracks = new Map<string, Track>();
  const windowMs = limits.windowSec * 1000;
  return {
    limits,
    admit(key, now, others) {
      let track = tracks.get(key);
      if (track === undefined) {
        track = { calls: [], running: 0, maxRunning: 0, maxInWindow: 0 };
        tracks.set(key, track);
      }
      const mine = track;
      while (mine.calls.length > 0 && mine.calls[0]! <= now - windowMs) mine.calls.shift();
      const running = mine.running + others.running;
      const nothing = (): void => {};
      if (running >= limits.concurrency) {
        return { refused: '1960', toWait: 0, remaining: limits.limit - mine.calls.length, running, release: nothing };
      }
      if (mine.calls.length >= limits.limit) {
        const toWait = Math.max(1, Math.ceil((mine.calls[0]! + windowMs - now) / 1000));
        return { refused: '1965', toWait, remaining: 0, running, release: nothing };
      }
      for (let i = 0; i <= others.calls && mine.calls.length < limits.limit; i++) mine.calls.push(now);
      mine.running++;
      mine.maxRunning = Math.max(mine.maxRunning, mine.running);
      mine.maxInWindow = Math.max(mine.maxInWindow, mine.calls.length);
      let released = false;
      return {
        refused: undefined,
        toWait: 0,
        remaining: limits.limit - mine.calls.length,
        running,
        release: () => {
          if (!released) mine.running--;
          released = true;
        },
      };
    },
    extremes: () =>
      Object.fromEntries([...tracks].map(([key, { maxRunning, maxInWindow }]) => [key, { maxRunning, maxInWindow }])),
    resetExtremes() {
      for (const track of tracks.values()) {
        track.maxRunning = track.running;
        track.maxInWindow = track.calls.length;
      }
    },
  };
}
