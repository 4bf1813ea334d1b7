import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, type Thing } from '../../test/support/pages.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { migrate } from '../store/migrate.ts';
import { openPostgres } from '../store/postgres.ts';
import { sharedBodies } from './bodies.ts';
import { writePieces } from './body-table.ts';
import { cleanUp } from './clean-up.ts';
import { registerSink } from './delivery.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { type OutboxSchema, outboxMigrations } from './schema.ts';

const runnable = findPostgres();
const DAY = 86_400_000;
/** A noon, so that hours around it are one day. */
const NOON = Date.UTC(2026, 5, 1, 12);
const everything = () => true;

describe('bodies by day', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  let url: string;
  const folders: string[] = [];
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
  });
  afterAll(async () => {
    await server.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'quarry-days-'));
    folders.push(folder);
    return folder;
  };

  /** An outbox whose bodies live by a clock of the test. */
  async function opened(): Promise<{ outbox: Outbox; time: { now: number } }> {
    url = await server.createDatabase();
    const outbox = await openOutbox({ dataDir: await newFolder(), databaseUrl: url }, NOON);
    const time = { now: NOON };
    await registerSink(outbox.store, 'sink', everything, NOON);
    return { outbox: { ...outbox, bodies: sharedBodies(outbox.store, outbox.spool, () => time.now) }, time };
  }

  const days = async ({ store }: Outbox): Promise<string[]> =>
    (
      await sql<{ name: string }>`SELECT inhrelid::regclass::text AS name FROM pg_inherits
        WHERE inhparent = 'segment_body'::regclass ORDER BY 1`.execute(store.db)
    ).rows.map(({ name }) => name.replace('segment_body_', ''));

  const rowsIn = async ({ store }: Outbox, name: string): Promise<number> =>
    Number(
      (await sql<{ n: number }>`SELECT count(*) AS n FROM ${sql.table(`segment_body_${name}`)}`.execute(store.db))
        .rows[0]!.n,
    );

  /** Text that does not pack: what is kept takes the room of what was given. */
  const noise = (seed: number): string =>
    Array.from({ length: 120 }, (_, i) => Math.abs(Math.sin(seed * 997 + i) * 1e15).toString(36)).join('');
  const things = (from: number, to: number, text: number): Thing[] =>
    Array.from({ length: to - from }, (_, i) => ({
      host: 1,
      name: String(from + i).padStart(5, '0'),
      text: noise(text + i),
    }));

  /** What a worker has that never saw the files. */
  const forgetFiles = async ({ spool }: Outbox): Promise<void> => {
    for (const file of await readdir(spool)) await rm(join(spool, file));
  };

  test('a day goes as a whole once nothing names it, and not before', async () => {
    const { outbox, time } = await opened();
    const claim = await claimAt(outbox);
    await appendThings(outbox, claim, things(0, 300, 1), { pull: NOON, sinks: ['sink'] });
    time.now += DAY;
    await appendThings(outbox, claim, things(0, 300, 2), { pull: time.now, sinks: ['sink'] });
    expect(await days(outbox)).toEqual(['2026_06_01', '2026_06_02', 'rest']);
    expect(await rowsIn(outbox, 'rest')).toBe(0);
    await forgetFiles(outbox);
    expect(await drain(outbox, 'sink', time.now)).toHaveLength(600);
    await cleanUp(outbox, 1000, time.now);
    // Younger than anybody may be staging: what no segment names may be about to be named.
    time.now += DAY;
    await outbox.bodies!.sweep(time.now - 2 * DAY);
    expect(await days(outbox)).toEqual(['2026_06_01', '2026_06_02', 'rest']);
    time.now += DAY;
    await outbox.bodies!.sweep(time.now - DAY);
    expect(await days(outbox)).toEqual(['2026_06_02', 'rest']);
    // The second holds the newest of every key: it stays, and a sink added later is fed from it.
    time.now += 30 * DAY;
    await outbox.bodies!.sweep(time.now - DAY);
    expect(await days(outbox)).toEqual(['2026_06_02', 'rest']);
    await forgetFiles(outbox);
    await registerSink(outbox.store, 'late', everything, time.now);
    expect(await drain(outbox, 'late', time.now)).toHaveLength(300);
    await outbox.close();
  });

  test('what little is left of a day moves on, and the day goes', async () => {
    const { outbox, time } = await opened();
    const claim = await claimAt(outbox);
    await appendThings(outbox, claim, things(0, 100, 1), { pull: NOON, sinks: ['sink'] });
    await appendThings(outbox, claim, things(100, 1100, 2), { pull: NOON + 1, sinks: ['sink'] });
    await drain(outbox, 'sink', time.now);
    time.now += DAY;
    await appendThings(outbox, claim, things(100, 1100, 3), { pull: time.now, sinks: [] });
    await cleanUp(outbox, 1000, time.now);
    time.now += 5 * DAY;
    await outbox.bodies!.sweep(time.now - DAY);
    expect(await days(outbox)).toEqual(['2026_06_02', '2026_06_07', 'rest']);
    expect(await rowsIn(outbox, '2026_06_07')).toBe(1);
    await forgetFiles(outbox);
    await registerSink(outbox.store, 'late', everything, time.now);
    const events = await drain(outbox, 'late', time.now);
    expect(new Set(events.map(({ record }) => record.NAME)).size).toBe(1100);
    await outbox.close();
  });

  test('a segment is read whole while it moves', async () => {
    const { outbox, time } = await opened();
    const path = outbox.newSegment();
    // Several pieces, each different.
    const content = Buffer.concat(Array.from({ length: 5 }, (_, i) => Buffer.alloc(1 << 20, `piece ${i} `)));
    await writeFile(path, content);
    await outbox.bodies!.keep(path);
    await outbox.store.db
      .insertInto('segment')
      .values({ id: 1, file: path.split('/').at(-1)!, bytes: content.length })
      .execute();
    let moving = true;
    const moves = (async () => {
      for (let n = 0; moving; n++)
        await outbox.store.db
          .updateTable('segment_body')
          .set({ at: NOON - (n % 2) * DAY })
          .execute();
    })();
    const { readFile } = await import('node:fs/promises');
    try {
      for (let n = 0; n < 30; n++) {
        await rm(path);
        expect(await outbox.bodies!.fetch(path)).toBe(true);
        expect((await readFile(path)).equals(content)).toBe(true);
      }
    } finally {
      moving = false;
      await moves;
    }
    time.now = NOON;
    await outbox.close();
  });

  test('rows of before are read, dropped and drained, and a program of before may work beside', async () => {
    url = await server.createDatabase();
    const folder = await newFolder();
    const before = await openPostgres<OutboxSchema>(url);
    await migrate(
      before,
      outboxMigrations.filter(({ number }) => number < 50),
      1,
    );
    // As the program of before writes: without knowing of days.
    const write = (file: string, at: number) =>
      before.transaction(async ({ db }) => {
        await sql`INSERT INTO segment (id, file, bytes) VALUES (${at % 1000}, ${file}, 3)`.execute(db);
        await sql`INSERT INTO segment_body (file, number, body, at) VALUES (${file}, 0, '\x28b52ffd03580300', ${at})`.execute(
          db,
        );
      });
    await write('old.seg', NOON + 1);
    const outbox = await openOutbox({ dataDir: folder, databaseUrl: url }, NOON);
    await write('beside.seg', NOON + 2);
    // A day of which rows lie in the rest is not made; the day after is.
    const body = join(folder, 'body');
    await writeFile(body, 'a body');
    await writePieces(outbox.store, 'new.seg', body, NOON + 3);
    await writePieces(outbox.store, 'later.seg', body, NOON + DAY);
    expect(await days(outbox)).toEqual(['2026_06_02', 'rest']);
    expect(await rowsIn(outbox, 'rest')).toBe(3);
    await write('beside-later.seg', NOON + DAY + 4);
    expect(await rowsIn(outbox, '2026_06_02')).toBe(2);
    expect(
      (await sql`SELECT body FROM segment_body WHERE file = 'old.seg' AND number = 0`.execute(before.db)).rows,
    ).toHaveLength(1);
    await outbox.bodies!.drop([{ file: 'old.seg', object: 0 }]);
    expect(await rowsIn(outbox, 'rest')).toBe(2);
    // What no segment names goes, with its day or by itself; what the program of before wrote into a day is kept.
    await sql`DELETE FROM segment WHERE file = 'beside.seg'`.execute(outbox.store.db);
    await outbox.bodies!.sweep(NOON + 10 * DAY);
    expect(await rowsIn(outbox, 'rest')).toBe(0);
    const left = await sql<{ file: string }>`SELECT file FROM segment_body`.execute(outbox.store.db);
    expect(left.rows).toEqual([{ file: 'beside-later.seg' }]);
    await before.close();
    await outbox.close();
  });

  test('a role that may not make days does without', async () => {
    url = await server.createDatabase();
    const owner = await openOutbox({ dataDir: await newFolder(), databaseUrl: url }, NOON);
    for (const text of [
      'CREATE ROLE limited LOGIN',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO limited',
    ])
      await sql.raw(text).execute(owner.store.db);
    const store = await openPostgres<OutboxSchema>(url.replace('postgres@', 'limited@'));
    const folder = await newFolder();
    const bodies = sharedBodies(store, folder, () => NOON);
    const path = join(folder, 'one.seg');
    await writeFile(path, 'a body');
    await bodies.keep(path);
    expect(await days(owner)).toEqual(['rest']);
    await rm(path);
    expect(await bodies.fetch(path)).toBe(true);
    await bodies.sweep(NOON + DAY);
    expect(await rowsIn(owner, 'rest')).toBe(0);
    await store.close();
    await owner.close();
  });

  test('workers that begin a day at once make it once', async () => {
    url = await server.createDatabase();
    const folder = await newFolder();
    const outbox = await openOutbox({ dataDir: folder, databaseUrl: url }, NOON);
    const stores = await Promise.all(Array.from({ length: 6 }, () => openPostgres<OutboxSchema>(url)));
    const body = join(folder, 'body');
    await writeFile(body, 'a body');
    await Promise.all(
      stores.flatMap((store, i) =>
        [0, 1, 2].map((day) => writePieces(store, `${i}-${day}.seg`, body, NOON + day * DAY)),
      ),
    );
    expect(await days(outbox)).toEqual(['2026_06_01', '2026_06_02', '2026_06_03', 'rest']);
    expect(await rowsIn(outbox, 'rest')).toBe(0);
    expect(await rowsIn(outbox, '2026_06_02')).toBe(6);
    for (const store of stores) await store.close();
    await outbox.close();
  });
});
