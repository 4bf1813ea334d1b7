import { asQuarryError } from '../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../core/sink.ts';
import { type Parked, type PendingBatch, pendingBatches, type Settlement, settle } from '../outbox/delivery.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { readBatch } from '../outbox/segment.ts';
import { eventHead } from '../pipeline/event-head.ts';
import type { Bell } from './bell.ts';
import { type Scratch, scratch } from './scratch.ts';
import { destinationsOf, RAW, type Shaping, shapeBatch } from './shape.ts';
import type { Workshop } from './stream.ts';

/** A configured sink, opened. */
export interface RunningSink {
  readonly name: string;
  readonly open: OpenSink;
  readonly batchBytes: number;
  /** `raw` where it is absent. */
  readonly shaping?: Shaping;
  /** The name a data set's context has inside a record. */
  readonly contextAs: (dataset: string) => string | undefined;
}

/** Longest pause between tries of a sink that cannot be reached; there is no giving up by age. */
const LONGEST_PAUSE_MS = 60_000;

interface Prepared {
  readonly pending: PendingBatch;
  readonly batch: Batch;
  /** Event numbers in the batch that were sent, by place. */
  readonly sent: readonly number[];
}

export type Delivered = { readonly batches: number; readonly events: number; readonly failed: string | undefined };

/**
 * Gives a sink what it may have now, once: reads batches, shapes them, writes, settles what became of each event.
 * Resolves with how many batches there were; 0 means that nothing is due.
 */
export async function deliverOnce(
  workshop: Workshop,
  sink: RunningSink,
  signal: AbortSignal,
  buffers: Scratch = scratch(),
): Promise<Delivered> {
  buffers.reset();
  const { outbox, clock, observer } = workshop;
  const pending = await pendingBatches(outbox.store, outbox.spool, sink.name, clock.now(), sink.batchBytes / 2);
  if (pending.length === 0) return { batches: 0, events: 0, failed: undefined };
  const prepared: Prepared[] = [];
  const settlements: Settlement[] = [];
  for (const one of pending) {
    try {
      prepared.push(await prepare(outbox, sink, one, clock.now(), buffers));
    } catch (thrown) {
      const error = asQuarryError(thrown);
      if (error.code !== 'QRY4012') throw error;
      workshop.log.error('a stored batch is damaged', {
        sink: sink.name,
        batch: one.batch,
        code: error.code,
        what: error.message,
      });
      settlements.push({
        batch: one.batch,
        delivered: 0,
        filtered: 0,
        parked: parkAll(one, error.code, error.message),
      });
    }
  }
  let failed: string | undefined;
  if (prepared.length > 0) {
    observer.phase('send');
    try {
      const outcomes = await sink.open.write(
        prepared.map(({ batch }) => batch),
        signal,
      );
      prepared.forEach((one, i) => {
        settlements.push(
          settlementOf(one, outcomes[i] ?? { retry: 'the sink did not answer for this batch' }, clock.now()),
        );
      });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      failed = asQuarryError(thrown).message;
      for (const one of prepared) settlements.push(settlementOf(one, { retry: failed }, clock.now()));
    }
  }
  observer.phase('settle');
  await settle(outbox.store, sink.name, settlements, clock.now());
  return { batches: pending.length, events: settlements.reduce((sum, one) => sum + one.delivered, 0), failed };
}

async function prepare(
  outbox: Outbox,
  sink: RunningSink,
  pending: PendingBatch,
  now: number,
  buffers: Scratch,
): Promise<Prepared> {
  const events = await readBatch(pending.location, buffers.take);
  const settled = new Set(pending.settled);
  const sent = Array.from({ length: events.count }, (_, i) => i).filter((i) => !settled.has(i));
  const { tenant, subscription, connection, dataset } = pending;
  const shaped = await shapeBatch(
    outbox,
    sink.shaping ?? RAW,
    pending,
    events,
    sink.contextAs(dataset),
    now,
    settled.size === 0 ? undefined : sent,
    buffers.take,
  );
  const destinations = destinationsOf(dataset);
  const batch: Batch = {
    id: `${outbox.installation}/${pending.id}`,
    tenant,
    subscription,
    connection,
    dataset,
    pullingId: String(pending.pull),
    count: sent.length,
    bytes: shaped.bytes,
    ends: shaped.ends,
    ...(destinations === undefined ? {} : { destinations }),
    ...(shaped.routing === undefined ? {} : { routing: shaped.routing }),
    eventId: (i) => events.id(sent[i]!),
    seq: (i) => pending.firstSeq + events.number(sent[i]!),
    key: (i) => JSON.stringify(eventHead(events, sent[i]!).key),
    change: (i) => eventHead(events, sent[i]!).change,
    time: (i) => eventHead(events, sent[i]!).time ?? new Date(pending.created).toISOString(),
  };
  return { pending, batch, sent };
}

function settlementOf(
  { pending, batch, sent }: Prepared,
  outcome: Outcome | readonly Outcome[],
  now: number,
): Settlement {
  const outcomes = Array.isArray(outcome) ? (outcome as readonly Outcome[]) : undefined;
  const parked: Parked[] = [];
  const settled = [...pending.settled];
  let delivered = 0;
  let retry: { reason: string; waitMs: number | undefined } | undefined;
  sent.forEach((event, i) => {
    const one: Outcome =
      outcomes === undefined
        ? (outcome as Outcome)
        : (outcomes[i] ?? { retry: 'the sink did not answer for this event' });
    if (one !== 'delivered' && 'retry' in one) {
      retry = { reason: one.retry, waitMs: Math.max(retry?.waitMs ?? 0, one.waitMs ?? 0) || undefined };
      return;
    }
    settled.push(event);
    if (one === 'delivered') delivered++;
    else parked.push({ event, id: batch.eventId(i), code: one.code ?? 'rejected', reason: one.rejected });
  });
  const base = { batch: pending.batch, delivered, filtered: 0, parked };
  return retry === undefined
    ? base
    : { ...base, retry: { settled, reason: retry.reason, at: now + (retry.waitMs ?? pause(pending.attempts)) } };
}

const parkAll = (pending: PendingBatch, code: string, reason: string): Parked[] =>
  Array.from({ length: pending.location.events }, (_, event) => ({ event, id: '', code, reason })).filter(
    ({ event }) => !pending.settled.includes(event),
  );

/** Full jitter, growing to a minute. */
const pause = (attempts: number): number =>
  Math.random() * Math.min(500 * 2 ** Math.min(attempts, 10), LONGEST_PAUSE_MS);

/** Delivers to one sink until told to stop; sleeps while nothing is due and wakes when something was appended. */
export async function deliveryLoop(
  workshop: Workshop,
  sink: RunningSink,
  appended: Bell,
  signal: AbortSignal,
): Promise<void> {
  const buffers = scratch();
  let lastFailure: string | undefined;
  while (!signal.aborted) {
    try {
      const { batches, failed } = await deliverOnce(workshop, sink, signal, buffers);
      if (failed !== undefined && failed !== lastFailure)
        workshop.log.warn('sink failed, trying again', { sink: sink.name, what: failed });
      if (failed === undefined && lastFailure !== undefined && batches > 0)
        workshop.log.info('sink is back', { sink: sink.name });
      if (batches > 0) lastFailure = failed;
      if (batches === 0) await appended.wait(workshop.clock.sleep(1000, signal));
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asQuarryError(thrown);
      workshop.log.error('delivery failed', { sink: sink.name, code: error.code, what: error.message });
      if (error.next === 'stop_process') throw error;
      await workshop.clock.sleep(5000, signal).catch(() => {});
    }
  }
}
