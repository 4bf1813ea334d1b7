/**
 * Reads all open ranges of a pull, several at once, until none is left.
 *
 * The list of ranges is the checkpoint's `resume`; this keeps the same list in memory and changes both together: a page
 * shortens its range (in the page's own transaction), cutting a range replaces it (in a transaction of its own). A kill
 * at any point leaves a list that covers exactly what has not been read.
 */
import type { Checkpoint } from '../../core/checkpoint.ts';
import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import type { IdRange } from '../../core/range.ts';
import { changeCheckpoint } from '../../outbox/streams.ts';
import { bell } from '../bell.ts';
import type { Tally } from '../report.ts';
import { isolator, type Piece } from './isolate.ts';
import { type Failed, maybePoison } from './isolation.ts';
import { type PageResult, type PullContext, type RangeRequest, type RangeResult, readRange } from './page.ts';
import { pageSize } from './page-size.ts';
import { patiently } from './patience.ts';
import { halve, joined } from './plan.ts';

/** Pages read at once at the most: each takes about 8 MB, and one core reads no faster than a few of them bring. */
const MAX_READERS = 6;
/** Tries of one page before its range is isolated or the pull ends; limits and a full disk do not count. */
const TRIES = 4;
/** How often in a row pages may be made smaller before the pull gives up until its next turn: an outage costs few calls. */
const MAX_WEATHER = 1;
const FIRST_WEATHER_MS = 5000;

export interface Reading {
  /** Objects per page: as configured, and as the checkpoint has it after weather. */
  readonly pageSize: { readonly wanted: number; readonly start: number };
  /** How many calls of this data set may run at once, as far as is known. */
  readonly slots: () => number;
  readonly tally: Tally;
  readonly onPage: (left: number) => void;
  /** The highest object id known, for cutting open ranges. */
  readonly highest: () => Promise<number>;
}

