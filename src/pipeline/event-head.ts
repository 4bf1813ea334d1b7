import type { Change, Flag, RemovalReason } from '../core/words.ts';
import { milliseconds } from './key.ts';
import type { EventSource } from './shape-raw.ts';

/** What an event says before its record. */
export interface EventHead {
  /** As Qualys writes it: ISO 8601, or epoch milliseconds; absent where it names none. */
  readonly time?: string;
  readonly change: Change;
  readonly reason?: RemovalReason;
  readonly flags?: readonly Flag[];
  readonly key: readonly string[];
}

/** No JSON string can hold it: its quote would be escaped. */
const BEFORE_RECORD = Buffer.from('],"record":');

/** The head of event i; the record is not parsed. */
export function eventHead(events: EventSource, i: number): EventHead {
  const start = events.tailStart(i);
  const end = events.bytes.indexOf(BEFORE_RECORD, start) + 1;
  return JSON.parse(`{${events.bytes.toString('utf8', start, end)}}`) as EventHead;
}

/** A time of Qualys as ISO 8601 in UTC; `otherwise` (epoch milliseconds) where there is none that can be read. */
export const utcTime = (time: string | undefined, otherwise: number): string =>
  new Date(milliseconds(time ?? '') || otherwise).toISOString();
