/**
 * Reads a pull's steps: data sets that are not read by ranges of ids. The list of steps is the checkpoint's `steps`; a
 * page replaces its step by what remains of it, in the page's own transaction, so that a kill at any point leaves a list
 * that covers exactly what has not been read.
 *
 * Steps about one object each (a scan's results, a policy's posture) are independent: several are read at once, and one
 * that cannot be read keeps none of the others waiting; it stays in the list, and the pull ends without it (unread.ts).
 * Other steps (windows of a log) are read in their order, each to its end, so that a log arrives in order of its windows.
 */
import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import type { Step } from '../../core/range.ts';
import type { Happening } from '../happening.ts';
import { maybePoison } from './isolation.ts';
import { type PullContext, readPage } from './page.ts';
import { pageSize } from './page-size.ts';
import { patiently } from './patience.ts';
import { count, type Reading } from './ranges.ts';

/** Objects read at once at the most. */
const MAX_READERS = 4;
/** Tries of one page before it is asked for in smaller ones; limits and a full disk do not count. */
const TRIES = 4;
/** Objects that may fail before a pull gives up: from there on it is not the objects. */
const MAX_FAILED = 10;

/** Resolves with the objects that could not be read. */
export async function readSteps(
  context: PullContext,
  steps: readonly Step[],
  stop: AbortSignal,
  reading: Omit<Reading, 'highest'>,
): Promise<readonly string[]> {
  const { workshop, stream, signal, finish } = context;
  const queue = [...steps];
  const size = pageSize(reading.pageSize.wanted, reading.pageSize.start);
  const { paging } = stream.facts;
  const ofObjects = paging.by === 'step' && paging.parts !== undefined;
  const { tenant, subscription, connection, dataset } = stream;
  const identity = { tenant, subscription, connection, dataset };
  const tell = (happening: Happening): void => workshop.observer.happening?.(happening);
  const unread: string[] = [];
  let read = 0;
  let failure: unknown;

  /** One answer of a step; in smaller answers while they cannot be read. Returns what remains of the step. */
  async function readOne(step: Step): Promise<Step | undefined> {
    for (;;) {
      const objects = size.now;
      try {
        const request = { target: { step }, pageSize: objects };
        const result = await patiently(workshop, stream, stop, TRIES, () => readPage(context, request));
        size.good();
        count(reading.tally, result);
        return result.rest !== undefined && 'step' in result.rest ? result.rest.step : undefined;
      } catch (thrown) {
        if (stop.aborted) throw thrown;
        const error = asQuarryError(thrown);
        if (!maybePoison(error) || ofObjects || objects === 1) throw error;
        size.shrink(objects, Math.max(1, Math.floor(objects / 2)));
        workshop.log.warn('an answer could not be read: asking for fewer rows', {
          stream: `${stream.connection}/${stream.dataset}`,
          code: error.code,
          what: error.message,
          pageSize: size.now,
        });
      }
    }
  }

  async function reader(): Promise<void> {
    while (failure === undefined && !finish.aborted) {
      const step = queue.shift();
      if (step === undefined) return;
      try {
        let rest: Step | undefined = step;
        const { from, to, part } = step;
        if (from !== undefined && to !== undefined && part === undefined)
          tell({ kind: 'window', stream: identity, from, to });
        while (rest !== undefined) {
          if (finish.aborted) throw finish.reason;
          rest = await readOne(rest);
          reading.onPage(queue.length + (rest === undefined ? 0 : 1));
        }
        read++;
        if (ofObjects && part !== undefined)
          tell({ kind: 'object', stream: identity, object: part, number: read, of: steps.length });
      } catch (thrown) {
        const error = stop.aborted ? undefined : asQuarryError(thrown);
        const { part } = step;
        if (error !== undefined && ofObjects && part !== undefined && isOfObject(error) && unread.length < MAX_FAILED) {
          unread.push(part);
          workshop.log.error('an object could not be read: it is tried again with the next pull', {
            stream: `${stream.connection}/${stream.dataset}`,
            object: part,
            code: error.code,
            what: error.message,
          });
        } else failure ??= thrown;
      }
    }
  }

  const readers = ofObjects ? Math.min(MAX_READERS, Math.max(1, 2 * reading.slots())) : 1;
  await Promise.all(Array.from({ length: readers }, reader));
  if (failure !== undefined) throw signal.aborted ? signal.reason : failure;
  if (finish.aborted && queue.length > 0) throw finish.reason;
  return unread;
}

/** Errors that may be about one object alone: what it holds, or that it cannot be had. */
const isOfObject = (error: QuarryError): boolean =>
  maybePoison(error) || error.code === 'QRY2030' || error.code === 'QRY2036';
