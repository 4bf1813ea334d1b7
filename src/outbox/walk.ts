import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

/** A place in the order of the key table. */
export interface KeyPlace {
  readonly lead: number;
  readonly key: string;
}

/** Behind every key of a leading id: no key holds a character as high. */
export const LAST_KEY = '\u{10ffff}';

/** Before every key. */
export const FIRST: KeyPlace = { lead: -1, key: '' };

/**
 * Rows of a key space behind `after`, in order, up to the leading id `to` (null: no bound), at most `limit`. The
 * comparison is of the pair, which both databases answer from the primary key; spelled out with OR, SQLite reads the key
 * space from its beginning every time.
 */
export function keysBehind<Name extends keyof OutboxSchema['known_key']>(
  store: Store<OutboxSchema>,
  keyspace: number,
  after: KeyPlace,
  to: number | null,
  limit: number,
  select: readonly Name[],
): Promise<Pick<OutboxSchema['known_key'], Name>[]> {
  const query = store.db
    .selectFrom('known_key')
    .select(select as readonly (keyof OutboxSchema['known_key'])[])
    .where('keyspace', '=', keyspace)
    .where(sql<boolean>`(lead, key) > (${after.lead}, ${after.key})`)
    .orderBy('lead')
    .orderBy('key')
    .limit(limit);
  return (to === null ? query : query.where('lead', '<=', to)).execute() as Promise<
    Pick<OutboxSchema['known_key'], Name>[]
  >;
}

/**
 * Leading ids of a key space above `after`, in order, at most `limit`: from one id to the next by a look-up each, so
 * that a host with thousands of keys costs as little as one with a single key.
 */
export async function leadsAbove(
  store: Store<OutboxSchema>,
  keyspace: number,
  after: number,
  limit: number,
): Promise<number[]> {
  const next = sql`(SELECT min(k.lead) FROM known_key k WHERE k.keyspace = ${keyspace} AND k.lead > above.lead)`;
  const { rows } = await sql<{ lead: number }>`
    WITH RECURSIVE above(lead) AS (
      SELECT min(lead) FROM known_key WHERE keyspace = ${keyspace} AND lead > ${after}
      UNION ALL SELECT ${next} FROM above WHERE lead IS NOT NULL
    ) SELECT lead FROM above WHERE lead IS NOT NULL LIMIT ${limit}`.execute(store.db);
  return rows.map(({ lead }) => lead);
}
