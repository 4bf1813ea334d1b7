import type { Fields, Flag, Members, RecordView, Value } from '../../core/words.ts';
import type { Window } from '../window.ts';
import { QUOTE } from './bytes.ts';
import { beginElement, createElementScan, scanElement } from './element.ts';

/** A record as an object together with its bytes: what both JSON and CSV readers hand out. */
export interface ObjectView extends RecordView {
  /**
   * Shows the record whose compact JSON is bytes[start, …). `marks` from `first` on: the opening brace, the commas
   * between members, the closing brace; indexes into `bytes` from `start`.
   */
  show(record: Fields, names: readonly string[], bytes: Buffer, start: number, marks: Marks, first: number): void;
  /** Shows a record that has no bytes of that form: they are written now. */
  showWritten(record: Fields): void;
  flags: readonly Flag[];
}

export type Marks = ArrayLike<number>;

const NO_FLAGS: readonly Flag[] = [];

/** The record was within its limits when it was read. */
const UNLIMITED = { depth: 256, recordElements: Number.POSITIVE_INFINITY };

function createScratch(size: number): Window {
  const bytes = Buffer.alloc(size);
  return { bytes, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), length: 0, offset: 0 };
}

/** `tooManyNames` is called, and throws, where more different names than `most` come. */
export function createObjectView(most: number, tooManyNames: () => never): ObjectView {
  const idOf = new Map<string, number>();
  const texts: string[] = [];
  let record: Fields = {};
  let names: readonly string[] = [];
  let bytes: Buffer = Buffer.alloc(0);
  let from = 0;
  let to = 0;
  let marks: Marks = [];
  let first = 0;
  let ids = new Int32Array(64);
  let starts = new Int32Array(64);
  let ends = new Int32Array(64);

  let scratch = createScratch(16 * 1024);
  const marker = createElementScan(UNLIMITED.depth);

  const newId = (name: string): number => {
    if (texts.length >= most) tooManyNames();
    idOf.set(name, texts.length);
    return texts.push(name) - 1;
  };
  const members: Members = {
    get count() {
      return names.length;
    },
    get ids() {
      return ids;
    },
    get starts() {
      return starts;
    },
    get ends() {
      return ends;
    },
    name: (id) => texts[id] ?? '',
  };
  const view: ObjectView = {
    show(one, itsNames, itsBytes, start, itsMarks, firstMark) {
      record = one;
      names = itsNames;
      marks = itsMarks;
      first = firstMark;
      bytes = itsBytes;
      from = start + marks[first]!;
      to = start + marks[first + Math.max(names.length, 1)]! + 1;
      if (names.length > ids.length) {
        ids = new Int32Array(names.length * 2);
        starts = new Int32Array(names.length * 2);
        ends = new Int32Array(names.length * 2);
      }
      for (let i = 0; i < names.length; i++) ids[i] = idOf.get(names[i]!) ?? newId(names[i]!);
    },
    showWritten(one) {
      const text = JSON.stringify(one);
      const needed = Buffer.byteLength(text);
      if (needed >= scratch.bytes.length) scratch = createScratch(Math.ceil(needed * 1.5) + 1);
      scratch.length = scratch.bytes.write(text, 'utf8');
      scratch.bytes[scratch.length] = QUOTE;
      beginElement(marker, 0);
      scanElement(marker, scratch, UNLIMITED, 0);
      view.show(one, Object.keys(one), scratch.bytes, 0, marker.outer.at, 0);
    },
    text(name) {
      const value = Object.hasOwn(record, name) ? record[name] : inside(record, name);
      if (typeof value === 'string') return value;
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
    },
    contextText: () => undefined,
    flags: NO_FLAGS,
    get maxBytes() {
      return to - from;
    },
    write(target, at) {
      bytes.copy(target, at, from, to);
      const shift = at - marks[first]!;
      for (let i = 0; i < names.length; i++) {
        starts[i] = shift + marks[first + i]! + 1;
        ends[i] = shift + marks[first + i + 1]!;
      }
      return at + to - from;
    },
    members,
  };
  return view;
}

/** The value a path leads to, through objects only. */
function inside(record: Fields, path: string): Value | undefined {
  if (!path.includes('/')) return undefined;
  let value: Value | undefined = record;
  for (const name of path.split('/')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Fields)[name];
  }
  return value;
}
