import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileFault } from '../store/faults.ts';
import { migrate } from '../store/migrate.ts';
import { openPostgres } from '../store/postgres.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type OutboxSchema, outboxMigrations } from './schema.ts';

/** The durable hand-off: a database and a folder of segments that belong together. */
export interface Outbox {
  readonly store: Store<OutboxSchema>;
  /** Folder of the segments. */
  readonly spool: string;
  /** Made once with the database; part of every batch id that leaves, so that no two installations share one. */
  readonly installation: string;
  /** A path for a new segment. */
  newSegment(): string;
  close(): Promise<void>;
}

export interface OutboxLocation {
  readonly dataDir: string;
  /** `postgres://…`; without it, SQLite in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  /** Only look: no migration, nothing swept; works beside a collector. */
  readonly readOnly?: boolean;
}

/** Opens the outbox, makes it when there is none, and clears what killed pages left. Throws QRY40xx. */
export async function openOutbox(location: OutboxLocation, now: number): Promise<Outbox> {
  const { dataDir, databaseUrl, readOnly = false } = location;
  const spool = join(dataDir, 'spool');
  if (!readOnly) {
    await mkdir(spool, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fileFault(error, spool);
    });
  }
  const store =
    databaseUrl === undefined
      ? await openSqlite<OutboxSchema>(join(dataDir, 'quarry.db'), { readOnly })
      : await openPostgres<OutboxSchema>(databaseUrl);
  try {
    if (!readOnly) {
      await migrate(store, outboxMigrations, now);
      await removeOrphans(store, spool);
      await store.db.updateTable('delivery').set({ state: 'pending' }).where('state', '=', 'leased').execute();
    }
    const installation = await installationId(store, readOnly);
    return {
      store,
      spool,
      installation,
      newSegment: () => join(spool, `${randomUUID()}.seg`),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function installationId(store: Store<OutboxSchema>, readOnly: boolean): Promise<string> {
  if (!readOnly) {
    await store.db
      .insertInto('meta')
      .values({ name: 'installation', value: randomUUID() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const { value } = await store.db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'installation')
    .executeTakeFirstOrThrow();
  return value;
}

/** Segments no batch names belong to pages that were never accepted, or to batches that have expired: safe to remove. */
async function removeOrphans(store: Store<OutboxSchema>, spool: string): Promise<void> {
  const named = new Set((await store.db.selectFrom('segment').select('file').execute()).map(({ file }) => file));
  for (const file of await readdir(spool)) if (!named.has(file)) await rm(join(spool, file), { force: true });
}
