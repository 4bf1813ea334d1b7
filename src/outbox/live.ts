import type { Kysely, Selectable } from 'kysely';
import { REMOVED } from './identity.ts';
import type { OutboxSchema } from './schema.ts';

/** Where a batch's keys lie in the key table. */
export type KeyedBatch = Selectable<Pick<OutboxSchema['batch'], 'id' | 'keyspace' | 'lead_from' | 'lead_to'>>;

/** Numbers of the events that are the newest body of their key: a short walk, since a batch covers a short range of ids. */
export async function liveNumbers(db: Kysely<OutboxSchema>, batch: KeyedBatch): Promise<Set<number>> {
  const rows = await db
    .selectFrom('known_key')
    .select('event')
    .where('keyspace', '=', batch.keyspace)
    .where('lead', '>=', batch.lead_from)
    .where('lead', '<=', batch.lead_to)
    .where('batch', '=', batch.id)
    .where('fingerprint', '<>', REMOVED)
    .execute();
  return new Set(rows.map(({ event }) => event));
}
