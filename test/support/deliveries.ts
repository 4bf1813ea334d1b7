import { type PendingBatch, pendingBatches, settle } from '../../src/outbox/delivery.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { eventsOf, type RawEvent } from './pages.ts';

/** Gives a sink everything that waits and settles it as delivered; returns the events in order. */
export async function drain(outbox: Outbox, sink: string, now = 1_000_000): Promise<RawEvent[]> {
  const seen: RawEvent[] = [];
  for (;;) {
    const pending = await pendingBatches(outbox.store, outbox.spool, sink, now, 8 << 20);
    if (pending.length === 0) return seen;
    for (const one of pending) {
      const events = await eventsOf(one, outbox.bodies);
      const left = events.filter((_, i) => !one.settled.includes(i));
      seen.push(...left);
      await settle(outbox.store, sink, [allDelivered(one, left.length)], now);
    }
  }
}

export const allDelivered = (pending: PendingBatch, delivered = pending.location.events - pending.settled.length) => ({
  batch: pending.batch,
  delivered,
  filtered: 0,
  parked: [],
});

/** What a sink may have now. */
export const pendingOf = (outbox: Outbox, sink: string, now = 1_000_000, bytes = 8 << 20): Promise<PendingBatch[]> =>
  pendingBatches(outbox.store, outbox.spool, sink, now, bytes);
