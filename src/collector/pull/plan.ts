import type { Checkpoint, OpenPull, PullMode } from '../../core/checkpoint.ts';
import { qualysTime } from '../../core/clock.ts';
import { dueAfter } from '../../core/cron.ts';
import type { IdRange } from '../../core/range.ts';
import { type Stream, scopeOf } from '../stream.ts';
import { afterPiece, canBackfill } from './backfill.ts';

/** What a stream has to do next, and when. */
export interface Due {
  readonly mode: PullMode;
  /** Epoch ms; in the past when it is due. */
  readonly at: number;
  readonly because: string;
}

/**
 * What is next for a stream. A pull under way goes on before anything else; a first pull, or one under a new scope,
 * reads everything unless a start time bounds it; then sweeps when they are due; else what changed. History that was
 * asked for is read when nothing of this is due.
 */
export function nextDue(stream: Stream, checkpoint: Checkpoint, lastPull: number | undefined, now: number): Due {
  const due = nextLive(stream, checkpoint, lastPull, now);
  if (due.at <= now || checkpoint.backfill === undefined || !canBackfill(stream.facts)) return due;
  return { mode: 'backfill', at: now, because: `back-fill from ${checkpoint.backfill.from}` };
}

function nextLive(stream: Stream, checkpoint: Checkpoint, lastPull: number | undefined, now: number): Due {
  const scope = scopeOf(stream);
  if (checkpoint.pull !== undefined && checkpoint.pull.scope === scope)
    return { mode: checkpoint.pull.mode, at: now, because: 'a pull is under way' };
  const { every, sweepFull, sweepIds } = stream.schedule;
  const { facts } = stream;
  if (checkpoint.watermark === undefined) {
    const mode = facts.kind === 'log' || (facts.incremental && stream.startTime !== undefined) ? 'incremental' : 'full';
    const because = stream.startTime === undefined ? 'nothing was read yet' : `first pull, from ${stream.startTime}`;
    return { mode, at: now, because };
  }
  if (checkpoint.scope !== scope && facts.kind === 'entity')
    return { mode: 'full', at: now, because: 'the scope has changed' };
  // A time in the future is of a clock that has been set back: what it dates is due.
  const since = (time: string | undefined): number => {
    const at = time === undefined ? 0 : Date.parse(time);
    return at > now ? 0 : at;
  };
  const incremental = lastPull === undefined || lastPull > now ? now : dueAfter(every, lastPull);
  const interval = typeof every === 'number' ? 'the interval has passed' : `its time has come: ${every.cron}`;
  // What cannot be asked for changes is read whole each time, and what is gone is noticed each time.
  if (!facts.incremental && facts.kind === 'entity') return { mode: 'full', at: incremental, because: interval };
  const never = Number.POSITIVE_INFINITY;
  const swept = facts.kind === 'entity';
  const full = !swept || sweepFull === undefined ? never : dueAfter(sweepFull, since(checkpoint.lastFull));
  const ids =
    !swept || sweepIds === undefined || facts.ids === undefined ? never : dueAfter(sweepIds, since(checkpoint.lastIds));
  if (full <= now) return { mode: 'full', at: full, because: 'the full sweep is due' };
  const at = Math.min(full, ids, incremental);
  if (at === incremental) return { mode: 'incremental', at, because: interval };
  return { mode: at === full ? 'full' : 'ids', at, because: 'a sweep is due' };
}

/** From when on Qualys is asked: the watermark less the overlap, or the configured start. */
export function sinceOf(stream: Stream, checkpoint: Checkpoint): string | undefined {
  if (checkpoint.watermark === undefined)
    return stream.startTime === undefined ? undefined : qualysTime(Date.parse(stream.startTime));
  // What had not ended when it was read last is read again from its own time on; "after" may leave out its own second.
  const unfinished = checkpoint.unfinished === undefined ? Number.NaN : Date.parse(checkpoint.unfinished) - 1000;
  const overlapped = Date.parse(checkpoint.watermark) - stream.facts.overlapMs;
  const since = unfinished < overlapped ? unfinished : overlapped;
  // The overlap reaches behind the start time for a while, where nothing is wanted from.
  return qualysTime(Math.max(since, stream.startTime === undefined ? 0 : Date.parse(stream.startTime)));
}

