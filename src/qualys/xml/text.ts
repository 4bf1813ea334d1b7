import * as Bytes from './bytes.ts';
import * as Cells from './cells.ts';
import type { Tape } from './tape.ts';
import { putCodePoint, sequenceAt } from './utf8.ts';

const { CONTROL, ESCAPE, FOLDED, INVALID, NON_ASCII, REFERENCE, RETURN, SPACE_CLASS, WORK } = Bytes;
const { ATTRIBUTE, END, MARKS, PIECES, START, TEXTUAL, VERBATIM } = Cells;

/** A text ready for use: bytes[start, end) is UTF-8, line ends and references resolved, trimmed unless verbatim. */
export interface Located {
  bytes: Uint8Array;
  words: DataView;
  start: number;
  end: number;
  /** NON_ASCII, ESCAPE and CONTROL where the text may hold such. */
  classes: number;
  scratch: Uint8Array;
  scratchWords: DataView;
  /** `bytes` as a Buffer, while they are these. */
  asBuffer: Slices;
  buffered: Uint8Array;
}

/** What Buffer.toString comes down to; called as it is, texts of a few bytes cost half (Node.js has it since 0.x, its types have not). */
interface Slices {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

const slices = (bytes: Uint8Array): Slices =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as unknown as Slices;

export function createLocated(): Located {
  const scratch = new Uint8Array(4096);
  const scratchWords = new DataView(scratch.buffer);
  return {
    bytes: scratch,
    words: scratchWords,
    start: 0,
    end: 0,
    classes: 0,
    scratch,
    scratchWords,
    asBuffer: slices(scratch),
    buffered: scratch,
  };
}

/** Longest reference accepted, `&` and `;` included: leading zeros are allowed, but not without end. */
export const REFERENCE_BYTES = 32;
export const INCOMPLETE = -1;
export const MALFORMED = -2;

/** The reference at `at` (the `&`): code point * 64 + its length in bytes, or INCOMPLETE or MALFORMED. */
export function referenceAt(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + REFERENCE_BYTES);
  let stop = at + 1;
  while (stop < limit && bytes[stop] !== 0x3b) {
    const byte = bytes[stop]!;
    // Anything but a letter, a digit or # ends hope early.
    if (!(byte === 0x23 || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte | 0x20) >= 0x61))
      return MALFORMED;
    stop++;
  }
  if (stop === limit) return limit === end && end - at < REFERENCE_BYTES ? INCOMPLETE : MALFORMED;
  const length = stop + 1 - at;
  if (bytes[at + 1] === 0x23) {
    const code = numeric(bytes, at + 2, stop);
    return code < 0 ? MALFORMED : code * 64 + length;
  }
  const code = named(bytes, at + 1, stop);
  return code === 0 ? MALFORMED : code * 64 + length;
}

function numeric(bytes: Uint8Array, start: number, end: number): number {
  const hex = bytes[start] === 0x78;
  const base = hex ? 16 : 10;
  let at = hex ? start + 1 : start;
  if (at === end) return -1;
  let code = 0;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    const digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
    if (digit < 0 || digit >= base || (byte > 0x39 && byte < 0x41)) return -1;
    code = code * base + digit;
    if (code > 0x10ffff) return -1;
  }
  return code;
}

function named(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const [a, b, c, d] = [bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]];
  if (length === 2 && b === 0x74) return a === 0x6c ? 0x3c : a === 0x67 ? 0x3e : 0;
  if (length === 3) return a === 0x61 && b === 0x6d && c === 0x70 ? 0x26 : 0;
  if (length !== 4) return 0;
  if (a === 0x71 && b === 0x75 && c === 0x6f && d === 0x74) return 0x22;
  return a === 0x61 && b === 0x70 && c === 0x6f && d === 0x73 ? 0x27 : 0;
}

/** Classes of the character a reference stands for. */
export function classesOf(code: number): number {
  if (code >= 0xd800 && code < 0xe000) return REFERENCE | INVALID;
  return code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d ? REFERENCE | CONTROL : REFERENCE;
}

