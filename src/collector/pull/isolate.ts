import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import type { IdRange } from '../../core/range.ts';
import { setAside } from '../../outbox/quarantine.ts';
import { nameOf } from '../stream.ts';
import { fetchIds } from './ids.ts';
import {
  cut,
  type Failed,
  ISOLATION_CALLS,
  idsIn,
  isContent,
  isWeather,
  mayBeHeavy,
  maybePoison,
  type Suspect,
} from './isolation.ts';
import type { PullContext, RangeRequest, RangeResult } from './page.ts';
import { patiently } from './patience.ts';

/** A range that waits to be read. */
export interface Piece {
  readonly range: IdRange;
  /** Objects per page, where it is to be fewer than elsewhere. */
  readonly size?: number;
  /** It failed alone when so many pages had been read, and is tried again once others have been. */
  readonly after?: number;
}

/** What isolating needs of the reading around it. */
export interface Bench {
  readonly context: PullContext;
  /** Aborted when no more calls are to be begun. */
  readonly stop: AbortSignal;
  /** Pages read so far that held anything: an empty one proves nothing. */
  pages(): number;
  /** Whether anything else is being read or waits to be. */
  others(): boolean;
  read(request: RangeRequest, tries: number): Promise<RangeResult>;
  /** Puts ranges in a range's place, in the checkpoint. */
  replace(range: IdRange, by: readonly IdRange[]): Promise<void>;
  queue(piece: Piece): void;
  /** All parts failed: takes the ranges together again, as pieces of fewer objects. */
  weather(failed: readonly Failed[], size: number): Promise<void>;
  quarantined(): void;
}

/** Objects one pull may quarantine though nothing could be read to compare them with; from there on it is weather. */
const UNCOMPARED = 3;
/** Tries of a page under suspicion. */
const SUSPECT_TRIES = 2;
const ID_TRIES = 4;

export type Isolate = (piece: Piece, size: number, error: QuarryError) => Promise<void>;

/** Finds what in a piece's first page cannot be read, and sets it aside; see `isolation.ts`. */
export function isolator(bench: Bench): Isolate {
  const { context } = bench;
  const { workshop, claim, stream } = context;
  const { outbox, log, clock } = workshop;
  let calls = 0;
  let uncompared = 0;

  function spend(error: QuarryError): void {
    if (++calls > ISOLATION_CALLS) throw error;
  }

  /** The piece's first page, with the ids in it; what lies behind is under no suspicion. */
  async function frontOf(piece: Piece, size: number): Promise<Suspect> {
    const list = await patiently(workshop, stream, bench.stop, ID_TRIES, () =>
      fetchIds(stream, context.signal, piece.range),
    );
    const ids = idsIn(list, piece.range, size + 1);
    const behind = ids[size];
    if (behind === undefined) return { range: piece.range, ids };
    const front = { first: piece.range.first, last: behind - 1 };
    const rest = { first: behind, last: piece.range.last };
    await bench.replace(piece.range, [front, rest]);
    bench.queue({ range: rest, ...(piece.size === undefined ? {} : { size: piece.size }) });
    return { range: front, ids: ids.slice(0, size) };
  }

  async function isolate(piece: Piece, size: number, error: QuarryError): Promise<void> {
    spend(error);
    const front = await frontOf(piece, size);
    if (front.ids.length === 0) throw error;
    let failed: Failed[] = [{ suspect: front, error }];
    const before = bench.pages();
    for (;;) {
      for (const one of failed) if (one.suspect.ids.length === 1) await takeAlone(one, piece, bench.pages() > before);
      const parts: Suspect[] = [];
      for (const { suspect } of failed) {
        if (suspect.ids.length === 1) continue;
        const halves = cut(suspect);
        await bench.replace(
          suspect.range,
          halves.map(({ range }) => range),
        );
        parts.push(...halves);
      }
      if (parts.length === 0) return;
      const read = bench.pages() > before;
      failed = await readParts(parts, size, error);
      if (isWeather(failed, parts.length, read)) return bench.weather(failed, size);
    }
  }

  async function readParts(parts: readonly Suspect[], size: number, error: QuarryError): Promise<Failed[]> {
    const failed: Failed[] = [];
    for (const suspect of parts) {
      spend(error);
      try {
        const { rest } = await bench.read({ range: suspect.range, pageSize: size }, SUSPECT_TRIES);
        if (rest !== undefined) bench.queue({ range: rest });
      } catch (thrown) {
        failed.push({ suspect, error: ifPoison(thrown) });
      }
    }
    return failed;
  }

  /** What speaks of poison; throws everything else. */
  function ifPoison(thrown: unknown): QuarryError {
    if (bench.stop.aborted) throw thrown;
    const error = asQuarryError(thrown);
    if (!maybePoison(error)) throw error;
    return error;
  }

  /** An object that cannot be read alone. `compared`: others of its page could be. */
  async function takeAlone({ suspect, error }: Failed, piece: Piece, compared: boolean): Promise<void> {
    const { range, ids } = suspect;
    const id = ids[0]!;
    const sure = compared || (piece.after !== undefined && bench.pages() > piece.after);
    if (!sure && piece.after === undefined && bench.others()) {
      bench.queue({ range, size: 1, after: bench.pages() });
      return;
    }
    // The weather may have changed since it failed.
    if (!isContent(error) && (await readOnceMore(range))) return;
    if ((sure || isContent(error) || mayBeHeavy(error)) && (await readWithoutResults(range, id, error))) return;
    // Nothing to compare with: only what speaks of the content itself is poison, and not everywhere.
    if (!sure && (!isContent(error) || ++uncompared > UNCOMPARED)) throw error;
    await quarantine(range, id, error);
  }

  async function readOnceMore(range: IdRange): Promise<boolean> {
    try {
      const { rest } = await bench.read({ range, pageSize: 1 }, 1);
      if (rest !== undefined) bench.queue({ range: rest });
      return true;
    } catch (thrown) {
      ifPoison(thrown);
      return false;
    }
  }

  async function readWithoutResults(range: IdRange, id: number, error: QuarryError): Promise<boolean> {
    if (stream.facts.heavy === undefined) return false;
    spend(error);
    try {
      const { rest } = await bench.read({ range, pageSize: 1, withoutResults: true }, 1);
      if (rest !== undefined) bench.queue({ range: rest });
    } catch (thrown) {
      ifPoison(thrown);
      return false;
    }
    await setAside(outbox, claim.stream, { first: id, last: id }, error.code, withoutResults(error), clock.now());
    log.warn('object read without its results', { stream: nameOf(stream), id, code: error.code, what: error.message });
    return true;
  }

  async function quarantine(range: IdRange, id: number, error: QuarryError): Promise<void> {
    await setAside(outbox, claim.stream, { first: id, last: id }, error.code, error.message, clock.now());
    await outbox.store.db
      .updateTable('stream')
      .set((eb) => ({ received: eb('received', '+', 1), quarantined: eb('quarantined', '+', 1) }))
      .where('id', '=', claim.stream)
      .where('fence', '=', claim.fence)
      .execute();
    await bench.replace(range, []);
    bench.quarantined();
    log.error('object quarantined', { stream: nameOf(stream), id, code: error.code, what: error.message });
  }

  return isolate;
}

export const withoutResults = (error: QuarryError): string => `read without RESULTS: ${error.message}`;
