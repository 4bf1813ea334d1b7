import { useQueries } from '@tanstack/react-query';
import { facetsQuery } from '../api/queries.ts';
import type { Facet, Facets } from '../api/types.ts';

/**
 * Pictures of the inventory are counted with queries, one for each column of the picture: so every mark is a query, and
 * a click on it opens the rows that were counted.
 */
export interface Slice {
  readonly label: string;
  readonly filter: string;
}

export interface Counted {
  readonly slices: readonly (Slice & { readonly facets: readonly Facet[] })[] | undefined;
  readonly error: unknown;
}

/** How many rows of each slice have each value of a column. */
export function useCounted(view: string, by: string, slices: readonly Slice[]): Counted {
  return useQueries({
    queries: slices.map(({ filter }) => facetsQuery(view, filter, by)),
    combine: (results) => {
      const error = results.find((result) => result.error !== null)?.error ?? null;
      const all = results.map(({ data }) => data);
      const complete = all.every((data): data is Facets => data !== undefined);
      return {
        error,
        slices: complete ? slices.map((slice, i) => ({ ...slice, facets: all[i]![by] ?? [] })) : undefined,
      };
    },
  });
}

export const rowsWith = (facets: readonly Facet[], value: Facet['value']): number =>
  facets.find((facet) => String(facet.value) === String(value))?.count ?? 0;

const DAY_MS = 86_400_000;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The last so many weeks, the oldest first; a week is seven days that end at the end of today (UTC). */
export function weeks(count: number, now: number): readonly { readonly from: string; readonly to: string }[] {
  const end = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  return Array.from({ length: count }, (_, i) => ({
    from: day(end - (count - i) * 7 * DAY_MS),
    to: day(end - (count - i - 1) * 7 * DAY_MS),
  }));
}

/** The coming months from this one on, as their first days. */
export function months(count: number, now: number): readonly { readonly from: string; readonly to: string }[] {
  const date = new Date(now);
  const first = (i: number): string => day(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + i, 1));
  return Array.from({ length: count }, (_, i) => ({ from: first(i), to: first(i + 1) }));
}
