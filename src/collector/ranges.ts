/**
 * Reads all open ranges of a pull, several at once, until none is left.
 *
 * The list of ranges is the checkpoint's `resume`; this keeps the same list in memory and changes both together: a page
 * shortens its range (in the page's own transaction), cutting a range replaces it (in a transaction of its own). A kill
 * at any point leaves a list that covers exactly what has not been read.
 */
import type { Checkpoint } from '../core/checkpoint.ts';
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import type { IdRange } from '../core/range.ts';
import { setAside } from '../outbox/quarantine.ts';
import { changeCheckpoint } from '../outbox/streams.ts';
import { bell } from './bell.ts';
import { fetchIds } from './ids.ts';
import { cut, ISOLATION_CALLS, idsIn, maybePoison, type Suspect } from './isolation.ts';
import { type PageRequest, type PageResult, type PullContext, readPage } from './page.ts';
import { halve } from './plan.ts';
import type { Tally } from './report.ts';

/** Pages read at once at the most: each takes about 8 MB, and one core reads no faster than a few of them bring. */
const MAX_READERS = 6;
/** Tries of one page before its range is isolated or the pull ends; limits and a full disk do not count. */
const TRIES = 4;
/** Tries of a page under suspicion. */
const SUSPECT_TRIES = 2;
/** How often pages may be made smaller before the pull gives up until its next turn. */
const MAX_WEATHER = 5;

interface Piece {
  readonly range: IdRange;
  readonly suspect?: Suspect;
}

export interface Reading {
  /** How many calls of this data set may run at once, as far as is known. */
  readonly slots: () => number;
  readonly tally: Tally;
  readonly onPage: (left: number) => void;
  /** The highest object id known, for cutting open ranges. */
  readonly highest: () => Promise<number>;
}

