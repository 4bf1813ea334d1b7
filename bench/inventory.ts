/**
 * Findings of the inventory: first load and refresh of 200,000, Quarry's way and the obvious way, each in a process of
 * its own: `inventory.ts quarry|naive`. Prints rows per CPU second of both steps.
 *
 * Quarry's: clustered by host, folded in the order of hosts, hosts nobody knew not looked up; of a refresh only what
 * changed arrives, since the key table holds the rest back (`keys.ts` measures that). Obvious: the same columns under a
 * hash of the identity, three indexes, insert-or-update of every row.
 */
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Fields } from '../src/core/words.ts';
import { makeQidIndex } from '../src/inventory/finding/by-qid.ts';
import { findingEvents } from '../src/inventory/finding/events.ts';
import { decideFindings, writeFindings } from '../src/inventory/finding/fold.ts';
import { valuesOf } from '../src/inventory/finding/said.ts';
import { findingKey } from '../src/inventory/finding/state.ts';
import { type InventorySchema, inventoryMigrations } from '../src/inventory/schema.ts';
import { migrate } from '../src/store/migrate.ts';
import { openSqlite } from '../src/store/sqlite.ts';

const HOSTS = 4000;
const PER_HOST = 50;
const PAGE = 5000;
const CHANGED = 0.1;

/** What both ways get of an event. */
interface Said {
  readonly seq: number;
  readonly accepted: number;
  readonly key: readonly string[];
  readonly record: Fields;
}

function* pages(round: number): Generator<Said[]> {
  let page: Said[] = [];
  for (let host = 0; host < HOSTS; host++) {
    for (let n = 0; n < PER_HOST; n++) {
      const number = host * PER_HOST + n;
      const version = (number * 7919) % 1000 < CHANGED * 1000 ? round : 0;
      const key = [String(107_800_000 + host), String(38_000 + n), '443', 'tcp', '1', '', ''];
      page.push({
        ...{ seq: round * HOSTS * PER_HOST + number, accepted: round, key },
        record: {
          ...{ QID: key[1]!, STATUS: 'Active', TYPE: 'Confirmed', SEVERITY: '4', TIMES_FOUND: String(version + 1) },
          ...{ FIRST_FOUND_DATETIME: '2026-01-01T00:00:00Z', LAST_FOUND_DATETIME: '2026-11-20T00:00:00Z' },
          ...{ IS_IGNORED: '0', IS_DISABLED: '0', QDS: '70' },
        },
      });
    }
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

type Step = (pages: readonly Said[][], round: number) => Promise<void>;

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
      for (const events of all) {
        const arriving = round === 0 ? events : events.filter(({ record }) => record['TIMES_FOUND'] !== '1');
        const read = findingEvents();
        for (const { seq, accepted, key, record } of arriving) {
          const { host, qid, place } = findingKey(key)!;
          read.add([...valuesOf(record), host, qid, seq, accepted, 1], 'c', 'new', undefined, place);
        }
        const changes = await decideFindings(store, 1, read, () => round === 0);
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
      for (const events of all) {
        db.exec('BEGIN IMMEDIATE');
        for (const { seq, accepted, record, key } of events) {
          const uid = hash('sha256', key.join('\t'), 'hex').slice(0, 32);
          const first = Date.parse(String(record['FIRST_FOUND_DATETIME']));
          const last = Date.parse(String(record['LAST_FOUND_DATETIME']));
          const times = Number(record['TIMES_FOUND']);
          put.run(
            ...[
              uid,
              1,
              Number(key[0]),
              Number(key[1]),
              seq,
              accepted,
              443,
              1,
              2,
              1,
              Number(record['SEVERITY']),
              Number(record['QDS']),
            ],
            ...[0, 0, first, last, 0, times, first, 0, 0, 0, 0, 0, 'c', 'tcp', '', ''],
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
