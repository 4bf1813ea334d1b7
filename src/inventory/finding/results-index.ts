/**
 * The index by which RESULTS are found that hold a text, on databases that have such an index (`Dialect.pieces`).
 *
 * As the index by QID (`by-qid.ts`) it is made at once when the first load is over: kept up row by row it would cost the
 * load several times what the rows cost. The database is the state: the index is there or not. Without it every text is
 * looked at, with the same answer; so it is where a database has no such index, or its user may not make one.
 */
import { sql } from 'kysely';
import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';

const NAME = 'finding_results_pieces';

/** For a table that was emptied, and is going to be filled anew. */
export const DROP_RESULTS_INDEX = `DROP INDEX IF EXISTS ${NAME}`;

/** Nothing to do where it is there, or cannot be. */
export async function makeResultsIndex(store: Store<InventorySchema>): Promise<void> {
  const statement = store.dialect.pieces?.(NAME, 'finding_results', 'lower(results)');
  if (statement !== undefined) await store.transaction(({ db }) => sql.raw(statement).execute(db));
}
