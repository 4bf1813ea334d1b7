/**
 * Detections from the lines of a batch. RESULTS and whatever else the inventory does not take is passed over in the
 * bytes; hosts are parsed once for all of their detections.
 *
 * Invariant: what is read is what JSON.parse and `saidOf` would make of the line. A line that is not built as the outbox
 * builds them is given to them.
 */
import type { Batch } from '../../core/sink.ts';
import type { Change, Fields, RemovalReason } from '../../core/words.ts';
import type { Line } from '../event.ts';
import { isFields, time } from '../values.ts';
import { ACCEPTED, type FindingEvents, SEQ, TIME, WIDTH } from './events.ts';
import { jsonBytes } from './json-bytes.ts';
import { valuesOf } from './said.ts';
import { findingKey } from './state.ts';
import { EVENT_TIME, findingValues, MEMBERS_BY_LENGTH } from './values.ts';

/** What one line was: no event for want of a host or a QID, or an event, with the host around it where it carries one. */
type Taken = 'no key' | Fields | undefined;

const bytesOf = (text: string): Buffer => Buffer.from(text);
const [SEQS, PULLED_AT, TIMES, CHANGE] = [bytesOf('seq'), bytesOf('pulled_at'), bytesOf('time'), bytesOf('change')];
const [REASON, KEY, RECORD, AROUND] = [bytesOf('reason'), bytesOf('key'), bytesOf('record'), bytesOf('HOST')];
const CHANGES = (['new', 'updated', 'removed'] as const).map((change) => ({ change, json: bytesOf(`"${change}"`) }));
const CLOSE = bytesOf('}}\n');

/**
 * Adds the detections of a batch to `events`, in order. `heard` is called for each line: without an event where its key
 * names no host or QID; with the number of the event, and the host around it, the same object for detections that share
 * it, undefined where there is none.
 */
export function readDetections(
  batch: Batch,
  events: FindingEvents,
  heard: (event: number | undefined, host: Fields | undefined) => void,
): void {
  const read = lineReader(batch, events);
  let start = 0;
  for (const end of batch.ends) {
    const taken = read(start, end);
    start = end;
    if (taken === 'no key') heard(undefined, undefined);
    else heard(events.count() - 1, taken);
  }
}

/** The line in start..end by JSON.parse. */
function parsed({ connection, bytes }: Batch, events: FindingEvents, start: number, end: number): Taken {
  const { seq, change, reason, key, record = {}, ...line } = JSON.parse(bytes.toString('utf8', start, end)) as Line;
  const at = findingKey(key);
  if (at === undefined) return 'no key';
  const numbers = [...valuesOf(record), at.host, at.qid, seq, Date.parse(line.pulled_at), time(line.time)];
  events.add(numbers, connection, change, reason, at.place);
  const host = record['HOST'];
  return change !== 'removed' && isFields(host) ? host : undefined;
}

function lineReader(batch: Batch, events: FindingEvents): (start: number, end: number) => Taken {
  const { connection, bytes } = batch;
  const json = jsonBytes(bytes);
  const { isAt, valueEnd } = json;
  const { value, key } = findingValues(bytes, json);
  let lineEnd = 0;
  // Of the line being read; -1 where a member has not come.
  const numbers = new Float64Array(WIDTH);
  let change = -1;
  let reason: RemovalReason | undefined;
  let keyAt = -1;
  let keyEnd = -1;
  let isAccepted = false;
  let isHost = false;
  // Lines of one batch have most of these in common.
  let acceptedAt = 0;
  let acceptedEnd = 0;
  const accepted = new Float64Array(1);
  let hostAt = 0;
  let hostEnd = 0;
  let host: Fields | undefined;
  const same = (at: number, end: number, from: number, to: number): boolean =>
    to > from && to - from === end - at && bytes.compare(bytes, from, to, at, end) === 0;

  function member(nameAt: number, nameTo: number, at: number): number {
    const length = nameTo - nameAt;
    if (length === AROUND.length && isAt(AROUND, nameAt)) {
      const last = lineEnd - CLOSE.length;
      const isLast = same(at, last, hostAt, hostEnd);
      const end = isLast ? last : valueEnd(at);
      if (!isLast) {
        host = json.parse(at, end) as Fields;
        hostAt = at;
        hostEnd = end;
      }
      isHost = true;
      return end;
    }
    const end = valueEnd(at);
    const members = MEMBERS_BY_LENGTH[length];
    if (members === undefined) return end;
    for (let n = 0; n < members.length; n++) {
      const one = members[n]!;
      if (isAt(one.name, nameAt)) numbers[one.slot] = value(one, at, end);
    }
    return end;
  }

  function envelope(nameAt: number, nameTo: number, at: number): number {
    const isNamed = (name: Buffer): boolean => nameTo - nameAt === name.length && isAt(name, nameAt);
    if (isNamed(RECORD)) return json.members(at, member);
    const end = valueEnd(at);
    if (isNamed(SEQS)) numbers[SEQ] = json.digits(at, end);
    else if (isNamed(CHANGE)) change = CHANGES.findIndex((one) => one.json.length === end - at && isAt(one.json, at));
    else if (isNamed(TIMES)) numbers[TIME] = value(EVENT_TIME, at, end);
    else if (isNamed(REASON)) reason = json.parse(at, end) as RemovalReason;
    else if (isNamed(KEY)) {
      keyAt = at;
      keyEnd = end;
    } else if (isNamed(PULLED_AT)) {
      isAccepted = true;
      if (!same(at, end, acceptedAt, acceptedEnd)) accepted[0] = Date.parse(json.parse(at, end) as string);
      acceptedAt = at;
      acceptedEnd = end;
    }
    return end;
  }

  return (start, end) => {
    lineEnd = end;
    numbers.fill(0);
    numbers[SEQ] = -1;
    change = -1;
    reason = undefined;
    keyAt = -1;
    isHost = false;
    isAccepted = false;
    const isWhole = json.members(start, envelope) === end - 1;
    if (!isWhole || numbers[SEQ]! < 0 || change < 0 || keyAt < 0 || !isAccepted)
      return parsed(batch, events, start, end);
    const place = key(keyAt, keyEnd, numbers);
    if (place === undefined) return 'no key';
    numbers[ACCEPTED] = accepted[0]!;
    const kind: Change = CHANGES[change]!.change;
    events.add(numbers, connection, kind, reason, place);
    return isHost && kind !== 'removed' && isFields(host) ? host : undefined;
  };
}
