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
import { jsonBytes } from './json-bytes.ts';
import { saidIn, saidOf } from './said.ts';
import { type FindingEvent, findingKey } from './state.ts';
import { findingValues, MEMBERS_BY_LENGTH, SLOTS } from './values.ts';

/** An event of host_list_detection, and the host around it; undefined where its key names no host or QID. */
export interface Detection {
  readonly event: FindingEvent;
  /** The same object for detections that share it; undefined where the event carries none. */
  readonly host: Fields | undefined;
}

const bytesOf = (text: string): Buffer => Buffer.from(text);
const [SEQ, PULLED_AT, TIME, CHANGE] = [bytesOf('seq'), bytesOf('pulled_at'), bytesOf('time'), bytesOf('change')];
const [REASON, KEY, RECORD, HOST] = [bytesOf('reason'), bytesOf('key'), bytesOf('record'), bytesOf('HOST')];
const CHANGES = (['new', 'updated', 'removed'] as const).map((change) => ({ change, json: bytesOf(`"${change}"`) }));
const CLOSE = bytesOf('}}\n');

/** The detections of a batch in order, undefined for one without a usable key. */
export function detectionsOf(batch: Batch): (Detection | undefined)[] {
  const read = lineReader(batch);
  let start = 0;
  return batch.ends.map((end) => {
    const from = start;
    start = end;
    return read(from, end);
  });
}

/** Of the line in start..end by JSON.parse. */
function parsed({ connection, bytes }: Batch, start: number, end: number): Detection | undefined {
  const line = JSON.parse(bytes.toString('utf8', start, end)) as Line;
  const { seq, change, reason, record = {} } = line;
  const at = findingKey(line.key);
  if (at === undefined) return undefined;
  const host = record['HOST'];
  const event: FindingEvent = {
    ...{ connection, seq, accepted: Date.parse(line.pulled_at), change, at, time: time(line.time) },
    ...{ said: saidOf(record), ...(reason === undefined ? {} : { reason }) },
  };
  return { event, host: change !== 'removed' && isFields(host) ? host : undefined };
}

function lineReader(batch: Batch): (start: number, end: number) => Detection | undefined {
  const { connection, bytes } = batch;
  const json = jsonBytes(bytes);
  const { isAt, valueEnd } = json;
  const { value, key } = findingValues(bytes, json);
  let lineEnd = 0;
  // Of the line being read; -1 where a member has not come.
  let seq = -1;
  let when = 0;
  let change = -1;
  let reason: RemovalReason | undefined;
  let keyAt = -1;
  let keyEnd = -1;
  let isAccepted = false;
  let isHost = false;
  const said = new Array<number>(SLOTS).fill(0);
  // Lines of one batch have most of these in common.
  let acceptedAt = 0;
  let acceptedEnd = 0;
  let accepted = -1;
  let hostAt = 0;
  let hostEnd = 0;
  let host: Fields | undefined;
  const same = (at: number, end: number, from: number, to: number): boolean =>
    to > from && to - from === end - at && bytes.compare(bytes, from, to, at, end) === 0;

  function member(nameAt: number, nameTo: number, at: number): number {
    const length = nameTo - nameAt;
    if (length === HOST.length && isAt(HOST, nameAt)) {
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
    for (const { name, slot, read } of MEMBERS_BY_LENGTH[length] ?? [])
      if (isAt(name, nameAt)) said[slot] = value(read, at, end);
    return end;
  }

  function envelope(nameAt: number, nameTo: number, at: number): number {
    const isNamed = (name: Buffer): boolean => nameTo - nameAt === name.length && isAt(name, nameAt);
    if (isNamed(RECORD)) return json.members(at, member);
    const end = valueEnd(at);
    if (isNamed(SEQ)) seq = json.digits(at, end);
    else if (isNamed(CHANGE)) change = CHANGES.findIndex((one) => one.json.length === end - at && isAt(one.json, at));
    else if (isNamed(TIME)) when = value(time, at, end);
    else if (isNamed(REASON)) reason = json.parse(at, end) as RemovalReason;
    else if (isNamed(KEY)) {
      keyAt = at;
      keyEnd = end;
    } else if (isNamed(PULLED_AT)) {
      isAccepted = true;
      if (!same(at, end, acceptedAt, acceptedEnd)) accepted = Date.parse(json.parse(at, end) as string);
      acceptedAt = at;
      acceptedEnd = end;
    }
    return end;
  }

  return (start, end) => {
    lineEnd = end;
    seq = -1;
    when = 0;
    change = -1;
    reason = undefined;
    keyAt = -1;
    isHost = false;
    isAccepted = false;
    said.fill(0);
    const isWhole = json.members(start, envelope) === end - 1;
    if (!isWhole || seq < 0 || change < 0 || keyAt < 0 || !isAccepted) return parsed(batch, start, end);
    const at = key(keyAt, keyEnd);
    if (at === undefined) return undefined;
    const kind: Change = CHANGES[change]!.change;
    const event: FindingEvent =
      reason === undefined
        ? { connection, seq, accepted, change: kind, at, time: when, said: saidIn(said) }
        : { connection, seq, accepted, change: kind, at, time: when, said: saidIn(said), reason };
    return { event, host: isHost && kind !== 'removed' && isFields(host) ? host : undefined };
  };
}
