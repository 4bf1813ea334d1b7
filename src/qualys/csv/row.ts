import { overLimitAt, type Window } from '../window.ts';
import type { CsvLimits } from './limits.ts';

/** Where rows and their fields begin and end, found in the bytes; the scan may stop after any byte. */
export interface RowScan {
  /** Indexes into the window. */
  start: number;
  position: number;
  state: typeof AT_START | typeof BARE | typeof QUOTED | typeof BEHIND_QUOTE;
  /** Ends of the fields from `start`; each begins behind the comma that ends the one before. */
  readonly ends: number[];
  /** A byte no text should have: a control character other than TAB, LF, CR. */
  control: boolean;
}

export const AT_START = 0;
export const BARE = 1;
export const QUOTED = 2;
/** Behind a quote inside a quoted field: its end, or the first half of two. */
export const BEHIND_QUOTE = 3;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

export const createRowScan = (): RowScan => ({ start: 0, position: 0, state: AT_START, ends: [], control: false });

export function beginRow(scan: RowScan): void {
  scan.start = scan.position;
  scan.state = AT_START;
  scan.ends.length = 0;
  scan.control = false;
}

/** Goes on; true when a row has ended, with its line end before `position`. */
export function scanRow(scan: RowScan, window: Window, limits: CsvLimits): boolean {
  const { bytes, length } = window;
  let { position: at, state } = scan;
  for (; at < length; at++) {
    const byte = bytes[at]!;
    if (byte > COMMA) {
      if (state === AT_START) state = BARE;
      else if (state === BEHIND_QUOTE) state = BARE;
    } else if (byte === QUOTE) {
      state = state === AT_START || state === BEHIND_QUOTE ? QUOTED : state === QUOTED ? BEHIND_QUOTE : state;
    } else if (state !== QUOTED && (byte === COMMA || byte === LF)) {
      const before = byte === LF && at > scan.start && bytes[at - 1] === CR ? at - 1 : at;
      scan.ends.push(before - scan.start);
      if (scan.ends.length > limits.fields)
        throw overLimitAt(window, 'A row has too many fields', limits.fields, scan.start);
      state = AT_START;
      if (byte === LF) {
        scan.position = at + 1;
        scan.state = state;
        return true;
      }
    } else {
      if (byte < 0x20 && byte !== LF && byte !== CR && byte !== 0x09) scan.control = true;
      // A carriage return behind a closing quote is the line's end, if a line feed follows.
      if (state !== QUOTED && byte !== CR) state = BARE;
    }
  }
  scan.position = at;
  scan.state = state;
  return false;
}

/** The row's fields as texts. */
export function fieldsOf(scan: RowScan, bytes: Buffer): string[] {
  let from = scan.start;
  return scan.ends.map((end) => {
    const raw = bytes.toString('utf8', from, scan.start + end);
    from = scan.start + end + 1;
    return unquoted(raw);
  });
}

/**
 * What a field says: two quotes inside quotes are one. What stands behind a closing quote, against the rules, is kept
 * as it is.
 */
function unquoted(raw: string): string {
  if (!raw.startsWith('"')) return raw;
  let closing = raw.indexOf('"', 1);
  if (closing === raw.length - 1) return raw.slice(1, -1);
  while (closing >= 0 && raw[closing + 1] === '"') closing = raw.indexOf('"', closing + 2);
  const behind = closing < 0 ? '' : raw.slice(closing + 1);
  return raw.slice(1, closing < 0 ? raw.length : closing).replaceAll('""', '"') + behind;
}
