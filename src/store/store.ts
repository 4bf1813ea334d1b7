import type { Kysely } from 'kysely';

/**
 * The database, without a word of the domain: SQLite in a worker thread or PostgreSQL, behind one interface. Ordinary
 * statements go through Kysely; what touches a hundred thousand rows goes through the `…Many` calls, which take columns.
 */
export interface Store<Schema> {
  readonly dialect: Dialect;
  /** Reads outside a transaction see the last commit. */
  readonly db: Kysely<Schema>;
  /**
   * A write transaction; rolled back when `work` rejects. SQLite runs one at a time. PostgreSQL runs several (READ
   * COMMITTED): `work` updates a row before it decides on what the row says, and is run again from its beginning after a
   * deadlock, so it must not keep anything from a run before. Inside `work`, only `tx` may be used: on SQLite the
   * store's own `db` waits for the transaction to end. Rejects with QuarryError QRY40xx on storage faults; after
   * QRY4009 and QRY4002 a COMMIT may have happened all the same.
   */
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** For every row i of `match`, the rows of `table` equal to it in all its columns; `row` says which i a result belongs to. */
  selectMany(table: string & keyof Schema, match: Columns, select: readonly string[]): Promise<Found>;
  /** Milliseconds the longest write transaction was open so far. */
  longestTransactionMs(): number;
  close(): Promise<void>;
}

export interface Transaction<Schema> {
  readonly dialect: Dialect;
  readonly db: Kysely<Schema>;
  /** Inserts all rows; a row that breaks a uniqueness rule is left out. Returns how many were inserted. */
  insertMany(table: string & keyof Schema, rows: Columns): Promise<number>;
  /** For every row i: sets `set` where `match` holds. Returns how many rows were changed. */
  updateMany(table: string & keyof Schema, match: Columns, set: Columns): Promise<number>;
  /** For every row i: deletes where `match` holds. Returns how many rows are gone. */
  deleteMany(table: string & keyof Schema, match: Columns): Promise<number>;
}

/** Rows as columns: arrays of one length; a single value stands for all rows. Null equals nothing, as in SQL. */
export type Columns = Readonly<Record<string, Column>>;
export type Column =
  | readonly string[]
  | readonly number[]
  | readonly (string | null)[]
  | Float64Array
  | Coded
  | string
  | number;

/** A column of texts many rows share: row i has `texts[codes[i]]`. */
export interface Coded {
  readonly texts: readonly string[];
  readonly codes: Uint32Array;
}

export const isCoded = (column: Column): column is Coded => typeof column === 'object' && 'codes' in column;

export interface Found {
  readonly row: readonly number[];
  readonly columns: Readonly<Record<string, readonly (string | number | null)[]>>;
}

/** Where the databases differ in what a statement says; nothing else may ask which one it is. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Whether write transactions run one at a time or several at once. */
  readonly writers: 'one' | 'many';
  /** Text compared byte by byte, so that order is the same everywhere. */
  readonly text: string;
  /** At the end of CREATE TABLE: rows kept in the order of the primary key, where the database can. */
  readonly clustered: string;
  /** What stands in FROM for the texts of a JSON list: rows of one column `value`, under the name `alias`. */
  readonly items: (list: string, alias: string) => string;
  /**
   * Makes an index of the pieces of a text, which LIKE finds texts by wherever in them a piece stands; makes none where the
   * server has no such thing or this user may not. Absent where the database has no such index that is worth its cost.
   */
  readonly pieces?: (name: string, table: string, text: string) => string;
}

/** How many rows a set of columns holds; all values single means one. */
export function rowCount(columns: Columns): number {
  for (const column of Object.values(columns)) {
    if (typeof column !== 'object') continue;
    return isCoded(column) ? column.codes.length : column.length;
  }
  return 1;
}

/** Rows one statement inserts where there are many: 0.7 times the CPU time of one by one; more gain nothing (measured). */
export const ROWS_AT_ONCE = 16;

/** A name as SQL takes it, whatever is in it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
