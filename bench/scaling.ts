/**
 * What a subscription costs where many workers share one PostgreSQL: `node bench/scaling.ts --hosts 600`.
 *
 * A simulated subscription is read for the first time, then again after a day of its life, then once more in full; the
 * collector, the database server and the simulator are processes of their own, each counted apart: CPU seconds (user and
 * system), write-ahead log, and what the tables hold in the end. Processor time and bytes are told by events and by
 * hosts, so that they can be multiplied; the time that passes says nothing, since the simulator answers on the same machine.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startCollectorChild, startSimulatorChild } from '../test/support/kill/children.ts';
import { findPostgres, startPostgres } from '../test/support/postgres-server.ts';
import { machine } from './report.ts';

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '600' } } });
const hosts = Number(values.hosts);
const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 20);
/** Kernel ticks in a second, as /proc counts them. */
const TICKS = 100;

const runnable = findPostgres();
if (typeof runnable === 'string') throw new Error(runnable);
const server = await startPostgres(runnable);
const dir = await mkdtemp(join(tmpdir(), 'quarry-scaling-'));
const simulator = await startSimulatorChild({ hosts, limits: 'off', frozen: true });
const url = await server.createDatabase();
const client = new pg.Client({ connectionString: url });
await client.connect();

const numberOf = async (text: string): Promise<number> => {
  const { rows } = await client.query<{ n: string }>(`SELECT (${text}) AS n`);
  return Number(rows[0]!.n);
};

/** CPU seconds of a process; with `children`, of those it has waited for as well. */
function cpuOf(pid: number, children = false): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').map(Number);
  return (fields[11]! + fields[12]! + (children ? fields[13]! + fields[14]! : 0)) / TICKS;
}

const backend = await numberOf('pg_backend_pid()');
const postmaster = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${backend}/status`, 'utf8'))![1]);
const serverCpu = (): number => {
  const live = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ').filter(Boolean);
  return live.reduce((sum, pid) => sum + cpuOf(Number(pid)), cpuOf(postmaster, true));
};

interface Cost {
  readonly what: string;
  readonly events: number;
  readonly received: number;
  readonly collectorCpu: number;
  readonly serverCpu: number;
  readonly walMb: number;
}

async function cost(what: string, run: 'once' | 'sweep', day: number): Promise<Cost> {
  const { url: api_url, username, password } = simulator;
  const datasets = { host_list: {}, host_list_detection: {} };
  const config = {
    data_dir: join(dir, 'scratch'),
    database_url: url,
    server: false,
    connections: { acme: { api_url, username, password: password.replaceAll('$', '$$$$'), datasets } },
    sinks: { archive: { type: 'file', path: join(dir, 'out') } },
  };
  const counted = async () => ({
    events: await numberOf('SELECT coalesce(sum(appended), 0) FROM stream').catch(() => 0),
    received: await numberOf('SELECT coalesce(sum(received), 0) FROM stream').catch(() => 0),
    wal: await numberOf("pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
    cpu: serverCpu(),
  });
  const before = await counted();
  const child = startCollectorChild({
    config: JSON.stringify(config),
    clock: { start: START + day * DAY, since: Date.now(), speed: 1 },
    retention: 7 * DAY,
    marks: join(dir, 'marks'),
    run,
  });
  child.announcements.resume();
  let collectorCpu = 0;
  // The last look is a little early, which leaves out what the process needs to end.
  const looking = setInterval(() => {
    try {
      collectorCpu = cpuOf(child.process.pid!);
    } catch {
      // Ended.
    }
  }, 50);
  const { code } = await child.ended;
  clearInterval(looking);
  if (code !== 0) throw new Error(child.log().join('\n'));
  const after = await counted();
  return {
    what,
    events: after.events - before.events,
    received: after.received - before.received,
    collectorCpu,
    serverCpu: after.cpu - before.cpu,
    walMb: (after.wal - before.wal) / 2 ** 20,
  };
}

try {
  const costs = [await cost('first reading', 'once', 0)];
  for (const day of [1, 2]) {
    await simulator.advance(DAY);
    costs.push(await cost(`day ${day}`, 'once', day));
  }
  costs.push(await cost('full reading', 'sweep', 2));
  const lines = costs.map((one) =>
    [
      one.what,
      one.received,
      one.events,
      one.collectorCpu.toFixed(1),
      one.serverCpu.toFixed(1),
      one.walMb.toFixed(1),
    ].join(' | '),
  );
  process.stdout.write(
    `${machine()}\n${hosts} hosts, host_list and host_list_detection, one file sink, the inventory\n\n`,
  );
  process.stdout.write(
    `| | records | events | collector, CPU s | server, CPU s | WAL, MiB |\n|---|---|---|---|---|---|\n`,
  );
  process.stdout.write(
    `${lines.map((line) => `| ${line} |`).join('\n')}\n\n| table | rows | bytes with indexes | a row |\n|---|---|---|---|\n`,
  );
  const tables = await client.query<{ name: string; bytes: string }>(
    `SELECT c.relname AS name, coalesce((SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = c.oid),
       pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 10`,
  );
  for (const { name, bytes } of tables.rows) {
    const rows = await numberOf(`SELECT count(*) FROM ${name}`);
    process.stdout.write(`| ${name} | ${rows} | ${bytes} | ${rows === 0 ? '–' : Math.round(Number(bytes) / rows)} |\n`);
  }
  process.stdout.write(`| all | | ${await numberOf('pg_database_size(current_database())')} | |\n`);
} finally {
  await client.end();
  await simulator.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
