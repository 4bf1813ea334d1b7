import type { Call, PageAnswer } from '../core/dataset.ts';
import type { Step } from '../core/range.ts';
import type { Value } from '../core/words.ts';

/** A search at the gateway: JSON both ways; `params` stand in the query. An empty body asks for everything. */
export function gatewaySearch(
  api: string,
  path: string,
  body: Readonly<Record<string, unknown>> | undefined,
  params: Readonly<Record<string, string>> = {},
): Call {
  const text = body === undefined ? '' : JSON.stringify(body);
  return { api, server: 'gateway', path, method: 'POST', params, body: { type: 'application/json', text } };
}

/**
 * Sorted answers of FIM. Elements that come with their `sortValues` are followed by what is behind the last ones; others
 * by the number of the page, counted from 0, which Qualys stops at 10,000 rows (416). A short answer is the last.
 * `most`: rows per answer at the most.
 */
export function nextOfSorted(step: Step, { end, pageSize }: PageAnswer, most: number): Step | undefined {
  if (end.records < Math.min(pageSize, most)) return undefined;
  const values = end.beside?.['sortValues'];
  if (Array.isArray(values) && values.length > 0) return { ...step, cursor: JSON.stringify(values) };
  // Behind sort values there is no page by number: the same place again, which is an error and not an end.
  return step.cursor?.startsWith('[') === true ? step : nextByNumber(step);
}

/** Where an answer begins, as FIM is asked: behind these sort values, or at this page. */
export function placeOf({ cursor }: Step): Readonly<Record<string, Value>> {
  if (cursor === undefined) return { pageNumber: 0 };
  return cursor.startsWith('[') ? { searchAfter: JSON.parse(cursor) as Value } : { pageNumber: Number(cursor) };
}

/** The page behind, by number from 0. */
export const nextByNumber = (step: Step): Step => ({ ...step, cursor: String(Number(step.cursor ?? 0) + 1) });

/** Conditions of a query language filter that must all hold; undefined where there are none. */
export function allOf(...conditions: readonly (string | undefined)[]): string | undefined {
  const given = conditions.filter((one) => one !== undefined);
  return given.length < 2 ? given[0] : given.map((one) => `(${one})`).join(' AND ');
}

/** Both ends included. Qualys wants milliseconds. */
export function between(field: string, from: string, to: string): string {
  const ms = (time: string): string => new Date(time).toISOString();
  return `${field}:['${ms(from)}'..'${ms(to)}']`;
}

/** Months of FIM data that Qualys keeps. */
const KEPT_MONTHS = 15;

/** The oldest time FIM answers for. */
export function fimBeginning(now: string): string {
  const at = new Date(now);
  at.setUTCMonth(at.getUTCMonth() - KEPT_MONTHS);
  return at.toISOString();
}
