import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findPostgres, type PostgresServer, startPostgres } from '../../../test/support/postgres-server.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import type { Log } from '../../core/log.ts';
import { type Leases, openLeases } from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';
import { openOutbox } from '../open-outbox.ts';
import type { CollectorParts } from '../parts.ts';
import { keepSharing } from './sharing.ts';

const runnable = findPostgres();
const why = typeof runnable === 'string' ? runnable : '';

describe('sharing out work', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  let dir: string;
  const ending: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
    if (typeof runnable === 'object') server = await startPostgres(runnable);
  });
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true });
  });

  /** Workers on one database with so many subscriptions to pull, and the house to keep. */
  async function place(subscriptions: number) {
    const outbox = await openOutbox({ dataDir: dir, databaseUrl: await server.createDatabase() }, 1);
    ending.push(() => outbox.close());
    const streams = Array.from({ length: subscriptions }, (_, i) => ({ subscription: `s${i}` }));
    const parts = { outbox, streams, sinks: [] } as unknown as CollectorParts;
    const complaints: unknown[] = [];
    const log = { warn: (what: string, facts: unknown) => complaints.push([what, facts]) } as unknown as Log;
    const join = async (id: string): Promise<Leases> => {
      const leases = await openLeases(outbox.store as unknown as Store<never>, {
        worker: { id, name: id, labels: [], version: 'test' },
        clock: { monotonic: () => performance.now() },
      });
      ending.push(() => leases.close());
      return leases;
    };
    const start = async (id: string): Promise<Leases> => {
      const leases = await join(id);
      const stop = new AbortController();
      const hooks = { parts: () => parts, began: async () => {}, leave: async () => {} };
      const sharing = keepSharing(leases, hooks, log, stop.signal, false);
      ending.push(async () => {
        stop.abort();
        await sharing;
      });
      return leases;
    };
    const fences = async () =>
      (await (outbox.store as unknown as Store<{ lease: { resource: string; fence: number } }>).db
        .selectFrom('lease')
        .select(['resource', 'fence'])
        .orderBy('resource')
        .execute()) as object;
    return { join, start, fences, complaints };
  }
  const held = (workers: readonly Leases[]): number[] => workers.map((leases) => leases.holding().length);
  async function until(check: () => boolean): Promise<void> {
    while (!check()) await wait(50);
  }

  it('gives who joins a share, and then leaves everything where it is', async () => {
    const { start, fences, complaints } = await place(6);
    const workers = [await start('a')];
    await until(() => held(workers)[0] === 7);
    workers.push(await start('b'), await start('c'));
    await until(() => {
      const each = held(workers);
      return Math.max(...each) <= 3 && each.reduce((sum, one) => sum + one) === 7;
    });
    const before = await fences();
    // Two looks of each.
    await wait(5500);
    expect(await fences()).toEqual(before);
    expect(complaints).toEqual([]);
  });

  it('gives each at most one where there are more workers than pieces', async () => {
    const { start } = await place(2);
    const workers = [await start('a')];
    await until(() => held(workers)[0] === 3);
    for (const id of ['b', 'c', 'd']) workers.push(await start(id));
    await until(() => Math.max(...held(workers)) === 1 && held(workers).reduce((sum, one) => sum + one) === 3);
    expect(held(workers).sort()).toEqual([0, 1, 1, 1]);
  });

  it('leaves nothing to a worker that does not come for it', async () => {
    const { join: appear, start } = await place(6);
    await appear('counted, and dying');
    const alive = await start('a');
    await until(() => alive.holding().length === 7);
    expect(await alive.others()).toEqual([0]);
  });
});
