import { DEVICE_SOURCES } from '../../inventory/device/source.ts';
import { INVENTORY_DATASETS } from '../../inventory/fold.ts';
import type { CompleteReading, InventoryPolicy } from '../../inventory/policy.ts';
import { beforeNow } from '../../inventory/views/shown.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { listStreams } from '../../outbox/streams.ts';
import type { PullReport } from '../report.ts';
import { INVENTORY } from './consumer.ts';

/** How much of a data set is here, against what Qualys said last: “12,403 of 12,403, 3 quarantined”. */
export interface Coverage {
  readonly tenant: string;
  readonly subscription: string;
  readonly connection: string;
  readonly dataset: string;
  /** Objects known and not removed, now. */
  readonly have: number;
  /** What the last complete reading held; of a list of ids alone, what is here by now. Undefined before the first. */
  readonly read: number | undefined;
  /** What Qualys had then, and how that is known. */
  readonly qualys: number | undefined;
  /**
   * `count`: Qualys's own count. `ids`: its list of ids, taken before and after. `reading`: it says neither; the reading
   * speaks for itself.
   */
  readonly by: 'count' | 'ids' | 'reading' | undefined;
  /** Whether the two agree, but for what came or went meanwhile and what is in quarantine. */
  readonly complete: boolean | undefined;
  /** The beginning of that reading; milliseconds since the epoch. */
  readonly asOf: number | undefined;
  /** Ranges of ids that could not be read and are tried again. */
  readonly quarantined: number;
  /** A complete reading that found too much missing to be believed. */
  readonly held: number | undefined;
  /** Whether the inventory takes it; what it has yet to fold: see `inventoryWaiting`. */
  readonly inInventory: boolean;
}

/** Every stream there is, by connection and data set; or those of one connection. */
export async function coverage(outbox: Outbox, only?: string): Promise<Coverage[]> {
  const { db } = outbox.store;
  const streams = (await listStreams(outbox.store)).filter(({ connection }) => (only ?? connection) === connection);
  const held = await db.selectFrom('sweep').select(['stream', 'absent']).where('state', '=', 'held').execute();
  const quarantine = await db
    .selectFrom('quarantine')
    .select(({ fn }) => ['stream', fn.countAll<number>().as('n')])
    .groupBy('stream')
    .execute();
  const found: Coverage[] = [];
  for (const stream of streams) {
    const { tenant, subscription, connection, dataset } = stream;
    const quarantined = Number(quarantine.find((one) => one.stream === stream.id)?.n ?? 0);
    const absent = held.findLast((sweep) => sweep.stream === stream.id)?.absent;
    found.push({
      ...{ tenant, subscription, connection, dataset },
      have: Number(stream.knownKeys),
      ...(await lastReading(outbox, stream.id, Number(stream.knownKeys), quarantined)),
      quarantined,
      held: absent === undefined ? undefined : Number(absent),
      inInventory: INVENTORY_DATASETS.has(dataset),
    });
  }
  return found;
}

/** Sweeps looked through for the last that says something: those before it were dropped with their pulls. */
const LOOK_BACK = 20;

/** What the last complete reading found: one that was concluded, or one whose answers were cut short. */
async function lastReading(
  outbox: Outbox,
  stream: number,
  have: number,
  quarantined: number,
): Promise<Pick<Coverage, 'read' | 'qualys' | 'by' | 'complete' | 'asOf'>> {
  const sweeps = await outbox.store.db
    .selectFrom('sweep')
    .leftJoin('pull', (join) => join.onRef('pull.stream', '=', 'sweep.stream').onRef('pull.id', '=', 'sweep.started'))
    .select(['sweep.started', 'sweep.state', 'sweep.known', 'sweep.absent', 'pull.report'])
    .where('sweep.stream', '=', stream)
    .where('sweep.state', 'in', ['concluded', 'dropped'])
    .orderBy('sweep.id', 'desc')
    .limit(LOOK_BACK)
    .execute();
  for (const { started, state, known, absent, report } of sweeps) {
    const { counted, mode } = report === null ? {} : (JSON.parse(report) as Partial<PullReport>);
    const asOf = Number(started);
    if (counted !== undefined) {
      const { by, counted: qualys, changed } = counted;
      // New objects are listed before a pull brings them.
      const read = mode === 'ids' ? Math.min(have, qualys) : counted.read;
      return { read, qualys, by, complete: Math.abs(read - qualys) <= changed + quarantined, asOf };
    }
    if (state !== 'concluded') continue;
    const read = Number(known) - Number(absent);
    return { read, qualys: read, by: 'reading', complete: true, asOf };
  }
  return { read: undefined, qualys: undefined, by: undefined, complete: undefined, asOf: undefined };
}

