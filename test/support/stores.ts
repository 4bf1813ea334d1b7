import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { findPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';
import { skipUnless } from './skip.ts';

/** A place for one database and one spool, used by nothing else; gone after the test. */
export interface Place {
  readonly dataDir: string;
  /** Absent where the database is a file in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Opens the database alone; may be called several times, also at once. */
  openStore<Schema>(): Promise<Store<Schema>>;
}

export interface StoreKind {
  readonly title: string;
  /** A new, empty place. */
  place(): Promise<Place>;
}

/**
 * Runs the tests `body` makes on every database there is: on SQLite, and on PostgreSQL (one server per test file, or
 * the server at QUARRY_TEST_DATABASE_URL). Tests get a `StoreKind` and must not ask which one it is.
 */
export function describeStores(title: string, body: (kind: StoreKind) => void): void {
  const dirs: string[] = [];
  const open: Store<unknown>[] = [];
  const newDir = async (): Promise<string> => {
    const dir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
    dirs.push(dir);
    return dir;
  };
  const kept = <Schema>(store: Store<Schema>): Store<Schema> => {
    open.push(store as unknown as Store<unknown>);
    return store;
  };
  const clear = async (): Promise<void> => {
    for (const store of open.splice(0)) await store.close().catch(() => {});
    for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
  };

  describe(`${title} on SQLite`, () => {
    afterEach(clear);
    body({
      title: 'SQLite',
      place: async () => {
        const dataDir = await newDir();
        const openStore = async <Schema>() => kept(await openSqlite<Schema>(join(dataDir, 'quarry.db')));
        return { dataDir, databaseUrl: undefined, openStore };
      },
    });
  });

  const given = process.env['QUARRY_TEST_DATABASE_URL'];
  const runnable = given === undefined ? findPostgres() : undefined;
  const why = typeof runnable === 'string' ? runnable : '';
  describe(`${title} on PostgreSQL`, skipUnless(why === '', why), () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      if (typeof runnable === 'object') server = await startPostgres(runnable);
    });
    afterEach(clear);
    afterAll(async () => {
      await server?.stop();
    });
    body({
      title: 'PostgreSQL',
      place: async () => {
        const databaseUrl = server === undefined ? await databaseAt(given!) : await server.createDatabase();
        const openStore = async <Schema>() => kept(await openPostgres<Schema>(databaseUrl));
        return { dataDir: await newDir(), databaseUrl, openStore };
      },
    });
  });
}

/** A new database on a server that was given; it is left there, since other connections may still hold it. */
async function databaseAt(url: string): Promise<string> {
  const name = `quarry_test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}
