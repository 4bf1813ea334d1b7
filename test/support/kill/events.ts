import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contextAs } from '../../../src/core/format.ts';
import type { Fields, Value } from '../../../src/core/words.ts';
import { datasets } from '../../../src/datasets/registry.gen.ts';
import { CASES } from '../../contracts/cases.ts';
import type { Line } from '../rig.ts';

/** What a file sink holds of one stream. */
export interface SinkStream {
  readonly lines: number;
  /** Lines that are not whole, by file. */
  readonly torn: readonly string[];
  /** Ids that stand in more than one line. */
  readonly repeatedIds: number;
  /** Numbers that two lines share. */
  readonly repeatedSeqs: number;
  /** The highest `seq`; with as many lines and none repeated, none is missing. */
  readonly lastSeq: number;
  /** Key as the truth spells it (as JSON) → digest of the newest event's content, without keys whose newest event says `removed`. */
  readonly present: ReadonlyMap<string, string>;
}

type EventLine = Line & { readonly record: Fields };

/** Reads `<out>/<connection>/<data set>/*.ndjson`, by data set. */
export async function readSink(out: string, connection: string): Promise<ReadonlyMap<string, SinkStream>> {
  const streams = new Map<string, SinkStream>();
  for (const dataset of await readdir(join(out, connection)).catch(() => []))
    streams.set(dataset, await readStream(join(out, connection, dataset)));
  return streams;
}

async function readStream(folder: string): Promise<SinkStream> {
  const torn: string[] = [];
  const ids = new Set<string>();
  const seqs = new Set<number>();
  const newest = new Map<string, { seq: number; digest: string | undefined }>();
  let lines = 0;
  let lastSeq = 0;
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort()) {
    const text = await readFile(join(folder, file), 'utf8');
    if (text !== '' && !text.endsWith('\n')) torn.push(`${file}: does not end with a line feed`);
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const event = parsed(line);
      if (event === undefined) {
        torn.push(`${file}: ${line.slice(0, 80)}`);
        continue;
      }
      lines++;
      ids.add(event.id);
      seqs.add(event.seq);
      lastSeq = Math.max(lastSeq, event.seq);
      const key = JSON.stringify(CASES[event.dataset]?.keyOf?.(event) ?? event.key);
      if ((newest.get(key)?.seq ?? -1) < event.seq)
        newest.set(key, { seq: event.seq, digest: event.change === 'removed' ? undefined : digestOf(event) });
    }
  }
  const present = new Map<string, string>();
  for (const [key, { digest }] of newest) if (digest !== undefined) present.set(key, digest);
  return { lines, torn, repeatedIds: lines - ids.size, repeatedSeqs: lines - seqs.size, lastSeq, present };
}

function parsed(line: string): EventLine | undefined {
  try {
    return JSON.parse(line) as EventLine;
  } catch {
    return undefined;
  }
}

/** The record's content as the product promises it: without context, without what the data set calls noise. */
function digestOf({ dataset, record }: EventLine): string {
  const facts = datasets.get(dataset)!;
  const left = new Set([...facts.noise, contextAs(facts.format)]);
  const kept = Object.entries(record).filter(([name]) => !left.has(name));
  const content = kept.map(([name, value]) => [name, canonical(value, facts.unordered?.includes(name) === true)]);
  content.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}

function canonical(value: Value, unordered: boolean): Value {
  if (Array.isArray(value)) {
    const items = value.map((item: Value) => canonical(item, unordered));
    return unordered ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, item]) => [name, canonical(item, unordered)]));
}
