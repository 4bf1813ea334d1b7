/**
 * `npm run bench`: measures what the documentation claims and writes docs/benchmarks.md.
 *
 *   --mb 300        size of the answer the programs are compared on
 *   --rounds 5      interleaved rounds; figures are medians, ratios are taken inside one round
 *   --large-mb 2000 size of the answer whose peak memory is held against the first; 0 leaves it out
 *   --sync 1        sync time under simulated limits (minutes); 0 leaves it out
 *   --workers 1     claims and throughput by number of workers (minutes); 0 leaves it out
 *   --out FILE      where the report goes; `-` writes none
 *
 * Quick look: npm run bench -- --mb 60 --rounds 3 --large-mb 0 --sync 0 --workers 0 --out -
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { DeliveryFigures } from './delivery.ts';
import { BARE, downloads, WHOLE } from './download.ts';
import { detectionAnswer, fimPages, knowledgeAnswer } from './input.ts';
import type { KeyFigures } from './keys.ts';
import { programs, type Rounds, rounds, run } from './programs.ts';
import { cpuRatio, type GoalRow, goalTable, machine, median, runTable } from './report.ts';
import { type SyncTime, syncTime } from './sync-time.ts';
import { workerFigures, workerTable } from './workers.ts';

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
    'large-mb': { type: 'string', default: '2000' },
    sync: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    out: { type: 'string', default: resolve(import.meta.dirname, '../docs/benchmarks.md') },
  },
});
const mb = Number(values.mb);
const n = Number(values.rounds);
/** About 76,000 QIDs; Qualys's own KnowledgeBase has more. */
const KNOWLEDGE_MB = 300;
/** About 12,600 QIDs: start-up and warm-up weigh most of it. */
const SMALL_KNOWLEDGE_MB = 50;
const FIM_MB = 100;
const largeMb = Number(values['large-mb']);
const note = (line: string): void => void process.stderr.write(`${line}\n`);

