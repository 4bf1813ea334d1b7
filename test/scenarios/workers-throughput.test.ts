import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOutbox } from '../../src/collector/port.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import { openLeases } from '../../src/store/leases.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openFleet } from '../support/fleet/fleet.ts';
import { startSimulatorChildren } from '../support/kill/children.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();
const soak = process.env['QUARRY_SOAK'] === '1';
const why = typeof runnable === 'string' ? runnable : soak ? '' : 'measures; part of npm run test:soak';
/** `QUARRY_SCALE=1,2` chooses other numbers of workers. */
const WORKERS = (process.env['QUARRY_SCALE'] ?? '1,2,4,8').split(',').map(Number);
const RESOURCES = 1000;
const CLAIMING_MS = 5000;
const SUBSCRIPTIONS = 16;
const HOSTS = 150;

describe('by number of workers', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  let dir: string;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>, 40 + Math.max(...WORKERS) * 20);
    dir = await mkdtemp(join(tmpdir(), 'quarry-scale-'));
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(WORKERS)(
    '%i: leases claimed in a second, none by two at once',
    async (workers) => {
      const databaseUrl = await server.createDatabase();
      await (await openOutbox({ dataDir: join(dir, 'look'), databaseUrl }, Date.now())).close();
      const resources = Array.from({ length: RESOURCES }, (_, i) => `r${i}`);
      const held = new Set<string>();
      let claims = 0;
      const until = performance.now() + CLAIMING_MS;
      const claiming = async (_: unknown, i: number): Promise<void> => {
        const store = await openPostgres<never>(databaseUrl);
        const worker = { id: `w${i}`, name: `w${i}`, labels: [], version: 'test' };
        const leases = await openLeases(store, { worker, clock: { monotonic: () => performance.now() } });
        while (performance.now() < until) {
          const taken = await leases.take(resources, 10);
          for (const one of taken) {
            expect(held.has(one)).toBe(false);
            held.add(one);
          }
          claims += taken.length;
          for (const one of taken) held.delete(one);
          await leases.release(taken);
        }
        await leases.close();
        await store.close();
      };
      await Promise.all(Array.from({ length: workers }, claiming));
      expect(claims).toBeGreaterThan(0);
      console.log(`scale: ${workers} workers claim ${Math.round(claims / (CLAIMING_MS / 1000))} leases a second`);
    },
    120_000,
  );

  it.each(WORKERS)(
    '%i: events read, kept, folded and delivered in a second, all of them',
    async (workers) => {
      const database = await server.createDatabase();
      const table = await server.createDatabase();
      const simulators = await startSimulatorChildren(
        Array.from({ length: SUBSCRIPTIONS }, (_, i) => ({ hosts: HOSTS, seed: i + 1, frozen: true, limits: 'off' })),
      );
      const datasets = { host_list: {}, host_list_detection: { page_size: 50 }, user_activity: {} };
      const connections = Object.fromEntries(
        simulators.map(({ url, username, password }, i) => [
          `sub${i}`,
          { tenant: 'all', api_url: url, username, password: password.replaceAll('$', '$$$$'), datasets },
        ]),
      );
      const fleet = openFleet({
        ...{ workers, server, database, dir, ttl: 30_000, random: Math.random },
        config: { connections, sinks: { table: { type: 'postgres', url: table } } },
        time: { start: DEFAULT_EPOCH, since: Date.now(), speed: 1 },
      });
      const client = new pg.Client({ connectionString: database });
      try {
        await (await openOutbox({ dataDir: join(dir, 'look'), databaseUrl: database }, Date.now())).close();
        await client.connect();
        await fleet.start();
        const wanted = SUBSCRIPTIONS * Object.keys(datasets).length;
        let pulled = 0;
        let pending = 1;
        while (pulled < wanted || pending > 0) {
          await sleep(200);
          const { rows } = await client.query<{ pulled: string; pending: string }>(
            `SELECT (SELECT count(DISTINCT stream) FROM pull WHERE outcome = 'complete') AS pulled,
              (SELECT coalesce(sum(pending), 1) FROM sink) AS pending`,
          );
          [pulled, pending] = [Number(rows[0]!.pulled), Number(rows[0]!.pending)];
        }
        const { rows } = await client.query<{ events: string; delivered: string; ms: string }>(
          `SELECT (SELECT sum(appended) FROM stream) AS events, (SELECT delivered FROM sink WHERE name = 'table') AS delivered,
            (SELECT max(last_delivered) FROM sink) - (SELECT min(started) FROM pull) AS ms`,
        );
        const [events, delivered, ms] = [rows[0]!.events, rows[0]!.delivered, rows[0]!.ms].map(Number) as number[];
        expect(delivered).toBe(events);
        expect(fleet.errors).toEqual([]);
        console.log(
          `scale: ${workers} workers take in ${Math.round((events! / ms!) * 1000)} events a second: ${events} of ${SUBSCRIPTIONS} subscriptions in ${(ms! / 1000).toFixed(1)} s`,
        );
      } finally {
        await fleet.end();
        await client.end();
        for (const one of simulators) await one.close();
      }
    },
    900_000,
  );
});
