/**
 * The order of a view's rows, and places in it.
 *
 * Rows are ordered by the columns asked for and then by the view's key, so that every row has one place, whatever is
 * written meanwhile: a cursor is the place of the last row shown, and what follows it is what a later page shows. All
 * of an order is never null; where all goes one way, it is one comparison of rows, which an index answers.
 */
import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { QuarryError } from '../../core/errors.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { View, ViewColumn } from '../views/view.ts';
import { orderOf } from './compile.ts';
import { columnOf } from './condition.ts';

export interface OrderPart {
  readonly sql: string;
  readonly isText: boolean;
  readonly isDown: boolean;
}

/** Where a row stands: the value of each part of the order. */
export type Place = readonly (string | number)[];

/**
 * `-severity,last_found`: down by the first, then up by the second; rows that have no value come first upwards. Throws
 * QRY6021.
 */
export function orderBy(view: View, sort: string | undefined): readonly OrderPart[] {
  const asked = (sort ?? '').split(',').flatMap((part) => {
    const name = part.trim().replace(/^[-+]/, '');
    return name === '' ? [] : [{ column: sortable(view, name), isDown: part.trim().startsWith('-') }];
  });
  const isDown = asked.at(-1)?.isDown ?? false;
  const parts = asked.map((one) => partOf(view, one.column, one.isDown));
  const known = new Set(parts.map((part) => part.sql));
  // The table's own number of the space stands for tenant and subscription: indices have it.
  const space = [...view.from.matchAll(/JOIN space sp ON sp\.id = (\w+\.space)/g)].at(-1)?.[1];
  const own = view.key.filter((name) => space === undefined || (name !== 'tenant' && name !== 'subscription'));
  const key = own.map((name) => partOf(view, columnOf(view, name)!, isDown));
  if (space !== undefined) key.splice(1, 0, { sql: space, isText: false, isDown });
  return [...parts, ...key.filter((part) => !known.has(part.sql))];
}

const partOf = (view: View, column: ViewColumn, isDown: boolean): OrderPart => ({
  sql: orderOf(view, column),
  isText: column.type === 'text' && column.names === undefined,
  isDown,
});

function sortable(view: View, name: string): ViewColumn {
  const column = columnOf(view, name);
  if (column?.sortable === true) return column;
  const known = view.columns.filter((one) => one.sortable).map((one) => one.name);
  throw new QuarryError('QRY6021', {
    what:
      column === undefined
        ? `${name} is no column of ${view.name}${didYouMean(name, known)}`
        : `${view.name} cannot be sorted by ${name}.`,
    where: 'sort',
    fix: `Sort by ${known.join(', ')}; with - before it, downwards.`,
  });
}

export const orderSql = (order: readonly OrderPart[]): RawBuilder<unknown> =>
  sql.raw(order.map((part) => `${part.sql}${part.isDown ? ' DESC' : ''}`).join(', '));

/** SQL: what comes after a place. */
export function after(order: readonly OrderPart[], place: Place): RawBuilder<unknown> {
  const value = (i: number) => placeValue(order[i]!, place[i]!);
  const part = (i: number) => sql.raw(order[i]!.sql);
  const further = (i: number) => sql.raw(order[i]!.isDown ? '<' : '>');
  if (order.every(({ isDown }) => isDown === order[0]!.isDown)) {
    const parts = order.map((_, i) => i);
    return sql`(${sql.join(parts.map(part))}) ${further(0)} (${sql.join(parts.map(value))})`;
  }
  const from = (i: number): RawBuilder<unknown> => {
    const beyond = sql`${part(i)} ${further(i)} ${value(i)}`;
    return i === order.length - 1 ? beyond : sql`(${beyond} OR (${part(i)} = ${value(i)} AND ${from(i + 1)}))`;
  };
  return from(0);
}

/** PostgreSQL must be told what a value is that stands alone. */
export const placeValue = ({ isText }: OrderPart, value: string | number): RawBuilder<unknown> =>
  isText ? sql`CAST(${value} AS text)` : sql`CAST(${value} AS bigint)`;

/** What a place belongs to: a cursor of another view, filter or order is refused. */
const digest = (of: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(of)).digest('base64url').slice(0, 8);

export const cursorOf = (place: Place, of: readonly unknown[]): string =>
  Buffer.from(JSON.stringify([digest(of), ...place])).toString('base64url');

/** Throws QRY6021 for what was not made by `cursorOf` with the same view, filter and order. */
export function placeOf(cursor: string, of: readonly unknown[], order: readonly OrderPart[]): Place {
  const refuse = (what: string): never => {
    throw new QuarryError('QRY6021', { what, where: 'cursor', fix: 'Ask for the first page again, without a cursor.' });
  };
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return refuse('The cursor cannot be read.');
  }
  if (!Array.isArray(read) || typeof read[0] !== 'string') return refuse('The cursor cannot be read.');
  const [said, ...place] = read as unknown[];
  if (said !== digest(of)) return refuse('The cursor belongs to another query.');
  if (place.length !== order.length) return refuse('The cursor cannot be read.');
  if (!place.every((value, i) => (order[i]!.isText ? typeof value === 'string' : Number.isFinite(value))))
    return refuse('The cursor cannot be read.');
  return place as Place;
}