export async function readRanges(
  context: PullContext,
  pageSize: number,
  ranges: readonly IdRange[],
  reading: Reading,
): Promise<void> {
  const { workshop, claim, stream, signal } = context;
  const queue: Piece[] = ranges.map((range) => ({ range }));
  let size = pageSize;
  let active = 0;
  let isolationCalls = 0;
  let weather = 0;
  let failure: QuarryError | undefined;
  const idle = bell();
  const places = (): number => Math.min(MAX_READERS, Math.max(1, reading.slots()));
  // The first answer's headers say how many calls may run: other readers begin then, not when its page has ended.
  const { live } = context;
  const { onChunk } = live;
  live.onChunk = () => {
    onChunk();
    if (queue.length > 0 && active < places()) idle.ring();
  };

  async function replace(range: IdRange, by: readonly IdRange[], newSize?: number): Promise<void> {
    await changeCheckpoint(workshop.outbox.store, claim, (before) => replaced(before, range, by, newSize));
  }

  async function page(request: PageRequest, tries: number): Promise<PageResult> {
    for (let attempt = 1; ; attempt++) {
      await workshop.mayPull(AbortSignal.any([signal, context.finish]));
      try {
        return await readPage(context, request);
      } catch (thrown) {
        if (signal.aborted || context.finish.aborted) throw thrown;
        const error = asQuarryError(thrown);
        const wait = waitFor(error, attempt);
        const free = isPatient(error);
        if (wait === undefined || (!free && attempt >= tries)) throw error;
        if (free) attempt--;
        workshop.log.warn('page failed, trying again', {
          stream: `${stream.connection}/${stream.dataset}`,
          code: error.code,
          what: error.message,
          waitMs: wait,
        });
        await workshop.clock.sleep(wait, signal);
      }
    }
  }

  function count(result: PageResult): void {
    const { tally } = reading;
    tally.pages++;
    tally.hosts += result.hosts;
    tally.received += result.received;
    tally.emitted += result.emitted;
    tally.unchanged += result.unchanged;
    tally.duplicateKeys += result.duplicateKeys;
    tally.bytes += result.bytes;
  }

  async function read(piece: Piece): Promise<void> {
    try {
      if (piece.suspect !== undefined) isolationCalls++;
      const result = await page(
        { range: piece.range, pageSize: size },
        piece.suspect === undefined ? TRIES : SUSPECT_TRIES,
      );
      count(result);
      if (result.rest !== undefined) await goOn(result.rest);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asQuarryError(thrown);
      if (!maybePoison(error)) throw error;
      await isolate(piece, error);
    }
  }

  /** What remains of a range goes back into the queue, in two where another reader stands idle. */
  async function goOn(rest: IdRange): Promise<void> {
    if (queue.length === 0 && reading.slots() > active) {
      const halves = halve(rest, await reading.highest());
      if (halves !== undefined) {
        await replace(rest, halves);
        queue.push(...halves.map((range) => ({ range })));
        return;
      }
    }
    queue.unshift({ range: rest });
  }

  async function isolate(piece: Piece, error: QuarryError): Promise<void> {
    if (isolationCalls >= ISOLATION_CALLS) throw error;
    const { suspect } = piece;
    if (suspect === undefined) {
      // The page covers the first `size` objects of the range; what lies behind them is under no suspicion.
      isolationCalls++;
      const ids = idsIn(await fetchIds(stream, signal, piece.range), piece.range, size + 1);
      const behind = ids.length > size ? ids[size] : undefined;
      const front = behind === undefined ? piece.range : { first: piece.range.first, last: behind - 1 };
      if (behind !== undefined) {
        const rest = { first: behind, last: piece.range.last };
        await replace(piece.range, [front, rest]);
        queue.push({ range: rest });
      }
      return narrow({ range: front, ids: ids.slice(0, size), parent: undefined }, error);
    }
    if (suspect.parent !== undefined && ++suspect.parent.failed === 2)
      return takeAsWeather(suspect.parent.whole, error);
    return narrow(suspect, error);
  }

  async function narrow(suspect: Suspect, error: QuarryError): Promise<void> {
    if (suspect.ids.length > 1) {
      const halves = cut(suspect);
      await replace(
        suspect.range,
        halves.map(({ range }) => range),
      );
      queue.unshift(...halves.map((half) => ({ range: half.range, suspect: half })));
      return;
    }
    // Alone, with nothing to compare with: only what speaks of the content itself is poison.
    if (suspect.parent === undefined && error.next !== 'isolate') throw error;
    await readAlone(suspect, error);
  }

  async function readAlone({ range, ids }: Suspect, error: QuarryError): Promise<void> {
    const id = ids[0] ?? range.first;
    const now = workshop.clock.now();
    isolationCalls++;
    try {
      const result = await page({ range, pageSize: 1, withoutResults: true }, 1);
      count(result);
      await setAside(
        workshop.outbox,
        claim.stream,
        { first: id, last: id },
        error.code,
        `read without RESULTS: ${error.message}`,
        now,
      );
      workshop.log.warn('object read without its results', {
        stream: `${stream.connection}/${stream.dataset}`,
        id,
        code: error.code,
        what: error.message,
      });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const final = asQuarryError(thrown);
      if (!maybePoison(final)) throw final;
      await quarantine(range, id, final);
    }
  }

  async function quarantine(range: IdRange, id: number, error: QuarryError): Promise<void> {
    const { store } = workshop.outbox;
    await setAside(
      workshop.outbox,
      claim.stream,
      { first: id, last: id },
      error.code,
      error.message,
      workshop.clock.now(),
    );
    await store.db
      .updateTable('stream')
      .set((eb) => ({ received: eb('received', '+', 1), quarantined: eb('quarantined', '+', 1) }))
      .where('id', '=', claim.stream)
      .where('fence', '=', claim.fence)
      .execute();
    await replace(range, []);
    reading.tally.received++;
    reading.tally.quarantined++;
    workshop.log.error('object quarantined', {
      stream: `${stream.connection}/${stream.dataset}`,
      id,
      code: error.code,
      what: error.message,
    });
  }

  async function takeAsWeather(whole: IdRange, error: QuarryError): Promise<void> {
    const parts = queue.filter(({ range }) => inside(range, whole));
    for (const part of parts) queue.splice(queue.indexOf(part), 1);
    size = Math.max(1, Math.floor(size / 2));
    await changeCheckpoint(workshop.outbox.store, claim, (before) => replaced(before, whole, [whole], size, true));
    queue.unshift({ range: whole });
    if (++weather > MAX_WEATHER) throw error;
    const wait = 5000 * 2 ** weather;
    workshop.log.warn('both halves of a page failed: smaller pages after a pause', {
      stream: `${stream.connection}/${stream.dataset}`,
      pageSize: size,
      waitMs: wait,
    });
    await workshop.clock.sleep(wait, signal);
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
        await read(piece);
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
  if (failure !== undefined) throw signal.aborted ? signal.reason : failure;
  if (context.finish.aborted && queue.length > 0) throw context.finish.reason;
}

const inside = (range: IdRange, whole: IdRange): boolean =>
  range.first >= whole.first && (whole.last === null || (range.last !== null && range.last <= whole.last));

function replaced(
  before: Checkpoint,
  range: IdRange,
  by: readonly IdRange[],
  pageSize?: number,
  andInside = false,
): Checkpoint {
  if (before.pull === undefined) return before;
  const goes = (one: IdRange): boolean =>
    andInside ? inside(one, range) : one.first === range.first && one.last === range.last;
  const resume = [...before.pull.resume.filter((one) => !goes(one)), ...by].sort((a, b) => a.first - b.first);
  return { ...before, pull: { ...before.pull, resume, ...(pageSize === undefined ? {} : { pageSize }) } };
}

const PATIENT = new Set(['QRY2020', 'QRY2021', 'QRY2022', 'QRY4001', 'QRY4006']);

/** Errors that pass by themselves, however long it takes: limits, a full disk. */
const isPatient = (error: QuarryError): boolean => PATIENT.has(error.code);

/** Milliseconds before the next try; undefined where trying the same again is no use. */
function waitFor(error: QuarryError, attempt: number): number | undefined {
  if (error.code === 'QRY3001' && attempt === 1) return 1000;
  if (error.next !== 'retry') return undefined;
  if (error.waitMs !== undefined) return error.waitMs;
  if (error.code === 'QRY4001' || error.code === 'QRY4006') return 5000;
  return Math.random() * Math.min(1000 * 2 ** attempt, 60_000);
}
