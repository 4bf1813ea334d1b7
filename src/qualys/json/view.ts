import type { Fields, Flag, Members, RecordView, Value } from '../../core/words.ts';

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
      const itsNames = Object.keys(one);
      const parts = itsNames.map((name) => `${JSON.stringify(name)}:${JSON.stringify(one[name])}`);
      const text = `{${parts.join(',')}}`;
      const written = Buffer.from(text, 'utf8');
      const ascii = written.length === text.length;
      const itsMarks = parts.length === 0 ? [0, 1] : [0];
      for (const part of parts) itsMarks.push(itsMarks.at(-1)! + 1 + (ascii ? part.length : Buffer.byteLength(part)));
      view.show(one, itsNames, written, 0, itsMarks, 0);
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
