import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly log?: Log;
  /** Tries in all; 6 by default: about a quarter of an hour at most, unless Qualys names longer waits. */
  readonly attempts?: number;
  readonly random?: () => number;
}

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;
/** Seconds pass quickly at first and then matter little: 1, 4, 16, 64, 256 s at most. */
const FACTOR = 4;

/**
 * Tries again what may pass by itself (errors whose `next` is `retry`), after the wait Qualys names, else after full
 * jitter: a random time up to a bound that grows. Everything else, and the last try's error, is handed up unchanged;
 * `isolate` above all, since the same page would fail the same way. Rejects with the signal's reason when aborted.
 */
export async function retrying<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, log, attempts = 6, random = Math.random } = options;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (thrown) {
      if (!(thrown instanceof QuarryError) || thrown.next !== 'retry' || attempt >= attempts) throw thrown;
      signal?.throwIfAborted();
      const most = Math.min(LONGEST_MS, FIRST_MS * FACTOR ** (attempt - 1));
      const ms = thrown.waitMs ?? Math.ceil(random() * most);
      log?.warn('Qualys call failed, will be tried again', {
        code: thrown.code,
        what: thrown.message,
        attempt,
        attempts,
        ms,
      });
      await clock.sleep(ms, signal);
    }
  }
}
