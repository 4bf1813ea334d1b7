import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imbalances } from '../../src/collector/balance.ts';
import { listStreams, openOutbox } from '../../src/collector/port.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import { DEEDS, openFleet } from '../support/fleet/fleet.ts';
import { beginWatch, readWatch } from '../support/fleet/watch.ts';
import { type SimulatorChild, startSimulatorChildren } from '../support/kill/children.ts';
import { randomFrom } from '../support/kill/harness.ts';
import { keysOf } from '../support/kill/verdict.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { scaled } from '../support/scale.ts';
import { skipUnless } from '../support/skip.ts';

const soak = process.env['QUARRY_SOAK'] === '1';
/** Workers, subscriptions, faults; `QUARRY_FLEET=4,20,60` chooses others. */
const usual = scaled('workers, subscriptions, faults', { quick: [3, 4, 5], full: [3, 6, 12], soak: [8, 100, 500] });
const [WORKERS = 3, SUBSCRIPTIONS = 6, FAULTS = 12] = process.env['QUARRY_FLEET']?.split(',').map(Number) ?? usual;
const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000);
const runnable = findPostgres();

const TTL = 6000;
/** The collectors' schedule runs so much faster than the machine. */
const SPEED = 60;
const HOUR = 3_600_000;
/** The more subscriptions, the less often each is pulled: the machine is the same. */
const LESS = Math.max(1, Math.ceil(SUBSCRIPTIONS / 8));
const DATASETS = {
  host_list: { page_size: 5, every: `${10 * LESS}m`, sweep: { full: `${6 * LESS}h` } },
  host_list_detection: { page_size: 5, every: `${5 * LESS}m`, sweep: { full: `${6 * LESS}h` } },
  user_activity: { page_size: 100, every: `${10 * LESS}m` },
};
/** The strictest limits that are documented with more than one call at once. */
const LIMITS = { level: 'standard', concurrency: 2, calls: 300 } as const;