/** A pulling id: epoch milliseconds, above the one before. */
export const pullId = (now: number, last: number): number => Math.max(now, last + 1);

export const ALL: IdRange = { first: 1, last: null };

/** The checkpoint of a pull that has read everything it asked for. */
export function ended(checkpoint: Checkpoint, pull: OpenPull, now: number): Checkpoint {
  if (pull.mode === 'backfill') return afterPiece(checkpoint, pull);
  const { pull: _, unfinished: before, parts: read, ...rest } = checkpoint;
  const at = new Date(now).toISOString();
  if (pull.mode === 'ids') {
    const kept = {
      ...(before === undefined ? {} : { unfinished: before }),
      ...(read === undefined ? {} : { parts: read }),
    };
    return { ...rest, ...kept, lastIds: at };
  }
  // The pulling id is the local time at its start.
  const began = pull.serverStart ?? new Date(pull.id).toISOString();
  const { unfinished, parts, until } = pull;
  const ended = {
    ...rest,
    ...(unfinished === undefined ? {} : { unfinished }),
    ...(parts === undefined ? {} : { parts }),
    watermark: until !== undefined && Date.parse(until) < Date.parse(began) ? until : began,
    scope: pull.scope,
  };
  // A first pull that a start time bounds is complete within its bound: the first sweep is due an interval later.
  const whole = pull.mode === 'full' || checkpoint.watermark === undefined;
  return whole ? { ...ended, lastFull: at, lastIds: at } : ended;
}

/**
 * Cuts everything into ranges of about `pageSize` objects by their ids, so that several can be read at once. The ranges
 * leave no gap: an object that appears meanwhile is read, and a known one in a gap is noticed as absent.
 */
export function cutByIds(first: Float64Array, last: Float64Array, pageSize: number): IdRange[] {
  const starts: number[] = [];
  let inPage = 0;
  for (let i = 0; i < first.length; i++) {
    for (let id = first[i]!; id <= last[i]!; id++) {
      if (inPage === 0) starts.push(id);
      inPage = (inPage + 1) % pageSize;
    }
  }
  if (starts.length === 0) return [ALL];
  starts[0] = ALL.first;
  return starts.map((start, i) => ({ first: start, last: i + 1 < starts.length ? starts[i + 1]! - 1 : null }));
}

/** A range in two, for another reader: at the middle of the ids up to `highest` when it is open. */
export function halve(range: IdRange, highest: number): [IdRange, IdRange] | undefined {
  const last = range.last ?? highest;
  if (last <= range.first) return undefined;
  const middle = Math.floor((range.first + last) / 2);
  return [
    { first: range.first, last: middle },
    { first: middle + 1, last: range.last },
  ];
}

/** Ranges without these ids: what is quarantined is read on a schedule of its own. */
export function withoutIds(ranges: readonly IdRange[], ids: readonly { first: number; last: number }[]): IdRange[] {
  let left = [...ranges];
  for (const out of ids) {
    left = left.flatMap((range) => {
      if (out.last < range.first || (range.last !== null && out.first > range.last)) return [range];
      const parts: IdRange[] = [];
      if (range.first < out.first) parts.push({ first: range.first, last: out.first - 1 });
      if (range.last === null || range.last > out.last) parts.push({ first: out.last + 1, last: range.last });
      return parts;
    });
  }
  return left;
}

/** Ranges in order, those that touch each other as one. */
export function joined(ranges: readonly IdRange[]): IdRange[] {
  const whole: IdRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = whole.at(-1);
    if (before?.last != null && before.last + 1 === range.first)
      whole[whole.length - 1] = { first: before.first, last: range.last };
    else whole.push(range);
  }
  return whole;
}
