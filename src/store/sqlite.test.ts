import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { skipUnless } from '../../test/support/skip.ts';
import { holdDirectory } from './lock.ts';
import { openSqlite } from './sqlite.ts';
import type { Store } from './store.ts';

interface Schema {
  t: { n: number; text: string };
}
let folder: string;
let file: string;
const opened: Store<Schema>[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarry-sqlite-'));
  file = join(folder, 'quarry.db');
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

async function openFile(options: { readOnly?: boolean } = {}): Promise<Store<Schema>> {
  const store = await openSqlite<Schema>(file, options);
  opened.push(store);
  return store;
}
async function filled(rows = 100): Promise<Store<Schema>> {
  const store = await openFile();
  await sql`CREATE TABLE t (n bigint PRIMARY KEY, text text NOT NULL)`.execute(store.db);
  await insert(store, 0, rows);
  return store;
}
const insert = (store: Store<Schema>, from: number, rows: number): Promise<number> =>
  store.transaction((tx) =>
    tx.insertMany('t', { n: Array.from({ length: rows }, (_, i) => from + i), text: 'x'.repeat(1000) }),
  );
const count = async (store: Store<Schema>): Promise<number> =>
  Number(
    (
      await store.db
        .selectFrom('t')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  );

test('after a power cut in the middle of the log it is as at a commit, the last that is whole [fault 9]', async () => {
  const store = await filled();
  for (let i = 1; i <= 20; i++) await insert(store, i * 100, 100);
  const [pages, log] = [await readFile(file), await readFile(`${file}-wal`)];
  const seen = new Set<number>();
  // Cut anywhere, also inside a page; or the last page holds what the disk had there before.
  for (let n = 0; n <= 12; n++) {
    const length = Math.floor((log.length * n) / 12) - (n % 3);
    for (const isTorn of [false, true]) {
      const there = join(folder, `cut-${n}-${isTorn}`);
      await writeFile(there, pages);
      const rest = Buffer.from(log.subarray(0, Math.max(0, length)));
      if (isTorn) rest.fill(0x5a, Math.max(32, rest.length - 700));
      await writeFile(`${there}-wal`, rest);
      const again = await openSqlite<Schema>(there);
      opened.push(again);
      const { rows } = await sql<{ ok: string }>`SELECT integrity_check AS ok FROM pragma_integrity_check`.execute(
        again.db,
      );
      expect(rows).toEqual([{ ok: 'ok' }]);
      const { rows: tables } = await sql`SELECT 1 FROM sqlite_schema WHERE name = 't'`.execute(again.db);
      const rowsThere = tables.length === 0 ? 0 : await count(again);
      expect(rowsThere % 100).toBe(0);
      seen.add(rowsThere);
    }
  }
  expect(seen.size).toBeGreaterThan(5);
  expect(Math.max(...seen)).toBe(2100);
});

test('a full disk is said, takes the transaction back whole, and heals [fault 15]', async () => {
  const store = await filled();
  await sql`PRAGMA max_page_count=60`.execute(store.db);
  await expect(insert(store, 1000, 500)).rejects.toMatchObject({ code: 'QRY4001', next: 'retry' });
  expect(await count(store)).toBe(100);
  await sql`PRAGMA max_page_count=100000`.execute(store.db);
  await insert(store, 1000, 500);
  expect(await count(store)).toBe(600);
});

test('a file that is no database is refused and not touched', async () => {
  await writeFile(file, 'this is not a database, but somebody’s notes, long enough to be looked at');
  await expect(openFile()).rejects.toMatchObject({ code: 'QRY4003', next: 'stop_process' });
  expect((await stat(file)).size).toBeGreaterThan(50);
});

test('pages that are damaged are said when they are read [fault 10]', async () => {
  const store = await filled(5000);
  await store.close();
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size - 8192, 0xff), 0, size - 8192, 8192);
  await handle.close();
  const damaged = await openFile();
  await expect(damaged.db.selectFrom('t').selectAll().execute()).rejects.toMatchObject({ code: 'QRY4003' });
});

test('a folder that is missing or cannot be written is said', async () => {
  await expect(openSqlite(join(folder, 'nowhere', 'quarry.db'))).rejects.toMatchObject({ code: 'QRY4005' });
});