const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
try {
  const input = await detectionAnswer(mb);
  const { read, ndjson, collect, knowledge, fim, ...there } = programs(scratch);
  const knowledgeFile = await knowledgeAnswer(KNOWLEDGE_MB);
  const smallKnowledge = await knowledgeAnswer(SMALL_KNOWLEDGE_MB);
  const fimFile = await fimPages(FIM_MB);
  const noKnowledge =
    knowledgeFile === undefined ? ['KnowledgeBase load and FIM pages: the reference generator is not there'] : [];
  const leftOut = [...there.leftOut, ...noKnowledge];
  note(`${input.mb.toFixed(0)} MB from ${input.from}`);
  const runsOf = {
    read: rounds(read, input.path, n, note),
    ndjson: rounds(ndjson, input.path, n, note),
    collect: rounds(collect, input.path, n, note),
    knowledge: knowledgeFile === undefined ? undefined : rounds(knowledge, knowledgeFile, n, note),
    smallKnowledge: smallKnowledge === undefined ? undefined : rounds(knowledge, smallKnowledge, n, note),
    fim: fimFile === undefined ? undefined : rounds(fim, fimFile, n, note),
  };
  const checksum = runsOf.ndjson.values().next().value?.[0]?.checksum;
  const downloaded = await downloads(input, scratch, checksum, n);
  if (typeof downloaded === 'string') leftOut.push(downloaded);
  const large = largeMb > 0 ? await detectionAnswer(largeMb) : undefined;
  const largePeak = large === undefined ? undefined : run(ndjson[0]!, large.path).rss_mb;
  const keys = measureBoth('keys.ts', n);
  const findings = measureBoth('inventory.ts', n);
  const delivery = deliveries(n);
  const sync = values.sync === '0' ? undefined : await syncTimes();

  if (values.workers !== '0') note('workers');
  const workers = values.workers === '0' ? undefined : workerFigures();
  if (typeof workers === 'string') leftOut.push(workers);

  const goals = goalTable([
    ...goalRows({ ...runsOf, downloaded }, largePeak, sync, findings),
    {
      goal: 'delivery to file, events per CPU s',
      ...{ must: 100_000, stretch: 200_000, value: delivery.raw, n },
      higher: true,
      unit: '/s',
    },
  ]);
  const report = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`; do not edit. The goals are the project’s own; what they mean stands in `bench/`.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine()}.`,
    `Input: ${input.mb.toFixed(1)} MB of host detections from ${input.from}, sha256 \`${input.sha256.slice(0, 16)}…\`; all programs`,
    `agree on its records and checksum (\`${runsOf.read.values().next().value?.[0]?.checksum}\`). ${n} interleaved rounds; CPU seconds are user and`,
    'system time of the whole process, start-up included; a ratio is the median of the ratios inside one round. A peak RSS',
    'below about 50 MiB cannot be told from the runner that started the program.',
    ...(mb < 300 ? ['The goals are for 300 MB: in a smaller input start-up and warm-up weigh more.'] : []),
    ...leftOut.map((what) => `Left out: ${what}.`),
    '',
    ...goals,
    '',
    '## File to records',
    '',
    ...runTable(runsOf.read, input.mb),
    '',
    '## File to NDJSON, one line per detection with its host inside',
    '',
    ...runTable(runsOf.ndjson, input.mb),
    ...(large === undefined
      ? []
      : [
          '',
          `Peak RSS of \`quarry bench ndjson\` on ${large.mb.toFixed(0)} MB: ${largePeak!.toFixed(0)} MiB (n = 1).`,
        ]),
    '',
    ...(typeof downloaded === 'string'
      ? []
      : [
          '## HTTPS + gzip to NDJSON: one answer over TLS from this machine, packed with gzip -6',
          '',
          ...runTable(downloaded, input.mb),
          '',
        ]),
    '## The whole collector: ids, key table, outbox, file sink',
    '',
    ...runTable(runsOf.collect, input.mb),
    '',
    ...(runsOf.knowledge === undefined || runsOf.smallKnowledge === undefined
      ? []
      : knowledgeTables(runsOf.knowledge, runsOf.smallKnowledge)),
    ...(runsOf.fim === undefined
      ? []
      : [
          `## File-integrity events, ${FIM_MB} MB in pages of 1,000, to lines`,
          '',
          ...runTable(runsOf.fim, FIM_MB),
          '',
        ]),
    '## Delivery: 200,000 events of about a kilobyte from the outbox to files',
    '',
    '| way | events per CPU s |',
    '|---|---|',
    `| as they are stored | ${Math.round(delivery.raw).toLocaleString('en-US')} |`,
    `| through a route that filters out half of them | ${Math.round(delivery.filtered).toLocaleString('en-US')} |`,
    '',
    '## Key table: 200,000 keys, then again with a tenth of them changed',
    '',
    '| way | first load, rows per CPU s | refresh, rows per CPU s |',
    '|---|---|---|',
    ...bothTable(keys),
    '',
    '## Inventory: 200,000 findings, then again with a tenth of them changed',
    '',
    '| way | first load, rows per CPU s | refresh, rows per CPU s |',
    '|---|---|---|',
    ...bothTable(findings),
    '',
    ...(typeof workers === 'object' ? workerTable(workers) : []),
    ...(sync === undefined ? [] : ['## Sync time', '', ...sync.flatMap(({ lines }) => lines)]),
    '',
  ].join('\n');
  process.stdout.write(`${goals.join('\n')}\n`);
  if (values.out === '-') process.stdout.write(report);
  else await writeFile(values.out, report);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

