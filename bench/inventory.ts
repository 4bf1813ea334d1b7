/**
 * Findings of the inventory: first load and refresh of 200,000, Quarry's way and the obvious way, each in a process of
 * its own: `inventory.ts quarry|naive`. Prints rows per CPU second of both steps.
 *
 * Both get the lines that the outbox delivers. Quarry's: read from the bytes, clustered by host, folded in the order of
 * hosts, hosts nobody knew not looked up; of a refresh only what changed arrives, since the key table holds the rest back
 * (`keys.ts` measures that). Obvious: each line by JSON.parse, the same columns under a hash of the identity, three
 * indexes, insert-or-update of every row.
 */
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Batch } from '../src/core/sink.ts';
import type { Line } from '../src/inventory/event.ts';
import { makeQidIndex } from '../src/inventory/finding/by-qid.ts';
import { findingEvents } from '../src/inventory/finding/events.ts';
import { decideFindings, writeFindings } from '../src/inventory/finding/fold.ts';
import { readDetections } from '../src/inventory/finding/read.ts';
import { type InventorySchema, inventoryMigrations } from '../src/inventory/schema.ts';
import { migrate } from '../src/store/migrate.ts';
import { openSqlite } from '../src/store/sqlite.ts';

const HOSTS = 4000;
const PER_HOST = 50;
const PAGE = 5000;
const CHANGED = 0.1;

/** A page of events, and of those the ones that changed. */
interface Page {
  readonly all: Batch;
  readonly changed: Batch;
}

function batchOf(lines: readonly string[]): Batch {
  const bytes = Buffer.from(lines.join(''));
  let end = 0;
  const ends = lines.map((line) => {
    end += Buffer.byteLength(line);
    return end;
  });
  return {
    ...{ id: 'b', tenant: 't', subscription: 's', connection: 'c', dataset: 'host_list_detection', pullingId: '1' },
    ...{ count: lines.length, bytes, ends, eventId: String, seq: Number, key: String },
    ...{ change: () => 'updated', time: String },
  };
}

function* pages(round: number): Generator<Page> {
  const all: string[] = [];
  const changed: string[] = [];
  for (let number = 0; number < HOSTS * PER_HOST; number++) {
    const [host, n] = [Math.floor(number / PER_HOST), number % PER_HOST];
    const isChanged = (number * 7919) % 1000 < CHANGED * 1000;
    const key = [String(107_800_000 + host), String(38_000 + n), '443', 'tcp', '1', '', ''];
    const line = `${JSON.stringify({
      ...{ id: 'qh1-0123456789abcdef0123456789abcdef', seq: round * HOSTS * PER_HOST + number + 1, pull: 1 },
      ...{ pulled_at: '2026-11-20T00:00:00.000Z', time: '2026-11-20T00:00:00Z', change: 'updated', key },
      record: {
        ...{ UNIQUE_VULN_ID: String(number), QID: key[1]!, TYPE: 'Confirmed', SEVERITY: '4', PORT: '443' },
        ...{ PROTOCOL: 'tcp', SSL: '1', RESULTS: 'Reported by the service behind this port. '.repeat(7) },
        ...{ STATUS: 'Active', FIRST_FOUND_DATETIME: '2026-01-01T00:00:00Z' },
        ...{ LAST_FOUND_DATETIME: '2026-11-20T00:00:00Z', QDS: { '@severity': 'HIGH', '#text': '70' } },
        ...{ TIMES_FOUND: String((isChanged ? round : 0) + 1), IS_IGNORED: '0', IS_DISABLED: '0' },
      },
    })}\n`;
    all.push(line);
    if (isChanged) changed.push(line);
    if (all.length < PAGE) continue;
    yield { all: batchOf(all), changed: batchOf(changed) };
    all.length = 0;
    changed.length = 0;
  }
}

type Step = (pages: readonly Page[], round: number) => Promise<void>;

async function measured(step: Step): Promise<{ load: number; refresh: number }> {
  const rate = async (round: number): Promise<number> => {
    const made = [...pages(round)];
    const before = process.cpuUsage();
    await step(made, round);
    const { user, system } = process.cpuUsage(before);
    return (HOSTS * PER_HOST) / ((user + system) / 1e6);
  };
  return { load: await rate(0), refresh: await rate(1) };
}

async function quarry(dir: string) {
  const store = await openSqlite<InventorySchema>(join(dir, 'inventory.db'));
  await migrate(store, inventoryMigrations, 1);
  try {
    return await measured(async (all, round) => {
      for (const page of all) {
        const events = findingEvents();
        readDetections(round === 0 ? page.all : page.changed, events, () => {});
        const changes = await decideFindings(store, 1, events, () => round === 0);
        await store.transaction((tx) => writeFindings(tx, 1, changes));
      }
      await makeQidIndex(store);
    });
  } finally {
    await store.close();
  }
}

async function naive(dir: string) {
  const db = new DatabaseSync(join(dir, 'naive.db'));
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384');
  const numbers =
    'space host qid seq accepted port ssl status type severity qds ignored disabled first_found last_found last_fixed times_found opened reopened reopenings closed closed_reason removed';
  const texts = 'connection protocol fqdn instance';
  const columns = [...numbers.split(' '), ...texts.split(' ')];
  db.exec(`CREATE TABLE finding (uid text PRIMARY KEY, ${columns.join(', ')});
    CREATE INDEX finding_host ON finding (host); CREATE INDEX finding_qid ON finding (qid); CREATE INDEX finding_seen ON finding (last_found)`);
  const put = db.prepare(
    `INSERT INTO finding VALUES (?${',?'.repeat(columns.length)}) ON CONFLICT (uid) DO UPDATE SET ${columns.map((name) => `${name}=excluded.${name}`).join(',')}`,
  );
  try {
    return await measured(async (all) => {
      for (const { bytes, ends } of all.map((page) => page.all)) {
        db.exec('BEGIN IMMEDIATE');
        let start = 0;
        for (const end of ends) {
          const { seq, key, record = {}, ...line } = JSON.parse(bytes.toString('utf8', start, end)) as Line;
          start = end;
          const uid = hash('sha256', key.join('\t'), 'hex').slice(0, 32);
          const time = (name: string): number => Date.parse(String(record[name]));
          const first = time('FIRST_FOUND_DATETIME');
          const qds = (record['QDS'] as { '#text': string })['#text'];
          put.run(
            ...[uid, 1, Number(key[0]), Number(key[1]), seq, Date.parse(line.pulled_at), 443, 1, 2, 1],
            ...[Number(record['SEVERITY']), Number(qds), 0, 0, first, time('LAST_FOUND_DATETIME'), 0],
            ...[Number(record['TIMES_FOUND']), first, 0, 0, 0, 0, 0, 'c', 'tcp', '', ''],
          );
        }
        db.exec('COMMIT');
      }
    });
  } finally {
    db.close();
  }
}

const dir = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
try {
  process.stdout.write(`${JSON.stringify(await (process.argv[2] === 'naive' ? naive : quarry)(dir))}\n`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
