import type { CompleteReading } from '../policy.ts';
import { literal } from './view.ts';

const MINUTE = 60_000;

/** Thresholds are reckoned from the whole minute: so a question about them is the same for a minute, and is remembered. */
export const beforeNow = (now: number, ms: number): number => now - (now % MINUTE) - ms;

/**
 * SQL: whether row `r`, of `dataset`, was returned since then: by a pull, or by a complete reading, which returned all
 * that it did not find missing. What is gone was returned last by the reading before the one that missed it. Stands
 * beside the space `sp`.
 */
export function returnedSince(r: string, dataset: string, since: number, readings: readonly CompleteReading[]): string {
  const young = readings.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at);
  const byReading = [...Map.groupBy(young, (one) => JSON.stringify([one.tenant, one.subscription, one.dataset]))].map(
    ([, [first, next]]) => {
      const { tenant, subscription, dataset: name } = first!;
      const missed = next === undefined ? '' : ` OR ${r}.removed_at > ${next.at}`;
      return `(${dataset} = ${literal(name)} AND sp.tenant = ${literal(tenant)} AND sp.subscription = ${literal(subscription)} AND (${r}.removed = ''${missed}))`;
    },
  );
  return `(${[`CASE WHEN ${r}.removed = '' THEN ${r}.accepted ELSE ${r}.returned END >= ${since}`, ...byReading].join(' OR ')})`;
}
