import type { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/*
 * One probe gates all calls of a principal, so that a wrong password is tried once and not once per stream: Qualys
 * locks accounts after a few failures.
 *
 * States: unknown -> (probe good) signed in -> (401 on a call) unknown again -> …; unknown -> (probe refused) refused.
 * Invariants: at most one probe runs, everyone waits for the same; refused is for ever, a new client is needed; a probe
 * that failed for another reason (network, maintenance, limits) leaves unknown behind, and the next call probes again.
 * A 401 from a call that began before the last good probe proves nothing about the password and needs no new probe.
 */

export interface SignIn {
  /** Resolves with the number of the good probe that lets calls go. Rejects with why not: refused, or not to be found out now. */
  ready(signal?: AbortSignal): Promise<number>;
  /** A call that went under `probe` got 401: whoever asks from now on waits for a new probe. */
  doubt(probe: number): void;
  /** A call that went under `probe` got 401: probes again, at most once for each good probe. */
  suspect(probe: number, signal?: AbortSignal): Promise<number>;
  /** The account or its password is refused; nothing goes from now on. */
  refuse(error: QuarryError): void;
}

/** `probe` makes one cheap call; it resolves when Qualys took the credentials and rejects with a QuarryError else. */
export function createSignIn(
  probe: () => Promise<void>,
  isRefusal: (error: unknown) => error is QuarryError,
  log: Log,
): SignIn {
  let refused: QuarryError | undefined;
  let good = 0;
  let current = false;
  let running: Promise<number> | undefined;

  async function run(): Promise<number> {
    try {
      await probe();
      good += 1;
      current = true;
      return good;
    } catch (thrown) {
      if (isRefusal(thrown)) refuse(thrown);
      throw thrown;
    } finally {
      running = undefined;
    }
  }
  function refuse(error: QuarryError): void {
    if (refused !== undefined) return;
    refused = error;
    current = false;
    log.error('Qualys refused this account; nothing more is sent with it', { code: error.code });
  }
  async function ready(signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    if (refused !== undefined) throw refused;
    if (current) return good;
    running ??= run();
    return orAborted(running, signal);
  }
  function doubt(probed: number): void {
    if (probed === good) current = false;
  }
  return {
    ready,
    refuse,
    doubt,
    async suspect(probed, signal) {
      doubt(probed);
      return ready(signal);
    },
  };
}

/** One waiter leaves; the others, and what they wait for, stay. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
