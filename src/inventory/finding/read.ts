import type { Batch } from '../../core/sink.ts';
import type { Fields } from '../../core/words.ts';
import type { Line } from '../event.ts';
import { time } from '../values.ts';
import type { FindingEvent } from './fold.ts';
import { findingKey } from './state.ts';

/** An event of host_list_detection, and the host around it; undefined where its key names no host or QID. */
export interface Detection {
  readonly event: FindingEvent;
  /** The same object for detections that share it; undefined where the event carries none. */
  readonly host: Fields | undefined;
}

/** Where the host begins in a line: the last member of the record. No text inside can hold it unescaped. */
const HOST = Buffer.from(',"HOST":{');
const CLOSE = '}}\n';

/** The detections of a batch in order, undefined for one without a usable key. A host is parsed once for all of its. */
export function detectionsOf({ connection, bytes, ends }: Batch): (Detection | undefined)[] {
  let hostAt = 0;
  let hostEnd = 0;
  let host: Fields | undefined;
  let start = 0;
  let day = '';
  let accepted = 0;
  return ends.map((end) => {
    const length = hostEnd - hostAt;
    let headEnd = end - length;
    const isSame = length > 0 && headEnd > start && bytes.compare(bytes, hostAt, hostEnd, headEnd, end) === 0;
    if (!isSame) {
      const at = bytes.subarray(start, end).lastIndexOf(HOST);
      headEnd = at < 0 ? end : start + at;
      if (at >= 0) {
        hostAt = headEnd;
        hostEnd = end;
        host = JSON.parse(bytes.toString('utf8', headEnd + HOST.length - 1, end - CLOSE.length)) as Fields;
      }
    }
    const text = headEnd === end ? bytes.toString('utf8', start, end) : bytes.toString('utf8', start, headEnd) + CLOSE;
    start = end;
    const line = JSON.parse(text) as Line;
    const { seq, change, reason, key, record = {} } = line;
    const at = findingKey(key);
    if (at === undefined) return undefined;
    if (line.pulled_at !== day) {
      day = line.pulled_at;
      accepted = Date.parse(day);
    }
    const event: FindingEvent = {
      ...{ connection, seq, accepted, change, key, record, at, time: time(line.time) },
      ...(reason === undefined ? {} : { reason }),
    };
    return { event, host: change === 'removed' || headEnd === end ? undefined : host };
  });
}
