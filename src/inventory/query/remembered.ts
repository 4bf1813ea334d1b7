/**
 * Answers that need not be found again: counts, facets, and which rows make a page. Some look at every finding, and are
 * asked by everyone who opens a page.
 *
 * Invariant: whatever is folded raises the version of its space or of its KnowledgeBase in the transaction that writes
 * it (`space.ts`, `knowledge/fold.ts`). So an answer is good while all versions are what they were before it was asked.
 * What is shown only when all is asked for is not remembered: rows that are removed are forgotten without a new version.
 *
 * State is a bounded map per store, in memory, the least recently used first; it is empty after a start.
 */
import { hash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';

type Answer = Promise<readonly unknown[]>;

const ANSWERS = 100;
/** An answer with more rows is not worth its memory. */
const MOST_ROWS = 1001;

const answersOf = new WeakMap<Store<InventorySchema>, Map<string, Answer>>();

/** The rows of a statement that asks the tables of the inventory alone; the caller must not change them. */
export async function remembered<Row>(
  store: Store<InventorySchema>,
  statement: RawBuilder<Row>,
): Promise<readonly Row[]> {
  const { rows: versions } = await sql`SELECT 0 AS of, tenant, subscription, version FROM space
    UNION ALL SELECT 1, tenant, subscription, version FROM knowledge_version ORDER BY 1, 2, 3`.execute(store.db);
  const { sql: text, parameters } = statement.compile(store.db);
  const key = hash('sha256', JSON.stringify([text, parameters, versions]));
  const answers = answersOf.get(store) ?? new Map<string, Answer>();
  answersOf.set(store, answers);
  const answer: Answer = answers.get(key) ?? statement.execute(store.db).then(({ rows }) => rows);
  answers.delete(key);
  answers.set(key, answer);
  if (answers.size > ANSWERS) answers.delete(answers.keys().next().value!);
  try {
    const rows = await answer;
    if (rows.length > MOST_ROWS) answers.delete(key);
    return rows as readonly Row[];
  } catch (error) {
    answers.delete(key);
    throw error;
  }
}
