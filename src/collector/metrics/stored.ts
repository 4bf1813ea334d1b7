import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Outbox } from '../../outbox/outbox.ts';
import { listSinks, type SinkState } from '../../outbox/sink-state.ts';
import { listStreams, type StreamState } from '../../outbox/streams.ts';
import { inventoryStore } from '../fold/consumer.ts';
import { listWorkers } from '../work/workers.ts';

/** What a scrape asks the database for: a row a stream and a row a sink, and some sums. */
export interface Stored {
  readonly streams: readonly StreamState[];
  readonly sinks: readonly SinkState[];
  /** By stream id. */
  readonly quarantined: ReadonlyMap<number, number>;
  readonly held: ReadonlyMap<number, number>;
  /** Nobody where the database is a file. */
  readonly shared: Awaited<ReturnType<typeof listWorkers>>;
  /** Bytes. */
  readonly database: number;
  readonly spool: number;
  readonly free: number;
}

export async function readStored(outbox: Outbox, dataDir: string): Promise<Stored> {
  const { store } = outbox;
  const { db } = store;
  const quarantined = await db
    .selectFrom('quarantine')
    .select(({ fn }) => ['stream', fn.countAll<number>().as('n')])
    .groupBy('stream')
    .execute();
  const held = await db
    .selectFrom('sweep')
    .select(({ fn }) => ['stream', fn.countAll<number>().as('n')])
    .where('state', '=', 'held')
    .groupBy('stream')
    .execute();
  const spool = await db
    .selectFrom('segment')
    .select(({ fn }) => fn.sum<number>('bytes').as('n'))
    .executeTakeFirst();
  return {
    streams: await listStreams(store),
    sinks: await listSinks(store),
    quarantined: counts(quarantined),
    held: counts(held),
    shared: await listWorkers(outbox),
    database: await databaseBytes(outbox, dataDir),
    spool: Number(spool?.n ?? 0),
    free: await statfs(dataDir).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => 0,
    ),
  };
}

const counts = (rows: readonly { stream: number; n: number }[]): ReadonlyMap<number, number> =>
  new Map(rows.map(({ stream, n }) => [stream, Number(n)]));

async function databaseBytes({ store }: Outbox, dataDir: string): Promise<number> {
  if (store.dialect.name === 'postgres') {
    const { rows } = await sql<{ n: number }>`SELECT pg_database_size(current_database()) AS n`.execute(store.db);
    return Number(rows[0]?.n ?? 0);
  }
  const sizes = ['quarry.db', 'quarry.db-wal'].map((file) =>
    stat(join(dataDir, file)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The end of the last complete pull of every stream, epoch ms by stream id: from the time before this process. */
export async function lastSuccesses({ store }: Outbox): Promise<ReadonlyMap<number, number>> {
  const rows = await store.db
    .selectFrom('pull')
    .select(({ fn }) => ['stream', fn.max<number>('ended').as('ended')])
    .where('outcome', '=', 'complete')
    .groupBy('stream')
    .execute();
  return new Map(rows.map(({ stream, ended }) => [stream, Number(ended)]));
}

export interface InventoryCounts {
  readonly present: number;
  readonly removed: number;
  readonly findings: readonly { readonly severity: number; readonly open: boolean; readonly n: number }[];
}

/** Reads all devices and findings: a second for some million, so not for every scrape. */
export async function inventoryCounts(outbox: Outbox): Promise<InventoryCounts> {
  const { db } = inventoryStore(outbox);
  const devices = await db
    .selectFrom('device')
    .select(({ fn }) => [
      sql<number>`CASE WHEN removed = '' THEN 1 ELSE 0 END`.as('present'),
      fn.countAll<number>().as('n'),
    ])
    .groupBy('present')
    .execute();
  const findings = await db
    .selectFrom('finding')
    .select(({ fn }) => [
      'severity',
      sql<number>`CASE WHEN closed = 0 THEN 1 ELSE 0 END`.as('is_open'),
      fn.countAll<number>().as('n'),
    ])
    .where('removed', '=', 0)
    .groupBy(['severity', 'is_open'])
    .execute();
  const of = (present: number): number => Number(devices.find((row) => Number(row.present) === present)?.n ?? 0);
  return {
    present: of(1),
    removed: of(0),
    findings: findings.map((row) => ({
      severity: Number(row.severity),
      open: Number(row.is_open) === 1,
      n: Number(row.n),
    })),
  };
}
