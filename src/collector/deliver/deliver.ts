import { asQuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import type { StreamIdentity } from '../../core/words.ts';
import {
  MOST_BATCHES,
  type Parked,
  type PendingBatch,
  pendingBatches,
  type Settlement,
  settle,
} from '../../outbox/delivery.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Resend } from '../../outbox/resend.ts';
import { readBatch } from '../../outbox/segment.ts';
import { feedSuspended } from '../../outbox/suspend.ts';
import { eventHead, utcTime } from '../../pipeline/event-head.ts';
import { type Route, routeEvents } from '../../pipeline/route.ts';
import type { Bell } from '../bell.ts';
import type { Workshop } from '../stream.ts';
import { LOW_MARK } from './pressure.ts';
import { writeApart } from './refused.ts';
import { type Scratch, scratch } from './scratch.ts';
import { destinationsOf, RAW, type Shaping, shapeBatch } from './shape.ts';

/** A configured sink, opened. */
export interface RunningSink {
  readonly name: string;
  readonly open: OpenSink;
  readonly batchBytes: number;
  /** `raw` where it is absent. */
  readonly shaping?: Shaping;
  /** The name a data set's context has inside a record. */
  readonly contextAs: (dataset: string) => string | undefined;
  /** What its routes do with the events of a stream; undefined where one of them sends everything as it is. */
  readonly routesOf?: (stream: StreamIdentity) => readonly Route[] | undefined;
  /** Whether any route leads there, and how much may wait, in bytes: what a suspended sink is fed by. */
  readonly takes?: (stream: StreamIdentity) => boolean;
  readonly maxBacklog?: number;
  /** When the routes want current records of a stream again. */
  readonly resendOf?: (stream: StreamIdentity) => readonly Resend[];
}

/** Longest pause between tries of a sink that cannot be reached; there is no giving up by age. */
const LONGEST_PAUSE_MS = 60_000;

interface Prepared {
  readonly pending: PendingBatch;
  readonly batch: Batch;
  /** Event numbers in the batch that are sent, by place. */
  readonly sent: readonly number[];
  /** Those that no route lets. */
  readonly filtered: readonly number[];
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
  most = MOST_BATCHES,
  subscriptions?: readonly string[],
): Promise<Delivered> {
  buffers.reset();
  const { outbox, clock, observer } = workshop;
  const pending = await pendingBatches(
    outbox.store,
    outbox.spool,
    sink.name,
    clock.now(),
    sink.batchBytes / 2,
    most,
    subscriptions,
  );
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
  let ms: number | undefined;
  const asked = prepared.filter(({ sent }) => sent.length > 0);
  for (const one of prepared) if (one.sent.length === 0) settlements.push(settlementOf(one, 'delivered', clock.now()));
  if (asked.length > 0) {
    observer.phase('send');
    const began = clock.monotonic();
    try {
      const outcomes = await writeApart(
        sink.open,
        asked.map(({ batch }) => batch),
        signal,
      );
      asked.forEach((one, i) => {
        const outcome = outcomes[i] ?? { retry: 'the sink did not answer for this batch' };
        settlements.push(settlementOf(one, outcome, clock.now()));
      });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asQuarryError(thrown);
      failed = error.message;
      const outcome = { retry: failed, ...(error.waitMs === undefined ? {} : { waitMs: error.waitMs }) };
      for (const one of asked) settlements.push(settlementOf(one, outcome, clock.now()));
    }
    ms = clock.monotonic() - began;
  }
  observer.phase('settle');
  await settle(outbox.store, sink.name, settlements, clock.now());
  tellSettled(observer, sink.name, prepared, settlements);
  failed ??= wholeFailure(settlements);
  const events = settlements.reduce((sum, one) => sum + one.delivered, 0);
  if (ms !== undefined) observer.wrote?.({ sink: sink.name, events, failed: failed !== undefined, ms });
  return { batches: pending.length, events, failed };
}

function tellSettled(
  { happening }: Workshop['observer'],
  sink: string,
  prepared: readonly Prepared[],
  settlements: readonly Settlement[],
): void {
  if (happening === undefined) return;
  for (const { batch, delivered, filtered, parked } of settlements) {
    const one = prepared.find(({ pending }) => pending.batch === batch);
    const settled = delivered + filtered + parked.length;
    if (one === undefined || settled === 0) continue;
    const { tenant, subscription, connection, dataset, pull, created: appended } = one.pending;
    const stream = { tenant, subscription, connection, dataset };
    const bytes = delivered === 0 ? 0 : Math.round((one.batch.bytes.length * delivered) / one.batch.count);
    happening({ kind: 'settled', sink, stream, pull, appended, delivered, settled, bytes });
  }
}

async function prepare(
  outbox: Outbox,
  sink: RunningSink,
  pending: PendingBatch,
  now: number,
  buffers: Scratch,
): Promise<Prepared> {
  const events = await readBatch({ ...pending.location, fetch: outbox.bodies?.fetch }, buffers.take);
  const settled = new Set(pending.settled);
  const waiting = Array.from({ length: events.count }, (_, i) => i).filter((i) => !settled.has(i));
  const { tenant, subscription, connection, dataset } = pending;
  const contextAs = sink.contextAs(dataset);
  const routes = sink.routesOf?.(pending);
  const {
    sent,
    filtered,
    events: routed,
  } = routes === undefined ? { sent: waiting, filtered: [], events } : routeEvents(events, waiting, routes, contextAs);
  const shaped = await shapeBatch(
    outbox,
    sink.shaping ?? RAW,
    pending,
    routed,
    contextAs,
    now,
    sent.length === events.count ? undefined : sent,
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
    time: (i) => utcTime(eventHead(events, sent[i]!).time, pending.created),
  };
  return { pending, batch, sent, filtered };
}

function settlementOf(
  { pending, batch, sent, filtered }: Prepared,
  outcome: Outcome | readonly Outcome[],
  now: number,
): Settlement {
  const outcomes = Array.isArray(outcome) ? (outcome as readonly Outcome[]) : undefined;
  const parked: Parked[] = [];
  const settled = [...pending.settled, ...filtered];
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
  const base = { batch: pending.batch, delivered, filtered: filtered.length, parked };
  return retry === undefined
    ? base
    : { ...base, retry: { settled, reason: retry.reason, at: now + pause(pending.attempts, retry.waitMs) } };
}

const parkAll = (pending: PendingBatch, code: string, reason: string): Parked[] =>
  Array.from({ length: pending.location.events }, (_, event) => ({ event, id: '', code, reason })).filter(
    ({ event }) => !pending.settled.includes(event),
  );

/** Full jitter, growing to a minute; where the sink names a time, that and a little more. */
const pause = (attempts: number, asked: number | undefined): number =>
  asked === undefined
    ? Math.random() * Math.min(500 * 2 ** Math.min(attempts, 10), LONGEST_PAUSE_MS)
    : asked + Math.random() * Math.min(1000, asked / 10);

/** Why nothing at all could be delivered, where that is so. */
function wholeFailure(settlements: readonly Settlement[]): string | undefined {
  const retries = settlements.filter(({ retry }) => retry !== undefined);
  const settledNone = settlements.every(({ delivered, parked }) => delivered + parked.length === 0);
  return settledNone ? retries[0]?.retry?.reason : undefined;
}

/**
 * Delivers to one sink until told to stop; sleeps while nothing is due and wakes when something was appended. After a
 * failure one batch is sent, then two, four …: a sink that has just come back is not run over by what has waited. A write
 * under way is finished and settled, unless `writing` says otherwise.
 */
export async function deliveryLoop(
  workshop: Workshop,
  sink: RunningSink,
  appended: Bell,
  signal: AbortSignal,
  writing = signal,
): Promise<void> {
  const buffers = scratch();
  let lastFailure: string | undefined;
  let most = MOST_BATCHES;
  while (!signal.aborted) {
    try {
      const { batches, failed } = await takeTurn(workshop, sink, writing, buffers, most);
      if (failed !== undefined && failed !== lastFailure)
        workshop.log.warn('sink failed, trying again', { sink: sink.name, what: failed });
      if (failed === undefined && lastFailure !== undefined && batches > 0)
        workshop.log.info('sink is back', { sink: sink.name });
      if (batches > 0) {
        lastFailure = failed;
        most = failed === undefined ? Math.min(most * 2, MOST_BATCHES) : 1;
      }
      const fed = await feed(workshop, sink);
      if (batches === 0 && !fed) await appended.wait(workshop.clock.sleep(1000, signal));
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asQuarryError(thrown);
      workshop.log.error('delivery failed', { sink: sink.name, code: error.code, what: error.message });
      if (error.next === 'stop_process') throw error;
      await workshop.clock.sleep(5000, signal).catch(() => {});
    }
  }
}

const NOTHING: Delivered = { batches: 0, events: 0, failed: undefined };

/** Delivers once; where workers share the work, only what this one holds, for as long as it does. */
async function takeTurn(
  workshop: Workshop,
  sink: RunningSink,
  writing: AbortSignal,
  buffers: Scratch,
  most: number,
): Promise<Delivered> {
  const turn = workshop.turn?.(sink.name);
  if (turn === undefined) return deliverOnce(workshop, sink, writing, buffers, most);
  const { outbox, subscriptions, lost } = turn;
  try {
    if (subscriptions.length === 0) return NOTHING;
    const signal = AbortSignal.any([writing, lost]);
    return await deliverOnce({ ...workshop, outbox }, sink, signal, buffers, most, subscriptions);
  } catch (thrown) {
    if (!lost.aborted) throw thrown;
    workshop.log.warn('a lease was lost: what was being sent is left to who holds it now', { sink: sink.name });
    return NOTHING;
  } finally {
    turn.end();
  }
}

/** Queues what a suspended sink has room for; whether anything was. */
async function feed({ outbox, log }: Workshop, sink: RunningSink): Promise<boolean> {
  if (sink.takes === undefined) return false;
  const most = (sink.maxBacklog ?? Number.MAX_SAFE_INTEGER) * LOW_MARK;
  const fed = await feedSuspended(outbox.store, sink.name, sink.takes, most);
  if (fed === 'caught_up') log.info('sink has caught up', { sink: sink.name });
  return fed === 'caught_up' || fed === 'fed';
}
