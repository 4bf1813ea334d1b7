/**
 * From conditions to SQL that both databases take. Values are bound, never written into the statement; names and
 * expressions come from the catalogue of views alone.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../../store/store.ts';
import type { View, ViewColumn } from '../views/view.ts';
import { type Comparison, type Condition, lower, type Pattern } from './condition.ts';

type Sql = RawBuilder<unknown>;

/** What a column is in an order or beside an index: never null. */
export interface Stored {
  readonly sql: string;
  /** What stands for null; undefined where `sql` has no such value. */
  readonly nothing: string | number | undefined;
}

/** Tables that may have no row for what is listed, and the KnowledgeBase, some of whose columns may be null. */
const nullable = ({ from }: View): ReadonlySet<string> =>
  new Set(
    [...from.matchAll(/LEFT JOIN \w+ (\w+)/g), ...from.matchAll(/\bknowledge (\w+)/g)].map(([, alias]) => alias!),
  );

/** The value as its table has it, where that is never null. */
function storedIn(view: View, { name, stored }: ViewColumn): string | undefined {
  if (stored === undefined) return undefined;
  const isNullable = nullable(view).has(/^(\w+)\./.exec(stored)?.[1] ?? '') && !view.key.includes(name);
  return isNullable ? undefined : stored;
}

/** What rows are ordered by, and what their place in the order is told by. */
export function orderOf(view: View, column: ViewColumn): string {
  const nothing = column.type === 'text' && column.names === undefined ? `''` : '0';
  return storedIn(view, column) ?? `coalesce(${column.names === undefined ? column.sql : column.stored}, ${nothing})`;
}

export function compileCondition(condition: Condition, view: View, dialect: Dialect): Sql {
  const joined = (of: readonly Sql[], by: 'all' | 'any'): Sql =>
    of.length === 1 ? of[0]! : sql`(${sql.join(of, sql.raw(by === 'all' ? ' AND ' : ' OR '))})`;
  const compile = (one: Condition): Sql => {
    switch (one.kind) {
      case 'all':
        return joined(one.of.map(compile), 'all');
      case 'any': {
        const small = Map.groupBy(one.of, (part) => smallOf(view, part));
        const own = (small.get(undefined) ?? []).map(compile);
        return joined(
          [...[...small].flatMap(([alias, of]) => (alias === undefined ? [] : [among(alias, of)])), ...own],
          'any',
        );
      }
      case 'not':
        return sql`NOT coalesce(${compile(one.of)}, FALSE)`;
      default:
        return compileOne(one, view, dialect);
    }
  };
  /** One of the rows that stand beside these few of a table. */
  const among = (alias: string, of: readonly Condition[]): Sql => {
    const { key, select } = view.small![alias]!;
    const any = joined(
      of.map((one) => compileOne({ ...one, column: apart((one as Leaf).column, alias) } as Leaf, view, dialect)),
      'any',
    );
    return sql`${sql.raw(key)} IN (${sql.raw(select)}(${any}))`;
  };
  return compile(condition);
}

type Leaf = Exclude<Condition, { readonly kind: 'all' | 'any' | 'not' }>;

/**
 * The alias of a small table that this asks alone; nothing where a row without one there would do. Together with what
 * asks other tables it would have to be looked at for every row.
 */
function smallOf({ small }: View, one: Condition): string | undefined {
  if (small === undefined || 'of' in one || one.kind === 'null') return undefined;
  const aliases = new Set([...one.column.sql.matchAll(/\b([a-z]+)\./g)].map(([, alias]) => alias!));
  const [alias] = aliases;
  return aliases.size === 1 && alias !== undefined && alias in small ? alias : undefined;
}

/** The column asked of its table by another alias. */
function apart(column: ViewColumn, alias: string): ViewColumn {
  const renamed = (of: string): string => of.replace(new RegExp(`\\b${alias}\\.`, 'g'), `${alias}_.`);
  const { stored } = column;
  return { ...column, sql: renamed(column.sql), ...(stored === undefined ? {} : { stored: renamed(stored) }) };
}

