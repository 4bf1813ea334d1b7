/**
 * The index by which the findings of a QID are found. Kept up row by row it costs a first load about as much as the rows
 * themselves, since QIDs come in no order; made at once over what is there it costs little. So a database begins without
 * it, and it is made when the first load is over.
 *
 * The database is the state: the index is there or not, a kill leaves either. Without it a question by QID reads all
 * findings and has the same answer.
 */
import { sql } from 'kysely';
import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';

const NAME = 'finding_qid';

/** For a table that was emptied, and is going to be filled anew. */
export const DROP_QID_INDEX = `DROP INDEX IF EXISTS ${NAME}`;

/** Nothing to do where it is there. */
export async function makeQidIndex(store: Store<InventorySchema>): Promise<void> {
  await store.transaction(async ({ db }) => {
    await sql.raw(`CREATE INDEX IF NOT EXISTS ${NAME} ON finding (qid, space)`).execute(db);
  });
}
