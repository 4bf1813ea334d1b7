/**
 * Poison is isolated, never skipped, never a wall (and weather is not poison).
 *
 * A page that cannot be read is cut in two by the ids in it, and both halves are read as pages of their own. One half
 * fails: the culprit is in there. What failed is cut again, level by level, until objects stand alone. An object that
 * fails alone is asked for without its heavy text; if it still cannot be read it is quarantined, visibly, and tried
 * again later. The stream goes on all the while: other readers read the other ranges, and every part lives in `resume`,
 * so that a kill loses none of this.
 *
 * Everything of a level fails: that is weather, not poison; where the content itself is bad (malformed here and there),
 * only when the quarters have failed like the halves, since two culprits make both halves fail. The parts are put
 * together again, pages are made smaller, and the pull waits a little; pages grow again while reading goes well.
 * Isolation has a budget of calls; when it is spent, the pull ends and a later one goes on with what is left.
 */
import type { QuarryError } from '../../core/errors.ts';
import type { IdRange } from '../../core/range.ts';
import type { IdList } from './ids.ts';

/** Calls one pull may spend on isolating: a culprit among 1,000 takes about 2 × 10, so several fit. */
export const ISOLATION_CALLS = 80;

/** One part of a range under suspicion, with the ids in it. */
export interface Suspect {
  readonly range: IdRange;
  readonly ids: readonly number[];
}

/** A suspect that was read and could not be. */
export interface Failed {
  readonly suspect: Suspect;
  readonly error: QuarryError;
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

/** Cuts a suspect of two objects or more in two between its ids; the halves leave no gap. */
export function cut({ range, ids }: Suspect): [Suspect, Suspect] {
  const middle = Math.ceil(ids.length / 2);
  const right = ids[middle]!;
  return [
    { range: { first: range.first, last: right - 1 }, ids: ids.slice(0, middle) },
    { range: { first: right, last: range.last }, ids: ids.slice(middle) },
  ];
}

/** Whether the failures of one level of cutting speak of weather. `read`: something of the page was read by now. */
export function isWeather(failed: readonly Failed[], parts: number, read: boolean): boolean {
  if (failed.length < parts || parts < 2) return false;
  if (failed.some(({ error }) => !isContent(error))) return true;
  return !read && (parts >= 4 || failed.every(({ suspect }) => suspect.ids.length < 2));
}

/** The content itself is bad, here and every time; other errors may have to do with the size of the page, or with nothing of it. */
export const isContent = (error: QuarryError): boolean => error.next === 'isolate';

const TOO_LONG = new Set(['QRY2001', 'QRY2002', 'QRY3002']);

/** Errors of answers that take too long or never end, as heavy objects make them; 504 is a proxy that waited too long. */
export const mayBeHeavy = (error: QuarryError): boolean => TOO_LONG.has(error.code) || error.qualys?.status === 504;

const BY_SIZE = new Set(['QRY2001', 'QRY2002', 'QRY2003', 'QRY2005', 'QRY2034', 'QRY3002']);

/** Errors that speak of the page's content or of its size, and so may be poison. */
export const maybePoison = (error: QuarryError): boolean => isContent(error) || BY_SIZE.has(error.code);
