import { setTimeout as wait } from 'node:timers/promises';
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { QuarryError } from '../core/errors.ts';
import { pgCode, postgresFault } from './faults.ts';
import { arrayLiteral, COPY_ROWS, copyLines, withCopy } from './postgres-bulk.ts';
import {
  type Column,
  type Columns,
  type Dialect,
  type Found,
  quoted,
  rowCount,
  type Store,
  type Transaction,
} from './store.ts';

export const POSTGRES_DIALECT: Dialect = {
  ...{ name: 'postgres', writers: 'many', text: 'text COLLATE "C"', clustered: '' },
  items: (list, alias) => `json_array_elements_text(CAST(${list} AS json)) ${alias}(value)`,
  pieces: (name, table, text) => `DO $$ BEGIN
      CREATE EXTENSION IF NOT EXISTS pg_trgm;
      CREATE INDEX IF NOT EXISTS ${name} ON ${table} USING gin ((${text}) gin_trgm_ops);
      ANALYZE ${table};
    EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object THEN NULL;
    END $$`,
};

/** PostgreSQL's type oid of int8; counts and ids of ours stay below 2^53. */
const INT8 = 20;
/** A statement waits so long for a free connection; then the database counts as not answering. */
const CONNECT_TIMEOUT_MS = 30_000;
/** serialization_failure, deadlock_detected, and unique_violation where two processes made the same row at once. */
const AGAIN = new Set(['40001', '40P01', '23505']);
const TRIES = 6;
/**
 * A process that is stopped inside a transaction keeps its locks from everybody; after so long the server ends it. For the
 * transaction alone: a setting of the session would be lost, or found by others, behind PgBouncer in transaction mode.
 */
const BEGIN = CompiledQuery.raw(`begin; set local idle_in_transaction_session_timeout = '30s'`);

/** Opens a PostgreSQL database by its `postgres://` URL. Throws QRY4007 when it cannot be reached. */
export async function openPostgres<Schema>(url: string): Promise<Store<Schema>> {
  const where = shown(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) },
  });
  // A connection that breaks is replaced by the pool; the statement that needs it reports.
  pool.on('error', () => {});
  // The pool listens to idle connections only; one that breaks in use would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });
  const base = new PostgresDialect({
    pool: { connect: async () => withCopy(await pool.connect()), end: () => pool.end(), options: pool.options },
  });
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => base.createAdapter(),
      createIntrospector: (kysely) => base.createIntrospector(kysely),
      createQueryCompiler: () => base.createQueryCompiler(),
      createDriver: () => faultsMapped(base.createDriver(), where),
    },
  });
  let longest = 0;
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    throw new QuarryError('QRY4007', { what: error instanceof Error ? error.message : String(error), where });
  }
  return {
    dialect: POSTGRES_DIALECT,
    db,
    transaction: async (work) => {
      for (let attempt = 1; ; attempt++) {
        const began = performance.now();
        try {
          return await db.transaction().execute((tx) => work(inTransaction(tx)));
        } catch (error) {
          if (attempt >= TRIES || !AGAIN.has(pgCode((error as Error).cause) ?? '')) throw error;
          await wait(Math.random() * 20 * 2 ** attempt);
        } finally {
          longest = Math.max(longest, performance.now() - began);
        }
      }
    },
    selectMany: async (table, match, select) => {
      if (rowCount(match) === 0) return { row: [], columns: Object.fromEntries(select.map((name) => [name, []])) };
      const { from, on } = unnested(match);
      const query = sql`SELECT (m.i - 1)::int AS "row", ${sql.raw(select.map((name) => `t.${quoted(name)}`).join(','))}
        FROM ${from} JOIN ${sql.table(table)} t ON ${sql.raw(on)} ORDER BY m.i`;
      const { rows } = await (query.execute(db) as Promise<{ rows: Record<string, string | number | null>[] }>);
      const columns = Object.fromEntries(select.map((name) => [name, rows.map((row) => row[name]!)]));
      return { row: rows.map((row) => Number(row['row'])), columns } satisfies Found;
    },
    longestTransactionMs: () => longest,
    close: () => db.destroy(),
  };
}

