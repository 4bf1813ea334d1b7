import { join } from 'node:path';
import { sql } from 'kysely';
import type { StreamIdentity } from '../core/words.ts';
import type { Store, Transaction } from '../store/store.ts';
import { queueForSinks } from './append.ts';
import type { OutboxSchema } from './schema.ts';
import type { BatchLocation } from './segment.ts';

/** A batch that waits for a sink. */
export interface PendingBatch extends StreamIdentity {
  readonly batch: number;
  readonly attempts: number;
  /** Numbers of its events that this sink has already settled. */
  readonly settled: readonly number[];
  readonly pull: number;
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

/** Makes the sink's row; a sink seen for the first time is queued everything the outbox still holds. */
export async function registerSink(
  store: Store<OutboxSchema>,
  name: string,
  takes: (stream: StreamIdentity) => boolean,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    const known = await tx.db.selectFrom('sink').select('name').where('name', '=', name).executeTakeFirst();
    if (known !== undefined) return;
    const zero = { appended: 0, filtered: 0, delivered: 0, parked: 0, discarded: 0 };
    await tx.db
      .insertInto('sink')
      .values({ name, ...zero, added: now, last_delivered: null })
      .execute();
    const streams = await tx.db
      .selectFrom('stream')
      .select(['id', 'tenant', 'subscription', 'connection', 'dataset'])
      .execute();
    for (const stream of streams.filter(takes)) {
      const batches = await tx.db
        .selectFrom('batch')
        .select(['id', 'events'])
        .where('stream', '=', stream.id)
        .orderBy('id')
        .execute();
      await queueForSinks(
        tx,
        [name],
        batches.map(({ id }) => id),
        batches.reduce((sum, { events }) => sum + events, 0),
      );
    }
  });
}

/** The oldest batches a sink may be given now, up to about `maxBytes` of bodies, at least one. */
export async function pendingBatches(
  store: Store<OutboxSchema>,
  spool: string,
  sink: string,
  now: number,
  maxBytes: number,
): Promise<PendingBatch[]> {
  const rows = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .innerJoin('segment', 'segment.id', 'batch.segment')
    .selectAll('batch')
    .select([
      'delivery.attempts',
      'delivery.settled',
      'stream.tenant',
      'stream.subscription',
      'stream.connection',
      'stream.dataset',
      'segment.file',
    ])
    .where('delivery.sink', '=', sink)
    .where('delivery.next_at', '<=', now)
    .orderBy('delivery.batch')
    .limit(32)
    .execute();
  const taken: PendingBatch[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (taken.length > 0 && bytes + row.length_bytes > maxBytes) break;
    bytes += row.length_bytes;
    taken.push({
      batch: row.id,
      attempts: row.attempts,
      settled: row.settled === null ? [] : (JSON.parse(row.settled) as number[]),
      tenant: row.tenant,
      subscription: row.subscription,
      connection: row.connection,
      dataset: row.dataset,
      pull: row.pull,
      firstSeq: row.first_seq,
      created: row.created,
      location: {
        path: join(spool, row.file),
        offset: row.offset_bytes,
        length: row.length_bytes,
        checksum: row.checksum,
        events: row.events,
        groups: (JSON.parse(row.groups) as [number, number, number][]).map(
          ([events, contextOffset, contextLength]) => ({
            events,
            contextOffset,
            contextLength,
          }),
        ),
      },
    });
  }
  return taken;
}

/** Writes down what became of batches at a sink, in one transaction. */
export async function settle(
  store: Store<OutboxSchema>,
  sink: string,
  settlements: readonly Settlement[],
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    for (const settlement of settlements) await settleOne(tx, sink, settlement, now);
    const sum = (of: (settlement: Settlement) => number): number =>
      settlements.reduce((total, one) => total + of(one), 0);
    const delivered = sum((one) => one.delivered);
    await tx.db
      .updateTable('sink')
      .set((eb) => ({
        delivered: eb('delivered', '+', delivered),
        filtered: eb(
          'filtered',
          '+',
          sum((one) => one.filtered),
        ),
        parked: eb(
          'parked',
          '+',
          sum((one) => one.parked.length),
        ),
        ...(delivered > 0 ? { last_delivered: now } : {}),
      }))
      .where('name', '=', sink)
      .execute();
  });
}

async function settleOne(
  tx: Transaction<OutboxSchema>,
  sink: string,
  { batch, parked, retry }: Settlement,
  now: number,
): Promise<void> {
  for (const { event, id, code, reason } of parked) {
    await tx.db
      .insertInto('parked')
      .values({ sink, batch, event, event_id: id, code, reason, at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const row = { sink, batch };
  if (retry === undefined) await tx.deleteMany('delivery', row);
  else {
    await tx.db
      .updateTable('delivery')
      .set((eb) => ({
        attempts: eb('attempts', '+', 1),
        next_at: retry.at,
        reason: retry.reason,
        settled: JSON.stringify(retry.settled),
      }))
      .where('sink', '=', sink)
      .where('batch', '=', batch)
      .execute();
  }
}

export interface SinkState {
  readonly sink: string;
  readonly appended: number;
  readonly filtered: number;
  readonly delivered: number;
  readonly parked: number;
  readonly discarded: number;
  readonly pending: number;
  readonly pendingBatches: number;
  readonly pendingBytes: number;
  /** Since when the oldest pending batch waits; epoch ms. */
  readonly waitingSince: number | null;
  readonly nextAt: number | null;
  readonly reason: string | null;
  readonly lastDelivered: number | null;
}

/** Every sink with its counters and what is pending, counted from the rows themselves. */
export async function listSinks(store: Store<OutboxSchema>): Promise<SinkState[]> {
  const sinks = await store.db.selectFrom('sink').selectAll().orderBy('name').execute();
  const rows = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .select([
      'delivery.sink',
      sql<number>`count(*)`.as('batches'),
      sql<number>`sum(batch.events)`.as('events'),
      sql<number>`sum(batch.length_bytes)`.as('bytes'),
      sql<number>`min(batch.created)`.as('since'),
      sql<number>`min(delivery.next_at)`.as('next_at'),
      sql<string | null>`min(delivery.reason)`.as('reason'),
    ])
    .groupBy('delivery.sink')
    .execute();
  const partly = await store.db
    .selectFrom('delivery')
    .select(['sink', 'settled'])
    .where('settled', 'is not', null)
    .execute();
  return sinks.map(({ name, added: _, last_delivered, ...counts }) => {
    const waiting = rows.find((row) => row.sink === name);
    const settled = partly
      .filter((row) => row.sink === name)
      .reduce((sum, row) => sum + (JSON.parse(row.settled!) as number[]).length, 0);
    return {
      sink: name,
      ...counts,
      pending: Number(waiting?.events ?? 0) - settled,
      pendingBatches: Number(waiting?.batches ?? 0),
      pendingBytes: Number(waiting?.bytes ?? 0),
      waitingSince: waiting === undefined ? null : Number(waiting.since),
      nextAt: waiting === undefined ? null : Number(waiting.next_at),
      reason: waiting?.reason ?? null,
      lastDelivered: last_delivered,
    };
  });
}

/** Bytes of bodies that wait for a sink: what `max_backlog` is held against. */
export async function backlogBytes(store: Store<OutboxSchema>, sink: string): Promise<number> {
  const { bytes } = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .select(sql<number | null>`sum(batch.length_bytes)`.as('bytes'))
    .where('delivery.sink', '=', sink)
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}