test(
  'a database that may only be read is refused for writing, and read beside its writer [fault 18]',
  skipUnless(userInfo().uid !== 0, 'root may write everything'),
  async () => {
    const store = await filled();
    await store.close();
    await chmod(file, 0o444);
    await chmod(folder, 0o555);
    await expect(openFile().then((again) => insert(again, 1000, 1))).rejects.toMatchObject({ code: 'QRY4005' });
    await chmod(folder, 0o755);
  },
);

test('a reader works beside a writer, sees its commits, and can write nothing', async () => {
  const store = await filled();
  const reader = await openFile({ readOnly: true });
  expect(await count(reader)).toBe(100);
  await insert(store, 1000, 10);
  expect(await count(reader)).toBe(110);
  await expect(insert(reader, 2000, 1)).rejects.toMatchObject({ code: 'QRY4005' });
  await store.close();
  expect(await count(reader)).toBe(110);
});

test('another program that holds the database is waited for, and is no reason to stop for good', async () => {
  const store = await filled();
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  const writing = insert(store, 1000, 1);
  setTimeout(() => other.exec('COMMIT'), 100);
  expect(await writing).toBe(1);
  other.close();
});

test('a killed writer leaves what was committed; a torn log is cut to its last commit [fault 3, 9]', async () => {
  const store = await filled();
  await insert(store, 1000, 50);
  const { size } = await stat(`${file}-wal`);
  // A copy as a crash would leave it: database and log, the log's end missing.
  const copy = join(folder, 'copy.db');
  for (const [from, to, cut] of [[file, copy, 0] as const, [`${file}-wal`, `${copy}-wal`, 100] as const]) {
    const bytes = await readFile(from);
    await writeFile(to, bytes.subarray(0, bytes.length - cut));
  }
  expect(size).toBeGreaterThan(0);
  const recovered = await openSqlite<Schema>(copy);
  opened.push(recovered);
  expect(await count(recovered)).toBe(100);
});

test('after closing, every call is refused and says why', async () => {
  const store = await filled();
  await store.close();
  await expect(count(store)).rejects.toThrow();
});

test(
  'an index over more than the cache holds is sorted in a file, not in memory [promise 10]',
  skipUnless(existsSync('/proc/self/fd'), 'open files cannot be seen here'),
  async () => {
    const store = await openFile();
    await sql`CREATE TABLE wide (n bigint, said text)`.execute(store.db);
    await sql`WITH RECURSIVE up (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < 600000)
      INSERT INTO wide SELECT (i * 7919) % 1000003, 'what is to be sorted ' || i FROM up`.execute(store.db);
    const files = new Set<string>();
    const watch = setInterval(() => {
      for (const fd of readdirSync('/proc/self/fd')) {
        try {
          files.add(readlinkSync(join('/proc/self/fd', fd)));
        } catch {
          // Closed meanwhile.
        }
      }
    }, 5);
    await sql`CREATE INDEX wide_said ON wide (said, n)`.execute(store.db);
    clearInterval(watch);
    // Of SQLite's own naming, without a name from the start.
    const sorted = [...files].filter((path) => /\/etilqs_\w+ \(deleted\)$/.test(path));
    expect(sorted.length).toBeGreaterThan(0);
  },
);

test('a store nobody asked for anything leaves no thread behind, and may be closed again', async () => {
  const count = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
  const before = count();
  const store = await openSqlite(join(folder, 'unasked.db'));
  expect(count()).toBe(before + 1);
  await store.close();
  await store.close();
  expect(count()).toBe(before);
});

test('a data directory is held by one process, and is free as soon as that one is gone, however it went [fault 13]', async () => {
  const lock = join(folder, 'collector.lock');
  const child = new URL('../../test/support/lock-child.ts', import.meta.url).pathname;
  const holder = spawn(process.execPath, ['--expose-gc', child, lock], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  expect(() => holdDirectory(lock)).toThrow(expect.objectContaining({ code: 'QRY4004' }));
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  const release = holdDirectory(lock);
  expect(() => holdDirectory(lock)).toThrow(expect.objectContaining({ code: 'QRY4004' }));
  release();
  holdDirectory(lock)();
  expect(() => holdDirectory(join(folder, 'nowhere', 'lock'))).toThrow(expect.objectContaining({ code: 'QRY4005' }));
});
