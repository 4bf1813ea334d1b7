import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { imbalances } from '../../../src/collector/balance.ts';
import { feedsInventory, INVENTORY } from '../../../src/collector/fold/consumer.ts';
import { openOutbox } from '../../../src/collector/port.ts';
import { datasets } from '../../../src/datasets/registry.gen.ts';
import { listSinks } from '../../../src/outbox/sink-state.ts';
import { listStreams } from '../../../src/outbox/streams.ts';
import { CASES, type TruthLine } from '../../contracts/cases.ts';
import { readSink, type SinkStream } from './events.ts';

/** What is wrong with a data directory and its sink; every list is empty when nothing is. */
export interface Verdict {
  /** Keys that exist at Qualys and that the sink does not have. */
  readonly lost: readonly string[];
  /** Keys the sink has and Qualys has not. */
  readonly extra: readonly string[];
  /** Keys whose newest content differs from an uninterrupted run's. */
  readonly different: readonly string[];
  readonly torn: readonly string[];
  readonly repeated: readonly string[];
  /** Sums that do not add up: balances, sequence numbers, lines against counters. */
  readonly unbalanced: readonly string[];
  readonly orphans: readonly string[];
}

export const isClean = (verdict: Verdict): boolean => Object.values(verdict).every((list) => list.length === 0);

/** Key sets by data set. */
export type Keys = ReadonlyMap<string, ReadonlySet<string>>;

/** What a collector that signs in as `username` is to have of the truth. */
export function keysOf(truth: readonly TruthLine[], username: string): Keys {
  const keys = new Map<string, Set<string>>();
  for (const line of truth) {
    if (CASES[line.dataset]?.holds?.(line, username) === false) continue;
    const set = keys.get(line.dataset) ?? new Set();
    keys.set(line.dataset, set.add(JSON.stringify(line.key)));
  }
  return keys;
}

export interface Expected {
  readonly keys: Keys;
  /** Keys gone at Qualys may still be there: no sweep has looked for them. Of a log nothing goes. */
  readonly mayHaveExtra: boolean;
  /** What an uninterrupted run came to. */
  readonly reference?: ReadonlyMap<string, SinkStream>;
}

/** Judges a collector that is not running. */
export async function judge(dataDir: string, out: string, connection: string, expected: Expected): Promise<Verdict> {
  const streams = await readSink(out, connection);
  const sets: Record<'lost' | 'extra' | 'different' | 'torn' | 'repeated' | 'unbalanced', string[]> = {
    lost: [],
    extra: [],
    different: [],
    torn: [],
    repeated: [],
    unbalanced: [],
  };
  for (const [dataset, keys] of expected.keys) {
    const present = streams.get(dataset)?.present ?? new Map<string, string>();
    const reference = expected.reference?.get(dataset)?.present;
    for (const key of keys) {
      if (!present.has(key)) sets.lost.push(`${dataset} ${key}`);
      else if (reference !== undefined && reference.get(key) !== present.get(key))
        sets.different.push(`${dataset} ${key}`);
    }
    const log = datasets.get(dataset)?.kind === 'log';
    const lines = streams.get(dataset)?.lines ?? 0;
    if (log && lines !== present.size) sets.repeated.push(`${dataset}: ${lines} lines of ${present.size} rows`);
    if (expected.mayHaveExtra && !log) continue;
    for (const key of present.keys()) if (!keys.has(key)) sets.extra.push(`${dataset} ${key}`);
  }
  for (const [dataset, stream] of streams) {
    sets.torn.push(...stream.torn.map((what) => `${dataset} ${what}`));
    if (stream.repeatedIds > 0) sets.repeated.push(`${dataset}: ${stream.repeatedIds} lines more than ids`);
    if (stream.repeatedSeqs > 0) sets.repeated.push(`${dataset}: ${stream.repeatedSeqs} lines more than numbers`);
  }
  const { sums, orphans } = await lookInside(dataDir, streams);
  sets.unbalanced.push(...sums);
  return { ...sets, orphans };
}

async function lookInside(dataDir: string, sink: ReadonlyMap<string, SinkStream>) {
  const outbox = await openOutbox({ dataDir, readOnly: true }, Date.now());
  try {
    const sums = (await imbalances(outbox)).map(({ what, left, right }) => `${what}: ${left} ≠ ${right}`);
    const hold = (what: string, left: number, right: number): void => {
      if (left !== right) sums.push(`${what}: ${left} ≠ ${right}`);
    };
    let appended = 0;
    let toInventory = 0;
    for (const stream of await listStreams(outbox.store)) {
      appended += stream.appended;
      if (feedsInventory(stream)) toInventory += stream.appended;
      hold(`${stream.dataset}: last number in the sink = seq`, sink.get(stream.dataset)?.lastSeq ?? 0, stream.seq);
      hold(`${stream.dataset}: lines in the sink = appended`, sink.get(stream.dataset)?.lines ?? 0, stream.appended);
    }
    for (const { sink: name, delivered, pending, ...rest } of await listSinks(outbox.store)) {
      hold(`${name}: delivered = appended to its streams`, delivered, name === INVENTORY ? toInventory : appended);
      hold(`${name}: pending and parked`, pending + rest.parked, 0);
    }
    const named = new Set(
      (await outbox.store.db.selectFrom('segment').select('file').execute()).map((row) => row.file),
    );
    const files = await readdir(outbox.spool);
    const missing = [...named].filter((file) => !files.includes(file));
    sums.push(...missing.map((file) => `segment ${file} is named and not there`));
    return { sums, orphans: files.filter((file) => !named.has(file)) };
  } finally {
    await outbox.close();
  }
}

/** A verdict in a few lines, for assertion messages. */
export const told = (verdict: Verdict): string =>
  Object.entries(verdict)
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what} (${list.length}): ${list.slice(0, 5).join('; ')}`)
    .join('\n');

export const outOf = (dir: string): string => join(dir, 'out');
