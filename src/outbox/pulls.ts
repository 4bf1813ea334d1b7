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
