/**
 * Numbers of rows: each is given out once, and of two taken by transactions that follow one another the later is higher.
 * Where one writer writes at a time they stand in the table `counter`. Where many do, each name is a sequence of the
 * database: a row all have to raise would make every transaction wait for the end of the one before, that of a process
 * which was stopped among them. Numbers of what was rolled back are left out there.
 */
import { sql } from 'kysely';
import type { Store, Transaction } from '../store/store.ts';
import { goOn, NUMBERED, type Numbered, sequenceOf } from './many-writers.ts';
import type { OutboxSchema } from './schema.ts';

/** Takes `n` numbers, ascending; with many writers there may be others between them. */
export async function takeNumbers(tx: Transaction<OutboxSchema>, name: Numbered, n: number): Promise<number[]> {
  if (n === 0) return [];
  if (tx.dialect.writers === 'many') {
    const { rows } = await sql<{ value: number }>`
      SELECT nextval(${sequenceOf(name)}) AS value FROM generate_series(1, ${n}::int)`.execute(tx.db);
    return rows.map(({ value }) => value).sort((a, b) => a - b);
  }
  const { value } = await tx.db
    .insertInto('counter')
    .values({ name, value: n })
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ value: eb('counter.value', '+', n) })))
    .returning('value')
    .executeTakeFirstOrThrow();
  return Array.from({ length: n }, (_, i) => value - n + 1 + i);
}

export const takeNumber = async (tx: Transaction<OutboxSchema>, name: Numbered): Promise<number> =>
  (await takeNumbers(tx, name, 1))[0]!;

/** After the table was copied from a database with one writer. */
export async function continueNumbers(store: Store<OutboxSchema>): Promise<void> {
  if (store.dialect.writers === 'one') return;
  for (const name of NUMBERED) await sql.raw(goOn(name)).execute(store.db);
}
