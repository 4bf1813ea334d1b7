import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { postgresFault } from './faults.ts';
import { openPostgres, POSTGRES_DIALECT } from './postgres.ts';
import type { Store } from './store.ts';

interface Schema {
  t: { n: number };
}
const runnable = findPostgres();
const why = typeof runnable === 'string' ? runnable : '';

describe('PostgreSQL, its server killed and started again', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  const opened: Store<Schema>[] = [];
  beforeAll(async () => {
    if (typeof runnable === 'object') server = await startPostgres(runnable);
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(() => server.stop());

  async function filled(): Promise<Store<Schema>> {
    const store = await openPostgres<Schema>(await server.createDatabase());
    opened.push(store);
    await sql`CREATE TABLE t (n bigint PRIMARY KEY)`.execute(store.db);
    await store.transaction((tx) => tx.insertMany('t', { n: [1, 2, 3] }));
    return store;
  }
  const all = async (store: Store<Schema>): Promise<number[]> =>
    (await store.db.selectFrom('t').selectAll().orderBy('n').execute()).map(({ n }) => n);

  test('more transactions than connections wait for their turn [fault 32]', async () => {
    const store = await filled();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    let begun = 0;
    const all = Array.from({ length: 12 }, (_, i) =>
      store.transaction(async (tx) => {
        begun++;
        await tx.insertMany('t', { n: [100 + i] });
        await mayEnd;
      }),
    );
    while (begun < 8) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun).toBe(8);
    end();
    await Promise.all(all);
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM t WHERE n >= 100`.execute(store.db);
    expect(rows).toEqual([{ n: 12 }]);
  });

  test('an index of pieces finds what stands inside texts; who may not make one goes without', async () => {
    const url = new URL(await server.createDatabase());
    const poor = `poor_${url.pathname.slice(1)}`;
    const open = async (user: string): Promise<Store<Schema>> => {
      const store = await openPostgres<Schema>(Object.assign(new URL(url), { username: user }).href);
      opened.push(store);
      return store;
    };
    const indexed = async (store: Store<Schema>): Promise<boolean> => {
      await sql`CREATE TABLE words (word text COLLATE "C")`.execute(store.db);
      await sql`INSERT INTO words SELECT 'OpenSSL ' || n FROM generate_series(1, 5000) n`.execute(store.db);
      const make = sql.raw(POSTGRES_DIALECT.pieces!('words_pieces', 'words', 'lower(word)'));
      for (let time = 0; time < 2; time++) await store.transaction(({ db }) => make.execute(db));
      const found = sql<object>`SELECT word FROM words WHERE lower(word) LIKE ${'%ssl 4711%'} ESCAPE '\\'`;
      expect((await found.execute(store.db)).rows).toEqual([{ word: 'OpenSSL 4711' }]);
      const { rows } = await sql`EXPLAIN ${found}`.execute(store.db);
      return JSON.stringify(rows).includes('words_pieces');
    };
    const owner = await open(url.username);
    await sql.raw(`CREATE ROLE ${poor} LOGIN; CREATE SCHEMA ${poor} AUTHORIZATION ${poor}`).execute(owner.db);
    expect(await indexed(await open(poor))).toBe(false);
    expect(await indexed(owner)).toBe(true);
  });

  test('in the middle of a transaction: nothing of it is there, the error passes, and the store goes on [fault 27]', async () => {
    const store = await filled();
    const writing = store.transaction(async (tx) => {
      await tx.insertMany('t', { n: [4] });
      await server.kill();
      await tx.insertMany('t', { n: [5] });
    });
    await expect(writing).rejects.toMatchObject({ code: 'QRY4009', next: 'retry' });
    await expect(all(store)).rejects.toMatchObject({ code: 'QRY4009' });
    await server.start();
    expect(await all(store)).toEqual([1, 2, 3]);
    await store.transaction((tx) => tx.insertMany('t', { n: [6] }));
    expect(await all(store)).toEqual([1, 2, 3, 6]);
  });

  test('[fault 24] the server ends a transaction that stands still, and only there: a session is left as it was', async () => {
    const store = await filled();
    const { rows } = await store.transaction(({ db }) =>
      sql<{ t: string }>`SELECT current_setting('idle_in_transaction_session_timeout') AS t`.execute(db),
    );
    expect(rows).toEqual([{ t: '30s' }]);
    const after = sql<{ t: string }>`SELECT current_setting('idle_in_transaction_session_timeout') AS t`;
    expect((await after.execute(store.db)).rows).toEqual([{ t: '0' }]);
  });

  test('an address that leads nowhere is said without its password', async () => {
    const nowhere = openPostgres('postgres://user:geheim@127.0.0.1:1/quarry');
    await expect(nowhere).rejects.toMatchObject({ code: 'QRY4007', where: '127.0.0.1:1/quarry' });
    await expect(nowhere).rejects.not.toThrow('geheim');
    await expect(openPostgres('geheim')).rejects.not.toThrow('geheim');
    const missing = new URL(await server.createDatabase());
    missing.pathname = '/nothing_of_that_name';
    await expect(openPostgres(missing.href)).rejects.toMatchObject({ code: 'QRY4007' });
  });
});

test.each([
  ['53100', 'QRY4001'],
  ['58030', 'QRY4002'],
  ['XX001', 'QRY4003'],
  ['28P01', 'QRY4007'],
  ['53300', 'QRY4009'],
  ['57P01', 'QRY4009'],
  ['57P03', 'QRY4009'],
  ['08006', 'QRY4009'],
  ['25006', 'QRY4009'],
  ['25P03', 'QRY4009'],
  ['40P01', 'QRY4009'],
  ['ECONNRESET', 'QRY4009'],
  ['42601', 'QRY9001'],
])('what PostgreSQL calls %s is %s', (code, expected) => {
  expect(postgresFault(Object.assign(new Error('said'), { code }), 'here').code).toBe(expected);
});

test('a connection that ended without a code is one that ended', () => {
  expect(postgresFault(new Error('Connection terminated unexpectedly'), 'here').code).toBe('QRY4009');
  expect(postgresFault(new Error('timeout exceeded when trying to connect'), 'here').code).toBe('QRY4009');
  expect(postgresFault(new Error('x is not a function'), 'here').code).toBe('QRY9001');
});
