/**
 * The read side of the inventory: rows, counts and facets of views, for the command line, the API and the page.
 *
 * Rows are found in two steps: the places of a page by the order alone, then the columns of those rows. So a page costs
 * what its rows cost, however many columns there are and whatever they count.
 */
import { type RawBuilder, sql } from 'kysely';
import { QuarryError } from '../../core/errors.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';
import { type View, type ViewColumn, type ViewContext, viewsOf } from '../views.ts';
import { bindQuery } from './bind.ts';
import { compileCondition } from './compile.ts';
import { columnOf } from './condition.ts';
import { after, cursorOf, type OrderPart, orderBy, orderSql, type Place, placeOf, placeValue } from './order.ts';
import { remembered } from './remembered.ts';
import { type Cell, cellOf } from './row.ts';
import { parseQuery } from './syntax.ts';

export type { Cell } from './row.ts';

/** Whom and what to ask. */
export interface Asked {
  readonly store: Store<InventorySchema>;
  readonly context: ViewContext;
  /** Whose rows may be seen; everybody's when undefined. */
  readonly tenants?: readonly string[] | undefined;
}

export interface Filter {
  /** A query: see docs/guide/queries.md. Nothing or blank asks for everything. */
  readonly filter?: string | undefined;
  /** What the view leaves out too: removed rows, and those beyond the thresholds. */
  readonly all?: boolean | undefined;
}

export interface Page extends Filter {
  /** Columns, the first first, `-` before those that go downwards: `-severity,last_found`. The view's key when undefined. */
  readonly sort?: string | undefined;
  /** Columns to show; when undefined all but those on request. */
  readonly fields?: readonly string[] | undefined;
  /** Rows at the most; 100 when undefined. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** Times are ISO 8601 in UTC, lists are arrays, booleans are true or false; null is nothing. */
export type Row = Readonly<Record<string, Cell>>;

export interface Rows {
  readonly columns: readonly ViewColumn[];
  readonly rows: readonly Row[];
  /** Undefined where there are no more. */
  readonly next: string | undefined;
}

export const PAGE_ROWS = 100;
export const MOST_ROWS = 1000;

/** A page of a view. Throws QRY6020 (the filter) or QRY6021 (view, field, sort, cursor). */
export async function queryView(asked: Asked, viewName: string, page: Page = {}): Promise<Rows> {
  const view = viewOf(asked, viewName);
  const limit = Math.min(page.limit ?? PAGE_ROWS, MOST_ROWS);
  const columns = fieldsOf(view, page.fields);
  const order = orderBy(view, page.sort);
  const same = [view.name, page.filter ?? '', page.sort ?? '', page.all ?? false];
  const conditions = conditionsOf(asked, view, page);
  if (page.cursor !== undefined) conditions.push(after(order, placeOf(page.cursor, same, order)));
  const found: Found[] = [];
  const ask = answering(asked, page);
  for await (const one of rowsOf(asked, view, columns, order, conditions, limit + 1, ask)) found.push(one);
  const shown = found.slice(0, limit);
  const next = found.length > limit ? cursorOf(shown.at(-1)!.place, same) : undefined;
  return { columns, rows: shown.flatMap(({ row }) => (row === undefined ? [] : [row])), next };
}

/** How many rows of a view there are. Throws as `queryView`. */
export async function countOf(asked: Asked, viewName: string, filter: Filter = {}): Promise<number> {
  const view = viewOf(asked, viewName);
  const where = allOf(conditionsOf(asked, view, filter));
  const ask = answering(asked, filter);
  const rows = await ask(sql<{ n: number }>`SELECT count(*) AS n FROM ${fromOf(asked, view, where)} WHERE ${where}`);
  return Number(rows[0]?.n ?? 0);
}

export interface Facet {
  readonly value: Cell;
  readonly count: number;
}

/**
 * The most frequent values of columns, with how many rows have each: of lists the items, of times the days (UTC). The
 * filter `column=value` finds just those rows (`column=null` where the value is null). Throws as `queryView`.
 */
export async function facetsOf(
  asked: Asked,
  viewName: string,
  by: readonly string[],
  { limit = 20, ...filter }: Filter & { readonly limit?: number | undefined } = {},
): Promise<Readonly<Record<string, readonly Facet[]>>> {
  const view = viewOf(asked, viewName);
  const where = allOf(conditionsOf(asked, view, filter));
  const columns = fieldsOf(view, by);
  const ask = answering(asked, filter);
  const few = await fewFacets(asked, view, columns.filter(isFew), where, ask);
  const facets: Record<string, readonly Facet[]> = {};
  for (const column of columns) {
    const found = few.get(column) ?? (await facetOf(asked, view, column, where, limit, ask));
    facets[column.name] = found.slice(0, limit);
  }
  return facets;
}

const DAY = 86_400_000;

const isFew = ({ names, most, type }: ViewColumn): boolean =>
  names !== undefined || most !== undefined || type === 'boolean';

/** Facets of columns with few values, all of them in one reading that sorts nothing. */
async function fewFacets(
  asked: Asked,
  view: View,
  columns: readonly ViewColumn[],
  where: RawBuilder<unknown>,
  ask: Ask,
): Promise<ReadonlyMap<ViewColumn, readonly Facet[]>> {
  if (columns.length === 0) return new Map();
  const valuesOf = ({ type, names, most = 1 }: ViewColumn): number[] => {
    const all = Array.from({ length: names?.length ?? most + 1 }, (_, value) => value);
    return type === 'boolean' ? all : all.slice(1);
  };
  const cases = columns.flatMap((column, c) =>
    valuesOf(column).map(
      (value) => `count(CASE WHEN ${column.stored ?? column.sql} = ${value} THEN 1 END) AS n${c}_${value}`,
    ),
  );
  const select = `count(*) AS n, ${cases.join(', ')}`;
  const rows = await ask(
    sql<Record<string, number>>`SELECT ${sql.raw(select)} FROM ${fromOf(asked, view, where, select)} WHERE ${where}`,
  );
  const counts = rows[0]!;
  return new Map(
    columns.map((column, c) => {
      const found = valuesOf(column).map((value) => ({
        value: cellOf(column, value),
        count: Number(counts[`n${c}_${value}`]),
      }));
      const rest = Number(counts['n']) - found.reduce((sum, { count }) => sum + count, 0);
      const all: Facet[] = [{ value: null, count: rest }, ...found];
      return [column, all.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)] as const;
    }),
  );
}

