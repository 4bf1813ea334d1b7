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
  let fromEnd = 0;

  return {
    get records() {
      return records;
    },
    get checksum() {
      return [hosts, records, ids, qids, results].join(':');
    },
    add: (lines, ends) => {
      let start = 0;
      for (const end of ends) {
        records++;
        const qid = lines.indexOf(QID, start);
        if (qid < 0 || qid > end) throw new Error(`line ${records} names no QID`);
        qids += digits(lines, qid + QID.length);
        const text = lines.indexOf(RESULTS, qid);
        let behind = qid;
        if (text >= 0 && text < end) {
          const from = text + RESULTS.length;
          behind = stringEnd(lines, from);
          results += textLength(lines, from, behind);
        }
        // Lines of one host end alike: its place is where it was in the line before, counted from the end.
        let host = end - fromEnd;
        if (host < behind || !standsAt(lines, HOST_ID, host)) host = lines.indexOf(HOST_ID, behind);
        if (host < 0 || host > end) throw new Error(`line ${records} names no host`);
        fromEnd = end - host;
        const id = digits(lines, host + HOST_ID.length);
        if (id !== lastHost) {
          lastHost = id;
          hosts++;
          ids += id;
        }
        start = end;
      }
    },
  };
}

/** The closing quote of the string whose text begins at `at`. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let from = at; ; ) {
    const quote = bytes.indexOf(QUOTE, from);
    let escapes = 0;
    while (bytes[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return quote;
    from = quote + 1;
  }
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
