import type { Fields, Value } from '../../core/words.ts';
import { failureAt, overLimitAt, type Window } from '../window.ts';
import {
  BACKSLASH,
  CLOSE,
  COLON,
  COMMA,
  CONTROL,
  LARGE,
  NON_ASCII,
  NUMBERED,
  OPEN,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  STRING,
  TO_CLOSE,
  TOKEN,
} from './bytes.ts';
import type { JsonLimits } from './limits.ts';
import { failingAt, parseJson } from './value.ts';

/** What a byte around the records begins. */
export const NOTHING = 0;
export const LIST = 1;
export const SINGLE = 2;

/** The document around its records: followed to where they stand, kept, and parsed at the end with null in their place. */
export interface Around {
  /** Takes the byte at `at` of the window. After LIST or SINGLE what stands there is the reader's until `placed`. */
  step(at: number): typeof NOTHING | typeof LIST | typeof SINGLE;
  placed(): void;
  readonly depth: number;
  readonly ended: boolean;
  /** The document without the member that held the records; what held nothing else goes, too. */
  envelope(): Fields;
}

export function createAround(path: readonly string[], window: Window, limits: JsonLimits): Around {
  const open = new Uint8Array(limits.depth + 1);
  let depth = 0;
  let ended = false;
  let inString = false;
  let escaped = false;
  let stringStart = 0;
  // An object at depth d lies on the path when `level`, the names that led here, is d - 1.
  let level = 0;
  /** The value to come is on the path. */
  let expected = true;
  let kept = Buffer.alloc(1024);
  let length = 0;
  /** Where in the answer kept[from] stood, wherever bytes before it were left out. */
  const breaks: { readonly from: number; readonly offset: number }[] = [];
  let next = -1;

  const keep = (byte: number, at: number): void => {
    if (length >= limits.envelopeBytes)
      throw overLimitAt(window, 'Too much stands around the records', limits.envelopeBytes, at);
    if (length === kept.length) kept = Buffer.concat([kept, Buffer.alloc(length)]);
    if (window.offset + at !== next) breaks.push({ from: length, offset: window.offset + at });
    next = window.offset + at + 1;
    kept[length++] = byte;
  };
  const fail = (what: string, at: number) => failureAt(window, 'QRY3001', what, at);

  const opened = (byte: number, at: number): typeof NOTHING | typeof LIST | typeof SINGLE => {
    if (expected) {
      expected = false;
      if (level === path.length) {
        for (const letter of Buffer.from('null')) keep(letter, at);
        return byte === OPEN_BRACKET ? LIST : SINGLE;
      }
      if (byte === OPEN_BRACKET) throw fail(`A list stands where ${path[level]} should be inside an object`, at);
    }
    if (depth >= limits.depth) throw overLimitAt(window, 'Arrays and objects are nested too deeply', limits.depth, at);
    keep(byte, at);
    open[depth++] = byte;
    return NOTHING;
  };
  const closed = (byte: number, at: number): void => {
    if (open[depth - 1]! + TO_CLOSE !== byte) throw fail('A bracket is closed that is not open', at);
    keep(byte, at);
    if (level >= depth) level = depth - 1;
    depth--;
    ended = depth === 0;
  };
  const named = (): boolean => {
    if (open[depth - 1] !== OPEN_BRACE || level !== depth - 1 || level >= path.length) return false;
    if (kept.toString('utf8', stringStart, length).trim() !== JSON.stringify(path[level])) return false;
    level++;
    return true;
  };

  return {
    step(at) {
      const byte = window.bytes[at]!;
      if (inString) {
        keep(byte, at);
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        return NOTHING;
      }
      const token = TOKEN[byte]!;
      if (token === SPACE) {
        if (depth > 0) keep(byte, at);
        return NOTHING;
      }
      if (ended) throw fail('Something follows the document', at);
      if (depth === 0 && token !== OPEN)
        throw fail(byte === 0x3c ? 'This is no JSON: it begins like XML or HTML' : 'This is no JSON', at);
      if (token === OPEN) return opened(byte, at);
      if (token === CLOSE) {
        closed(byte, at);
        return NOTHING;
      }
      if (token === 0) throw fail('This is no part of JSON', at);
      if (token === COLON) expected = named();
      else if (token === COMMA) {
        if (level >= depth) level = depth - 1;
      } else if (expected) {
        // `null` is no records; whatever else begins here is not what should be here.
        if (byte !== 0x6e) throw fail(`Neither records nor null stand where ${path.join('/')} should be`, at);
        expected = false;
      }
      if (token === STRING) {
        inString = true;
        stringStart = length;
      }
      keep(byte, at);
      return NOTHING;
    },
    placed() {
      ended = depth === 0;
    },
    get depth() {
      return depth;
    },
    get ended() {
      return ended;
    },
    envelope() {
      let document: Value;
      try {
        document = parseJson(kept, 0, length, NON_ASCII | NUMBERED | CONTROL | LARGE).value;
      } catch (thrown) {
        const at = failingAt(thrown, kept, 0, length);
        const { from, offset } = breaks.findLast((one) => one.from <= at) ?? { from: 0, offset: 0 };
        const place = { bytes: kept, length, offset: offset - from };
        throw failureAt(place, 'QRY3001', 'The document around the records is no JSON', at);
      }
      const rest = without(document, path);
      return typeof rest === 'object' && rest !== null && !Array.isArray(rest) ? (rest as Fields) : {};
    },
  };
}

function without(value: Value, path: readonly string[]): Value | undefined {
  const [name, ...deeper] = path;
  if (name === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return value;
  const kept: [string, Value][] = [];
  for (const [key, one] of Object.entries(value as Fields)) {
    const rest = key === name ? without(one, deeper) : one;
    if (rest !== undefined) kept.push([key, rest]);
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