function compileOne(one: Leaf, view: View, dialect: Dialect): Sql {
  switch (one.kind) {
    case 'null':
      return one.column.type === 'list'
        ? sql`${sql.raw(one.column.sql)} = '[]'`
        : sql`(${sql.raw(one.column.sql)}) IS NULL`;
    case 'compare':
      return compared(view, one.column, one.by, one.value);
    case 'in':
      return one.column.type === 'list'
        ? hasItem(one.column.sql, one.values as string[])
        : equal(view, one.column, one.values);
    case 'like':
      return like(one.column, one.pattern, dialect);
  }
}

/** PostgreSQL takes a number for what stands beside it, which may be too small for it. */
const bound = (value: string | number): Sql => {
  if (typeof value === 'string') return sql`${value}`;
  return Number.isInteger(value) ? sql`CAST(${value} AS bigint)` : sql`CAST(${value} AS numeric)`;
};

const HOLDS: Readonly<Record<Comparison, (a: string | number, b: string | number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function compared(view: View, column: ViewColumn, by: Comparison, value: string | number): Sql {
  const stored = storedIn(view, column);
  if (stored === undefined) return sql`(${sql.raw(column.sql)}) ${sql.raw(by)} ${bound(value)}`;
  const nothing = typeof value === 'number' ? 0 : '';
  const holds = sql`${sql.raw(stored)} ${sql.raw(by)} ${bound(value)}`;
  return HOLDS[by](nothing, value) ? sql`(${holds} AND ${sql.raw(stored)} <> ${bound(nothing)})` : holds;
}

function equal(view: View, column: ViewColumn, values: readonly (string | number)[]): Sql {
  const stored = storedIn(view, column);
  const codes = column.names === undefined ? values : values.map((value) => column.names!.indexOf(value as string));
  const nothing = column.type === 'text' && column.names === undefined ? '' : 0;
  const kept = stored === undefined || column.type === 'boolean' ? codes : codes.filter((code) => code !== nothing);
  if (kept.length === 0) return sql`1 = 0`;
  const of = sql.raw(column.names === undefined ? (stored ?? `(${column.sql})`) : column.stored!);
  return kept.length === 1 ? sql`${of} = ${bound(kept[0]!)}` : sql`${of} IN (${sql.join(kept.map(bound))})`;
}

/**
 * An item of a JSON list stands after `[` or `,` in quotes, and nowhere inside an item, where quotes are written `\"`. So a
 * list need not be taken apart to know whether it has an item. LIKE would ignore case on SQLite.
 */
function hasItem(of: string, items: readonly string[]): Sql {
  const list = sql.raw(of);
  const held = items
    .map((item) => JSON.stringify(item))
    .flatMap((json) => [`[${json}`, `,${json}`])
    .map((json) => sql`replace(${list}, ${json}, '') <> ${list}`);
  return sql`(${sql.join(held, sql` OR `)})`;
}

function like(column: ViewColumn, pattern: Pattern, { items }: Dialect): Sql {
  const [piece] = pattern.pieces;
  if (column.type === 'list' && pattern.isWhole && pattern.pieces.length === 1)
    return hasItem(`lower(${column.sql})`, [lower(piece!)]);
  const of = sql.raw(`lower(${column.sql})`);
  const whole = sql`${of} LIKE ${likePattern(pattern)} ESCAPE '\\'`;
  if (column.type !== 'list') return whole;
  // The list as one text is cheap to look at, and never says no where an item would say yes.
  const json = { pieces: pattern.pieces.map((piece) => JSON.stringify(piece).slice(1, -1)), isWhole: false };
  const item = sql`lower(i.value) LIKE ${likePattern(pattern)} ESCAPE '\\'`;
  return sql`(${of} LIKE ${likePattern(json)} ESCAPE '\\' AND EXISTS (SELECT 1 FROM ${sql.raw(items(column.sql, 'i'))} WHERE ${item}))`;
}

function likePattern({ pieces, isWhole }: Pattern): string {
  const text = pieces.map((piece) => escaped(lower(piece))).join('%');
  return isWhole ? text : `%${text}%`;
}

const escaped = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
