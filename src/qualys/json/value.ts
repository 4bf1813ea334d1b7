import { isUtf8 } from 'node:buffer';
import type { Flag, Value } from '../../core/words.ts';
import { BACKSLASH, CONTROL, LARGE, NON_ASCII, NUMBERED, QUOTE } from './bytes.ts';

/** A JSON text as a value, and what was odd about it. */
export interface Parsed {
  readonly value: Value;
  readonly flags: readonly Flag[];
  /** Nothing had to be replaced: the value is what the bytes say. */
  readonly asWritten: boolean;
}

const NO_FLAGS: readonly Flag[] = [];

/** Bytes [start, end) as a value; `seen` are their classes. Throws what JSON.parse throws. */
export function parseJson(bytes: Buffer, start: number, end: number, seen: number): Parsed {
  if ((seen & (NON_ASCII | NUMBERED | CONTROL | LARGE)) === 0)
    return { value: JSON.parse(bytes.toString('latin1', start, end)) as Value, flags: NO_FLAGS, asWritten: true };
  const control = (seen & CONTROL) !== 0;
  const text = control ? escapeControls(bytes, start, end).toString('utf8') : bytes.toString('utf8', start, end);
  const invalid = text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end));
  let value = JSON.parse(text, (seen & LARGE) === 0 ? undefined : exactly) as Value;
  const lone = (seen & NUMBERED) !== 0 && /\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value);
  if (lone) value = mapTexts(value, (one) => one.toWellFormed());
  if (!invalid && !lone && !control) return { value, flags: NO_FLAGS, asWritten: (seen & LARGE) === 0 };
  const flags: Flag[] = invalid || lone ? ['invalid_utf8'] : [];
  if (control) flags.push('control_chars');
  return { value, flags, asWritten: false };
}

/** Keeps as text what a number cannot hold: integers beyond 2^53, and what would be infinite. */
function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? String(value);
  return /^-?\d+$/.test(source) || !Number.isFinite(value) ? source : value;
}

/** The byte in bytes[start, end) that JSON.parse complained of; `start` where it does not say. */
export function failingAt(thrown: unknown, bytes: Buffer, start: number, end: number): number {
  const position = / at position (\d+)/.exec(thrown instanceof Error ? thrown.message : '')?.[1];
  if (position === undefined) return start;
  return start + Buffer.byteLength(bytes.toString('utf8', start, end).slice(0, Number(position)));
}

/** Bare control characters inside strings as JSON escapes. Behind a backslash they stay, and JSON.parse complains. */
function escapeControls(bytes: Buffer, start: number, end: number): Buffer {
  const text = Buffer.allocUnsafe((end - start) * 6);
  let length = 0;
  let inString = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (inString && byte < 0x20) {
      length += text.write(`\\u${byte.toString(16).padStart(4, '0')}`, length, 'latin1');
      continue;
    }
    if (byte === QUOTE) inString = !inString;
    text[length++] = byte;
    if (inString && byte === BACKSLASH && at + 1 < end) text[length++] = bytes[++at]!;
  }
  return text.subarray(0, length);
}

/** Whether every text in a value, names included, is well-formed Unicode. */
function isWellFormed(value: Value): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every(([name, one]) => name.isWellFormed() && isWellFormed(one as Value));
}

/** The value with all its texts, names included, put through `change`. */
function mapTexts(value: Value, change: (text: string) => string): Value {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one: Value) => mapTexts(one, change));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), mapTexts(one, change)]));
}

/**
 * The names in a value; NaN where one begins with a digit, since such names may change places. With as many in the
 * bytes, none was there twice.
 */
export function countNames(value: object): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const one of value as readonly unknown[])
      if (typeof one === 'object' && one !== null) count += countNames(one);
    return count;
  }
  for (const name in value) {
    const first = name.charCodeAt(0);
    if (count === 0 && first >= 0x30 && first <= 0x39) return Number.NaN;
    count++;
    const one = (value as Record<string, unknown>)[name];
    if (typeof one === 'object' && one !== null) count += countNames(one);
  }
  return count;
}
