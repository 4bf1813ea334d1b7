import { type Kysely, sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import type { Dialect, Store } from './store.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Plain SQL that both databases take, but for what `Dialect` says. */
  readonly statements: (dialect: Dialect) => readonly string[];
}

interface MigrationSchema {
  migration: { number: number; name: string; at: number };
}

/**
 * Brings the schema to the newest migration; each runs in a transaction of its own with its own row, so that a kill
 * leaves a whole number of them. Losing the race against another process counts as success. Throws QRY4008 when the
 * database knows migrations that this program does not.
 */
export async function migrate<Schema>(
  store: Store<Schema>,
  migrations: readonly Migration[],
  now: number,
): Promise<void> {
  const db = store.db as unknown as Kysely<MigrationSchema>;
  await sql
    .raw(
      `CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY, name ${store.dialect.text} NOT NULL, at bigint NOT NULL)`,
    )
    .execute(db);
  const applied = new Set(
    (await db.selectFrom('migration').select('number').execute()).map((row) => Number(row.number)),
  );
  const newest = Math.max(0, ...migrations.map((migration) => migration.number));
  const unknown = [...applied].filter((number) => number > newest);
  if (unknown.length > 0) {
    throw new QuarryError('QRY4008', {
      what: `The database has migration ${Math.max(...unknown)}; this version knows ${newest}.`,
    });
  }
  for (const migration of [...migrations].sort((a, b) => a.number - b.number)) {
    if (applied.has(migration.number)) continue;
    await store.transaction(async ({ db: tx }) => {
      const inTx = tx as unknown as Kysely<MigrationSchema>;
      const raced = await inTx
        .selectFrom('migration')
        .select('number')
        .where('number', '=', migration.number)
        .executeTakeFirst();
      if (raced !== undefined) return;
      for (const statement of migration.statements(store.dialect)) await sql.raw(statement).execute(inTx);
      await inTx.insertInto('migration').values({ number: migration.number, name: migration.name, at: now }).execute();
    });
  }
}
