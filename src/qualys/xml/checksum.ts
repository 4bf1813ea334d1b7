import type { LineSeen } from './ndjson.ts';
import type { XmlRecordHandler } from './reader.ts';

/** A handler that sums up what it is given: proof that two readers saw the same records. */
export interface ChecksumHandler extends XmlRecordHandler {
  /** Records so far. */
  readonly records: number;
  /**
   * `H:D:I:Q:R` of a host list detection answer: hosts, detections, the sum of HOST/ID, the sum of QID, and the sum of
   * the lengths of RESULTS, decoded and untrimmed, in UTF-16 code units. Decimal integers below 2^53.
   */
  readonly checksum: string;
}

export function checksumHandler(): ChecksumHandler {
  let hosts = 0;
  let records = 0;
  let ids = 0;
  let qids = 0;
  let results = 0;
  return {
    record(view) {
      records++;
      qids += view.integer('QID');
      results += view.utf16Length('RESULTS');
    },
    outer(view) {
      hosts++;
      ids += view.integer('ID');
    },
    get records() {
      return records;
    },
    get checksum() {
      return [hosts, records, ids, qids, results].join(':');
    },
  };
}

/** Sums up lines as `lineHandler` makes them with `HOST`, from their bytes. */
export interface LineChecksum {
  readonly records: number;
  readonly checksum: string;
  readonly line: LineSeen;
}

/** The same sums from the lines' content; a host is counted where its id differs from the line before. */
export function lineChecksum(): LineChecksum {
  let hosts = 0;
  let records = 0;
  let ids = 0;
  let qids = 0;
  let results = 0;
  let host = -1;
  let contextNumber = -1;
  let qidMember = -1;
  let resultsMember = -1;
  let highest = -1;
  let bytes: Uint8Array | undefined;
  let words: DataView = new DataView(new ArrayBuffer(0));
  return {
    line(view, block, start, contextStart, end) {
      records++;
      if (block !== bytes) {
        bytes = block;
        words = new DataView(block.buffer, block.byteOffset, block.byteLength);
      }
      const { count, ids: members, starts, ends, name } = view.members;
      for (let i = 0; i < count; i++) {
        const id = members[i]!;
        if (id > highest) {
          for (let known = highest + 1; known <= id; known++) {
            if (name(known) === 'QID') qidMember = known;
            if (name(known) === 'RESULTS') resultsMember = known;
          }
          highest = id;
        }
        // `"QID":"…"` and `"RESULTS":"…"`.
        if (id === qidMember) qids += digits(block, starts[i]! + 7, ends[i]! - 1);
        else if (id === resultsMember) results += jsonLength(block, words, starts[i]! + 11, ends[i]! - 1);
      }
      if (view.contextNumber === contextNumber || end === start) return;
      contextNumber = view.contextNumber;
      const around = JSON.parse(Buffer.from(block.subarray(contextStart, end - 2)).toString('utf8')) as { ID: string };
      if (Number(around.ID) === host) return;
      host = Number(around.ID);
      hosts++;
      ids += host;
    },
    get records() {
      return records;
    },
    get checksum() {
      return [hosts, records, ids, qids, results].join(':');
    },
  };
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** UTF-16 code units of the text whose JSON string has this inside. */
function jsonLength(bytes: Uint8Array, words: DataView, start: number, end: number): number {
  let length = 0;
  let at = start;
  for (;;) {
    // Four at once while all are ASCII and no backslash.
    const from = at;
    for (const whole = end - 4; at <= whole; at += 4) {
      const word = words.getInt32(at, true);
      const slashes = word ^ 0x5c5c5c5c;
      if (((word | ((slashes - 0x01010101) & ~slashes)) & 0x80808080) !== 0) break;
    }
    length += at - from;
    if (at >= end) return length;
    const byte = bytes[at]!;
    if (byte === 0x5c) {
      at += bytes[at + 1] === 0x75 ? 6 : 2;
      length++;
    } else {
      if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1;
      at++;
    }
  }
}
