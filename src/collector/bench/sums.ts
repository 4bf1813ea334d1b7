/**
 * Sums over the lines a sink received, for `quarry bench collect`: proof that what came out is what went in. The members
 * that count are found by searching the bytes: inside JSON text a bare quote is always escaped, so `"QID":"` stands only
 * where it is a member. Parsing the lines would cost more than collecting did.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

const QID = Buffer.from('"QID":"');
const RESULTS = Buffer.from('"RESULTS":"');
/** The host is the record's last member, and its id the host's first. */
const HOST_ID = Buffer.from('"HOST":{"ID":"');

export interface LineSums {
  readonly records: number;
  /** `H:D:I:Q:R`: hosts, detections, sum of HOST/ID, sum of QID, sum of the UTF-16 lengths of RESULTS. */
  readonly checksum: string;
  /** Lines of the `raw` format and where each ends. */
  add(lines: Buffer, ends: readonly number[]): void;
}

export function lineSums(): LineSums {
  let hosts = 0;
  let records = 0;
  let ids = 0;
  let qids = 0;
  let results = 0;
  let lastHost = -1;
  // Lines are alike: where a member was in the line before is where the search begins.
  let qidAt = 0;
  let hostFromEnd = 0;

  return {
    get records() {
      return records;
    },
    get checksum() {
      return [hosts, records, ids, qids, results].join(':');
    },
    add: (lines, ends) => {
      const words = new DataView(lines.buffer, lines.byteOffset, lines.byteLength);
      let start = 0;
      for (const end of ends) {
        line(lines, words, start, end);
        start = end;
      }
    },
  };

  function line(lines: Buffer, words: DataView, start: number, end: number): void {
    records++;
    let qid = find(lines, QID, start + Math.max(0, qidAt - NEAR), end);
    if (qid < 0) qid = find(lines, QID, start, end);
    if (qid < 0) throw new Error(`line ${records} names no QID`);
    qidAt = qid - start;
    qids += digits(lines, qid + QID.length);
    const text = find(lines, RESULTS, qid, end);
    const behind = text < 0 ? qid : text + RESULTS.length;
    if (text >= 0) results += textLength(lines, words, behind);
    let host = end - hostFromEnd;
    if (host < behind || !standsAt(lines, HOST_ID, host)) host = find(lines, HOST_ID, behind, end);
    if (host < 0) throw new Error(`line ${records} names no host`);
    hostFromEnd = end - host;
    const id = digits(lines, host + HOST_ID.length);
    if (id !== lastHost) {
      lastHost = id;
      hosts++;
      ids += id;
    }
  }
}

/** UTF-16 code units of the text whose JSON string begins at `from`. */
function textLength(bytes: Buffer, words: DataView, from: number): number {
  let length = 0;
  const last = bytes.length - 4;
  for (let i = from; ; i++) {
    // Four bytes at once while none is a quote, a backslash or beyond ASCII: a high bit shows such a byte.
    for (; i <= last; i += 4, length += 4) {
      const word = words.getInt32(i, true);
      const quotes = word ^ 0x22222222;
      const slashes = word ^ 0x5c5c5c5c;
      if (((word | (quotes - 0x01010101) | (slashes - 0x01010101)) & 0x80808080) !== 0) break;
    }
    const byte = bytes[i]!;
    if (byte === QUOTE) return length;
    if (byte === BACKSLASH) i += bytes[i + 1] === LETTER_U ? 5 : 1;
    // None for a continuation byte, two for what takes four bytes.
    else if (byte >= 0x80) length += byte >= 0xf0 ? 1 : byte >= 0xc0 ? 0 : -1;
    length++;
  }
}

/** How much farther in front than in the line before a member is looked for first. */
const NEAR = 64;

/** Where `what` stands first in bytes[from, to); -1 where nowhere. */
function find(bytes: Buffer, what: Buffer, from: number, to: number): number {
  // All begin with a quote, which is everywhere: the letter behind it is told apart first.
  const second = what[1]!;
  for (let at = from; at + what.length <= to; at++)
    if (bytes[at + 1] === second && standsAt(bytes, what, at)) return at;
  return -1;
}

function standsAt(bytes: Buffer, what: Buffer, at: number): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}

function digits(bytes: Buffer, from: number): number {
  let n = 0;
  for (let i = from; bytes[i] !== QUOTE; i++) n = n * 10 + bytes[i]! - 0x30;
  return n;
}
