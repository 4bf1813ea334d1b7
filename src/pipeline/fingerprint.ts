/**
 * The fingerprint: a hash of a record's canonical content, without what the data set names as noise.
 *
 * Canonical content is the record's top-level members as compact JSON text (`"NAME":value`), in the order of the data
 * set's field list, unknown names after them by name, joined by commas; members named `unordered` have their lists
 * sorted. The hot path takes the members' bytes from where they were written and copies whole runs that already are in
 * order; `fingerprintOf` does the same from an object, and tests hold the two equal.
 *
 * Changing any of this changes every fingerprint: raise CANONICAL_FORM then, and rows of the older form are adopted
 * without emitting them again wherever the record's own change time stands still.
 */
import { hash } from 'node:crypto';
import type { Dataset } from '../core/dataset.ts';
import type { Fields, RecordView, Value } from '../core/words.ts';

export const CANONICAL_FORM = 1;

/** 132 bits of SHA-256, as 22 characters. */
const LENGTH = 22;
const COMMA = 0x2c;
const COLON = 0x3a;

interface Ranks {
  /** Place of a name in the canonical order; noise is -1, unknown names share the place after all known ones. */
  of(name: string): number;
  readonly unknown: number;
  readonly unordered: ReadonlySet<string>;
}

function ranks(dataset: Dataset): Ranks {
  const order = new Map(dataset.format.fields.map((name, i) => [name, i]));
  for (const name of dataset.noise) order.set(name, -1);
  const unknown = dataset.format.fields.length;
  return { of: (name) => order.get(name) ?? unknown, unknown, unordered: new Set(dataset.unordered) };
}

export type Fingerprinter = (view: RecordView, written: Buffer) => string;

/**
 * Takes fingerprints of records just written to `written` by `view.write`. One for each reader: it reuses buffers and
 * remembers name ids. `onUnknown` hears of every field the facts do not know, once.
 */
export function fingerprinter(dataset: Dataset, onUnknown: (name: string) => void = () => {}): Fingerprinter {
  const rank = ranks(dataset);
  const rankOfId: number[] = [];
  const sortedOfId: boolean[] = [];
  let scratch = Buffer.allocUnsafe(16 * 1024);
  let order = new Int32Array(64);

  return (view, written) => {
    const { count, ids, starts, ends } = view.members;
    if (count > order.length) order = new Int32Array(count * 2);
    let kept = 0;
    let bytes = 0;
    let unknown = 0;
    for (let m = 0; m < count; m++) {
      const id = ids[m]!;
      let place = rankOfId[id];
      if (place === undefined) {
        const name = view.members.name(id);
        place = rank.of(name);
        rankOfId[id] = place;
        sortedOfId[id] = rank.unordered.has(name);
        if (place === rank.unknown) onUnknown(name);
      }
      if (place < 0) continue;
      if (place === rank.unknown) unknown++;
      let at = kept++;
      for (; at > 0 && rankOfId[ids[order[at - 1]!]!]! > place; at--) order[at] = order[at - 1]!;
      order[at] = m;
      bytes += ends[m]! - starts[m]! + 1;
    }
    if (unknown > 1) return hashed(canonicalText(rank, members(view, written, order, kept)));
    if (scratch.length < bytes) scratch = Buffer.allocUnsafe(bytes * 2);
    let at = 0;
    for (let k = 0; k < kept; ) {
      const first = order[k]!;
      if (sortedOfId[ids[first]!]!) {
        const value = starts[first]! + JSON.stringify(view.members.name(ids[first]!)).length + 1;
        const text = sortedLists(written.toString('utf8', value, ends[first]!));
        // As long as before, unless it was not written as JSON.stringify writes.
        if (written[value - 1] !== COLON || Buffer.byteLength(text) > ends[first]! - value)
          return hashed(canonicalText(rank, members(view, written, order, kept)));
        if (at > 0) scratch[at++] = COMMA;
        at += written.copy(scratch, at, starts[first]!, value);
        at += scratch.write(text, at, 'utf8');
        k++;
        continue;
      }
      // Members that follow each other in the written text, comma between them, go in one copy.
      let m = first;
      const from = starts[m]!;
      while (k + 1 < kept && order[k + 1] === m + 1 && starts[m + 1] === ends[m]! + 1 && !sortedOfId[ids[m + 1]!]!) {
        m++;
        k++;
      }
      const to = ends[m]!;
      if (at > 0) scratch[at++] = COMMA;
      k++;
      // Mostly all that is kept lies together: it is hashed where it is.
      if (k === kept && at === 0) return hash('sha256', written.subarray(from, to), 'base64url').slice(0, LENGTH);
      at += written.copy(scratch, at, from, to);
    }
    return hash('sha256', scratch.subarray(0, at), 'base64url').slice(0, LENGTH);
  };
}

function members(view: RecordView, written: Uint8Array, order: Int32Array, kept: number): [string, string][] {
  const texts: [string, string][] = [];
  for (let k = 0; k < kept; k++) {
    const m = order[k]!;
    const name = view.members.name(view.members.ids[m]!);
    const text = Buffer.from(
      written.buffer,
      written.byteOffset + view.members.starts[m]!,
      view.members.ends[m]! - view.members.starts[m]!,
    );
    texts.push([name, text.toString('utf8').slice(JSON.stringify(name).length + 1)]);
  }
  return texts;
}

/** The same fingerprint from a record as an object; members in `without` are left out. */
export function fingerprintOf(dataset: Dataset, record: Fields, without: ReadonlySet<string> = new Set()): string {
  const rank = ranks(dataset);
  const kept = Object.entries(record).filter(([name]) => rank.of(name) >= 0 && !without.has(name));
  return hashed(
    canonicalText(
      rank,
      kept.map(([name, value]) => [name, JSON.stringify(value)]),
    ),
  );
}

function canonicalText(rank: Ranks, texts: [string, string][]): string {
  const placed = texts.map(([name, text]) => ({
    name,
    text: rank.unordered.has(name) ? sortedLists(text) : text,
    place: rank.of(name),
  }));
  placed.sort((a, b) => a.place - b.place || (a.name < b.name ? -1 : 1));
  return placed.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join(',');
}

const sortedLists = (text: string): string => sortedText(JSON.parse(text) as Value);

function sortedText(value: Value): string {
  if (!holdsList(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedText).sort().join(',')}]`;
  return `{${Object.entries(value as Fields)
    .map(([name, item]) => `${JSON.stringify(name)}:${sortedText(item)}`)
    .join(',')}}`;
}

function holdsList(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  for (const name in value) if (holdsList((value as Fields)[name]!)) return true;
  return false;
}

const hashed = (text: string): string => hash('sha256', Buffer.from(text, 'utf8'), 'base64url').slice(0, LENGTH);
