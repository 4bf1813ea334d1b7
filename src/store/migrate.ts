import { type Generated, type Kysely, sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import type { Dialect, Store } from './store.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Plain SQL that both databases take, but for what `Dialect` says. */
  readonly statements: (dialect: Dialect) => readonly string[];
  /**
   * Programs whose newest migration is this one, or a later one, may go on working on the schema that this migration
   * makes: so workers are upgraded one after the other. Without it only programs that know this migration may.
   */
  readonly admits?: number;
}

/** Both tables: numbers have a name and a time, what they admit only that. */
type MigrationSchema = Record<
  string,
  { number: number; name: Generated<string>; at: Generated<number>; admits: Generated<number> }
>;

/** Where the numbers stand that were applied. Rooms that share a database and not their numbers each have a table. */
const TABLE = 'migration';

/**
 * Brings the schema to the newest migration; each runs in a transaction of its own with its own row, so that a kill
 * leaves a whole number of them. Losing the race against another process counts as success: the row is written first,
 * so the second process waits for the first and then finds it. Throws QRY4008 when the database knows migrations that
 * this program does not and that do not admit it.
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
    await sql
      .raw(`CREATE TABLE IF NOT EXISTS ${admitsOf(table)} (number bigint PRIMARY KEY, admits bigint NOT NULL)`)
      .execute(db);
  });
  const applied = await appliedMigrations(store, table);
  await refuseNewer(store, applied, migrations, table);
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
      const { number, admits } = migration;
      if (admits !== undefined) await tx.insertInto(admitsOf(table)).values({ number, admits }).execute();
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
  await refuseNewer(store, applied, migrations, TABLE);
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

/** Beside the table of numbers: which older programs a migration admits. */
const admitsOf = (table: string): string => `${table}_admits`;

async function refuseNewer<Schema>(
  store: Store<Schema>,
  applied: ReadonlySet<number>,
  migrations: readonly Migration[],
  table: string,
): Promise<void> {
  const newest = Math.max(0, ...migrations.map((migration) => migration.number));
  const unknown = [...applied].filter((number) => number > newest);
  if (unknown.length === 0) return;
  const db = store.db as unknown as Kysely<MigrationSchema>;
  const rows = await db.selectFrom(admitsOf(table)).select(['number', 'admits']).execute();
  const admits = new Map(rows.map((row) => [Number(row.number), Number(row.admits)]));
  const refusing = unknown.filter((number) => (admits.get(number) ?? number) > newest);
  if (refusing.length === 0) return;
  throw new QuarryError('QRY4008', {
    what: `The database has migration ${Math.max(...refusing)}; this version knows ${newest}.`,
  });
}
