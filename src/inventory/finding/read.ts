import type { Batch } from '../../core/sink.ts';
import type { Fields } from '../../core/words.ts';
import { type Line, lineText } from '../event.ts';
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
const HOST = ',"HOST":{';
const CLOSE = '}}\n';

/** The detections of a batch in order, undefined for one without a usable key. A host is parsed once for all of its. */
export function detectionsOf(batch: Batch): (Detection | undefined)[] {
  let hostText = '';
  let host: Fields | undefined;
  const { connection } = batch;
  const accepted = new Map<string, number>();
  return batch.ends.map((_, i) => {
    const line = lineText(batch, i);
    let head = line;
    let around: Fields | undefined;
    if (hostText !== '' && line.endsWith(hostText)) {
      head = line.slice(0, line.length - hostText.length) + CLOSE;
      around = host;
    } else {
      const at = line.lastIndexOf(HOST);
      if (at > 0) {
        hostText = line.slice(at);
        host = JSON.parse(hostText.slice(HOST.length - 1, -CLOSE.length)) as Fields;
        head = line.slice(0, at) + CLOSE;
        around = host;
      }
    }
    const { seq, pulled_at, change, reason, key, record = {}, time: when } = JSON.parse(head) as Line;
    const at = findingKey(key);
    if (at === undefined) return undefined;
    let taken = accepted.get(pulled_at);
    if (taken === undefined) {
      taken = Date.parse(pulled_at);
      accepted.set(pulled_at, taken);
    }
    const event: FindingEvent = {
      ...{ connection, seq, accepted: taken, change, key, record, at, time: time(when) },
      ...(reason === undefined ? {} : { reason }),
    };
    return { event, host: change === 'removed' ? undefined : around };
  });
}
