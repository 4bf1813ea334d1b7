import { type Kysely, sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import type { Dialect, Store } from './store.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Plain SQL that both databases take, but for what `Dialect` says. */
  readonly statements: (dialect: Dialect) => readonly string[];
}

type MigrationSchema = Record<string, { number: number; name: string; at: number }>;

/** Where the numbers stand that were applied. Rooms that share a database and not their numbers each have a table. */
const TABLE = 'migration';

/**
 * Brings the schema to the newest migration; each runs in a transaction of its own with its own row, so that a kill
 * leaves a whole number of them. Losing the race against another process counts as success: the row is written first,
 * so the second process waits for the first and then finds it. Throws QRY4008 when the database knows migrations that
 * this program does not.
 */
export async function migrate<Schema>(
  store: Store<Schema>,
  migrations: readonly Migration[],
  now: number,
  table = TABLE,
): Promise<void> {
  await store.transaction(async ({ db }) => {
    const { text } = store.dialect;
    await sql
      .raw(`CREATE TABLE IF NOT EXISTS ${table} (number bigint PRIMARY KEY, name ${text} NOT NULL, at bigint NOT NULL)`)
      .execute(db);
  });
  const applied = await appliedMigrations(store, table);
  refuseNewer(applied, migrations);
  for (const migration of [...migrations].sort((a, b) => a.number - b.number)) {
    if (applied.has(migration.number)) continue;
    await store.transaction(async ({ db }) => {
      const tx = db as unknown as Kysely<MigrationSchema>;
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto(table)
        .values({ number: migration.number, name: migration.name, at: now })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (Number(numInsertedOrUpdatedRows) === 0) return;
      for (const statement of migration.statements(store.dialect)) await sql.raw(statement).execute(tx);
    });
  }
}

/** For programs that only look: throws QRY4008 unless the schema is exactly the one this program knows. */
export async function expectMigrated<Schema>(store: Store<Schema>, migrations: readonly Migration[]): Promise<void> {
  const applied = await appliedMigrations(store, TABLE).catch((error: unknown) => {
    // No such table: nothing was ever migrated.
    if (error instanceof QuarryError && error.code === 'QRY9001') return new Set<number>();
    throw error;
  });
  refuseNewer(applied, migrations);
  const missing = migrations.filter(({ number }) => !applied.has(number));
  if (missing.length > 0) {
    throw new QuarryError('QRY4008', {
      what: `The database lacks migration ${missing[0]!.number} (${missing[0]!.name}).`,
      fix: 'Start the collector once: it brings the database up to date.',
    });
  }
}

async function appliedMigrations<Schema>(store: Store<Schema>, table: string): Promise<Set<number>> {
  const db = store.db as unknown as Kysely<MigrationSchema>;
  return new Set((await db.selectFrom(table).select('number').execute()).map((row) => Number(row.number)));
}

function refuseNewer(applied: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const newest = Math.max(0, ...migrations.map((migration) => migration.number));
  const unknown = [...applied].filter((number) => number > newest);
  if (unknown.length > 0) {
    throw new QuarryError('QRY4008', {
      what: `The database has migration ${Math.max(...unknown)}; this version knows ${newest}.`,
    });
  }
}
