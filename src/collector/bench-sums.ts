/**
 * Sums over the lines a sink received, for `quarry bench collect`: proof that what came out is what went in. Lines are
 * walked byte by byte as JSON, without making objects: parsing them would cost more than collecting did.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE = 0x7d;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const LETTER_U = 0x75;

const RECORD = Buffer.from('"record":{');
const QID = Buffer.from('QID');
const RESULTS = Buffer.from('RESULTS');
const HOST = Buffer.from('HOST');

export interface LineSums {
  readonly records: number;
  /** `H:D:I:Q:R`: hosts, detections, sum of HOST/ID, sum of QID, sum of the UTF-16 lengths of RESULTS. */
  readonly checksum: string;
  /** Whole lines of the `raw` format. */
  add(lines: Buffer): void;
}

export function lineSums(): LineSums {
  let hosts = 0;
  let records = 0;
  let ids = 0;
  let qids = 0;
  let results = 0;
  let lastHost = '';

  return {
    get records() {
      return records;
    },
    get checksum() {
      return [hosts, records, ids, qids, results].join(':');
    },
    add: (lines) => {
      for (let start = 0; start < lines.length; ) {
        // The envelope holds no free text before the record but the key, which cannot hold a bare quote.
        let at = lines.indexOf(RECORD, start) + RECORD.length;
        records++;
        while (lines[at] !== CLOSE) {
          const nameAt = at + 1;
          at = stringEnd(lines, at);
          const length = at - 1 - nameAt;
          if (lines[at] !== COLON) throw new Error(`line ${records}: no colon behind a name`);
          const value = ++at;
          if (lines[value] === QUOTE) at = stringEnd(lines, value);
          else if (length === HOST.length && isName(lines, nameAt, HOST)) {
            const id = hostId(lines, value);
            if (id !== lastHost) {
              lastHost = id;
              hosts++;
              ids += Number(id);
            }
            at = valueEnd(lines, value);
          } else at = valueEnd(lines, value);
          if (length === QID.length && isName(lines, nameAt, QID)) qids += digits(lines, value + 1, at - 1);
          else if (length === RESULTS.length && isName(lines, nameAt, RESULTS))
            results += textLength(lines, value + 1, at - 1);
          if (lines[at] === 0x2c) at++;
        }
        start = lines.indexOf(0x0a, at) + 1;
      }
    },
  };
}

function isName(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

/** Behind the closing quote of the string that opens at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  let i = at + 1;
  for (; bytes[i] !== QUOTE; i++) {
    if (i >= bytes.length) throw new Error('a string does not end');
    if (bytes[i] === BACKSLASH) i++;
  }
  return i + 1;
}

/** Behind the object, list or literal at `at`. */
function valueEnd(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) i = stringEnd(bytes, i) - 1;
    else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if ((byte === CLOSE || byte === CLOSE_LIST) && --depth === 0) return i + 1;
  }
  throw new Error('a value does not end');
}

function digits(bytes: Buffer, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) n = n * 10 + bytes[i]! - 0x30;
  return n;
}

/** UTF-16 code units of the text whose JSON string has this inside. */
function textLength(bytes: Buffer, from: number, to: number): number {
  let length = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte === BACKSLASH) {
      i += bytes[i + 1] === LETTER_U ? 5 : 1;
      length++;
    } else if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1;
  }
  return length;
}

/** The host's ID, which Qualys writes first; wherever it stands if not. */
function hostId(bytes: Buffer, at: number): string {
  if (bytes.toString('latin1', at, at + 7) === '{"ID":"')
    return bytes.toString('latin1', at + 7, stringEnd(bytes, at + 6) - 1);
  return (JSON.parse(bytes.toString('utf8', at, valueEnd(bytes, at))) as { ID: string }).ID;
}
