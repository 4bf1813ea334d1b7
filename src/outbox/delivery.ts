import { join } from 'node:path';
import type { StreamIdentity } from '../core/words.ts';
import type { Store, Transaction } from '../store/store.ts';
import { countQueued, queueFor } from './append.ts';
import { type KeyedBatch, liveNumbers } from './live.ts';
import type { OutboxSchema } from './schema.ts';
import { type BatchLocation, groupsFromJson } from './segment.ts';
import { countAt, holdSinks } from './sink-counts.ts';

/** A batch that waits for a sink. */
export interface PendingBatch extends StreamIdentity {
  readonly batch: number;
  /**
   * Names this delivery within the installation: the same again means the same events with the same content. It holds
   * the checksum, so that a restored backup that gives a batch number again does not give its name again.
   */
  readonly id: string;
  readonly attempts: number;
  /** Places of its events, in the batch as stored, that this sink has already settled. */
  readonly settled: readonly number[];
  readonly pull: number;
  /** The `seq` of its event number 0. */
  readonly firstSeq: number;
  /** When its page was accepted; epoch ms. */
  readonly created: number;
  readonly location: BatchLocation;
}

export interface Parked {
  readonly event: number;
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}

/** What became of one batch at one sink. */
export interface Settlement {
  readonly batch: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly parked: readonly Parked[];
  /** Events that are to be tried again; the batch stays pending for them. */
  readonly retry?: { readonly settled: readonly number[]; readonly at: number; readonly reason: string };
}

/** Batches given for one write at the most. */
export const MOST_BATCHES = 32;
/** No wait is longer: a clock that was set back must not stop a sink. */
const LONGEST_WAIT_MS = 3_600_000;
const LONGEST_REASON = 2000;

/** Which bodies may be of objects whose removal is forgotten. */
export interface Outlived {
  /** Epoch ms: removals before it may be gone, so that an older body alone would say the object is there. */
  readonly before: number;
  /** Streams of objects; rows of logs are never removed. */
  readonly of: (stream: StreamIdentity) => boolean;
}

/**
 * Makes the sink's row; a sink seen for the first time is queued everything the outbox still holds. Of batches that are
 * older than what `outlived` names it gets the events that still are the newest of their key.
 */
export async function registerSink(
  store: Store<OutboxSchema>,
  name: string,
  takes: (stream: StreamIdentity) => boolean,
  now: number,
  outlived?: Outlived,
): Promise<void> {
  await store.transaction(async (tx) => {
    const zero = { appended: 0, filtered: 0, delivered: 0, parked: 0, discarded: 0, reason: null };
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('sink')
      .values({ name, ...zero, added: now, last_delivered: null })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows) === 0) return;
    const streams = await tx.db
      .selectFrom('stream')
      .select(['id', 'tenant', 'subscription', 'connection', 'dataset'])
      .execute();
    for (const stream of streams.filter(takes)) {
      const batches = await tx.db
        .selectFrom('batch')
        .select(['id', 'events', 'length_bytes', 'live', 'created', 'keyspace', 'lead_from', 'lead_to', 'numbers'])
        .where('stream', '=', stream.id)
        .orderBy('id')
        .execute();
      const old = outlived?.of(stream) === true ? outlived.before : 0;
      const isWhole = ({ created, live, events }: (typeof batches)[number]) => created >= old || live === events;
      await queueFor(tx, name, batches.filter(isWhole));
      for (const batch of batches) if (!isWhole(batch)) await queueLive(tx, name, batch);
    }
  });
}

type StoredBatch = KeyedBatch & Pick<OutboxSchema['batch'], 'events' | 'length_bytes' | 'numbers'>;

/** Queues what is left alive of a batch. */
async function queueLive(tx: Transaction<OutboxSchema>, sink: string, batch: StoredBatch): Promise<void> {
  const live = await liveNumbers(tx.db, batch);
  const numbers = batch.numbers === null ? undefined : (JSON.parse(batch.numbers) as number[]);
  const places = Array.from({ length: batch.events }, (_, i) => i);
  const dead = places.filter((i) => !live.has(numbers?.[i] ?? i));
  const events = batch.events - dead.length;
  if (events === 0) return;
  const settled = JSON.stringify(dead);
  await tx.insertMany('delivery', { sink, batch: [batch.id], state: 'pending', attempts: 0, next_at: 0, settled });
  await countQueued(tx, sink, { events, batches: [batch], appended: events });
}

/**
 * The oldest batches a sink may be given now, up to about `maxBytes` of bodies and `most` of them, at least one. While
 * the sink pauses there are none; after a failure there is one at first, so that a sink that comes back is not overrun.
 * With `subscriptions`, only theirs.
 */
