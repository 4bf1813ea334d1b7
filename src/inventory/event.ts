/** An event as the inventory reads it, and which of two is newer. */
import type { Batch, Outcome } from '../core/sink.ts';
import type { Change, Fields, RemovalReason } from '../core/words.ts';
import { time } from './values.ts';

/**
 * Where an event stands among those of its key. Newest is: of one connection, the higher `seq`; of two connections that
 * share a subscription, the one whose page was accepted later. So an event that comes again changes nothing, and
 * batches may come in any order.
 */
export interface Origin {
  readonly connection: string;
  readonly seq: number;
  /** When its page was accepted; milliseconds since the epoch. */
  readonly accepted: number;
}

export interface Event extends Origin {
  readonly change: Change;
  readonly reason?: RemovalReason;
  readonly key: readonly string[];
  /** Qualys's own time of the record; milliseconds, 0 where it has none. */
  readonly time: number;
  readonly record: Fields;
}

/** A line of the format `raw`, as far as it is read here. */
export interface Line {
  readonly seq: number;
  readonly pulled_at: string;
  readonly time?: string;
  readonly change: Change;
  readonly reason?: RemovalReason;
  readonly key: readonly string[];
  readonly record?: Fields;
}

export const isNewer = (event: Origin, than: Origin): boolean =>
  event.connection === than.connection
    ? event.seq > than.seq
    : event.accepted > than.accepted || (event.accepted === than.accepted && event.connection > than.connection);

/** The text of payload i of a batch. */
export const lineText = (batch: Batch, i: number): string =>
  batch.bytes.toString('utf8', i === 0 ? 0 : batch.ends[i - 1]!, batch.ends[i]!);

/** The events of a batch, in order. */
export function* eventsOf(batch: Batch): Generator<Event> {
  for (let i = 0; i < batch.count; i++) yield eventOf(batch, JSON.parse(lineText(batch, i)) as Line);
}

export function eventOf({ connection }: Batch, line: Line): Event {
  const { seq, pulled_at, change, reason, key, record = {} } = line;
  return {
    ...{ connection, seq, accepted: Date.parse(pulled_at), change, key, record, time: time(line.time) },
    ...(reason === undefined ? {} : { reason }),
  };
}

/** What an event without a usable key gets: it is parked, visible, and nothing else suffers. */
export const refused = (what: string): Outcome => ({ rejected: what, code: 'no_key' });
