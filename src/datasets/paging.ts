import type { IdPaging, PageAnswer, StepPaging } from '../core/dataset.ts';
import type { Fields, Value } from '../core/words.ts';

/** Answers in the order of an id, with a WARNING 1980 whose URL names the first id of the next (FO lists). */
export const byWarning: IdPaging = {
  by: 'id',
  next: ({ nextParams }) => (nextParams === undefined ? undefined : Number(nextParams['id_min'])),
};

/** One answer that holds everything, in the order of an id. */
export const allAtOnce: IdPaging = { by: 'id', next: () => undefined };

/** One answer that holds everything, in no order. */
export const oneAnswer: StepPaging<unknown> = { by: 'step', begin: () => [{}], next: () => undefined };

/** Objects per QPS answer at the most. */
export const QPS_MAX_PAGE = 1000;

/**
 * QPS: more while `hasMoreRecords` says so; the next answer is of ids above the last. `lastId` is left out by some
 * answers that do have more, so the highest id read stands in for it. Some answers leave out both: a full one may then
 * not be the last.
 */
export const byLastId: IdPaging = {
  by: 'id',
  next: ({ end, highest, pageSize }) => {
    const response = (end.envelope['ServiceResponse'] as Fields | undefined) ?? end.envelope;
    const isFull = end.records > 0 && end.records >= Math.min(pageSize, QPS_MAX_PAGE);
    if (String(response['hasMoreRecords'] ?? isFull) !== 'true') return undefined;
    const last = Number(response['lastId'] ?? highest);
    return Number.isSafeInteger(last) ? last + 1 : Number.NaN;
  },
};

/** Global Asset Inventory: `hasMore` is 0 or 1, `lastSeenAssetId` the id to go on behind. */
export const byLastSeen: IdPaging = {
  by: 'id',
  bounded: false,
  next: ({ end, highest }) => {
    const { hasMore, lastSeenAssetId } = end.envelope;
    if (Number(hasMore ?? 0) !== 1) return undefined;
    const last = Number(lastSeenAssetId ?? highest);
    return Number.isSafeInteger(last) ? last + 1 : Number.NaN;
  },
};

/** A member of an answer's envelope by its path; undefined where it is not there. */
export function inEnvelope({ end }: PageAnswer, ...path: readonly string[]): Value | undefined {
  let value: Value | undefined = end.envelope;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = (value as Fields)[name];
  }
  return value;
}