async function facetOf(
  asked: Asked,
  view: View,
  column: ViewColumn,
  where: RawBuilder<unknown>,
  limit: number,
  ask: Ask,
): Promise<readonly Facet[]> {
  const { dialect } = asked.store;
  const grouped = (value: string) => {
    const rows = sql`FROM ${fromOf(asked, view, where, value)} WHERE ${where}`;
    return isOfDevice(view, column)
      ? sql<Counted>`SELECT value, sum(n) AS n FROM (SELECT ${sql.raw(value)} AS value, count(*) AS n ${rows}
          GROUP BY d.device, d.space) c GROUP BY 1`
      : sql<Counted>`SELECT ${sql.raw(value)} AS value, count(*) AS n ${rows} GROUP BY 1`;
  };
  const most = sql`ORDER BY 2 DESC, 1 LIMIT ${limit}`;
  const value = column.sql;
  // A list that holds an item twice counts once.
  const counted =
    column.type === 'list'
      ? sql<Counted>`SELECT value, sum(n) AS n FROM (SELECT DISTINCT l.value AS list, i.value AS value, l.n AS n
          FROM (${grouped(value)}) l CROSS JOIN ${sql.raw(dialect.items('l.value', 'i'))}) c GROUP BY 1 ${most}`
      : sql<Counted>`${grouped(column.type === 'time' ? `(${value}) / ${DAY}` : value)} ${most}`;
  const rows = await ask(counted);
  return rows.map(({ value: one, n }) => ({ value: facetValue(column, one), count: Number(n) }));
}

