import { inspect } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Destination, sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { startProxy } from '../../test/support/tcp-proxy.ts';
import type { Batch, OpenSink } from '../core/sink.ts';
import postgres from './postgres.ts';

const found = findPostgres();
const skip = skipUnless(typeof found !== 'string', `PostgreSQL cannot be run: ${String(found)}`);
const never = new AbortController().signal;
const context = { name: 'warehouse', baseDir: '/', format: 'raw' };
let server: PostgresServer;
beforeAll(async () => {
  if (typeof found !== 'string') server = await startPostgres(found);
}, 60_000);
afterAll(() => server?.stop());

const open = (url: string, settings: object = {}): Promise<OpenSink> =>
  postgres.open(postgres.config.parse({ url, ...settings }), context);

async function query<T extends object>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

const COMMIT = (bytes: Buffer): boolean => bytes.includes('COMMIT');

/** A real server behind a proxy; what is refused for good is refused by a constraint of the table. */
async function destination(settings: object): Promise<Destination> {
  const url = await server.createDatabase();
  const proxy = await startProxy(Number(new URL(url).port), COMMIT);
  const through = url.replace(/:\d+\//, `:${proxy.port}/`);
  return {
    behave: async (how) => {
      if (how === 'refuse') {
        const sink = await open(url, settings);
        await sink.write([batchOf('seed', payloads('seed', 1))], never);
        await sink.close();
        await query(url, `ALTER TABLE quarry.things ADD CHECK (event->>'text' <> 'bad')`);
        await query(url, 'TRUNCATE quarry.things');
      }
      const ways = { transient: 'refuse', slow: 'hold', mute: 'lose', random: 'chance' } as const;
      proxy.behave(how in ways ? ways[how as keyof typeof ways] : 'pass');
    },
    open: () => open(through, settings),
    received: async () => {
      const tables = await query<{ name: string }>(
        url,
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'quarry' ORDER BY 1",
      );
      const all: Payload[] = [];
      for (const { name } of tables)
        for (const row of await query<{ event: string }>(
          url,
          `SELECT event::text AS event FROM quarry.${name} ORDER BY ctid`,
        ))
          all.push(JSON.parse(row.event) as Payload);
      return all;
    },
    stop: () => proxy.stop(),
  };
}

describe('PostgreSQL', skip, () => {
  const can = ['transient', 'refuse', 'random', 'slow', 'mute'] as const;
  for (const mode of ['log', 'current'] as const)
    sinkContract({
      title: `postgres, mode ${mode}`,
      guarantee: 'effectively once',
      can,
      start: () => destination({ mode, column: 'json', timeout: 20 }),
    });

  /** One event about object `key`. */
  function event(key: string, seq: number, change: 'new' | 'updated' | 'removed', more: Partial<Batch> = {}): Batch {
    const batch = batchOf(`b${key}${seq}`, [{ id: `${key}.${seq}`, text: `${key} at ${seq}` }]);
    return { ...batch, seq: () => seq, key: () => JSON.stringify([key]), change: () => change, ...more };
  }
  const now = (url: string) =>
    query<{ key: string; seq: string; text: string; removed_at: Date | null }>(
      url,
      "SELECT key, seq, event->>'text' AS text, removed_at FROM quarry.things ORDER BY key",
    );

  test('an event with a NUL is refused by jsonb and rejected alone; json keeps it [fault 59] [fault 65]', async () => {
    const url = await server.createDatabase();
    const some = payloads('b', 9).map((one, i) => (i === 4 ? { ...one, text: 'a\u0000b' } : one));
    const sink = await open(url);
    const [outcomes] = await sink.write([batchOf('b', some)], never);
    expect((outcomes as unknown[]).filter((one) => one === 'delivered')).toHaveLength(8);
    expect((outcomes as unknown[])[4]).toMatchObject({ rejected: expect.stringContaining('Unicode'), code: '22P05' });
    await sink.close();
    const json = await open(url, { column: 'json', table: 'exact' });
    expect(await json.write([batchOf('b', some)], never)).toEqual([new Array(9).fill('delivered')]);
    await json.close();
  });

  test('in mode current the newest event of an object wins, in whatever order they come', async () => {
    const url = await server.createDatabase();
    const sink = await open(url, { mode: 'current' });
    await sink.write([event('a', 1, 'new'), event('a', 3, 'updated'), event('b', 2, 'new')], never);
    await sink.write([event('a', 2, 'updated'), event('b', 2, 'new')], never);
    expect(await now(url)).toMatchObject([
      { key: '["a"]', seq: '3', text: 'a at 3' },
      { key: '["b"]', seq: '2', text: 'b at 2' },
    ]);
    // Another connection of the subscription, or a collector begun anew, counts from 1: the later pull wins.
    await sink.write([event('a', 1, 'updated', { connection: 'd', pullingId: '2' })], never);
    await sink.write([event('b', 1, 'updated', { pullingId: '2' })], never);
    expect((await now(url)).map(({ text }) => text)).toEqual(['a at 1', 'b at 1']);
    await sink.write([event('a', 9, 'updated')], never);
    expect((await now(url))[0]).toMatchObject({ text: 'a at 1' });
    await sink.close();
  });

  test('a removed object is marked and keeps its last content', async () => {
    const url = await server.createDatabase();
    const sink = await open(url, { mode: 'current' });
    await sink.write([event('a', 1, 'new')], never);
    await sink.write([event('a', 2, 'removed')], never);
    expect(await now(url)).toMatchObject([{ seq: '2', text: 'a at 1', removed_at: expect.any(Date) }]);
    await sink.write([event('a', 1, 'new')], never);
    expect(await now(url)).toMatchObject([{ seq: '2', removed_at: expect.any(Date) }]);
    await sink.write([event('a', 3, 'new')], never);
    expect(await now(url)).toMatchObject([{ seq: '3', text: 'a at 3', removed_at: null }]);
    await sink.close();
  });

  test('or deleted, and an older event that comes late does not bring it back', async () => {
    const url = await server.createDatabase();
    const sink = await open(url, { mode: 'current', removed: 'delete' });
    await sink.write([event('a', 1, 'new'), event('b', 1, 'new')], never);
    await sink.write([event('a', 2, 'removed')], never);
    expect(await now(url)).toMatchObject([{ key: '["b"]' }]);
    await sink.write([event('a', 1, 'new')], never);
    expect(await now(url)).toMatchObject([{ key: '["b"]' }]);
    await sink.write([event('a', 3, 'new'), event('b', 2, 'updated'), event('b', 3, 'removed')], never);
    expect(await now(url)).toMatchObject([{ key: '["a"]', text: 'a at 3' }]);
    await sink.close();
  });

  test('one table for everything, an event of several lines, and tables it must not make', async () => {
    const url = await server.createDatabase();
    const strict = await open(url, { create: false, table: 'events' });
    await expect(strict.check()).rejects.toMatchObject({ code: 'QRY5043' });
    expect(await strict.write([batchOf('b', payloads('b', 1))], never)).toEqual([
      [{ retry: expect.stringContaining('quarry') }],
    ]);
    const sink = await open(url, { table: 'events' });
    const lines = Buffer.from('{"n":1}\n{"n":2}\n{"n":3}\n');
    const several = { ...batchOf('c', payloads('c', 2)), bytes: lines, ends: [16, 24] };
    await sink.write([several, { ...batchOf('b', payloads('b', 1)), dataset: 'other' }], never);
    await sink.close();
    const rows = await query(url, 'SELECT id, part, dataset FROM quarry.events ORDER BY id, part');
    expect(rows).toEqual([
      { id: 'b.0', part: 0, dataset: 'other' },
      { id: 'c.0', part: 0, dataset: 'things' },
      { id: 'c.0', part: 1, dataset: 'things' },
      { id: 'c.1', part: 0, dataset: 'things' },
    ]);
    await strict.check();
    await strict.close();
  });

  test('the reply to COMMIT is lost: the rows are there, not answered as delivered, and there once in the end [fault 28]', async () => {
    const url = await server.createDatabase();
    const proxy = await startProxy(Number(new URL(url).port), COMMIT);
    const sink = await open(url.replace(/:\d+\//, `:${proxy.port}/`));
    await sink.write([batchOf('a', payloads('a', 1))], never);
    proxy.behave('lose');
    const batch = batchOf('b', payloads('b', 3));
    expect(await sink.write([batch], never)).toEqual([new Array(3).fill({ retry: expect.any(String) })]);
    const count = () => query<{ count: string }>(url, 'SELECT count(*) FROM quarry.things');
    await expect.poll(count, { timeout: 10_000 }).toEqual([{ count: '4' }]);
    proxy.behave('pass');
    expect(await sink.write([batch], never)).toEqual([new Array(3).fill('delivered')]);
    expect(await count()).toEqual([{ count: '4' }]);
    await sink.close();
    await proxy.stop();
  });

  test('a server killed in the midst of writes has every event once when all is done [fault 27]', async () => {
    const url = await server.createDatabase();
    const sink = await open(url, { timeout: 20 });
    const waiting = Array.from({ length: 30 }, (_, i) => batchOf(`b${i}`, payloads(`b${i}`, 200, 'k'.repeat(300))));
    for (let round = 0; waiting.length > 0; round++) {
      const writing = sink.write(waiting.slice(0, 5), never);
      if (round < 2) {
        await server.kill();
        await server.start();
      }
      const answered = await writing;
      if (answered.every((outcomes) => (outcomes as unknown[]).every((one) => one === 'delivered')))
        waiting.splice(0, 5);
    }
    await sink.close();
    expect(await query(url, 'SELECT count(*), count(DISTINCT id) AS ids FROM quarry.things')).toEqual([
      { count: '6000', ids: '6000' },
    ]);
  }, 60_000);

  test('a wrong address or database is said by check, without the password [fault 91]', async () => {
    const url = await server.createDatabase();
    const wrong = await open(`${url.replace('postgres@', 'postgres:canary@')}_none`);
    const error = await wrong.check().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'QRY5043', message: expect.stringContaining('does not exist') });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary');
    const odd = await open('postgres://u:canary@[nowhere/db');
    const other = await odd.check().catch((thrown: unknown) => thrown);
    expect(other).toMatchObject({ code: 'QRY5042' });
    expect(inspect(other)).not.toContain('canary');
    expect(postgres.config.safeParse({ url: 'mysql://u:canary@h/db' }).error?.message).not.toContain('canary');
    const nowhere = await open('postgres://postgres@127.0.0.1:1/none');
    await expect(nowhere.check()).rejects.toMatchObject({ code: 'QRY5042' });
  });
});