export async function readRanges(
  context: PullContext,
  ranges: readonly IdRange[],
  stop: AbortSignal,
  reading: Reading,
): Promise<void> {
  const { workshop, claim, stream, signal } = context;
  const queue: Piece[] = ranges.map((range) => ({ range }));
  const size = pageSize(reading.pageSize.wanted, reading.pageSize.start);
  let active = 0;
  let pages = 0;
  let weather = 0;
  let failure: QuarryError | undefined;
  const idle = bell();
  const slots = (): number => Math.max(1, reading.slots());
  // Twice as many readers as slots: while one makes its page durable, another's call has the slot.
  const places = (): number => Math.min(MAX_READERS, 2 * slots());
  // The first answer's headers say how many calls may run: other readers begin then, not when its page has ended.
  const { live } = context;
  const { onChunk } = live;
  live.onChunk = () => {
    onChunk();
    if (queue.length > 0 && active < places()) idle.ring();
  };

  const isolate = isolator({
    context,
    stop,
    pages: () => pages,
    others: () => queue.length > 0 || active > 1,
    read,
    replace,
    queue: (piece) => {
      queue.push(piece);
      if (active < places()) idle.ring();
    },
    weather: waitOut,
    quarantined: () => {
      reading.tally.received++;
      reading.tally.quarantined++;
    },
  });

  async function replace(range: IdRange, by: readonly IdRange[]): Promise<void> {
    await changeCheckpoint(workshop.outbox.store, claim, (before) => replaced(before, range, by));
  }

  async function read(request: RangeRequest, tries: number): Promise<RangeResult> {
    const result = await patiently(workshop, stream, stop, tries, () => readRange(context, request));
    size.good();
    // An empty page proves nothing about the content of others.
    if (result.hosts > 0) {
      pages++;
      weather = 0;
    }
    count(reading.tally, result);
    return result;
  }

  async function readPiece(piece: Piece): Promise<void> {
    const objects = Math.min(piece.size ?? size.now, size.now);
    try {
      const { rest } = await read({ range: piece.range, pageSize: objects }, TRIES);
      if (rest !== undefined) await goOn(rest, piece.size);
    } catch (thrown) {
      if (stop.aborted) throw thrown;
      const error = asQuarryError(thrown);
      if (!maybePoison(error) || stream.facts.ids === undefined) throw error;
      await isolate(piece, objects, error);
    }
  }

  /** What remains of a range goes back into the queue, in two where another reader stands idle. */
  async function goOn(rest: IdRange, smaller: number | undefined): Promise<void> {
    const pieces = (by: readonly IdRange[]): Piece[] =>
      by.map((range) => (smaller === undefined ? { range } : { range, size: smaller }));
    const { paging } = stream.facts;
    const bounded = paging.by === 'id' && paging.bounded !== false;
    if (bounded && queue.length === 0 && slots() > active) {
      const halves = halve(rest, await reading.highest());
      if (halves !== undefined) {
        await replace(rest, halves);
        queue.push(...pieces(halves));
        return;
      }
    }
    queue.unshift(...pieces([rest]));
  }

  async function waitOut(failed: readonly Failed[], objects: number): Promise<void> {
    const most = Math.max(...failed.map(({ suspect }) => suspect.ids.length)) * 2;
    const smaller = Math.max(1, Math.floor(Math.min(objects, most) / 2));
    size.shrink(objects, smaller);
    for (const range of joined(failed.map(({ suspect }) => suspect.range))) {
      await changeCheckpoint(workshop.outbox.store, claim, (before) => gathered(before, range, smaller));
      queue.push({ range, size: smaller });
    }
    const error = failed[0]!.error;
    if (++weather > MAX_WEATHER) throw error;
    const waitMs = FIRST_WEATHER_MS * 2 ** weather;
    workshop.log.warn('all parts of a page failed: smaller pages after a pause', {
      stream: `${stream.connection}/${stream.dataset}`,
      code: error.code,
      what: error.message,
      pageSize: smaller,
      waitMs,
    });
    await workshop.clock.sleep(waitMs, stop);
  }

  async function reader(): Promise<void> {
    while (failure === undefined && !context.finish.aborted) {
      const piece = active < places() ? queue.shift() : undefined;
      if (piece === undefined) {
        if (active === 0 && queue.length === 0) return;
        await idle.wait();
        continue;
      }
      active++;
      try {
        await readPiece(piece);
        reading.onPage(queue.length + active - 1);
      } catch (error) {
        failure ??= asQuarryError(error);
      } finally {
        active--;
        idle.ring();
      }
    }
  }

  await Promise.all(Array.from({ length: MAX_READERS }, reader));
  live.onChunk = onChunk;
  if (failure !== undefined) throw signal.aborted ? signal.reason : failure;
  if (context.finish.aborted && queue.length > 0) throw context.finish.reason;
}

export function count(tally: Tally, result: Omit<PageResult, 'rest'>): void {
  tally.pages++;
  tally.hosts += result.hosts;
  tally.received += result.received;
  tally.emitted += result.emitted;
  tally.unchanged += result.unchanged;
  tally.duplicateKeys += result.duplicateKeys;
  tally.bytes += result.bytes;
}

/** The checkpoint with `by` in the place of an open range. */
function replaced(before: Checkpoint, range: IdRange, by: readonly IdRange[]): Checkpoint {
  return withRanges(before, (one) => one.first === range.first && one.last === range.last, by);
}

/** The checkpoint with one open range in the place of all that lie inside it, to be read in smaller pages. */
function gathered(before: Checkpoint, whole: IdRange, objects: number): Checkpoint {
  const inside = (one: IdRange): boolean =>
    one.first >= whole.first && (whole.last === null || (one.last !== null && one.last <= whole.last));
  const after = withRanges(before, inside, [whole]);
  return after.pull === undefined ? after : { ...after, pull: { ...after.pull, pageSize: objects } };
}

function withRanges(before: Checkpoint, goes: (one: IdRange) => boolean, by: readonly IdRange[]): Checkpoint {
  if (before.pull === undefined) return before;
  const resume = [...before.pull.resume.filter((one) => !goes(one)), ...by].sort((a, b) => a.first - b.first);
  return { ...before, pull: { ...before.pull, resume } };
}
