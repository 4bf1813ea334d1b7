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

const OTHER = 0;
const QID = 1;
const RESULTS = 2;

/** The same sums from the lines' content; a host is counted where its id differs from the line before. */
export function lineChecksum(): LineChecksum {
  let hosts = 0;
  let records = 0;
  let ids = 0;
  let qids = 0;
  let results = 0;
  let host = -1;
  let contextNumber = -1;
  /** By member id: what it is to us. */
  const meanings: number[] = [];
  return {
    line(view, block, start, contextStart, end) {
      records++;
      const { members } = view;
      for (let i = 0; i < members.count; i++) {
        const id = members.ids[i]!;
        const name = members.name;
        meanings[id] ??= name(id) === 'QID' ? QID : name(id) === 'RESULTS' ? RESULTS : OTHER;
        if (meanings[id] === OTHER) continue;
        // `"NAME":"value"`: the value begins behind the name's four quotes and colon.
        const from = members.starts[i]! + name(id).length + 4;
        const to = members.ends[i]! - 1;
        if (meanings[id] === QID) qids += Number(Buffer.from(block.subarray(from, to)).toString('latin1'));
        else results += jsonLength(block, from, to);
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

/** UTF-16 code units of the text whose JSON string has this inside. */
function jsonLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x5c) {
      at += bytes[at + 1] === 0x75 ? 5 : 1;
      length++;
    } else if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1;
  }
  return length;
}