/** Host, port and database of a URL, without its credentials. */
function shown(url: string): string {
  if (!URL.canParse(url)) throw new QuarryError('QRY4007', { what: 'The address of the database is not a URL.' });
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** The same driver, whose failures are QuarryErrors. A failed ROLLBACK is of no interest: its connection is lost. */
function faultsMapped(driver: Driver, where: string): Driver {
  const mapped = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw postgresFault(error, where);
    }
  };
  const originals = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrapped = (connection: DatabaseConnection): DatabaseConnection => {
    const one: DatabaseConnection = {
      executeQuery: (query) => mapped(connection.executeQuery(query)),
      streamQuery: () => {
        throw new Error('streaming is not used on PostgreSQL');
      },
    };
    originals.set(one, connection);
    return one;
  };
  return {
    init: () => driver.init(),
    acquireConnection: async () => wrapped(await mapped(driver.acquireConnection())),
    beginTransaction: async (connection) => void (await connection.executeQuery(BEGIN)),
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection).catch(() => {}),
    releaseConnection: (connection) => driver.releaseConnection(originals.get(connection)!),
    destroy: () => driver.destroy(),
  };
}

function inTransaction<Schema>(tx: Kysely<Schema>): Transaction<Schema> {
  const affected = async (query: ReturnType<typeof sql>): Promise<number> =>
    Number((await query.execute(tx)).numAffectedRows ?? 0);
  return {
    dialect: POSTGRES_DIALECT,
    db: tx,
    insertMany: async (table, rows) => {
      const count = rowCount(rows);
      if (count === 0) return 0;
      const names = Object.keys(rows).map(quoted).join(',');
      if (count >= COPY_ROWS) return copied(tx, table, names, copyLines(Object.values(rows), count));
      const { from } = unnested(rows);
      return affected(
        sql`INSERT INTO ${sql.table(table)} (${sql.raw(names)}) SELECT ${sql.raw(names)} FROM ${from} ON CONFLICT DO NOTHING`,
      );
    },
    updateMany: async (table, match, set) => {
      if (rowCount({ ...match, ...set }) === 0) return 0;
      const renamed = Object.fromEntries(Object.entries(set).map(([name, column]) => [`set_${name}`, column]));
      const { from, on } = unnested(match, renamed);
      const assign = Object.keys(set)
        .map((name) => `${quoted(name)}=m.${quoted(`set_${name}`)}`)
        .join(',');
      return affected(sql`UPDATE ${sql.table(table)} t SET ${sql.raw(assign)} FROM ${from} WHERE ${sql.raw(on)}`);
    },
    deleteMany: async (table, match) => {
      if (rowCount(match) === 0) return 0;
      const { from, on } = unnested(match);
      return affected(sql`DELETE FROM ${sql.table(table)} t USING ${from} WHERE ${sql.raw(on)}`);
    },
  };
}

/** Inserts rows by way of a table that lives as long as this call. */
async function copied<Schema>(
  tx: Kysely<Schema>,
  table: string,
  names: string,
  lines: Iterable<string>,
): Promise<number> {
  const staging = `pg_temp.${quoted(`staging_${table}`)}`;
  const run = (text: string, parameters: unknown[] = []) => tx.executeQuery(CompiledQuery.raw(text, parameters));
  await run(
    `CREATE TEMP TABLE ${quoted(`staging_${table}`)} ON COMMIT DROP AS SELECT ${names} FROM ${quoted(table)} WITH NO DATA`,
  );
  await run(`COPY ${staging} (${names}) FROM STDIN`, [lines]);
  const { numAffectedRows } = await run(
    `INSERT INTO ${quoted(table)} (${names}) SELECT ${names} FROM ${staging} ON CONFLICT DO NOTHING`,
  );
  await run(`DROP TABLE ${staging}`);
  return Number(numAffectedRows ?? 0);
}

/** Columns as a derived table `m` with a row number `i`, and the condition that joins `match` to the table `t`. */
function unnested(match: Columns, more: Columns = {}) {
  const all = { ...match, ...more };
  const rows = rowCount(all);
  const entries = Object.entries(all);
  const arrays = entries.map(([, column]) => arrayOf(column, rows));
  const names = entries.map(([name]) => quoted(name)).join(',');
  return {
    from: sql`unnest(${sql.join(arrays)}) WITH ORDINALITY AS m(${sql.raw(names)},i)`,
    on: Object.keys(match)
      .map((name) => `t.${quoted(name)}=m.${quoted(name)}`)
      .join(' AND '),
  };
}

function arrayOf(column: Column, rows: number) {
  const { text, type } = arrayLiteral(column, rows);
  return sql`${text}::${sql.raw(type)}[]`;
}
