/**
 * Poison is isolated, never skipped, never a wall (and weather is not poison).
 *
 * A range whose page cannot be read is cut in two by the ids in it; each half is read as a page of its own. One half
 * fails: the culprit is in there, cut again, down to one object. That one is asked for without its heavy text; if it
 * still cannot be read it is quarantined, visibly, and tried again later. The stream goes on all the while: the parts
 * live in `resume`, so that a kill loses none of this.
 *
 * Both halves fail: that is weather, not poison. The parts are put together again, the page size is halved, and the
 * pull waits a little. Isolation has a budget of calls; when it is spent, the pull ends and a later one goes on.
 */
import type { QuarryError } from '../core/errors.ts';
import type { IdRange } from '../core/range.ts';
import type { IdList } from './ids.ts';

/** Calls one pull may spend on isolating: a culprit among 1,000 takes about 2 × 10, so several fit. */
export const ISOLATION_CALLS = 80;

/** One part of a range under suspicion. Siblings share a parent. */
export interface Suspect {
  readonly range: IdRange;
  readonly ids: readonly number[];
  readonly parent: Suspicion | undefined;
}

/** A cut: what became of its halves so far. */
export interface Suspicion {
  readonly whole: IdRange;
  failed: number;
}

/** Ids of a list that lie in a range, the first `limit` of them. */
export function idsIn(list: IdList, range: IdRange, limit: number): number[] {
  const ids: number[] = [];
  const end = range.last ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < list.first.length && ids.length < limit; i++) {
    const from = Math.max(list.first[i]!, range.first);
    const to = Math.min(list.last[i]!, end);
    for (let id = from; id <= to && ids.length < limit; id++) ids.push(id);
  }
  return ids;
}

/** Cuts a suspect in two between its ids; the halves leave no gap. */
export function cut(suspect: Suspect): [Suspect, Suspect] {
  const { range, ids } = suspect;
  const middle = Math.ceil(ids.length / 2);
  const right = ids[middle]!;
  const parent: Suspicion = { whole: range, failed: 0 };
  return [
    { range: { first: range.first, last: right - 1 }, ids: ids.slice(0, middle), parent },
    { range: { first: right, last: range.last }, ids: ids.slice(middle), parent },
  ];
}

/** Errors that speak of the page's content or of its size, and so may be poison. */
export function maybePoison(error: QuarryError): boolean {
  return (
    error.next === 'isolate' ||
    error.code === 'QRY3002' ||
    error.code === 'QRY2002' ||
    error.code === 'QRY2003' ||
    error.code === 'QRY2034'
  );
}