export async function pendingBatches(
  store: Store<OutboxSchema>,
  spool: string,
  sink: string,
  now: number,
  maxBytes: number,
  most = MOST_BATCHES,
  subscriptions?: readonly string[],
): Promise<PendingBatch[]> {
  const state = await store.db
    .selectFrom('sink_now')
    .select(['pending_batches', 'paused_until', 'reason'])
    .where('name', '=', sink)
    .executeTakeFirst();
  if (state === undefined || state.pending_batches === 0) return [];
  if (state.paused_until > now && state.paused_until <= now + LONGEST_WAIT_MS) return [];
  const rows = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .innerJoin('segment', 'segment.id', 'batch.segment')
    .selectAll('batch')
    .select(['delivery.attempts', 'delivery.settled', 'delivery.round'])
    .select(['stream.tenant', 'stream.subscription', 'stream.connection', 'stream.dataset', 'segment.file'])
    .where('delivery.sink', '=', sink)
    .$if(subscriptions !== undefined, (query) => query.where('stream.subscription', 'in', subscriptions!))
    .where(({ or, eb }) => or([eb('delivery.next_at', '<=', now), eb('delivery.next_at', '>', now + LONGEST_WAIT_MS)]))
    .orderBy('delivery.batch')
    .limit(most)
    .execute();
  const taken: PendingBatch[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (taken.length > 0 && (bytes + row.length_bytes > maxBytes || state.reason !== null)) break;
    bytes += row.length_bytes;
    const settled = row.settled === null ? [] : (JSON.parse(row.settled) as number[]);
    const { tenant, subscription, connection, dataset } = row;
    taken.push({
      batch: row.id,
      id: [row.id, row.checksum.toString(36), row.round, settled.length].join('-'),
      attempts: row.attempts,
      settled,
      tenant,
      subscription,
      connection,
      dataset,
      pull: row.pull,
      firstSeq: row.first_seq,
      created: row.created,
      location: {
        path: join(spool, row.file),
        offset: row.offset_bytes,
        length: row.length_bytes,
        checksum: row.checksum,
        events: row.events,
        groups: groupsFromJson(row.groups),
        numbers: row.numbers === null ? undefined : (JSON.parse(row.numbers) as number[]),
      },
    });
  }
  return taken;
}

interface Sums {
  delivered: number;
  filtered: number;
  parked: number;
  batches: number;
  bytes: number;
}

/**
 * Writes down what became of batches at a sink, in one transaction. Where every one the sink was asked about has to be
 * tried again and it settled nothing, it pauses as a whole, so that what waits keeps its order and is not tried batch by batch.
 * A batch that is not pending there is left out: it was settled before.
 */
export async function settle(
  store: Store<OutboxSchema>,
  sink: string,
  settlements: readonly Settlement[],
  now: number,
): Promise<void> {
  if (settlements.length === 0) return;
  const settledNone = settlements.every(({ delivered, parked }) => delivered + parked.length === 0);
  const pause = settledNone ? settlements.find(({ retry }) => retry !== undefined)?.retry : undefined;
  await store.transaction(async (tx) => {
    await holdSinks(tx, [sink], 'together');
    const sums: Sums = { delivered: 0, filtered: 0, parked: 0, batches: 0, bytes: 0 };
    for (const settlement of settlements) await settleOne(tx, sink, settlement, now, pause?.at, sums);
    const { delivered, filtered, parked, batches, bytes } = sums;
    await countAt(tx, sink, {
      ...{ delivered, filtered, parked },
      pending: -(delivered + filtered + parked),
      pending_batches: -batches,
      pending_bytes: -bytes,
      ...(delivered > 0 ? { last_delivered: now } : {}),
    });
    if (pause !== undefined) {
      const until = { paused_until: bounded(pause.at, now), reason: readable(pause.reason) };
      await tx.db.updateTable('sink').set(until).where('name', '=', sink).execute();
    } else if (!settledNone) {
      // What its routes filtered says nothing about the sink. A row that says so already is left to others.
      await tx.db
        .updateTable('sink')
        .set({ paused_until: 0, reason: null })
        .where('name', '=', sink)
        .where(({ or, eb }) => or([eb('paused_until', '<>', 0), eb('reason', 'is not', null)]))
        .execute();
    }
  });
}

async function settleOne(
  tx: Transaction<OutboxSchema>,
  sink: string,
  { batch, delivered, filtered, parked, retry }: Settlement,
  now: number,
  pausedUntil: number | undefined,
  sums: Sums,
): Promise<void> {
  let found: number;
  if (retry === undefined) {
    found = await tx.deleteMany('delivery', { sink, batch });
  } else {
    const { numUpdatedRows } = await tx.db
      .updateTable('delivery')
      .set((eb) => ({
        attempts: eb('attempts', '+', 1),
        next_at: bounded(pausedUntil ?? retry.at, now),
        reason: readable(retry.reason),
        settled: retry.settled.length === 0 ? null : JSON.stringify(retry.settled),
      }))
      .where('sink', '=', sink)
      .where('batch', '=', batch)
      .executeTakeFirst();
    found = Number(numUpdatedRows);
  }
  if (found === 0) return;
  sums.delivered += delivered;
  sums.filtered += filtered;
  sums.parked += parked.length;
  if (parked.length > 0) {
    await tx.insertMany('parked', {
      sink,
      batch,
      event: parked.map(({ event }) => event),
      event_id: parked.map(({ id }) => id),
      code: parked.map(({ code }) => readable(code)),
      reason: parked.map(({ reason }) => readable(reason)),
      at: now,
    });
  }
  if (retry !== undefined) return;
  const { length_bytes } = await tx.db
    .selectFrom('batch')
    .select('length_bytes')
    .where('id', '=', batch)
    .executeTakeFirstOrThrow();
  sums.batches++;
  sums.bytes += length_bytes;
}

const bounded = (at: number, now: number): number => Math.ceil(Math.min(at, now + LONGEST_WAIT_MS));

/** What a sink said, as every database takes it: no NUL, and no page-long answers. */
const readable = (text: string): string => text.slice(0, LONGEST_REASON).replaceAll('\0', '');
