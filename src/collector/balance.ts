import type { Outbox } from '../outbox/outbox.ts';
import { listSinks } from '../outbox/sink-state.ts';
import { listStreams } from '../outbox/streams.ts';

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
  const found: Imbalance[] = [];
  const hold = (what: string, left: number, right: number): void => {
    if (left !== right) found.push({ what, left, right });
  };
  for (const stream of await listStreams(outbox.store)) {
    const name = `${stream.connection}/${stream.dataset}`;
    hold(
      `${name}: received = emitted + unchanged + quarantined`,
      stream.received,
      stream.emitted + stream.unchanged + stream.quarantined,
    );
    hold(`${name}: appended = emitted + removed`, stream.appended, stream.emitted + stream.removed);
  }
  for (const sink of await listSinks(outbox.store)) {
    const { appended, filtered, delivered, parked, discarded, pending } = sink;
    hold(
      `${sink.sink}: appended = filtered + delivered + parked + discarded + pending`,
      appended,
      filtered + delivered + parked + discarded + pending,
    );
  }
  return found;
}