/** Finds the text of an element or attribute. */
export function locate(found: Located, tape: Tape, group: number): void {
  const cells = tape.cells;
  const marks = cells[group + MARKS]!;
  if ((marks & TEXTUAL) === 0) {
    found.start = found.end = found.classes = 0;
    return;
  }
  if ((marks & (WORK | PIECES)) === 0) {
    found.bytes = tape.bytes;
    found.words = tape.words;
    found.start = tape.base + cells[group + START]!;
    found.end = tape.base + cells[group + END]!;
    found.classes = marks & (NON_ASCII | ESCAPE | CONTROL);
  } else {
    let end = 0;
    if ((marks & PIECES) === 0) {
      end = decode(found, 0, tape.bytes, tape.base + cells[group + START]!, tape.base + cells[group + END]!, marks);
    } else {
      const pieces = tape.pieces;
      for (let piece = cells[group + START]!; piece !== 0; piece = pieces[piece + 3]!)
        end = decode(
          found,
          end,
          tape.bytes,
          tape.base + pieces[piece]!,
          tape.base + pieces[piece + 1]!,
          pieces[piece + 2]!,
        );
    }
    found.bytes = found.scratch;
    found.words = found.scratchWords;
    found.start = 0;
    found.end = end;
    found.classes = NON_ASCII | ESCAPE | CONTROL;
  }
  if ((marks & (VERBATIM | ATTRIBUTE)) === 0) trim(found);
}

function trim(found: Located): void {
  const bytes = found.bytes;
  let { start, end } = found;
  while (start < end && SPACE_CLASS[bytes[start]!] === 1) start++;
  while (end > start && SPACE_CLASS[bytes[end - 1]!] === 1) end--;
  found.start = start;
  found.end = end;
}

/** Whether there is nothing but white space. */
export function isBlank(found: Located): boolean {
  for (let at = found.start; at < found.end; at++) if (SPACE_CLASS[found.bytes[at]!] === 0) return false;
  return true;
}

/** Appends bytes[start, end) to the scratch at `at`, worked on as its classes ask; returns where it ends. */
export function decode(
  found: Located,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  classes: number,
): number {
  // An invalid byte becomes the three bytes of U+FFFD; a reference is never shorter than what it stands for.
  const needed = at + (end - start) * 3 + 8;
  if (found.scratch.length < needed) {
    const larger = new Uint8Array(Math.max(needed, found.scratch.length * 2));
    larger.set(found.scratch.subarray(0, at));
    found.scratch = larger;
    found.scratchWords = new DataView(larger.buffer);
  }
  const target = found.scratch;
  if ((classes & WORK) === 0) {
    target.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  const fold = (classes & FOLDED) !== 0;
  for (let i = start; i < end; ) {
    const byte = bytes[i]!;
    if (byte === 0x26 && (classes & REFERENCE) !== 0) {
      const reference = referenceAt(bytes, i, end);
      const code = Math.floor(reference / 64);
      at = putCodePoint(target, at, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
      i += reference & 63;
    } else if (byte === 0x0d && (classes & (RETURN | FOLDED)) !== 0) {
      target[at++] = fold ? 0x20 : 0x0a;
      i += i + 1 < end && bytes[i + 1] === 0x0a ? 2 : 1;
    } else if (fold && (byte === 0x09 || byte === 0x0a)) {
      target[at++] = 0x20;
      i++;
    } else if (byte >= 0x80 && (classes & INVALID) !== 0) {
      const length = sequenceAt(bytes, i, end);
      if (length < 0) {
        at = putCodePoint(target, at, 0xfffd);
        i -= length;
      } else for (const stop = i + length; i < stop; ) target[at++] = bytes[i++]!;
    } else {
      target[at++] = byte;
      i++;
    }
  }
  return at;
}

/** The located text as a string. */
export function textOf(found: Located): string {
  const { bytes, start, end } = found;
  if (start === end) return '';
  // V8 keeps strings of one character; a flag or a level costs no call into native code.
  if (end - start === 1) return String.fromCharCode(bytes[start]!);
  if (bytes !== found.buffered) {
    found.asBuffer = slices(bytes);
    found.buffered = bytes;
  }
  return (found.classes & NON_ASCII) === 0
    ? found.asBuffer.latin1Slice(start, end)
    : found.asBuffer.utf8Slice(start, end);
}

/** Digits that are a whole number exactly, and whose division by a power of ten is rounded as Number() rounds. */
const EXACT_DIGITS = 15;

/** The located text as a number, as Number() reads it; NaN where there is nothing but white space. */
export function numberOf(found: Located): number {
  const { bytes, start, end } = found;
  if (end - start > EXACT_DIGITS || start === end) return numberIn(textOf(found));
  let value = 0;
  let scale = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      scale *= 10;
    } else if (digit === -2 && scale === 0 && end - start > 1) scale = 1;
    else return numberIn(textOf(found));
  }
  return scale > 1 ? value / scale : value;
}

const numberIn = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));
