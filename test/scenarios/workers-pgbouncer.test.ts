import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imbalances } from '../../src/collector/balance.ts';
import { listStreams, openOutbox } from '../../src/collector/port.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import { openFleet } from '../support/fleet/fleet.ts';
import { beginWatch, readWatch } from '../support/fleet/watch.ts';
import { type SimulatorChild, startSimulatorChildren } from '../support/kill/children.ts';
import { keysOf } from '../support/kill/verdict.ts';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();
const why = typeof runnable === 'string' ? runnable : hasPgBouncer ? '' : 'pgbouncer is not installed';

const TTL = 10_000;
const DATASETS = {
  host_list: { page_size: 5, every: '10m' },
  host_list_detection: { page_size: 5, every: '5m' },
  user_activity: { page_size: 100, every: '10m' },
};
/** Fewer than the workers ask for: what needs a session of its own would stand still, or find another's. */
const CONNECTIONS = 6;

describe('workers behind PgBouncer in transaction mode', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  let bouncer: PgBouncer;
  let dir: string;
  let worlds: SimulatorChild[];
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    bouncer = await startPgBouncer(new URL(await server.createDatabase()), CONNECTIONS);
    dir = await mkdtemp(join(tmpdir(), 'quarry-bouncer-'));
    worlds = await startSimulatorChildren([1, 2].map((seed) => ({ hosts: 12, seed, frozen: true, churn: 0.02 })));
  });
  afterAll(async () => {
    for (const world of worlds) await world.close();
    await bouncer.stop();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('[fault 22] [fault 24] pull, deliver, hold their leases and lose them to others as without it', async () => {
    const direct = await server.createDatabase();
    const table = await server.createDatabase();
    const database = bouncer.through(direct);
    const client = new pg.Client({ connectionString: direct });
    await (await openOutbox({ dataDir: join(dir, 'look'), databaseUrl: database }, Date.now())).close();
    await client.connect();
    await beginWatch(client);
    const connections = Object.fromEntries(
      worlds.map(({ url, username, password }, i) => [
        `sub${i}`,
        { tenant: 'all', api_url: url, username, password: password.replaceAll('$', '$$$$'), datasets: DATASETS },
      ]),
    );
    const fleet = openFleet({
      ...{ workers: 2, server, database, dir, ttl: TTL, random: Math.random },
      // The sink goes through it as well.
      config: { connections, sinks: { table: { type: 'postgres', url: bouncer.through(table) } } },
      time: { start: DEFAULT_EPOCH + 30 * 86_400_000, since: Date.now(), speed: 60 },
    });
    try {
      await fleet.start();
      // Longer than a lease lasts: those that are still the same were kept by renewing.
      const fences = async () =>
        (
          await client.query<{ resource: string; fence: string }>(
            'SELECT resource, fence FROM lease WHERE owner IS NOT NULL',
          )
        ).rows;
      const before = await fences();
      await sleep(TTL * 1.5);
      const after = new Map((await fences()).map(({ resource, fence }) => [resource, fence]));
      expect(before.filter(({ resource, fence }) => after.get(resource) === fence).length).toBeGreaterThan(0);
      for (const deed of ['kill', 'stop'] as const) {
        await fleet.suffer(deed);
        for (const world of worlds) await world.advance(7_200_000);
      }
      await fleet.leave();
      const { code, end } = await (await fleet.finish()).ended;
      expect({ code, ...end }).toMatchObject({ code: 0, imbalances: [], stopped: [], failedPulls: [] });
      const { looked, stale } = await readWatch(client);
      expect(stale).toEqual([]);
      expect(looked).toBeGreaterThan(20);
      expect(fleet.errors).toEqual([]);
      // All of it went that way.
      expect(await bouncer.transactions(direct)).toBeGreaterThan(looked);
    } finally {
      await fleet.end();
      await client.end();
    }
    const outbox = await openOutbox({ dataDir: join(dir, 'look'), databaseUrl: database, readOnly: true }, Date.now());
    const sink = new pg.Client({ connectionString: table });
    await sink.connect();
    try {
      expect(await imbalances(outbox)).toEqual([]);
      for (const { connection, dataset, appended } of await listStreams(outbox.store)) {
        const { rows } = await sink.query<{ n: string; seqs: string; keys: string }>(
          `SELECT count(*) AS n, count(DISTINCT seq) AS seqs, count(DISTINCT event->'key') AS keys FROM quarry.${dataset} WHERE connection = '${connection}'`,
        );
        expect({ dataset, n: Number(rows[0]!.n), seqs: Number(rows[0]!.seqs) }).toEqual({
          ...{ dataset, n: appended, seqs: appended },
        });
        const world = worlds[Number(connection.slice(3))]!;
        const keys = keysOf(await world.truth(), world.username).get(dataset)!;
        expect(Number(rows[0]!.keys)).toBeGreaterThanOrEqual(keys.size);
      }
    } finally {
      await sink.end();
      await outbox.close();
    }
  }, 900_000);
});
