import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

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
  /** When the next try is due; epoch ms, in the past when it is due now. */
  readonly nextAt: number | null;
  readonly reason: string | null;
  readonly lastDelivered: number | null;
  /** The last write failed as a whole: nothing is sent before `nextAt`, and then one batch. */
  readonly failing: boolean;
  /** It had more waiting than it may: what came since is queued once there is room. */
  readonly suspended: boolean;
}

/** A sink as its circuit: `closed` all is well, `open` nothing is sent for now, `half_open` one batch will tell. */
export const circuitOf = ({ failing, nextAt }: SinkState, now: number): 'closed' | 'open' | 'half_open' => {
  if (!failing) return 'closed';
  return nextAt !== null && nextAt > now ? 'open' : 'half_open';
};

/** Every sink with its counters and what is pending, from the counters alone; `verify.ts` holds them against the rows. */
export async function listSinks(store: Store<OutboxSchema>): Promise<SinkState[]> {
  const sinks = await store.db.selectFrom('sink_now').selectAll().orderBy('name').execute();
  const states: SinkState[] = [];
  for (const row of sinks) {
    const first = await store.db
      .selectFrom('delivery')
      .innerJoin('batch', 'batch.id', 'delivery.batch')
      .select(['batch.created', 'delivery.next_at', 'delivery.reason'])
      .where('delivery.sink', '=', row.name)
      .orderBy('delivery.batch')
      .limit(1)
      .executeTakeFirst();
    const { appended, filtered, delivered, parked, discarded, pending } = row;
    states.push({
      sink: row.name,
      ...{ appended, filtered, delivered, parked, discarded, pending },
      pendingBatches: row.pending_batches,
      pendingBytes: row.pending_bytes,
      waitingSince: first?.created ?? null,
      nextAt: first === undefined ? null : Math.max(row.paused_until, first.next_at),
      reason: row.reason ?? first?.reason ?? null,
      lastDelivered: row.last_delivered,
      failing: row.reason !== null,
      suspended: row.suspended !== null,
    });
  }
  return states;
}

/** Bytes of bodies that wait for a sink: what `max_backlog` is held against. Costs a row or a few. */
export async function backlogBytes(store: Store<OutboxSchema>, sink: string): Promise<number> {
  const row = await store.db.selectFrom('sink_now').select('pending_bytes').where('name', '=', sink).executeTakeFirst();
  return row?.pending_bytes ?? 0;
}