/** Whether a column is of devices alone: rows that are read by device then need not be sorted by it. */
const isOfDevice = ({ whole }: View, column: ViewColumn): boolean =>
  whole !== undefined && [...column.sql.matchAll(/\b([a-z]+)\./g)].every(([, alias]) => alias === 'd');

function facetValue(column: ViewColumn, one: Counted['value']): Cell {
  if (column.type === 'list' || one === null) return one;
  return column.type === 'time' ? new Date(Number(one) * DAY).toISOString().slice(0, 10) : cellOf(column, one);
}

interface Counted {
  readonly value: string | number | null;
  readonly n: number | string;
}

/** All rows, read page by page: memory stays flat, and nothing holds the database between pages. Throws as `queryView`. */
export async function* exportRows(
  asked: Asked,
  viewName: string,
  page: Omit<Page, 'cursor'> = {},
): AsyncGenerator<Row> {
  const view = viewOf(asked, viewName);
  const columns = fieldsOf(view, page.fields);
  const order = orderBy(view, page.sort);
  const conditions = conditionsOf(asked, view, page);
  const ask: Ask = async (statement) => (await statement.execute(asked.store.db)).rows;
  let left = page.limit ?? Number.POSITIVE_INFINITY;
  for (let place: Place | undefined; left > 0; ) {
    const from = place === undefined ? conditions : [...conditions, after(order, place)];
    const size = Math.min(left, PLACES_AT_ONCE);
    let found = 0;
    for await (const one of rowsOf(asked, view, columns, order, from, size, ask)) {
      found++;
      place = one.place;
      if (one.row !== undefined) yield one.row;
    }
    if (found < size) return;
    left -= found;
  }
}

/** An order without an index is made anew for each of these; as many are in memory. */
const PLACES_AT_ONCE = 50_000;

/** Throws QRY6021. */
export function viewOf({ context }: Asked, name: string): View {
  const views = viewsOf(context);
  const view = views.get(name) ?? views.get(name.replaceAll('-', '_'));
  if (view !== undefined) return view;
  const known = [...views.keys()];
  throw new QuarryError('QRY6021', {
    what: `There is no view ${name}${didYouMean(name, known)}`,
    fix: `Views are: ${known.join(', ')}.`,
  });
}

/** Every view there is; `quarry query` and the API list them. */
export const viewsShown = ({ context }: Pick<Asked, 'context'>): readonly View[] => [...viewsOf(context).values()];

/** Throws QRY6021. */
export function fieldsOf(view: View, names: readonly string[] | undefined): readonly ViewColumn[] {
  if (names === undefined || names.length === 0) return view.columns.filter(({ isOnRequest }) => !isOnRequest);
  return names.map((name) => {
    const column = columnOf(view, name);
    if (column !== undefined) return column;
    const advice = view.notKept?.[name];
    if (advice !== undefined)
      throw new QuarryError('QRY6021', { what: `${name} of ${view.name} are not kept.`, where: 'fields', fix: advice });
    const known = view.columns.map((one) => one.name);
    throw new QuarryError('QRY6021', {
      what: `${name} is no column of ${view.name}${didYouMean(name, known)}`,
      where: 'fields',
      fix: `Columns are: ${known.join(', ')}.`,
    });
  });
}

function conditionsOf(
  { store, context, tenants }: Asked,
  view: View,
  { filter = '', all }: Filter,
): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = all === true ? [] : [sql.raw(`(${view.where})`)];
  if (tenants !== undefined) {
    const tenant = columnOf(view, 'tenant')!.stored!;
    conditions.push(tenants.length === 0 ? sql`1 = 0` : sql`${sql.raw(tenant)} IN (${sql.join(tenants)})`);
  }
  const syntax = parseQuery(filter);
  if (syntax !== undefined)
    conditions.push(compileCondition(bindQuery(syntax, view, context.now), view, store.dialect));
  return conditions;
}

/**
 * What stands after FROM for a question: without tables on which nothing of it depends, all of which have one row at
 * the most, and in the order that suits it. `select` is the rest of the question's SQL, `first` what it is ordered by.
 */