/**
 * Objects whose keys are known and whose records are not: an import of state brought them. The inventory has none of
 * them until they change, or their stream is reset. Goes through all keys.
 */
export async function withoutRecords(outbox: Outbox): Promise<ReadonlyMap<string, number>> {
  const rows = await outbox.store.db
    .selectFrom('known_key')
    .innerJoin('keyspace', 'keyspace.id', 'known_key.keyspace')
    .select(({ fn }) => ['keyspace.tenant', 'keyspace.subscription', 'keyspace.dataset', fn.countAll<number>().as('n')])
    .where('known_key.batch', '=', 0)
    .where('known_key.fingerprint', '<>', '-')
    .groupBy(['keyspace.tenant', 'keyspace.subscription', 'keyspace.dataset'])
    .execute();
  return new Map(
    rows
      .filter(({ dataset }) => INVENTORY_DATASETS.has(dataset))
      .map(({ n, ...space }) => [spaceName(space), Number(n)]),
  );
}

/** What `withoutRecords` calls the objects of a stream. */
export const spaceName = ({ tenant, subscription, dataset }: Pick<Coverage, 'tenant' | 'subscription' | 'dataset'>) =>
  JSON.stringify([tenant, subscription, dataset]);

/** Events the inventory has yet to fold, and those it refused. */
export async function inventoryWaiting(outbox: Outbox): Promise<{ waiting: number; refused: number }> {
  const row = await outbox.store.db
    .selectFrom('sink_now')
    .select(['pending', 'parked'])
    .where('name', '=', INVENTORY)
    .executeTakeFirst();
  return { waiting: Number(row?.pending ?? 0), refused: Number(row?.parked ?? 0) };
}

/**
 * What the thresholds of the inventory go by: of each data set the first two complete readings since the time after which
 * something counts as returned. Nothing where no threshold asks for it.
 */
export async function completeReadings(
  { store }: Pick<Outbox, 'store'>,
  policy: Pick<InventoryPolicy, 'devices' | 'users'>,
  now: number,
): Promise<CompleteReading[]> {
  const found: CompleteReading[] = [];
  for (const kind of ['devices', 'users'] as const) {
    const { deleteNotReturned } = policy[kind];
    if (deleteNotReturned === undefined) continue;
    const rows = await store.db
      .selectFrom((db) =>
        db
          .selectFrom('sweep')
          .innerJoin('stream', 'stream.id', 'sweep.stream')
          .select(({ fn }) => [
            ...(['stream.tenant', 'stream.subscription', 'stream.dataset', 'sweep.started'] as const),
            fn
              .agg<number>('row_number')
              .over((of) =>
                of.partitionBy(['stream.tenant', 'stream.subscription', 'stream.dataset']).orderBy('sweep.started'),
              )
              .as('n'),
          ])
          .where('sweep.state', '=', 'concluded')
          .where('sweep.started', '>=', beforeNow(now, deleteNotReturned))
          .where('stream.dataset', 'in', kind === 'users' ? ['users'] : Object.keys(DEVICE_SOURCES))
          .as('reading'),
      )
      .select(['tenant', 'subscription', 'dataset', 'started'])
      .where('n', '<=', 2)
      .execute();
    found.push(...rows.map(({ started, ...space }) => ({ ...space, at: Number(started) })));
  }
  return found;
}
