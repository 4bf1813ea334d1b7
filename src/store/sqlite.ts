import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { sqliteFault } from './faults.ts';
import type { Failure, Request } from './sqlite-worker.ts';
import {
  type Column,
  type Columns,
  type Dialect,
  type Found,
  quoted,
  ROWS_AT_ONCE,
  rowCount,
  type Store,
  type Transaction,
} from './store.ts';

export const SQLITE_DIALECT: Dialect = {
  ...{ name: 'sqlite', writers: 'one', text: 'text', clustered: 'WITHOUT ROWID' },
  items: (list, alias) => `json_each(${list}) ${alias}`,
};

const equals = (columns: Columns, separator: string): string =>
  Object.keys(columns)
    .map((name) => `${quoted(name)}=?`)
    .join(separator);

/** What stands for all rows stands in the statement, where it is short: less to bind for each. */
function literal(column: Column): string | undefined {
  if (column === '') return "''";
  return Number.isSafeInteger(column) ? String(column) : undefined;
}

/**
 * Opens (and creates, unless read-only) the SQLite database `file`; one that is created is its owner's alone. Throws QRY4003 or
 * QRY4005 when it cannot be used.
 */
export async function openSqlite<Schema>(file: string, options: { readOnly?: boolean } = {}): Promise<Store<Schema>> {
  if (options.readOnly !== true) await makeForOwner(file);
  const thread = await startThread(file, options.readOnly ?? false);
  const lock = mutex();
  let longest = 0;
  const db = new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => threadDriver(thread, lock),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  const many = (sql: string, columns: readonly Column[], rows: number, several?: string): Promise<number> =>
    rows === 0 ? Promise.resolve(0) : (thread.ask({ kind: 'many', sql, several, columns, rows }) as Promise<number>);
  const inTransaction = (tx: Kysely<Schema>): Transaction<Schema> => ({
    dialect: SQLITE_DIALECT,
    db: tx,
    insertMany: (table, rows) => {
      const names = Object.keys(rows);
      const places = `(${names.map((name) => literal(rows[name]!) ?? '?').join(',')})`;
      const bound = Object.values(rows).filter((column) => literal(column) === undefined);
      const insert = `INSERT INTO ${quoted(table)} (${names.map(quoted).join(',')}) VALUES `;
      const sql = (at: number): string => `${insert}${Array(at).fill(places).join(',')} ON CONFLICT DO NOTHING`;
      return many(sql(1), bound, rowCount(rows), sql(ROWS_AT_ONCE));
    },
    updateMany: (table, match, set) =>
      many(
        `UPDATE ${quoted(table)} SET ${equals(set, ',')} WHERE ${equals(match, ' AND ')}`,
        [...Object.values(set), ...Object.values(match)],
        rowCount({ ...match, ...set }),
      ),
    deleteMany: (table, match) =>
      many(`DELETE FROM ${quoted(table)} WHERE ${equals(match, ' AND ')}`, Object.values(match), rowCount(match)),
  });
  return {
    dialect: SQLITE_DIALECT,
    db,
    transaction: async (work) => {
      let began = 0;
      try {
        return await db.transaction().execute((tx) => {
          began = performance.now();
          return work(inTransaction(tx));
        });
      } finally {
        if (began > 0) longest = Math.max(longest, performance.now() - began);
      }
    },
    selectMany: async (table, match, select) => {
      const sql = `SELECT ${select.map(quoted).join(',')} FROM ${quoted(table)} WHERE ${equals(match, ' AND ')}`;
      const release = await lock();
      try {
        return (await thread.ask({
          kind: 'select',
          sql,
          columns: Object.values(match),
          rows: rowCount(match),
          names: select,
        })) as Found;
      } finally {
        release();
      }
    },
    longestTransactionMs: () => longest,
    close: async () => {
      await db.destroy();
      // Of a driver nobody has asked for anything, Kysely ends nothing.
      await thread.end();
    },
  };
}

interface Thread {
  ask(request: Request): Promise<unknown>;
  end(): Promise<void>;
}

/** An empty file is an empty database; SQLite gives its -wal and -shm the rights of the database. */
async function makeForOwner(file: string): Promise<void> {
  // What is there stays as it is, and what cannot be made SQLite says itself.
  const made = await open(file, 'ax', 0o600).catch(() => undefined);
  await made?.close();
}

async function startThread(file: string, readOnly: boolean): Promise<Thread> {
  // Large sorts write beside the database, where there is room and nobody else may read; SQLite looks once, at the first.
  process.env['SQLITE_TMPDIR'] ??= dirname(file);
  const source = new URL('./sqlite-worker.ts', import.meta.url);
  const worker = new Worker(existsSync(source) ? source : new URL('./sqlite-worker.js', import.meta.url), {
    workerData: { file, readOnly },
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
    execArgv: [],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 1;
  let gone: Error | undefined;
  const opened = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.on('message', ({ id, value, failure }: { id: number; value: unknown; failure?: Failure }) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) waiter?.resolve(value);
    else waiter?.reject(sqliteFault(failure.message, failure.errcode, file));
  });
  const fail = (error: Error): void => {
    gone = error;
    for (const waiter of waiting.values()) waiter.reject(error);
    waiting.clear();
  };
  worker.on('error', (error: Error & { errcode?: number }) => fail(sqliteFault(error.message, error.errcode, file)));
  worker.on('exit', () => fail(gone ?? sqliteFault('the database thread has ended', undefined, file)));
  await opened;
  const ask = (request: Request): Promise<unknown> => {
    if (gone !== undefined) return Promise.reject(gone);
    const id = next++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request });
    });
  };
  return {
    ask,
    end: async () => {
      if (gone !== undefined) return;
      await ask({ kind: 'close' });
      await worker.terminate();
    },
  };
}

/** One holder at a time, first come first served; the result releases. */
function mutex(): () => Promise<() => void> {
  let tail = Promise.resolve();
  return async () => {
    let release = (): void => {};
    const before = tail;
    tail = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  };
}

function threadDriver(thread: Thread, lock: () => Promise<() => void>): Driver {
  const run = async (sql: string, values: readonly unknown[] = []): Promise<{ rows: unknown[]; changes: number }> =>
    (await thread.ask({ kind: 'query', sql, values: values.map(bindable) })) as { rows: unknown[]; changes: number };
  const connection: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      const { rows, changes } = await run(query.sql, query.parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(changes) };
    },
    streamQuery: () => {
      throw new Error('streaming is not used on SQLite');
    },
  };
  let release = (): void => {};
  return {
    init: async () => {},
    acquireConnection: async () => {
      release = await lock();
      return connection;
    },
    beginTransaction: async () => {
      await run('BEGIN IMMEDIATE');
    },
    commitTransaction: async () => {
      await run('COMMIT');
    },
    rollbackTransaction: async () => {
      // A full disk rolls back by itself; a second ROLLBACK is then an error of no interest.
      await run('ROLLBACK').catch(() => {});
    },
    releaseConnection: async () => {
      release();
    },
    destroy: () => thread.end(),
  };
}

type Bindable = null | number | bigint | string | Uint8Array;

function bindable(value: unknown): Bindable {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === undefined ? null : (value as Bindable);
}
