import { INVENTORY_DATASETS } from '../../inventory/fold.ts';
import type { CompleteReading } from '../../inventory/policy.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { listStreams } from '../../outbox/streams.ts';
import type { PullReport } from '../report.ts';
import { INVENTORY } from './consumer.ts';

/** How much of a data set is here, against what Qualys said last. “12,403 of 12,403, 3 quarantined”. */
export interface Coverage {
  readonly tenant: string;
  readonly subscription: string;
  readonly connection: string;
  readonly dataset: string;
  /** Objects known and not removed. */
  readonly have: number;
  /** What Qualys has, and how that is known; undefined before the first complete reading. */
  readonly qualys: number | undefined;
  /** `count`: Qualys's own count. `reading`: what a complete reading held, or ids listed. */
  readonly by: 'count' | 'reading' | undefined;
  /** The beginning of that reading; milliseconds since the epoch. */
  readonly asOf: number | undefined;
  /** Ranges of ids that could not be read and are tried again. */
  readonly quarantined: number;
  /** A complete reading that found too much missing to be believed. */
  readonly held: number | undefined;
  /** Whether the inventory takes it; what it has yet to fold: see `inventoryWaiting`. */
  readonly inInventory: boolean;
}

/** Every stream there is, by connection and data set. */
export async function coverage(outbox: Outbox): Promise<Coverage[]> {
  const { db } = outbox.store;
  const streams = await listStreams(outbox.store);
  const sweeps = await db
    .selectFrom('sweep')
    .select(['stream', 'state', 'started', 'known', 'absent'])
    .where('state', 'in', ['concluded', 'held'])
    .orderBy('id')
    .execute();
  const quarantine = await db
    .selectFrom('quarantine')
    .select(({ fn }) => ['stream', fn.countAll<number>().as('n')])
    .groupBy('stream')
    .execute();
  const found: Coverage[] = [];
  for (const stream of streams) {
    const own = sweeps.filter((sweep) => sweep.stream === stream.id);
    const last = own.findLast(({ state }) => state === 'concluded');
    const counted = last === undefined ? undefined : await countOf(outbox, stream.id, last.started);
    const { tenant, subscription, connection, dataset } = stream;
    found.push({
      ...{ tenant, subscription, connection, dataset },
      have: Number(stream.knownKeys),
      qualys: counted ?? (last === undefined ? undefined : Number(last.known) - Number(last.absent)),
      by: counted !== undefined ? 'count' : last === undefined ? undefined : 'reading',
      asOf: last?.started,
      quarantined: Number(quarantine.find((one) => one.stream === stream.id)?.n ?? 0),
      held: own.findLast(({ state }) => state === 'held')?.absent,
      inInventory: INVENTORY_DATASETS.has(dataset),
    });
  }
  return found;
}

/** Qualys's own count, where a full reading was held against one. */
async function countOf(outbox: Outbox, stream: number, pull: number): Promise<number | undefined> {
  const row = await outbox.store.db
    .selectFrom('pull')
    .select('report')
    .where('stream', '=', stream)
    .where('id', '=', pull)
    .executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.report) as Partial<PullReport>).counted?.counted;
}

/** Events the inventory has yet to fold, and those it refused. */
export async function inventoryWaiting(outbox: Outbox): Promise<{ waiting: number; refused: number }> {
  const row = await outbox.store.db
    .selectFrom('sink')
    .select(['pending', 'parked'])
    .where('name', '=', INVENTORY)
    .executeTakeFirst();
  return { waiting: Number(row?.pending ?? 0), refused: Number(row?.parked ?? 0) };
}

/** When each data set was read completely for the last time: what the thresholds of the inventory go by. */
export async function completeReadings(outbox: Outbox): Promise<CompleteReading[]> {
  const rows = await outbox.store.db
    .selectFrom('sweep')
    .innerJoin('stream', 'stream.id', 'sweep.stream')
    .select(({ fn }) => [
      'stream.tenant',
      'stream.subscription',
      'stream.dataset',
      fn.max<number>('sweep.started').as('at'),
    ])
    .where('sweep.state', '=', 'concluded')
    .groupBy(['stream.tenant', 'stream.subscription', 'stream.dataset'])
    .execute();
  return rows.map(({ at, ...space }) => ({ ...space, at: Number(at) }));
}