function goalRows(
  {
    read,
    ndjson,
    collect,
    knowledge,
    fim,
    downloaded,
  }: {
    readonly read: Rounds;
    readonly ndjson: Rounds;
    readonly collect: Rounds;
    readonly knowledge: Rounds | undefined;
    readonly fim: Rounds | undefined;
    readonly downloaded: Rounds | string;
  },
  largePeak: number | undefined,
  sync: readonly Synced[] | undefined,
  findings: readonly Both[],
): GoalRow[] {
  const faster = (goal: string, must: number, stretch: number | undefined, value: number | undefined): GoalRow => ({
    ...{ goal, must, stretch, value, n },
    higher: true,
    unit: '×',
  });
  const cheaper = (goal: string, must: number, stretch: number | undefined, value: number | undefined): GoalRow => ({
    ...faster(goal, must, stretch, value),
    higher: false,
  });
  const memory = (
    goal: string,
    must: number,
    stretch: number | undefined,
    value: number | undefined,
    of = n,
  ): GoalRow => ({
    ...{ goal, must, stretch, value, n: of },
    higher: false,
    unit: 'MiB',
  });
  const peak = (runs: Rounds, name: string): number =>
    Math.max(0, ...(runs.get(name) ?? []).map(({ rss_mb }) => rss_mb));
  const flat = largePeak === undefined ? undefined : largePeak / peak(ndjson, 'quarry bench ndjson');
  const share = sync === undefined ? undefined : Math.min(...sync.map(({ time }) => time.share)) * 100;
  const lines = 'saxes and JSON.stringify';
  const whole = 'quarry bench collect';
  return [
    faster('records: saxes / quarry, CPU', 3.5, 4.5, cpuRatio(read, 'saxes to records', 'quarry bench read')),
    faster(
      'records: C libexpat (counting) / quarry, CPU',
      1,
      1.5,
      cpuRatio(read, 'C libexpat, counting callbacks', 'quarry bench read'),
    ),
    faster('NDJSON: saxes + JSON.stringify / quarry, CPU', 3, 4.5, cpuRatio(ndjson, lines, 'quarry bench ndjson')),
    faster(
      'NDJSON: Python xmltodict / quarry, CPU',
      7,
      15,
      cpuRatio(ndjson, 'Python xmltodict', 'quarry bench ndjson'),
    ),
    faster(
      'NDJSON: Python iterparse / quarry, CPU',
      3.5,
      8,
      cpuRatio(ndjson, 'Python iterparse', 'quarry bench ndjson'),
    ),
    { ...cheaper(`NDJSON: peak RSS, ${largeMb} MB / ${mb} MB`, 1.05, undefined, flat), n: 1 },
    memory(`NDJSON: peak RSS, ${largeMb} MB`, 160, 120, largePeak, 1),
    memory(
      'whole collector: peak RSS',
      320,
      256,
      Math.max(peak(collect, `${whole} --no-inventory`), peak(collect, whole)),
    ),
    cheaper(
      'whole collector without inventory / saxes + JSON.stringify, CPU',
      1,
      0.7,
      cpuRatio(collect, `${whole} --no-inventory`, lines),
    ),
    cheaper('whole collector / saxes + JSON.stringify, CPU', 1.3, 1, cpuRatio(collect, whole, lines)),
    {
      ...{ goal: 'sync time: the limits’ own minimum / time taken', must: 95, stretch: 99, value: share },
      ...{ higher: true, unit: '%', n: sync?.length ?? 0 },
    },
    cheaper(
      'HTTPS + gzip to NDJSON / bare download + gunzip, CPU',
      3,
      2.2,
      typeof downloaded === 'string' ? undefined : cpuRatio(downloaded, WHOLE, BARE),
    ),
    faster('SQLite first load of the inventory / naive, rows per CPU s', 2.5, 3.5, ratioOf(findings, 'load')),
    faster('SQLite refresh of the inventory / naive, rows per CPU s', 4, 5, ratioOf(findings, 'refresh')),
    faster(
      'KnowledgeBase load: saxes / quarry, CPU',
      3.5,
      4.5,
      knowledge === undefined
        ? undefined
        : cpuRatio(knowledge, 'saxes, KnowledgeBase to entries', 'quarry, KnowledgeBase to entries'),
    ),
    cheaper(
      'FIM page / JSON.parse + JSON.stringify, CPU',
      1.2,
      1.1,
      fim === undefined ? undefined : cpuRatio(fim, 'quarry, JSON pages to lines', 'JSON.parse and JSON.stringify'),
    ),
  ];
}

