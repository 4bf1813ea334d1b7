import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import { nameOf, type Stream, type Workshop } from '../stream.ts';

/** Errors that pass by themselves, however long it takes: limits, a full disk, too many open files, a database that is away. */
const PATIENT = new Set(['QRY2020', 'QRY2021', 'QRY2022', 'QRY4001', 'QRY4006', 'QRY4009']);
const LONGEST_MS = 60_000;

export const isPatient = (error: QuarryError): boolean => PATIENT.has(error.code);

/**
 * Runs a call to Qualys when pulling may go on, and again while another try is of use: `tries` in all, of which limits
 * and a full disk use up none. Rejects with the last error, or with the reason of `stop` once that is aborted.
 */
export async function patiently<T>(
  workshop: Workshop,
  stream: Stream,
  stop: AbortSignal,
  tries: number,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; ) {
    stop.throwIfAborted();
    await workshop.mayPull(stream.sinks, stop);
    try {
      return await call();
    } catch (thrown) {
      if (stop.aborted) throw thrown;
      const error = asQuarryError(thrown);
      const waitMs = waitFor(error, attempt);
      if (waitMs === undefined) throw error;
      if (!isPatient(error) && attempt++ >= tries) throw error;
      workshop.log.warn('call failed, trying again', {
        stream: nameOf(stream),
        code: error.code,
        what: error.message,
        waitMs: Math.round(waitMs),
      });
      await workshop.clock.sleep(waitMs, stop);
    }
  }
}

/** Milliseconds before the next try, with jitter; undefined where trying the same again is no use. */
function waitFor(error: QuarryError, attempt: number): number | undefined {
  // A malformed answer may have been damaged on its way: it is asked for once more.
  if (error.code === 'QRY3001' && attempt === 1) return 1000;
  if (error.next !== 'retry') return undefined;
  if (error.waitMs !== undefined) return error.waitMs;
  if (error.code === 'QRY4001' || error.code === 'QRY4006') return 5000;
  return Math.random() * Math.min(1000 * 2 ** attempt, LONGEST_MS);
}
