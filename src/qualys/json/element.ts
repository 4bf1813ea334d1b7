import { failureAt, overLimitAt, type Window } from '../window.ts';
import {
  BACKSLASH,
  CLOSE,
  COLON,
  COMMA,
  CONTROL,
  DIGIT,
  LARGE,
  LETTER,
  LOOSE,
  NON_ASCII,
  NUMBERED,
  OPEN,
  PLAIN,
  QUOTE,
  SIGN,
  SPACE,
  STRING,
  TO_CLOSE,
  TOKEN,
} from './bytes.ts';
import type { JsonLimits } from './limits.ts';

/**
 * Where one element of the records' array begins and ends, found in its bytes alone: strings, escapes and brackets. What
 * stands between is JSON.parse's to judge. The scan may stop after any byte and goes on when more have come.
 */
export interface ElementScan {
  /** Index into the window of the element's opening brace. */
  start: number;
  position: number;
  depth: number;
  readonly open: Uint8Array;
  inString: boolean;
  /** Digits of the number being read. */
  digits: number;
  /** Classes of the bytes seen. */
  seen: number;
  /** Names in it, at any depth. */
  names: number;
  values: number;
  /** From `start`: the element's own braces and commas, and those of what lies directly inside it. */
  readonly outer: MarkList;
  readonly inner: MarkList;
}

export interface MarkList {
  at: Int32Array;
  count: number;
}

const MANY_DIGITS = 16;

export function createElementScan(depth: number): ElementScan {
  const marks = (): MarkList => ({ at: new Int32Array(128), count: 0 });
  return {
    start: 0,
    position: 0,
    depth: 0,
    open: new Uint8Array(depth + 1),
    inString: false,
    digits: 0,
    seen: 0,
    names: 0,
    values: 0,
    outer: marks(),
    inner: marks(),
  };
}

/** An element begins at `start`, where its opening brace stands. */
export function beginElement(scan: ElementScan, start: number): void {
  scan.start = start;
  scan.position = start;
  scan.depth = 0;
  scan.inString = false;
  scan.digits = 0;
  scan.seen = 0;
  scan.names = 0;
  scan.values = 0;
  scan.outer.count = 0;
  scan.inner.count = 0;
}

/** Goes on; true when the element has ended before `position`. `around`: how many brackets are open around it. */
export function scanElement(
  scan: ElementScan,
  window: Window,
  limits: Pick<JsonLimits, 'depth' | 'recordElements'>,
  around: number,
): boolean {
  const { bytes, words, length } = window;
  const { start, open } = scan;
  let { position: at, inString, seen, digits, names, values, depth } = scan;
  let ended = false;

  scanning: for (;;) {
    if (inString) {
      for (;;) {
        let any = 0;
        // Four bytes at once while none of them is a quote, a backslash or below space: a high bit shows such a byte.
        for (const whole = length - 4; at <= whole; at += 4) {
          const word = words.getInt32(at, true);
          const quotes = word ^ 0x22222222;
          const slashes = word ^ 0x5c5c5c5c;
          const found =
            ((word - 0x20202020) & ~word) | ((quotes - 0x01010101) & ~quotes) | ((slashes - 0x01010101) & ~slashes);
          if ((found & 0x80808080) !== 0) break;
          any |= word;
        }
        any |= (any >> 8) | (any >> 16) | (any >> 24);
        let byte = bytes[at]!;
        while (PLAIN[byte] === 1) {
          any |= byte;
          byte = bytes[++at]!;
        }
        seen |= any & NON_ASCII;
        if (at >= length) break scanning;
        if (byte === QUOTE) break;
        if (byte !== BACKSLASH) {
          seen |= CONTROL;
          at++;
          continue;
        }
        if (at + 1 >= length) break scanning;
        const letter = bytes[at + 1];
        if (letter === 0x75) seen |= LOOSE | NUMBERED;
        else if (letter === 0x2f) seen |= LOOSE;
        at += 2;
      }
      inString = false;
      at++;
    }
    const byte = bytes[at]!;
    const token = TOKEN[byte]!;
    if (token === STRING) {
      if (at >= length) break;
      inString = true;
      at++;
      continue;
    }
    if (token === DIGIT) {
      if (++digits >= MANY_DIGITS) seen |= LARGE | LOOSE;
      at++;
      continue;
    }
    if (token === LETTER && digits > 0) seen |= LARGE | LOOSE;
    digits = 0;
    switch (token) {
      case COLON:
        names++;
        break;
      case COMMA:
        if (depth <= 2) mark(depth === 1 ? scan.outer : scan.inner, at - start);
        if (++values > limits.recordElements)
          throw overLimitAt(window, 'A record has too many values', limits.recordElements, at);
        break;
      case OPEN:
        if (around + depth >= limits.depth)
          throw overLimitAt(window, 'Arrays and objects are nested too deeply', limits.depth, at);
        open[depth++] = byte;
        if (depth <= 2) mark(depth === 1 ? scan.outer : scan.inner, at - start);
        if (++values > limits.recordElements)
          throw overLimitAt(window, 'A record has too many values', limits.recordElements, at);
        break;
      case CLOSE:
        if (open[depth - 1]! + TO_CLOSE !== byte)
          throw failureAt(window, 'QRY3001', 'A bracket is closed that is not open', at);
        if (depth <= 2) mark(depth === 1 ? scan.outer : scan.inner, at - start);
        if (--depth === 0) {
          at++;
          ended = true;
          break scanning;
        }
        break;
      case SPACE:
        seen |= LOOSE;
        break;
      case SIGN:
        seen |= byte === 0x45 ? LARGE | LOOSE : LOOSE;
        break;
      case LETTER:
        break;
      default:
        throw failureAt(window, 'QRY3001', 'This is no part of JSON', at);
    }
    at++;
  }
  scan.position = at;
  scan.inString = inString;
  scan.seen = seen;
  scan.digits = digits;
  scan.names = names;
  scan.values = values;
  scan.depth = depth;
  return ended;
}

function mark(list: MarkList, at: number): void {
  if (list.count === list.at.length) {
    const larger = new Int32Array(list.count * 2);
    larger.set(list.at);
    list.at = larger;
  }
  list.at[list.count++] = at;
}
