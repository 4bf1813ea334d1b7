/**
 * Queries of the inventory over a million findings (20,000 devices × 50, 5,000 QIDs), written directly as rows, not by
 * folding. Every line of `queries.txt` is asked several times, each time as if something had been folded since; printed
 * are median and 95th percentile in milliseconds, the least CPU time of one, which other work on the machine changes
 * little (SQLite only), and the median of asking once more, when nothing has been folded.
 *
 *   queries.ts [--findings 1000000] [--rounds 10] [--keep DIR] [--database-url postgres://…] [--only WORD] [--results]
 *
 * With --keep the database stays in DIR and is used again. With --results each finding has a text of RESULTS, about a
 * kilobyte, and the lines of `queries-results.txt` are asked.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { makeResultsIndex } from '../src/inventory/finding/results-index.ts';
import { DEFAULT_POLICY } from '../src/inventory/policy.ts';
import { type Asked, countOf, facetsOf, queryView } from '../src/inventory/query/query.ts';
import { type InventorySchema, inventoryMigrations } from '../src/inventory/schema.ts';
import { resultsText } from '../src/simulator/world/results.ts';
import { migrate } from '../src/store/migrate.ts';
import { openPostgres } from '../src/store/postgres.ts';
import { openSqlite } from '../src/store/sqlite.ts';
import { fillInventory } from '../test/support/inventory-rows.ts';

const { values } = parseArgs({
  options: {
    findings: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '10' },
    keep: { type: 'string' },
    'database-url': { type: 'string' },
    only: { type: 'string', default: '' },
    results: { type: 'boolean', default: false },
  },
});
const KINDS = ['packages', 'registry', 'http', 'certificate', 'prose'] as const;
const textOf = (host: number, qid: number): string =>
  [0, 1, 2].map((n) => resultsText(KINDS[(qid + n) % KINDS.length]!, host * 100_003 + qid * 7 + n, qid)).join('\n');
const PER_DEVICE = 50;
const NOW = Date.UTC(2026, 0, 20);
const DAY = 86_400_000;

const dir = values.keep ?? (await mkdtemp(join(tmpdir(), 'quarry-queries-')));
await mkdir(dir, { recursive: true });
const file = join(dir, 'inventory.db');
const url = values['database-url'];
const store = await (url === undefined ? openSqlite<InventorySchema>(file) : openPostgres<InventorySchema>(url));
try {
  await migrate(store, inventoryMigrations, 1);
  const { n } = (await sql<{ n: number }>`SELECT count(*) AS n FROM space`.execute(store.db)).rows[0]!;
  if (Number(n) === 0) {
    const began = performance.now();
    const devices = Math.round(Number(values.findings) / PER_DEVICE);
    const size = { devices, perDevice: PER_DEVICE, qids: 5000, seed: 1, now: NOW };
    await fillInventory(store, { ...size, ...(values.results ? { results: textOf } : {}) });
    // The collector makes it when the first load is over.
    await sql`CREATE INDEX IF NOT EXISTS finding_qid ON finding (qid, space)`.execute(store.db);
    if (values.results) await makeResultsIndex(store);
    // As the server does by itself within a minute.
    if (url !== undefined) await sql`ANALYZE`.execute(store.db);
    process.stderr.write(`filled in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
  const policy = { ...DEFAULT_POLICY, sla: { 5: 7 * DAY, 4: 30 * DAY }, results: values.results };
  const asked: Asked = { store, context: { policy, now: NOW } };
  process.stdout.write('  median     p95     CPU   again  query\n');
  const lines = values.results ? 'queries-results.txt' : 'queries.txt';
  for (const line of readFileSync(join(import.meta.dirname, lines), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#') || !line.includes(values.only)) continue;
    const ask = await asking(asked, line);
    const times: number[] = [];
    const again: number[] = [];
    let cpu = Number.POSITIVE_INFINITY;
    for (let round = 0; round < Number(values.rounds); round++) {
      await sql`UPDATE space SET version = version + 1`.execute(store.db);
      const began = performance.now();
      const before = process.cpuUsage();
      await ask();
      const answered = performance.now();
      times.push(answered - began);
      const { user, system } = process.cpuUsage(before);
      cpu = Math.min(cpu, (user + system) / 1000);
      await ask();
      again.push(performance.now() - answered);
    }
    const at = (share: number, of: number[] = times): string =>
      of
        .sort((a, b) => a - b)
        [Math.min(of.length - 1, Math.floor(of.length * share))]!.toFixed(1)
        .padStart(8);
    process.stdout.write(`${at(0.5)}${at(0.95)}${cpu.toFixed(0).padStart(8)}${at(0.5, again)}  ${line}\n`);
  }
} finally {
  await store.close();
  if (values.keep === undefined) await rm(dir, { recursive: true, force: true });
}

async function asking(asked: Asked, line: string): Promise<() => Promise<unknown>> {
  const colon = line.indexOf(' :');
  const [kind, view, columns] = line.slice(0, colon).split(' ');
  const filter = line.slice(colon + 2).trim();
  if (kind === 'count') return () => countOf(asked, view!, { filter });
  if (kind === 'facets') return () => facetsOf(asked, view!, columns!.split(','), { filter });
  const page = { filter, sort: columns };
  if (kind === 'page') return () => queryView(asked, view!, page);
  let cursor: string | undefined;
  for (let n = 0; n < 5; n++) cursor = (await queryView(asked, view!, { ...page, limit: 1000, cursor })).next;
  return () => queryView(asked, view!, { ...page, cursor });
}
