import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { slowMigrations } from '../../test/support/slow-migrations.ts';
import { describeStores } from '../../test/support/stores.ts';
import { expectMigrated, type Migration, migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';
import type { Store } from './store.ts';

const one: Migration = { number: 1, name: 'one', statements: () => ['CREATE TABLE one (n bigint)'] };
const two: Migration = { number: 2, name: 'two', statements: () => ['CREATE TABLE two (n bigint)'] };
const broken: Migration = {
  number: 2,
  name: 'broken',
  statements: () => ['CREATE TABLE two (n bigint)', 'CREATE NONSENSE'],
};

const has = (store: Store<unknown>, table: string): Promise<boolean> =>
  sql
    .raw(`SELECT * FROM ${table}`)
    .execute(store.db)
    .then(
      () => true,
      () => false,
    );
const applied = async (store: Store<unknown>): Promise<number[]> => {
  const { rows } = await sql<{ number: number }>`SELECT number FROM migration ORDER BY number`.execute(store.db);
  return rows.map(({ number }) => Number(number));
};

describeStores('migrating', (kind) => {
  test('runs each migration once, also when called again or with more', async () => {
    const place = await kind.place();
    const store = await place.openStore<unknown>();
    await migrate(store, [one], 1);
    await migrate(store, [one], 1);
    await migrate(store, [two, one], 1);
    expect(await applied(store)).toEqual([1, 2]);
    expect(await has(store, 'two')).toBe(true);
  });

  test('a migration that fails leaves nothing of itself, and can be run once it is mended', async () => {
    const store = await (await kind.place()).openStore<unknown>();
    await expect(migrate(store, [one, broken], 1)).rejects.toMatchObject({ code: 'QRY9001' });
    expect(await applied(store)).toEqual([1]);
    expect(await has(store, 'two')).toBe(false);
    await migrate(store, [one, two], 1);
    expect(await applied(store)).toEqual([1, 2]);
  });

  test('a database that knows more than the program is refused, by writers and readers [fault 14]', async () => {
    const store = await (await kind.place()).openStore<unknown>();
    await migrate(store, [one, two], 1);
    await expect(migrate(store, [one], 1)).rejects.toMatchObject({ code: 'QRY4008' });
    await expect(expectMigrated(store, [one])).rejects.toMatchObject({ code: 'QRY4008' });
    await expectMigrated(store, [one, two]);
  });

  test('a program that a newer migration admits goes on beside newer ones; an older one does not', async () => {
    const store = await (await kind.place()).openStore<unknown>();
    const three: Migration = {
      number: 3,
      name: 'three',
      statements: () => ['CREATE TABLE three (n bigint)'],
      admits: 2,
    };
    const four: Migration = { ...three, number: 4, name: 'four', statements: () => ['CREATE TABLE four (n bigint)'] };
    await migrate(store, [one, two, three, four], 1);
    await migrate(store, [one, two], 1);
    await expectMigrated(store, [one, two]);
    await expect(migrate(store, [one], 1)).rejects.toMatchObject({ code: 'QRY4008' });
    await migrate(
      store,
      [one, two, three, four, { ...four, number: 5, name: 'five', statements: () => [], admits: 5 }],
      1,
    );
    await expect(migrate(store, [one, two, three], 1)).rejects.toMatchObject({
      code: 'QRY4008',
      message: /migration 5/,
    });
  });

  test('a reader refuses a database that was not brought up to date', async () => {
    const store = await (await kind.place()).openStore<unknown>();
    await expect(expectMigrated(store, [one])).rejects.toMatchObject({ code: 'QRY4008' });
    await migrate(store, [one], 1);
    await expect(expectMigrated(store, [one, two])).rejects.toMatchObject({
      code: 'QRY4008',
      fix: /Start the collector/,
    });
  });

  test('several programs that start at once make one schema', async () => {
    const place = await kind.place();
    const stores = await Promise.all([1, 2, 3].map(() => place.openStore<unknown>()));
    await Promise.all(stores.map((store) => migrate(store, slowMigrations(), 1)));
    expect(await applied(stores[0]!)).toEqual(slowMigrations().map(({ number }) => number));
  });
});

test('killed at any moment of a migration, whole ones are there and the rest follows [fault 7]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-migrate-'));
  const file = join(folder, 'quarry.db');
  const child = new URL('../../test/support/migrate-child.ts', import.meta.url).pathname;
  let most = 0;
  for (let kill = 0; kill < 10; kill++) {
    const running = spawn(process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const begun = once(running.stdout, 'data');
    const ended = once(running, 'exit');
    await Promise.race([begun, ended]);
    await wait(Math.random() * 8);
    running.kill('SIGKILL');
    await ended;
    const store = await openSqlite<unknown>(file);
    const numbers = await applied(store).catch((): number[] => []);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    for (let number = 1; number <= 12; number++) {
      expect(await has(store, `first_${number}`)).toBe(numbers.includes(number));
      expect(await has(store, `second_${number}`)).toBe(numbers.includes(number));
    }
    expect(numbers.length).toBeGreaterThanOrEqual(most);
    most = numbers.length;
    await store.close();
  }
  const store = await openSqlite<unknown>(file);
  await migrate(store, slowMigrations(), 1);
  expect(await applied(store)).toHaveLength(12);
  await store.close();
  await rm(folder, { recursive: true });
});
