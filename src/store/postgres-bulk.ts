/**
 * Many rows on their way into PostgreSQL: as lines of COPY into a table of the transaction's own, from which they are
 * inserted, or as arrays, one for each column.
 *
 * CPU ms of this process + of the server for 10,000 rows (PostgreSQL 18, two busy processors, AMD EPYC, 2026-11-21; medians of
 * 8 × 30,000 rows of the key table and 4 × 20,000 of the finding table):
 *
 *                                         key table   findings
 *   arrays as the client writes them      32 + 87     82 + 125
 *   arrays written here                   15 + 83     43 + 130
 *   COPY into a table of its own, INSERT  11 + 70     28 + 85
 *
 * A table kept for the session in place of one for each call was no faster (12 + 77), and left behind would be met by others
 * behind PgBouncer. COPY into the table itself (12 + 47) leaves no row out that is there already.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PostgresPoolClient } from 'kysely';
import type { PoolClient, QueryResult } from 'pg';
import { from } from 'pg-copy-streams';
import { type Column, isCoded } from './store.ts';

/** Fewer rows are not worth the making of a table. */
export const COPY_ROWS = 2000;
const CHUNK = 1 << 16;

const isBlank = (value: string | number | null): boolean => value === null;

/** Row i of a column. */
export function reader(column: Column): (i: number) => string | number | null {
  if (typeof column !== 'object') return () => column;
  if (isCoded(column)) return (i) => column.texts[column.codes[i]!]!;
  return (i) => column[i]!;
}

/** A column as an array in PostgreSQL's own spelling, and the type of its items: text where one item is, or none is anything. */
export function arrayLiteral(column: Column, rows: number): { text: string; type: 'text' | 'bigint' } {
  const value = reader(column);
  let isText = true;
  for (let i = 0; i < rows; i++) {
    if (isBlank(value(i))) continue;
    isText = typeof value(i) === 'string';
    break;
  }
  let text = '{';
  for (let i = 0; i < rows; i++) {
    const one = value(i);
    if (i > 0) text += ',';
    text +=
      one === null
        ? 'NULL'
        : isText
          ? `"${/["\\]/.test(one as string) ? (one as string).replace(/["\\]/g, '\\$&') : one}"`
          : one;
  }
  return { text: `${text}}`, type: isText ? 'text' : 'bigint' };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Columns as lines of COPY's text format, some at a time. */
export function* copyLines(columns: readonly Column[], rows: number): Generator<string> {
  const values = columns.map(reader);
  let text = '';
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < values.length; c++) {
      const one = values[c]!(i);
      if (c > 0) text += '\t';
      if (one === null) text += '\\N';
      else
        text +=
          typeof one === 'string' && /[\\\n\r\t]/.test(one)
            ? one.replace(/[\\\n\r\t]/g, (sign) => ESCAPES[sign]!)
            : one;
    }
    text += '\n';
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

const clients = new WeakMap<PoolClient, PostgresPoolClient>();

/** The same client, which takes `COPY … FROM STDIN` with an iterable of lines as its one parameter. */
export function withCopy(client: PoolClient): PostgresPoolClient {
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (!text.startsWith('COPY ')) return client.query(text, [...values]);
    const stream = client.query(from(text));
    await pipeline(Readable.from(values[0] as Iterable<string>), stream);
    return { command: 'COPY', rowCount: stream.rowCount, rows: [] } as unknown as QueryResult;
  };
  const known = clients.get(client);
  if (known !== undefined) return known;
  const made = { query, release: (destroy?: boolean) => client.release(destroy) } as unknown as PostgresPoolClient;
  clients.set(client, made);
  return made;
}
