import type { Outbox } from '../outbox/outbox.ts';
import { listSinks } from '../outbox/sink-state.ts';

/** A sum that does not add up: something was lost or counted twice. */
export interface Imbalance {
  readonly what: string;
  readonly left: number;
  readonly right: number;
}

/**
 * The balances that must always hold, from the counters and from the rows themselves:
 * per stream received = emitted + unchanged + quarantined and appended = emitted + removed;
 * per sink appended = filtered + delivered + parked + discarded + pending.
 */
export async function imbalances(outbox: Outbox): Promise<Imbalance[]> {
  const first = await look(outbox);
  if (first.length === 0) return first;
  // Where the database shows each statement a later moment, a sum that was passing through looks wrong once.
  const second = await look(outbox);
  return second.filter(({ what }) => first.some((one) => one.what === what));
}

/** All counters of one moment. */
async function look(outbox: Outbox): Promise<Imbalance[]> {
  const found: Imbalance[] = [];
  const hold = (what: string, left: number, right: number): void => {
    if (left !== right) found.push({ what, left, right });
  };
  const { streams, sinks } = await outbox.store.transaction(async ({ db }) => ({
    streams: await db.selectFrom('stream').selectAll().execute(),
    sinks: await listSinks({ ...outbox.store, db }),
  }));
  for (const stream of streams) {
    const name = `${stream.connection}/${stream.dataset}`;
    hold(
      `${name}: received = emitted + unchanged + quarantined`,
      stream.received,
      stream.emitted + stream.unchanged + stream.quarantined,
    );
    hold(`${name}: appended = emitted + removed`, stream.appended, stream.emitted + stream.removed);
  }
  for (const sink of sinks) {
    const { appended, filtered, delivered, parked, discarded, pending } = sink;
    hold(
      `${sink.sink}: appended = filtered + delivered + parked + discarded + pending`,
      appended,
      filtered + delivered + parked + discarded + pending,
    );
  }
  return found;
}