function fromOf(
  { store }: Asked,
  { from, whole }: View,
  where: RawBuilder<unknown>,
  select = '',
  first?: string,
): RawBuilder<unknown> {
  const filter = where.compile(store.db).sql;
  const isFound = whole?.indexed.some(
    (one) => first === one || filter.includes(`${one} = `) || filter.includes(`${one} IN `),
  );
  const isInPieces = store.dialect.pieces !== undefined && filter.includes(`lower(${whole?.pieces}) LIKE `);
  const [base, ...joins] = (whole === undefined || isFound === true || isInPieces ? from : whole.from).split(
    /\s+(?=LEFT JOIN )/,
  );
  const needed: string[] = [];
  for (const join of joins.reverse()) {
    const alias = /^LEFT JOIN \w+ (\w+)/.exec(join)?.[1];
    if ([select, filter, ...needed].some((text) => new RegExp(`\\b${alias}\\.`).test(text))) needed.unshift(join);
  }
  return sql.raw([base, ...needed].join(' '));
}

const allOf = (conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> =>
  conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` AND `);

/** How a statement is answered. */
type Ask = <One>(statement: RawBuilder<One>) => Promise<readonly One[]>;

const answering =
  ({ store }: Asked, { all }: Filter): Ask =>
  async (statement) =>
    all === true ? (await statement.execute(store.db)).rows : await remembered(store, statement);

type Raw = Readonly<Record<string, string | number | null>>;

interface Found {
  readonly place: Place;
  /** Undefined where the row has gone between the two steps. */
  readonly row: Row | undefined;
}

async function* rowsOf(
  asked: Asked,
  view: View,
  columns: readonly ViewColumn[],
  order: readonly OrderPart[],
  conditions: readonly RawBuilder<unknown>[],
  limit: number,
  ask: Ask,
): AsyncGenerator<Found> {
  const places = order.map((part, i) => `${part.sql} AS p${i}`).join(', ');
  const cells = columns.map((column, i) => `${column.sql} AS c${i}`).join(', ');
  const from = sql.raw(view.from);
  const placeIn = (raw: Raw): Place =>
    order.map((part, i) => (part.isText ? String(raw[`p${i}`]) : Number(raw[`p${i}`])));
  const rowIn = (raw: Raw): Row =>
    Object.fromEntries(columns.map((column, i) => [column.name, cellOf(column, raw[`c${i}`] ?? null)]));
  const where = allOf(conditions);
  const found = (select: string): Promise<readonly Raw[]> =>
    ask(sql<Raw>`SELECT ${sql.raw(select)} FROM ${fromOf(asked, view, where, select, order[0]?.sql)} WHERE ${where}
      ORDER BY ${orderSql(order)} LIMIT ${limit}`);
  // A view made of groups would make them twice.
  if (view.from.startsWith('(')) {
    for (const raw of await found(`${places}, ${cells}`)) yield { place: placeIn(raw), row: rowIn(raw) };
    return;
  }
  const same = sql.raw(order.map((part, i) => `${part.sql} = page.column${i + 2}`).join(' AND '));
  const all = (await found(places)).map(placeIn);
  for (let first = 0; first < all.length; first += MOST_ROWS) {
    const page = all.slice(first, first + MOST_ROWS);
    const values = page.map((place, i) => {
      const parts = place.map((value, k) => placeValue(order[k]!, value));
      return sql`(${sql.join([sql`CAST(${i} AS bigint)`, ...parts])})`;
    });
    const { rows } = await sql<Raw>`SELECT page.column1 AS i, ${sql.raw(cells)} FROM (VALUES ${sql.join(values)}) page
      CROSS JOIN ${from} WHERE ${same}`.execute(asked.store.db);
    const byPlace = new Map(rows.map((raw) => [Number(raw['i']), raw]));
    for (const [i, place] of page.entries()) {
      const raw = byPlace.get(i);
      yield { place, row: raw === undefined ? undefined : rowIn(raw) };
    }
  }
}
