import { isUtf8 } from 'node:buffer';
import { VERBATIM } from './cells.ts';
import type { Plan } from './plan.ts';

/** Why a name was refused. */
export type NameFault = 'too_many' | 'not_a_name';

/** Where the name begins in `bytes`. */
export const FROM = 0;
/** Where the `>` behind it stands. */
export const TO = 1;
/** The plan's id of the name, case ignored; else the id itself. */
export const MEANING = 2;
/** The id of the name as it is written out. */
export const SPELLING = 3;
/** VERBATIM where the text keeps its outer white space, else 0. */
export const NAME_MARKS = 4;
/** The name that followed this one last time, and another that did before: the guesses for the next. */
export const FOLLOWER = 5;
export const OTHER_FOLLOWER = 6;
/** The first attribute of the element of this name, last time. */
export const FIRST_ATTRIBUTE = 7;
export const FACTS = 8;

/**
 * The names of one document, each once: found by a rolling hash and then compared byte for byte. An id is an index;
 * the plan's names come first, so that an id below `known` is the plan's own.
 */
export interface Names {
  readonly known: number;
  readonly limit: number;
  count: number;
  /** Every name's bytes, each followed by `>`, as in the tag. */
  bytes: Uint8Array;
  /** The same bytes, for reading four at a time. */
  words: DataView;
  /** FACTS numbers per name, by the offsets below: one array, because the scanner needs most of them for every element. */
  facts: Int32Array;
  /** How many names the arrays have room for. */
  capacity: number;
  /** `,"NAME":"` in UTF-8, for writing; and where each begins. `quotedStarts[id + 1]` is where it ends. */
  quoted: Uint8Array;
  quotedWords: DataView;
  quotedStarts: Int32Array;
  readonly texts: string[];
  readonly byText: Map<string, number>;
  readonly folded: Map<string, number>;
  readonly plan: Plan;
  hashes: Int32Array;
  slots: Int32Array;
}

const FIRST_CAPACITY = 256;

/** `,"` before a name and `":"` behind it. */
const QUOTED_BYTES = 5;

export function createNames(plan: Plan, limit: number): Names {
  const names: Names = {
    known: plan.names.length,
    limit: limit + plan.names.length,
    count: 0,
    bytes: new Uint8Array(0),
    words: new DataView(new ArrayBuffer(0)),
    facts: new Int32Array(FIRST_CAPACITY * FACTS),
    capacity: FIRST_CAPACITY,
    quoted: new Uint8Array(0),
    quotedWords: new DataView(new ArrayBuffer(0)),
    quotedStarts: new Int32Array(FIRST_CAPACITY + 1),
    texts: [],
    byText: new Map(),
    folded: new Map(),
    plan,
    hashes: new Int32Array(FIRST_CAPACITY),
    slots: new Int32Array(FIRST_CAPACITY * 4),
  };
  for (const text of plan.names) {
    const bytes = Buffer.from(text);
    add(names, text, bytes, 0, bytes.length, hashOf(bytes, 0, bytes.length));
    const folded = text.toLowerCase();
    if (!names.folded.has(folded)) names.folded.set(folded, names.count - 1);
  }
  return names;
}

/** One step of the rolling hash. */
export const hashStep = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = hashStep(hash, bytes[i]!);
  return hash;
}

/** The id of the name in bytes[start, end), whose hash is `hash`; new names are added. A fault is a negative number. */
export function intern(names: Names, bytes: Uint8Array, start: number, end: number, hash: number): number | NameFault {
  const mask = names.slots.length - 1;
  for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
    const id = names.slots[slot]! - 1;
    if (id < 0) break;
    if (names.hashes[id] === hash && equals(names, id, bytes, start, end)) return id;
  }
  if (names.count >= names.limit) return 'too_many';
  if (!isUtf8(bytes.subarray(start, end))) return 'not_a_name';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  if (!isName(text)) return 'not_a_name';
  return add(names, text, bytes, start, end, hash);
}

const spread = (hash: number): number => hash ^ (hash >>> 15);

function equals(names: Names, id: number, bytes: Uint8Array, start: number, end: number): boolean {
  let at = names.facts[id * FACTS + FROM]!;
  if (names.facts[id * FACTS + TO]! - at !== end - start) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== names.bytes[at++]) return false;
  return true;
}

function add(names: Names, text: string, bytes: Uint8Array, start: number, end: number, hash: number): number {
  const id = names.count++;
  if (id >= names.capacity) grow(names);
  const facts = id * FACTS;
  const at = id === 0 ? 0 : names.facts[facts - FACTS + TO]! + 1;
  const length = end - start;
  if (at + length + 1 > names.bytes.length) {
    names.bytes = room(names.bytes, Math.max(FIRST_CAPACITY * 16, at + length + 1));
    names.words = new DataView(names.bytes.buffer);
  }
  names.bytes.set(bytes.subarray(start, end), at);
  names.bytes[at + length] = 0x3e;

  const from = names.quotedStarts[id]!;
  const to = from + length + QUOTED_BYTES;
  if (to + 4 > names.quoted.length) {
    names.quoted = room(names.quoted, Math.max(FIRST_CAPACITY * 16, to + 4));
    names.quotedWords = new DataView(names.quoted.buffer);
  }
  names.quoted.set([0x2c, 0x22], from);
  names.quoted.set(bytes.subarray(start, end), from + 2);
  names.quoted.set([0x22, 0x3a, 0x22], to - 3);
  names.quotedStarts[id + 1] = to;

  const meaning = id < names.known ? id : (names.folded.get(text.toLowerCase()) ?? id);
  const spelled = names.texts[meaning] ?? text;
  const spelling = names.plan.fields.has(spelled) ? meaning : id;
  const marks = names.plan.verbatim.has(spelled) ? VERBATIM : 0;
  names.facts.set([at, at + length, meaning, spelling, marks, id, id, id], facts);
  names.texts.push(text);
  names.byText.set(text, id);
  names.hashes[id] = hash;
  insert(names, id);
  return id;
}

function insert(names: Names, id: number): void {
  const mask = names.slots.length - 1;
  let slot = spread(names.hashes[id]!) & mask;
  while (names.slots[slot] !== 0) slot = (slot + 1) & mask;
  names.slots[slot] = id + 1;
}

function grow(names: Names): void {
  const capacity = names.capacity * 2;
  names.capacity = capacity;
  names.facts = larger(names.facts, capacity * FACTS);
  names.hashes = larger(names.hashes, capacity);
  names.quotedStarts = larger(names.quotedStarts, capacity + 1);
  names.slots = new Int32Array(capacity * 4);
  for (let id = 0; id < names.count - 1; id++) insert(names, id);
}

function larger(array: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

function room(bytes: Uint8Array, needed: number): Uint8Array {
  if (needed <= bytes.length) return bytes;
  const copy = new Uint8Array(Math.max(needed, bytes.length * 2));
  copy.set(bytes);
  return copy;
}

// XML 1.0, fifth edition, productions 4 and 4a.
const START =
  'A-Z_a-z:\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NAME = new RegExp(`^[${START}][${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}]*$`, 'u');

/** Whether `text` is an XML name. */
export const isName = (text: string): boolean => NAME.test(text);
