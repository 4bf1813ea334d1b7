import { CONTROL, ESCAPE } from './bytes.ts';
import type { Names } from './names.ts';
import { TEXT_NAME } from './plan.ts';
import {
  ATTRIBUTE,
  ATTRIBUTED,
  GROUP,
  LISTED,
  MARKS,
  NAME,
  NEXT,
  PARENTAL,
  REPEATED,
  SKIP,
  type Tape,
} from './tape.ts';
import { isBlank, type Located, locate } from './text.ts';

/** Where the members of a written record lie: the concrete form of `Members`. */
export interface MemberList {
  count: number;
  ids: Int32Array;
  starts: Int32Array;
  ends: Int32Array;
}

/** A member's id: the name's id doubled, plus one for an attribute. */
export const memberId = (name: number, attribute: boolean): number => name * 2 + (attribute ? 1 : 0);

/** 0: copied; 1: written as \u00XX; else the letter behind the backslash. As JSON.stringify does. */
const ESCAPES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\' }[byte];
  return letter === undefined ? (byte < 0x20 ? 1 : 0) : letter.charCodeAt(0);
});
const HEX = Buffer.from('0123456789abcdef');

/** From this length on a native copy is cheaper than a loop (measured on Node 24: 36 ns against 0.9 ns per byte). */
const COPY_FROM = 48;

/** Writes bytes[start, end) at `at`; returns where it ends. */
export function copy(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= COPY_FROM) {
    target.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  while (start < end) target[at++] = bytes[start++]!;
  return at;
}

/** Writes UTF-8 text as the inside of a JSON string. */
export function escapeInto(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  for (; start < end; start++) {
    const byte = bytes[start]!;
    const letter = ESCAPES[byte]!;
    if (letter === 0) target[at++] = byte;
    else if (letter === 1) {
      target[at++] = 0x5c;
      target[at++] = 0x75;
      target[at++] = 0x30;
      target[at++] = 0x30;
      target[at++] = HEX[byte >> 4]!;
      target[at++] = HEX[byte & 15]!;
    } else {
      target[at++] = 0x5c;
      target[at++] = letter;
    }
  }
  return at;
}

/** Writes a record as a JSON object; fills `members` with its top-level members. Returns where it ends. */
export function writeRecord(
  target: Uint8Array,
  at: number,
  tape: Tape,
  names: Names,
  found: Located,
  members: MemberList,
): number {
  members.count = 0;
  return writeObject(target, at, tape, 0, names, found, members);
}

function writeObject(
  target: Uint8Array,
  at: number,
  tape: Tape,
  group: number,
  names: Names,
  found: Located,
  members: MemberList | undefined,
): number {
  const cells = tape.cells;
  const stop = cells[group + SKIP]!;
  const open = at;
  target[at++] = 0x7b;
  let child = group + GROUP;
  for (; child < stop && (cells[child + MARKS]! & ATTRIBUTE) !== 0; child += GROUP) {
    if (at > open + 1) target[at++] = 0x2c;
    const start = at;
    target[at++] = 0x22;
    target[at++] = 0x40;
    const name = cells[child]!;
    at = copy(target, at, names.quoted, names.quotedStarts[name]! + 1, names.quotedStarts[name + 1]!);
    at = writeText(target, at, tape, child, found);
    if (members !== undefined) note(members, memberId(name, true), start, at);
  }
  locate(found, tape, group);
  // Text stands beside attributes even when empty, and beside children only where there is more than white space.
  if (child < stop ? !isBlank(found) : found.end > found.start || (child > group + GROUP && members === undefined)) {
    if (at > open + 1) target[at++] = 0x2c;
    const start = at;
    at = copy(target, at, names.quoted, names.quotedStarts[TEXT_NAME]!, names.quotedStarts[TEXT_NAME + 1]!);
    at = writeLocated(target, at, found);
    if (members !== undefined) note(members, memberId(TEXT_NAME, false), start, at);
  }
  while (child < stop) {
    const marks = cells[child + MARKS]!;
    if ((marks & REPEATED) === 0) {
      if (at > open + 1) target[at++] = 0x2c;
      const start = at;
      const name = cells[child + NAME]!;
      at = copy(target, at, names.quoted, names.quotedStarts[name]!, names.quotedStarts[name + 1]!);
      if (cells[child + NEXT] !== 0 || (marks & LISTED) !== 0) {
        target[at++] = 0x5b;
        at = writeValue(target, at, tape, child, names, found);
        for (let next = cells[child + NEXT]!; next !== 0; next = cells[next + NEXT]!) {
          target[at++] = 0x2c;
          at = writeValue(target, at, tape, next, names, found);
        }
        target[at++] = 0x5d;
      } else at = writeValue(target, at, tape, child, names, found);
      if (members !== undefined) note(members, memberId(name, false), start, at);
    }
    child = cells[child + SKIP]!;
  }
  target[at++] = 0x7d;
  return at;
}

function writeValue(target: Uint8Array, at: number, tape: Tape, group: number, names: Names, found: Located): number {
  if ((tape.cells[group + MARKS]! & (ATTRIBUTED | PARENTAL)) !== 0)
    return writeObject(target, at, tape, group, names, found, undefined);
  return writeText(target, at, tape, group, found);
}

function writeText(target: Uint8Array, at: number, tape: Tape, group: number, found: Located): number {
  locate(found, tape, group);
  return writeLocated(target, at, found);
}

function writeLocated(target: Uint8Array, at: number, found: Located): number {
  target[at++] = 0x22;
  at =
    (found.classes & (ESCAPE | CONTROL)) === 0
      ? copy(target, at, found.bytes, found.start, found.end)
      : escapeInto(target, at, found.bytes, found.start, found.end);
  target[at++] = 0x22;
  return at;
}

function note(members: MemberList, id: number, start: number, end: number): void {
  const at = members.count++;
  if (at >= members.ids.length) {
    members.ids = doubled(members.ids);
    members.starts = doubled(members.starts);
    members.ends = doubled(members.ends);
  }
  members.ids[at] = id;
  members.starts[at] = start;
  members.ends[at] = end;
}

function doubled(array: Int32Array): Int32Array {
  const copy = new Int32Array(array.length * 2);
  copy.set(array);
  return copy;
}
