import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

/** A pull as it is kept. Times are epoch ms; `report` is the collector's, as JSON, `{}` while it runs. */
export interface PullRow {
  readonly id: number;
  readonly stream: number;
  readonly connection: string;
  readonly dataset: string;
  readonly started: number;
  readonly ended: number | null;
  /** `running`, `complete`, `interrupted`, `failed`, or `abandoned` by a kill. */
  readonly outcome: string;
  readonly report: string;
}

export interface PullsWanted {
  /** Ids of streams. */
  readonly streams: readonly number[];
  readonly outcome?: string | undefined;
  readonly limit: number;
  /** Only those older than this one. */
  readonly before?: Pick<PullRow, 'id' | 'stream'> | undefined;
}

/** Pulls of these streams, the newest first. */
export async function listPulls({ db }: Store<OutboxSchema>, wanted: PullsWanted): Promise<PullRow[]> {
  const { streams, outcome, limit, before } = wanted;
  if (streams.length === 0) return [];
  let query = db
    .selectFrom('pull')
    .innerJoin('stream', 'stream.id', 'pull.stream')
    .selectAll('pull')
    .select(['stream.connection', 'stream.dataset'])
    .where('pull.stream', 'in', [...streams])
    .orderBy('pull.id', 'desc')
    .orderBy('pull.stream', 'desc')
    .limit(limit);
  if (outcome !== undefined) query = query.where('pull.outcome', '=', outcome);
  if (before !== undefined)
    query = query.where(({ or, and, eb }) =>
      or([eb('pull.id', '<', before.id), and([eb('pull.id', '=', before.id), eb('pull.stream', '<', before.stream)])]),
    );
  return query.execute();
}

/** How many pulls of these streams there are; counted up to `limit`. */
export async function countPulls({ db }: Store<OutboxSchema>, wanted: Omit<PullsWanted, 'before'>): Promise<number> {
  const { streams, outcome, limit } = wanted;
  if (streams.length === 0) return 0;
  let query = db
    .selectFrom('pull')
    .select('id')
    .where('stream', 'in', [...streams])
    .limit(limit);
  if (outcome !== undefined) query = query.where('outcome', '=', outcome);
  const { n } = await db
    .selectFrom(query.as('some'))
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

export async function pullOf({ db }: Store<OutboxSchema>, stream: number, id: number): Promise<PullRow | undefined> {
  return db
    .selectFrom('pull')
    .innerJoin('stream', 'stream.id', 'pull.stream')
    .selectAll('pull')
    .select(['stream.connection', 'stream.dataset'])
    .where('pull.stream', '=', stream)
    .where('pull.id', '=', id)
    .executeTakeFirst();
}

/** Events appended since a time, by stream and hour (epoch ms of its beginning): what a chart of volume shows. */
export async function appendedByHour(
  { db }: Store<OutboxSchema>,
  streams: readonly number[],
  since: number,
): Promise<{ stream: number; hour: number; appended: number }[]> {
  if (streams.length === 0) return [];
  const hour = sql<number>`created - created % 3600000`;
  const rows = await db
    .selectFrom('batch')
    .select(['stream', hour.as('hour'), ({ fn }) => fn.sum<number>('events').as('appended')])
    .where('created', '>=', since)
    .where('stream', 'in', [...streams])
    .groupBy(['stream', hour])
    .orderBy('hour')
    .execute();
  return rows.map(({ stream, hour: at, appended }) => ({ stream, hour: Number(at), appended: Number(appended) }));
}

/** When the last complete pull of each stream ended; epoch ms, by the stream's id. */
export async function lastCompleted({ db }: Store<OutboxSchema>): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('pull')
    .select(({ fn }) => ['stream', fn.max<number>('ended').as('ended')])
    .where('outcome', '=', 'complete')
    .groupBy('stream')
    .execute();
  return new Map(rows.map(({ stream, ended }) => [stream, Number(ended)]));
}

/** So many pulls of each stream are kept however old they are: plans and schedules look back on them. */
const ALWAYS_KEPT = 100;

/** Forgets pulls that began before a time (epoch ms). Returns how many. */
export async function forgetPulls(store: Store<OutboxSchema>, before: number): Promise<number> {
  let forgotten = 0;
  for (const { id: stream } of await store.db.selectFrom('stream').select('id').execute()) {
    const oldest = await store.db
      .selectFrom('pull')
      .select('id')
      .where('stream', '=', stream)
      .orderBy('id', 'desc')
      .offset(ALWAYS_KEPT - 1)
      .limit(1)
      .executeTakeFirst();
    if (oldest === undefined) continue;
    const { numDeletedRows } = await store.db
      .deleteFrom('pull')
      .where('stream', '=', stream)
      .where('id', '<', oldest.id)
      .where('started', '<', before)
      .executeTakeFirst();
    forgotten += Number(numDeletedRows);
  }
  return forgotten;
}
