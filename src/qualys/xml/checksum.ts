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