function knowledgeTables(large: Rounds, small: Rounds): string[] {
  const ratio = (runs: Rounds): string =>
    (cpuRatio(runs, 'saxes, KnowledgeBase to entries', 'quarry, KnowledgeBase to entries') ?? Number.NaN).toFixed(2);
  return [
    `## KnowledgeBase, ${KNOWLEDGE_MB} MB, to entries, and all the way into the local table`,
    '',
    'The table is filled as in a pull: records staged, keyed and fingerprinted, in the outbox, folded. Its entries are those of the readers.',
    '',
    ...runTable(large, KNOWLEDGE_MB),
    '',
    `The same with ${SMALL_KNOWLEDGE_MB} MB, where start-up and compilation weigh more (saxes / quarry, to entries: ${ratio(small)}):`,
    '',
    ...runTable(small, SMALL_KNOWLEDGE_MB),
    '',
  ];
}

/** Medians. */
function deliveries(count: number): DeliveryFigures {
  const all = Array.from(
    { length: count },
    () =>
      JSON.parse(
        execFileSync(process.execPath, [join(import.meta.dirname, 'delivery.ts')], { encoding: 'utf8' }),
      ) as DeliveryFigures,
  );
  return { raw: median(all.map(({ raw }) => raw)), filtered: median(all.map(({ filtered }) => filtered)) };
}

interface Both {
  readonly ours: KeyFigures;
  readonly naive: KeyFigures;
}

/** Both ways of a program, round by round. */
function measureBoth(program: string, count: number): Both[] {
  const measure = (way: string): KeyFigures =>
    JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, program), way], { encoding: 'utf8' }),
    ) as KeyFigures;
  return Array.from({ length: count }, () => ({ ours: measure('quarry'), naive: measure('naive') }));
}

function ratioOf(both: readonly Both[], step: keyof KeyFigures): number {
  return median(both.map(({ ours, naive }) => ours[step] / naive[step]));
}

/** A table row each. */
function bothTable(both: readonly Both[]): string[] {
  const rate = (of: (round: Both) => number): string => Math.round(median(both.map(of))).toLocaleString('en-US');
  return [
    `| Quarry: clustered by host, unchanged rows skipped | ${rate(({ ours }) => ours.load)} | ${rate(({ ours }) => ours.refresh)} |`,
    `| the same columns under a random key, three indexes, every row written | ${rate(({ naive }) => naive.load)} | ${rate(({ naive }) => naive.refresh)} |`,
    `| ratio | ${ratioOf(both, 'load').toFixed(1)} | ${ratioOf(both, 'refresh').toFixed(1)} |`,
  ];
}

interface Synced {
  readonly time: SyncTime;
  readonly lines: readonly string[];
}

/** First full readings under 300 calls an hour, 2 at once: limited by the window, and limited by the slots. */
async function syncTimes(): Promise<Synced[]> {
  const limits = { limit: 300, windowSec: 3600, concurrency: 2 };
  const cases = [
    {
      what: 'Host list detection, calls of 5 s: the window decides',
      ...{ dataset: 'host_list_detection' as const, hosts: 20_000, pageSize: 22, serviceMs: 5000, speed: 90 },
    },
    {
      what: 'Host list, calls of 40 s: the slots decide',
      ...{ dataset: 'host_list' as const, hosts: 3000, pageSize: 10, serviceMs: 40_000, speed: 40 },
    },
  ];
  const synced: Synced[] = [];
  for (const { what, ...options } of cases) {
    note(`sync time, ${what}`);
    const time = await syncTime({ limits, ...options });
    const problems = [...time.errors, ...(time.refused > 0 ? [`${time.refused} calls refused`] : [])];
    if (problems.length > 0) throw new Error(`sync time: ${problems.join('; ')}`);
    const minutes = (ms: number): string => (ms / 60_000).toFixed(0);
    synced.push({
      time,
      lines: [
        `- ${what}. ${options.hosts.toLocaleString('en-US')} hosts in ${time.calls} calls under 300 calls an hour, 2 at once: ${minutes(time.tookMs)} minutes`,
        `  where the limits demand ${minutes(time.leastMs)} (${(time.share * 100).toFixed(1)} %); calls per hour ${time.perHour.join(', ')}; at most ${time.maxRunning} at once; none refused.`,
        `  Simulated, ${options.speed} times as fast as real: the machine’s own milliseconds count ${options.speed}-fold.`,
      ],
    });
  }
  return synced;
}
