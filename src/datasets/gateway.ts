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
 * by the page behind, which Qualys stops at 10,000 rows (416). A short answer is the last. `most`: rows per answer at the
 * most.
 */
export function nextOfSorted(step: Step, answer: PageAnswer, most: number): Step | undefined {
  const { end, pageSize } = answer;
  const values = end.beside?.['sortValues'];
  const isFull = end.records >= Math.min(pageSize, most);
  if (isFull && Array.isArray(values) && values.length > 0) return { ...step, cursor: JSON.stringify(values) };
  // Behind sort values there is no page by number: the same place again, which is an error and not an end.
  if (isFull && step.cursor?.startsWith('[') === true) return step;
  return nextOfPages(step, answer, most);
}

/** Where an answer of `size` rows begins, as FIM is asked: behind these sort values, or at this page. */
export function placeOf(step: Step, size: number): Readonly<Record<string, Value>> {
  if (step.cursor?.startsWith('[') === true) return { searchAfter: JSON.parse(step.cursor) as Value };
  return { pageNumber: pageOf(step, size) };
}

/** Pages by number, from 0; a short one is the last. The cursor counts rows, since pages may change their size. */
export function nextOfPages(step: Step, { end, pageSize }: PageAnswer, most: number): Step | undefined {
  const size = Math.min(pageSize, most);
  if (end.records < size) return undefined;
  return { ...step, cursor: String((pageOf(step, size) + 1) * size) };
}

/** The page of `size` rows that holds the first row not yet read; rows before it on that page are read again. */
export const pageOf = ({ cursor }: Step, size: number): number => Math.floor(Number(cursor ?? 0) / size);

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
