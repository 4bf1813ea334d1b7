/**
 * The key table: first load and refresh of 200,000 keys, Quarry's way and the obvious way, each in a process of its own:
 * `keys.ts quarry|naive`. Prints rows per CPU second of both steps.
 *
 * Quarry's: clustered by host id, looked up by host first, unchanged rows skipped, through the store as pages use it.
 * Obvious: one row a detection under a hash of its identity, three indexes, insert-or-update of every row.
 */
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openOutbox } from '../src/outbox/outbox.ts';

const HOSTS = 4000;
const PER_HOST = 50;
const PAGE = 5000;
const CHANGED = 0.1;

export interface KeyFigures {
  readonly load: number;
  readonly refresh: number;
}

interface Row {
  readonly lead: number;
  readonly key: string;
  readonly fingerprint: string;
}

function* pages(round: number): Generator<Row[]> {
  let page: Row[] = [];
  for (let host = 0; host < HOSTS; host++) {
    for (let n = 0; n < PER_HOST; n++) {
      const number = host * PER_HOST + n;
      const version = (number * 7919) % 1000 < CHANGED * 1000 ? round : 0;
      const key = `${38_000 + n}\t443\ttcp\t1\t\t`;
      page.push({ lead: 107_800_000 + host, key, fingerprint: hash('sha256', `${number} ${version}`, 'base64url') });
    }
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function measured(step: (pages: readonly Row[][], round: number) => Promise<void>): Promise<KeyFigures> {
  const rate = async (round: number): Promise<number> => {
    const made = [...pages(round)];
    const before = process.cpuUsage();
    await step(made, round);
    const { user, system } = process.cpuUsage(before);
    return (HOSTS * PER_HOST) / ((user + system) / 1e6);
  };
  return { load: await rate(0), refresh: await rate(1) };
}

async function quarry(dir: string): Promise<KeyFigures> {
  const outbox = await openOutbox({ dataDir: dir }, Date.now());
  const { store } = outbox;
  try {
    return await measured(async (all, round) => {
      for (const rows of all) {
        const leads = [...new Set(rows.map(({ lead }) => lead))];
        const found = await store.selectMany('known_key', { keyspace: 1, lead: leads }, ['lead', 'key', 'fingerprint']);
        const { lead, key, fingerprint } = found.columns;
        const known = new Map(found.row.map((_, i) => [`${lead![i]}\t${key![i]}`, String(fingerprint![i])]));
        const fresh = rows.filter((row) => !known.has(`${row.lead}\t${row.key}`));
        const changed = rows.filter((row) => {
          const before = known.get(`${row.lead}\t${row.key}`);
          return before !== undefined && before !== row.fingerprint;
        });
        const shared = { version: '2026-11-20T00:00:00Z', changes: 0, form: 1, since: round, batch: 1 };
        await store.transaction(async (tx) => {
          await tx.insertMany('known_key', {
            keyspace: 1,
            lead: fresh.map((row) => row.lead),
            key: fresh.map((row) => row.key),
            fingerprint: fresh.map((row) => row.fingerprint),
            ...shared,
            event: fresh.map((_, i) => i),
          });
          await tx.updateMany(
            'known_key',
            { keyspace: 1, lead: changed.map((row) => row.lead), key: changed.map((row) => row.key) },
            { fingerprint: changed.map((row) => row.fingerprint), ...shared, event: changed.map((_, i) => i) },
          );
        });
      }
    });
  } finally {
    await outbox.close();
  }
}

async function naive(dir: string): Promise<KeyFigures> {
  const db = new DatabaseSync(join(dir, 'naive.db'));
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384');
  db.exec(`CREATE TABLE finding (uid text PRIMARY KEY, lead integer, key text, fingerprint text, version text, changes integer,
    form integer, since integer, batch integer, event integer);
    CREATE INDEX finding_lead ON finding (lead); CREATE INDEX finding_key ON finding (key); CREATE INDEX finding_since ON finding (since)`);
  const put =
    db.prepare(`INSERT INTO finding VALUES (?,?,?,?,?,0,1,?,1,?) ON CONFLICT (uid) DO UPDATE SET fingerprint=excluded.fingerprint,
    version=excluded.version, since=excluded.since, event=excluded.event`);
  try {
    return await measured(async (all, round) => {
      for (const rows of all) {
        db.exec('BEGIN IMMEDIATE');
        rows.forEach(({ lead, key, fingerprint }, i) => {
          const uid = hash('sha256', `${lead}\t${key}`, 'hex').slice(0, 32);
          put.run(uid, lead, key, fingerprint, '2026-11-20T00:00:00Z', round, i);
        });
        db.exec('COMMIT');
      }
    });
  } finally {
    db.close();
  }
}

const dir = await mkdtemp(join(tmpdir(), 'quarry-keys-'));
try {
  const figures = await (process.argv[2] === 'naive' ? naive : quarry)(dir);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