describe('workers on one PostgreSQL', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  let dir: string;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>, 40 + WORKERS * 20);
    dir = await mkdtemp(join(tmpdir(), 'quarry-workers-'));
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it(
    `[fault 22] [fault 24] [fault 27] [fault 40] ${WORKERS} workers, ${SUBSCRIPTIONS} subscriptions, ${FAULTS} times killed, stopped past their leases, cut off, without a database: nothing is lost, repeated, written by who may not, or over a limit`,
    async () => {
      const random = randomFrom(seed);
      const database = await server.createDatabase();
      const table = await server.createDatabase();
      const ids = Array.from({ length: SUBSCRIPTIONS }, (_, i) => `sub${i}`);
      const simulators = await startSimulatorChildren(
        ids.map((_, i) => ({
          ...{ hosts: 12, seed: seed + i, churn: 0.02, frozen: true, limits: LIMITS.level },
          // Calls last, so that some are under way when their worker is killed.
          ...{ serviceMs: 250, abandonedMs: 500 },
        })),
      );
      const worlds = new Map<string, SimulatorChild>(ids.map((id, i) => [id, simulators[i]!]));
      const connections = Object.fromEntries(
        [...worlds].map(([id, { url, username, password }]) => [
          id,
          { tenant: 'all', api_url: url, username, password: password.replaceAll('$', '$$$$'), datasets: DATASETS },
        ]),
      );
      const fleet = openFleet({
        ...{ workers: WORKERS, server, database, dir, ttl: TTL, random },
        config: { connections, sinks: { table: { type: 'postgres', url: table } } },
        time: { start: DEFAULT_EPOCH + FAULTS * 6 * HOUR, since: Date.now(), speed: SPEED },
      });
      const asking = async <T>(url: string, ask: (client: pg.Client) => Promise<T>): Promise<T> => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        try {
          return await ask(client);
        } finally {
          await client.end();
        }
      };
      const began = performance.now();
      try {
        await (await openOutbox({ dataDir: join(dir, 'look'), databaseUrl: database }, Date.now())).close();
        await asking(database, beginWatch);
        await fleet.start();
        for (let fault = 0; fault < FAULTS; fault++) {
          await sleep(random() * 2000);
          await fleet.suffer(DEEDS[fault % DEEDS.length]!);
          for (const world of worlds.values()) if (random() < 0.5) await world.advance(Math.floor(random() * 5 * HOUR));
          if ((fault + 1) % 20 === 0)
            console.log(
              `workers: ${fault + 1} faults, ${Math.round((performance.now() - began) / 1000)} s; taken over after at most ${(Math.max(...fleet.takeovers) / 1000).toFixed(1)} s`,
            );
        }
        const suffered = (performance.now() - began) / 1000;
        await fleet.leave();
        for (let last = 0; last < 2; last++) {
          const child = await fleet.finish();
          const { code, end } = await child.ended;
          expect(code, child.log().join('\n')).toBe(0);
          expect([...end!.imbalances, ...end!.stopped, ...end!.failedPulls]).toEqual([]);
        }
        const { looked, stale } = await asking(database, readWatch);
        expect(stale).toEqual([]);
        expect(looked).toBeGreaterThan(FAULTS * 10);

        const events = await everyEvent(database, table, worlds);

        let busiest = 0;
        let calls = 0;
        for (const [id, world] of worlds) {
          const { refused, extremes, calls: sent } = await world.counters();
          expect({ id, refused }).toEqual({ id, refused: {} });
          for (const { maxRunning, maxInWindow } of Object.values(extremes)) {
            expect(maxRunning).toBeLessThanOrEqual(LIMITS.concurrency);
            expect(maxInWindow).toBeLessThanOrEqual(LIMITS.calls);
            busiest = Math.max(busiest, maxRunning);
          }
          calls += sent;
        }
        const longest = Math.max(...fleet.takeovers) / 1000;
        const mean = fleet.takeovers.reduce((sum, one) => sum + one, 0) / fleet.takeovers.length / 1000;
        console.log(
          [
            `workers: seed ${seed}; ${WORKERS} workers in ${fleet.starts} lives, ${SUBSCRIPTIONS} subscriptions, ${FAULTS} faults in ${suffered.toFixed(0)} s`,
            `  ${events} events: 0 lost, 0 twice by id, no number left out; ${stale.length} stale of ${looked} watched writes; ${fleet.lost()} times leases lost`,
            `  ${calls} calls, 0 refused for limits, at most ${busiest} of ${LIMITS.concurrency} at once`,
            `  taken over ${fleet.takeovers.length} times after ${mean.toFixed(1)} s, at most ${longest.toFixed(1)} s (leases of ${TTL / 1000} s)`,
          ].join('\n'),
        );
        // A figure of the soak; a machine that is busy with other tests proves nothing.
        if (soak) expect(longest).toBeLessThan(TTL / 1000 + 5);
        expect(fleet.errors).toEqual([]);
      } finally {
        await fleet.end();
        for (const world of simulators) await world.close();
      }
    },
    900_000 + FAULTS * 30_000,
  );

  /** Holds what the sink has against the streams' counters and what exists at Qualys; the number of events. */
  async function everyEvent(
    database: string,
    table: string,
    worlds: ReadonlyMap<string, SimulatorChild>,
  ): Promise<number> {
    const outbox = await openOutbox({ dataDir: join(dir, 'look'), databaseUrl: database, readOnly: true }, Date.now());
    const sink = new pg.Client({ connectionString: table });
    await sink.connect();
    let events = 0;
    try {
      expect(await imbalances(outbox)).toEqual([]);
      const streams = await listStreams(outbox.store);
      expect(streams.length).toBe(worlds.size * Object.keys(DATASETS).length);
      for (const { connection, dataset, appended, seq } of streams) {
        const of = `FROM quarry.${dataset} WHERE connection = '${connection}'`;
        const { rows: counted } = await sink.query<Record<'rows' | 'ids' | 'seqs' | 'last', string>>(
          `SELECT count(*) AS rows, count(DISTINCT id) AS ids, count(DISTINCT seq) AS seqs, max(seq) AS last ${of}`,
        );
        // Each number given out once, each at the sink once: a write of a stale holder would have left a gap or a double.
        const { rows, ids, seqs, last } = counted[0]!;
        expect({ connection, dataset, figures: [rows, ids, seqs, last, appended].map(Number) }).toEqual({
          ...{ connection, dataset },
          figures: [seq, seq, seq, seq, seq],
        });
        events += appended;
        const world = worlds.get(connection)!;
        const keys = keysOf(await world.truth(), world.username).get(dataset)!;
        const { rows: newest } = await sink.query<{ key: unknown; change: string }>(
          `SELECT DISTINCT ON (event->'key') event->'key' AS key, event->>'change' AS change ${of} ORDER BY event->'key', seq DESC`,
        );
        const present = new Set(
          newest.filter(({ change }) => change !== 'removed').map(({ key }) => JSON.stringify(key)),
        );
        expect([...keys].filter((key) => !present.has(key))).toEqual([]);
      }
      return events;
    } finally {
      await sink.end();
      await outbox.close();
    }
  }
});
