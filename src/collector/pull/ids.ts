import type { Dataset } from '../../core/dataset.ts';
import type { IdRange } from '../../core/range.ts';
import type { Stream } from '../stream.ts';
import { readEveryPage } from './every-page.ts';

/** Ids as ranges, ascending and apart from each other; `first[i]`–`last[i]`. */
export interface IdList {
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly count: number;
  /** Qualys's time of the answer, epoch ms. */
  readonly serverTime: number | undefined;
}

/** Whether the ids a data set lists are those of its own records, one of each. */
export const listsItself = ({ ids, key, order }: Dataset): boolean =>
  ids !== undefined && key.length === 1 && order === 'id';

/** Asks for the ids of all objects in scope (or in `range`). Mostly one call; the list takes 16 bytes an id at most. */
export async function fetchIds(stream: Stream, signal: AbortSignal, range?: IdRange): Promise<IdList> {
  const { facts } = stream;
  const call = facts.ids!(stream.options, { pageSize: 0, ...(range === undefined ? {} : { range }) });
  const format = facts.idsFormat ?? facts.format;
  let first = new Float64Array(1024);
  let last = new Float64Array(1024);
  let n = 0;
  let inOrder = true;
  const add = (from: number, to: number): void => {
    if (n > 0 && from === last[n - 1]! + 1) {
      last[n - 1] = to;
      return;
    }
    if (n > 0 && from <= last[n - 1]!) inOrder = false;
    if (n === first.length) {
      first = grown(first);
      last = grown(last);
    }
    first[n] = from;
    last[n++] = to;
  };
  const serverTime = await readEveryPage(stream, call, format, { record: () => {}, ids: add }, signal);
  const list = inOrder
    ? { first: first.subarray(0, n), last: last.subarray(0, n) }
    : sorted(first.subarray(0, n), last.subarray(0, n));
  let count = 0;
  for (let i = 0; i < list.first.length; i++) count += list.last[i]! - list.first[i]! + 1;
  return { ...list, count, serverTime };
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

function sorted(first: Float64Array, last: Float64Array): { first: Float64Array; last: Float64Array } {
  const order = [...first.keys()].sort((a, b) => first[a]! - first[b]!);
  const merged: { first: number; last: number }[] = [];
  for (const i of order) {
    const before = merged.at(-1);
    if (before !== undefined && first[i]! <= before.last + 1) before.last = Math.max(before.last, last[i]!);
    else merged.push({ first: first[i]!, last: last[i]! });
  }
  return { first: Float64Array.from(merged, (one) => one.first), last: Float64Array.from(merged, (one) => one.last) };
}
