/**
 * What searches of FIM have in common (reference, 8): filter in QQL, `sort` as a JSON string, pages by number up to
 * 10,000 rows (416 beyond), or `searchAfter` the sort values of the last row. Rows come as a bare array.
 */
import { json, type RestCall, RestRefusal } from '../rest.ts';
import { parseJson } from './filter.ts';
import { parseQuery, type Query } from './qql.ts';

const WINDOW = 10_000;

export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
}

export interface FimRequest {
  readonly query: Query;
  readonly sort: readonly SortKey[];
  readonly skip: number;
  readonly pageSize: number;
  readonly after: readonly (string | number)[] | undefined;
  readonly groupBy: string | undefined;
}

/** Throws RestRefusal: 400 for what cannot be read, 416 beyond the window. */
export function readFimRequest(call: RestCall, fields: readonly string[], sortable: readonly string[]): FimRequest {
  const asked = parseJson(call.body);
  const number = (name: string, fallback: number): number => {
    const value = Number(asked[name] ?? fallback);
    if (!Number.isInteger(value) || value < 0) throw new RestRefusal(400, `Invalid value for ${name}`);
    return value;
  };
  const pageSize = number('pageSize', 10);
  const skip = number('pageNumber', 0) * pageSize;
  if (skip + pageSize > WINDOW) throw new RestRefusal(416, `Result window is too large: more than ${WINDOW} rows`);
  const known = (field: string): boolean => fields.includes(field.split('.')[0] ?? '');
  const sort = readSort(asked['sort'], sortable);
  const after = asked['searchAfter'];
  const { groupBy } = asked;
  return {
    query: parseQuery(String(asked['filter'] ?? ''), known),
    sort,
    skip,
    pageSize,
    after: Array.isArray(after) && after.length > 0 ? readAfter(after, sort.length) : undefined,
    groupBy: groupBy === undefined || groupBy === null ? undefined : String([groupBy].flat()[0]),
  };
}

function readSort(value: unknown, sortable: readonly string[]): SortKey[] {
  if (value === undefined || value === null || value === '') return [{ field: sortable[0] ?? '', descending: true }];
  const bad = new RestRefusal(400, `Invalid sort: ${String(value)}`);
  if (typeof value !== 'string') throw bad;
  let list: unknown;
  try {
    list = JSON.parse(value);
  } catch {
    throw bad;
  }
  if (!Array.isArray(list) || list.length === 0) throw bad;
  return list.map((one: unknown) => {
    const [[field, order] = []] = Object.entries((one ?? {}) as Record<string, unknown>);
    if (field === undefined || !sortable.includes(field) || (order !== 'asc' && order !== 'desc')) throw bad;
    return { field, descending: order === 'desc' };
  });
}

function readAfter(after: readonly unknown[], keys: number): (string | number)[] {
  if (after.length !== keys) throw new RestRefusal(400, `searchAfter has ${after.length} values but sort has ${keys}`);
  return after.map((one) => (typeof one === 'number' ? one : String(one)));
}

export function compareValues(
  a: readonly (string | number)[],
  b: readonly (string | number)[],
  sort: readonly SortKey[],
): number {
  for (const [at, { descending }] of sort.entries()) {
    const [one, other] = [a[at] ?? '', b[at] ?? ''];
    const [left, right] = typeof one === typeof other ? [one, other] : [Number(one), Number(other)];
    if (left === right) continue;
    return left < right === descending ? 1 : -1;
  }
  return 0;
}

export interface Row {
  readonly sortValues: readonly (string | number)[];
  data(): object;
}

/** The array of one page; `wrapped` rows carry their sort values. */
export function* rowsText(rows: readonly Row[], wrapped: boolean, { faults }: RestCall): Generator<string> {
  const bare = faults.has('list-single-object') && rows.length === 1;
  yield bare ? '' : '[';
  for (const [at, { sortValues, data }] of rows.entries()) {
    yield `${at === 0 ? '' : ','}${json(wrapped ? { sortValues, data: data() } : data())}`;
  }
  yield bare ? '' : ']';
}
