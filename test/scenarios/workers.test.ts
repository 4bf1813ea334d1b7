import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imbalances } from '../../src/collector/balance.ts';
import { listStreams, openOutbox } from '../../src/collector/port.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import {
  type CollectorChild,
  type SimulatorChild,
  startCollectorChild,
  startSimulatorChild,
} from '../support/kill/children.ts';
import { keysOf } from '../support/kill/verdict.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { skipUnless } from '../support/skip.ts';

const soak = process.env['QUARRY_SOAK'] === '1';
const rounds = soak ? 100 : 6;
const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000);
const runnable = findPostgres();

const TTL = 6000;
/** The collectors' schedule runs so much faster than the machine. */
const SPEED = 60;
const DAY = 86_400_000;
const SUBSCRIPTIONS = ['acme', 'globex', 'initech'];
const DATASETS = {
  host_list: { page_size: 10, every: '10m', sweep: { full: '6h' } },
  host_list_detection: { page_size: 10, every: '5m', sweep: { full: '6h' } },
  user_activity: { page_size: 100, every: '10m' },
};

interface Worker {
  readonly name: string;
  child: CollectorChild;
}

describe('workers on one PostgreSQL', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  let dir: string;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    dir = await mkdtemp(join(tmpdir(), 'quarry-workers-'));
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  it(
    '[fault 22] [fault 27] [fault 40] [D47] killed, stopped past their leases, cut off from the database: nothing is lost, repeated or over a limit',
    async () => {
      const database = await server.createDatabase();
      const table = await server.createDatabase();
      const worlds = new Map<string, SimulatorChild>();
      for (const [i, id] of SUBSCRIPTIONS.entries())
        worlds.set(
          id,
          await startSimulatorChild({
            hosts: 30,
            seed: seed + i,
            churn: 0.01,
            frozen: true,
            limits: soak ? 'premium' : 'standard',
          }),
        );
      const schedule = { start: DEFAULT_EPOCH + rounds * DAY, since: Date.now() };
      const connections = Object.fromEntries(
        [...worlds].map(([id, { url, username, password }]) => [
          id,
          { tenant: 'all', api_url: url, username, password: password.replaceAll('$', '$$$$'), datasets: DATASETS },
        ]),
      );
      const start = (name: string, run: 'forever' | 'once'): CollectorChild => {
        const since = Date.now();
        const child = startCollectorChild({
          config: JSON.stringify({
            data_dir: join(dir, name),
            database_url: database,
            server: false,
            connections,
            sinks: { table: { type: 'postgres', url: table } },
          }),
          clock: {
            start: schedule.start + (since - schedule.since) * SPEED,
            since,
            speed: run === 'forever' ? SPEED : 1,
          },
          marks: join(tmpdir(), `quarry-workers-${process.pid}-${name}`),
          run,
          worker: { name, ttl: run === 'once' ? 30_000 : TTL },
        });
        child.announcements.resume();
        return child;
      };
      const workers: Worker[] = ['a', 'b', 'c'].map((name) => ({ name, child: start(name, 'forever') }));
      const holders = async (): Promise<string[]> =>
        (
          await query<{ name: string }>(
            database,
            `SELECT DISTINCT w.name FROM lease l JOIN worker w ON w.id = l.owner
             WHERE l.until > extract(epoch FROM clock_timestamp()) * 1000`,
          ).catch(() => [])
        ).map(({ name }) => name);
      const done: string[] = [];
      const errors: string[] = [];
      try {
        const running = (): void => {
          for (const { child } of workers) expect(child.process.exitCode, child.log().join('\n')).toBe(null);
        };
        while ((await holders()).length < workers.length) {
          await sleep(200);
          running();
        }
        for (let round = 0; round < rounds; round++) {
          await sleep(Math.random() * 2000);
          const worker = workers[Math.floor(Math.random() * workers.length)]!;
          const deed = (['kill', 'stop', 'cut'] as const)[round % 3]!;
          done.push(deed);
          if (deed === 'kill') {
            worker.child.process.kill('SIGKILL');
            await worker.child.ended;
            errors.push(...errorsOf(worker.child));
            await sleep(TTL * 1.5);
            worker.child = start(worker.name, 'forever');
            // One that is cut off while it starts ends, for whoever keeps it running to start it again.
            while (!(await holders()).includes(worker.name)) {
              await sleep(200);
              running();
            }
          } else if (deed === 'stop') {
            worker.child.process.kill('SIGSTOP');
            // Long enough for others to have taken over what it held, and to have worked on it.
            await sleep(TTL + 4000);
            expect(await holders()).not.toContain(worker.name);
            worker.child.process.kill('SIGCONT');
          } else {
            await query(
              database,
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
            );
          }
          for (const world of worlds.values()) await world.advance(Math.floor(Math.random() * 5 * 3_600_000));
        }
        running();
        for (const { child } of workers) {
          child.process.kill('SIGKILL');
          await child.ended;
          errors.push(...errorsOf(child));
        }
        for (let run = 0; run < 2; run++) {
          const last = start('last', 'once');
          const { code, end } = await last.ended;
          expect(code, last.log().join('\n')).toBe(0);
          errors.push(...errorsOf(last), ...end!.imbalances, ...end!.stopped, ...end!.failedPulls);
        }
        const outbox = await openOutbox(
          { dataDir: join(dir, 'last'), databaseUrl: database, readOnly: true },
          Date.now(),
        );
        let events = 0;
        try {
          expect(await imbalances(outbox)).toEqual([]);
          for (const stream of await listStreams(outbox.store)) {
            const of = `FROM quarry.${stream.dataset} WHERE connection = '${stream.connection}'`;
            const [row] = await query<{ rows: string; ids: string; seqs: string; last: string }>(
              table,
              `SELECT count(*) AS rows, count(DISTINCT id) AS ids, count(DISTINCT seq) AS seqs, max(seq) AS last ${of}`,
            );
            // Each number given out once, each at the sink once: a write of a stale holder would have left a gap or a double.
            const { seq, appended } = stream;
            const [rows, ids, seqs, highest] = [row!.rows, row!.ids, row!.seqs, row!.last].map(Number);
            expect({ stream: stream.dataset, rows, ids, seqs, highest }).toEqual({
              stream: stream.dataset,
              ...{ rows: appended, ids: appended, seqs: appended, highest: seq },
            });
            expect(appended).toBe(seq);
            events += appended;
            const world = worlds.get(stream.connection)!;
            const keys = keysOf(await world.truth(), world.username).get(stream.dataset)!;
            const newest = await query<{ key: unknown; change: string }>(
              table,
              `SELECT DISTINCT ON (event->'key') event->'key' AS key, event->>'change' AS change ${of} ORDER BY event->'key', seq DESC`,
            );
            const present = new Set(
              newest.filter(({ change }) => change !== 'removed').map(({ key }) => JSON.stringify(key)),
            );
            expect([...keys].filter((key) => !present.has(key))).toEqual([]);
          }
        } finally {
          await outbox.close();
        }
        const extremes: string[] = [];
        for (const [id, world] of worlds) {
          const { refused, extremes: seen } = await world.counters();
          expect({ id, refused }).toEqual({ id, refused: {} });
          extremes.push(`${id} ${Math.max(...Object.values(seen).map(({ maxRunning }) => maxRunning))} at once`);
        }
        const [{ lost = 0 } = {}] = await query<{ lost: number }>(
          database,
          'SELECT sum(lost)::int AS lost FROM worker',
        );
        console.log(
          `workers: seed ${seed}, ${done.join(' ')}; ${events} events; ${lost} leases lost; ${extremes.join(', ')}`,
        );
        expect(errors).toEqual([]);
      } finally {
        for (const { child } of workers) child.process.kill('SIGKILL');
        for (const world of worlds.values()) await world.close();
      }
    },
    soak ? 7_200_000 : 600_000,
  );
});

/** What it said that is an error, but for the database being away, which was our doing. */
const errorsOf = (child: CollectorChild): string[] =>
  child.log().filter((line) => !line.startsWith('{"level":"warn"') && !line.includes('QRY4009'));
