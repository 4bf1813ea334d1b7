import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { guarded, type LeaseSchema, type Leases, leaseMigrations, openLeases } from './leases.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Store } from './store.ts';

interface Schema extends LeaseSchema {
  t: { n: number };
}
const runnable = findPostgres();
const why = typeof runnable === 'string' ? runnable : '';

describe('leases on PostgreSQL', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    if (typeof runnable === 'object') server = await startPostgres(runnable);
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  afterAll(() => server.stop());

  /** A worker's clock that can be stopped, as a process is by SIGSTOP. */
  function stoppable() {
    let stopped: number | undefined;
    return {
      monotonic: () => stopped ?? performance.now(),
      stop: () => {
        stopped = performance.now();
      },
    };
  }
  async function database(): Promise<string> {
    const url = await server.createDatabase();
    const store = await openPostgres<Schema>(url);
    await migrate(store, leaseMigrations, 1);
    await sql`CREATE TABLE t (n bigint)`.execute(store.db);
    await store.close();
    return url;
  }
  interface Worker {
    readonly leases: Leases;
    readonly store: Store<Schema>;
    readonly lost: string[];
  }
  async function worker(url: string, id: string, ttl = 1500, clock = stoppable()): Promise<Worker> {
    const store = await openPostgres<Schema>(url);
    const lost: string[] = [];
    const facts = { id, name: id, labels: [], version: 'test' };
    const given = store as unknown as Store<never>;
    const leases = await openLeases(given, { worker: facts, clock, ttl, onLost: (gone) => lost.push(...gone) });
    open.push(store, leases);
    return { leases, store, lost };
  }
  const written = async ({ store }: Worker): Promise<number[]> =>
    (await store.db.selectFrom('t').select('n').orderBy('n').execute()).map(({ n }) => n);
  const write = (store: Store<Schema>, n: number) => store.transaction((tx) => tx.insertMany('t', { n: [n] }));

  test('[fault 26] of many workers at once each resource goes to one, and none to nobody', async () => {
    const url = await database();
    const workers = await Promise.all(['a', 'b', 'c'].map((id) => worker(url, id)));
    const wanted = Array.from({ length: 60 }, (_, i) => `r${i}`);
    const taken: string[] = [];
    for (let round = 0; round < 50 && taken.length < 60; round++)
      taken.push(...(await Promise.all(workers.map(({ leases }) => leases.take(wanted, 7)))).flat());
    expect([...taken].sort()).toEqual([...wanted].sort());
    expect((await workers[0]!.leases.others()).sort()).toEqual(
      workers
        .slice(1)
        .map(({ leases }) => leases.holding().length)
        .sort(),
    );
  });

  test('a lease is kept by renewing, longer than it lasts', async () => {
    const url = await database();
    // Not divisible by three: parts of it are asked of the database.
    const [a, b] = [await worker(url, 'a', 1499), await worker(url, 'b', 1499)];
    expect(await b.leases.others()).toEqual([0]);
    await a.leases.take(['r'], 1);
    await wait(3000);
    expect(await b.leases.take(['r'], 1)).toEqual([]);
    expect(a.leases.holds('r')).toBe(true);
    expect(a.lost).toEqual([]);
  });

  test('[fault 22] a worker that does not renew loses its lease; what it writes then is not accepted', async () => {
    const url = await database();
    const clock = stoppable();
    const [a, b] = [await worker(url, 'a', 1500, clock), await worker(url, 'b')];
    await a.leases.take(['r'], 1);
    const stale = guarded(a.store, a.leases.use(['r']).guard);
    await write(stale, 1);
    clock.stop();
    let taken: string[] = [];
    while (taken.length === 0) {
      taken = await b.leases.take(['r'], 1);
      await wait(50);
    }
    await write(guarded(b.store, b.leases.use(['r']).guard), 2);
    // It believes in its lease still, and finds out by writing.
    expect(a.leases.holds('r')).toBe(true);
    await expect(write(stale, 3)).rejects.toMatchObject({ code: 'QRY4010' });
    expect(a.leases.holds('r')).toBe(false);
    expect(a.lost).toEqual(['r']);
    expect(await written(b)).toEqual([1, 2]);
  });

  test('work stops before anybody else may begin: at two thirds without an answer', async () => {
    const url = await database();
    const a = await worker(url, 'a');
    await a.leases.take(['r'], 1);
    const use = a.leases.use(['r']);
    await a.store.close();
    open.splice(open.indexOf(a.store), 1);
    while (!use.lost.aborted) await wait(10);
    const b = await worker(url, 'b');
    // The lease itself still runs.
    expect(await b.leases.take(['r'], 1)).toEqual([]);
    expect(a.leases.holding()).toEqual([]);
  });

  test('a write that has passed its guard is finished before anybody takes over', async () => {
    const url = await database();
    const clock = stoppable();
    const [a, b] = [await worker(url, 'a', 1500, clock), await worker(url, 'b')];
    await a.leases.take(['r'], 1);
    clock.stop();
    const begun = guarded(a.store, a.leases.use(['r']).guard).transaction(async (tx) => {
      // Together longer than the lease; each far less than a transaction may stand still.
      for (let i = 0; i < 20; i++) {
        await wait(100);
        await tx.insertMany('t', { n: [i] });
      }
    });
    while ((await b.leases.take(['r'], 1)).length === 0) await wait(20);
    expect(await written(b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await begun;
  });

  test('a worker stopped inside a transaction holds nobody up: the server ends it', async () => {
    const url = await database();
    const clock = stoppable();
    const [a, b] = [await worker(url, 'a', 1500, clock), await worker(url, 'b')];
    await a.leases.take(['r'], 1);
    clock.stop();
    let goOn = (): void => {};
    const stopped = guarded(a.store, a.leases.use(['r']).guard).transaction(async (tx) => {
      await tx.insertMany('t', { n: [1] });
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await tx.insertMany('t', { n: [2] });
    });
    stopped.catch(() => {});
    while ((await b.leases.take(['r'], 1)).length === 0) await wait(20);
    goOn();
    await expect(stopped).rejects.toMatchObject({ code: 'QRY4009' });
    expect(await written(b)).toEqual([]);
  });

  test('a worker stopped in the middle of a statement holds nobody up either', async () => {
    const url = await database();
    const clock = stoppable();
    const [a, b] = [await worker(url, 'a', 1500, clock), await worker(url, 'b')];
    await a.leases.take(['r'], 1);
    clock.stop();
    // COPY whose process says no more: to the server it is at work, not idle.
    const client = new pg.Client(url);
    client.on('error', () => {});
    await client.connect();
    await client.query('BEGIN');
    await client.query("SELECT 1 FROM lease WHERE resource = 'r' FOR KEY SHARE");
    const copy = client.query(from('COPY t (n) FROM STDIN'));
    copy.on('error', () => {});
    copy.write('1\n');
    while ((await b.leases.take(['r'], 1)).length === 0) await wait(50);
    copy.destroy();
    expect(await written(b)).toEqual([]);
  });

  test('what nobody takes is taken beyond a share; what is free only now is not', async () => {
    const url = await database();
    const [a, b] = [await worker(url, 'a', 60_000), await worker(url, 'b', 60_000)];
    expect((await a.leases.take(['r', 's'], 2)).sort()).toEqual(['r', 's']);
    await a.leases.release(['r', 's']);
    expect(await b.leases.take(['r', 's'], 0, 500)).toEqual([]);
    await wait(600);
    expect((await b.leases.take(['r', 's'], 0, 500)).sort()).toEqual(['r', 's']);
  });

  test('releasing waits for what is under way, then the next one has it at once', async () => {
    const url = await database();
    const [a, b] = [await worker(url, 'a', 60_000), await worker(url, 'b', 60_000)];
    await a.leases.take(['r', 's'], 2);
    const use = a.leases.use(['r']);
    const released = a.leases.release(['r']);
    expect(a.leases.use(['r']).resources).toEqual([]);
    await wait(50);
    expect(await b.leases.take(['r'], 1)).toEqual([]);
    await guarded(a.store, use.guard).transaction((tx) => tx.insertMany('t', { n: [1] }));
    use.end();
    await released;
    expect(await b.leases.take(['r'], 1)).toEqual(['r']);
    expect(a.leases.holding()).toEqual(['s']);
    expect(a.lost).toEqual([]);
  });

  test('[fault 24] what is used after it was lost is guarded by nothing less: no write passes', async () => {
    const url = await database();
    const clock = stoppable();
    const [a, b] = [await worker(url, 'a', 1500, clock), await worker(url, 'b')];
    await a.leases.take(['fold/r'], 1);
    const use = a.leases.use(['fold/r']);
    const folding = guarded(a.store, a.leases.guardUsed('fold/'));
    await write(folding, 1);
    clock.stop();
    while ((await b.leases.take(['fold/r'], 1)).length === 0) await wait(50);
    await expect(write(folding, 2)).rejects.toMatchObject({ code: 'QRY4010' });
    // It knows by now that the lease is lost; neither what goes on nor what begins writes under no guard at all.
    expect(use.lost.aborted).toBe(true);
    await expect(write(folding, 3)).rejects.toMatchObject({ code: 'QRY4010' });
    const late = a.leases.use(['fold/r']);
    expect(late.lost.aborted).toBe(true);
    await expect(write(guarded(a.store, late.guard), 4)).rejects.toMatchObject({ code: 'QRY4010' });
    expect(await written(b)).toEqual([1]);
  });
});
