import type { Flag, Members } from '../../core/words.ts';
import * as Bytes from './bytes.ts';
import * as Cells from './cells.ts';
import { createWriter, OVERSHOOT, writeRecord } from './json.ts';
import { createPaths, every, first } from './paths.ts';
import type { XmlRecordView } from './record-view.ts';
import type { Scan } from './state.ts';
import type { Tape } from './tape.ts';
import { isBlank, locate, numberOf, textOf } from './text.ts';
import { utf16Length } from './utf8.ts';

const { CONTROL, ESCAPE, INVALID, NON_ASCII, REFERENCE, RETURN } = Bytes;
const { GROUP, MARKS, PARENTAL } = Cells;

const NO_FLAGS: readonly Flag[] = [];
const FLAGS: readonly (readonly Flag[])[] = [
  NO_FLAGS,
  ['invalid_utf8'],
  ['control_chars'],
  ['invalid_utf8', 'control_chars'],
];

/** Bytes that JSON adds to a member besides its name and text, at most: quotes, braces, brackets, `#text`. */
const MEMBER_BYTES = 24;

/** The view on `tape`; on a record inside an outer element, `context` is the tape of that. */
export function createView(scan: Scan, tape: Tape, context: Tape | undefined): XmlRecordView {
  const { names, found } = scan;
  const writer = createWriter(names, found);
  const contextWriter = createWriter(names, found);
  const members: Members = {
    get count() {
      return writer.count;
    },
    get ids() {
      return writer.ids;
    },
    get starts() {
      return writer.starts;
    },
    get ends() {
      return writer.ends;
    },
    name: (id) => `${(id & 1) === 1 ? '@' : ''}${names.texts[id >> 1] ?? ''}`,
  };
  const { pathOf, pathsOf } = createPaths(names);
  /** Locates the text of an element or attribute; false where it has children and no text. */
  const locateText = (from: Tape, group: number): boolean => {
    locate(found, from, group);
    return (from.cells[group + MARKS]! & PARENTAL) === 0 || !isBlank(found);
  };
  /** Finds a field's text; false where the field is absent or has children and no text. */
  const find = (from: Tape, name: string): boolean => {
    if (name === '#text') {
      // The record's own text is at group 0.
      locate(found, from, 0);
      return found.end > found.start;
    }
    const group = first(from, pathOf(name));
    return group !== 0 && locateText(from, group);
  };
  const text = (from: Tape, name: string) => (find(from, name) ? textOf(found) : undefined);
  const integer = (from: Tape, name: string): number => {
    if (!find(from, name) || found.start === found.end) return Number.NaN;
    let value = 0;
    for (let at = found.start; at < found.end; at++) {
      const digit = found.bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  };
  return {
    text: (name) => text(tape, name),
    texts: (paths) => {
      const list = pathsOf(paths);
      const texts = new Array<string | undefined>(list.length);
      for (let i = 0; i < list.length; i++) {
        const group = first(tape, list[i]!);
        texts[i] = group !== 0 && locateText(tape, group) ? textOf(found) : undefined;
      }
      return texts;
    },
    numbers: (paths) => {
      const list = pathsOf(paths);
      const numbers = new Array<number>(list.length);
      for (let i = 0; i < list.length; i++) {
        const group = first(tape, list[i]!);
        numbers[i] = group !== 0 && locateText(tape, group) ? numberOf(found) : Number.NaN;
      }
      return numbers;
    },
    all: (path) => {
      const groups = every(tape, pathOf(path));
      const texts = new Array<string | undefined>(groups.length);
      for (let i = 0; i < groups.length; i++)
        texts[i] = groups[i] !== 0 && locateText(tape, groups[i]!) ? textOf(found) : undefined;
      return texts;
    },
    contextText: (name) => (context === undefined ? undefined : text(context, name)),
    utf16Length: (name) => {
      if (!find(tape, name)) return 0;
      if ((found.classes & NON_ASCII) === 0) return found.end - found.start;
      return utf16Length(found.bytes, found.start, found.end);
    },
    integer: (name) => integer(tape, name),
    contextInteger: (name) => (context === undefined ? Number.NaN : integer(context, name)),
    get flags() {
      const classes = tape.classes;
      return FLAGS[((classes & INVALID) === 0 ? 0 : 1) | ((classes & CONTROL) === 0 ? 0 : 2)] ?? NO_FLAGS;
    },
    get maxBytes() {
      return boundOf(tape);
    },
    write: (target, at) => writeRecord(writer, target, at, tape),
    members,
    get contextNumber() {
      return scan.contextNumber;
    },
    get contextMaxBytes() {
      return context === undefined ? 2 : boundOf(context);
    },
    writeContext: (target, at) => {
      if (context !== undefined) return writeRecord(contextWriter, target, at, context);
      target[at] = 0x7b;
      target[at + 1] = 0x7d;
      return at + 2;
    },
  };
}

const DOUBLED = ESCAPE | RETURN | REFERENCE;

function boundOf(tape: Tape): number {
  const { classes } = tape;
  // At most: \u0001 for a control character, U+FFFD for a stray byte, \n for a carriage return or a line feed.
  const growth = (classes & CONTROL) !== 0 ? 6 : (classes & INVALID) !== 0 ? 3 : (classes & DOUBLED) !== 0 ? 2 : 1;
  return tape.length * growth + (tape.top / GROUP) * MEMBER_BYTES + MEMBER_BYTES + OVERSHOOT;
}
