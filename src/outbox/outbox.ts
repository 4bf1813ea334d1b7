import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { QuarryError } from '../core/errors.ts';
import type { BodyBucket } from '../core/s3.ts';
import { fileFault } from '../store/faults.ts';
import { expectMigrated, type Migration, migrate } from '../store/migrate.ts';
import { openObjects } from '../store/objects.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type Bodies, expectPlace, type ObjectPlace, sharedBodies } from './bodies.ts';
import { type OutboxSchema, outboxMigrations } from './schema.ts';

/** The durable hand-off: a database and a folder of segments that belong together. */
export interface Outbox {
  readonly store: Store<OutboxSchema>;
  /** Folder of the segments. */
  readonly spool: string;
  /** Made once with the database; part of every batch id that leaves, so that no two installations share one. */
  readonly installation: string;
  /** Where several processes may share the database: bodies are kept there as well. */
  readonly bodies?: Bodies | undefined;
  /** A path for a new segment. */
  newSegment(): string;
  close(): Promise<void>;
}

export interface OutboxLocation {
  readonly dataDir: string;
  /** `postgres://…`; without it, SQLite in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  /** Where bodies of segments of more than `above` bytes go instead of the database; only with `databaseUrl`. */
  readonly bodies?: BodyBucket | undefined;
  /** Only look: no migration, nothing swept; works beside a collector. */
  readonly readOnly?: boolean;
  /** Change rows beside a collector: as with `readOnly`, no migration, and nothing swept. */
  readonly beside?: boolean;
}

/**
 * Opens the outbox, makes it when there is none, and clears what killed pages left. `migrations` are those of every room
 * that has tables in the database. Throws QRY40xx; QRY4020 where bodies lie in a bucket that `location` does not name.
 */
export async function openOutbox(
  location: OutboxLocation,
  now: number,
  migrations: readonly Migration[] = outboxMigrations,
): Promise<Outbox> {
  const { dataDir, databaseUrl, readOnly = false, beside = false } = location;
  const owner = !readOnly && !beside;
  const spool = join(dataDir, 'spool');
  if (owner) {
    await mkdir(spool, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fileFault(error, spool);
    });
  }
  if (databaseUrl === undefined && owner) await refuseNewBesideOld(dataDir, spool);
  const store =
    databaseUrl === undefined
      ? await openSqlite<OutboxSchema>(join(dataDir, 'quarry.db'), { readOnly })
      : await (await import('../store/postgres.ts')).openPostgres<OutboxSchema>(databaseUrl);
  try {
    if (owner) {
      await migrate(store, migrations, now);
      await removeOrphans(store, spool, databaseUrl === undefined ? 0 : SHARED_GRACE_MS, now);
      // A restart is a reason to try again at once.
      await store.db.updateTable('sink').set({ paused_until: 0 }).execute();
      await store.transaction(({ db }) =>
        db.updateTable('delivery').set({ state: 'pending', next_at: 0 }).where('next_at', '>', 0).execute(),
      );
    } else {
      await expectMigrated(store, migrations);
    }
    const installation = await installationId(store, !owner);
    const place = location.bodies === undefined ? undefined : await objectPlace(location.bodies, installation);
    await expectPlace(store, place?.name, false);
    const bodies = databaseUrl === undefined ? undefined : sharedBodies(store, spool, Date.now, place);
    return {
      store,
      spool,
      bodies,
      installation,
      newSegment: () => join(spool, `${randomUUID()}.seg`),
      close: async () => {
        bodies?.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A folder of its own for every installation, so that none takes the other's objects for waste. */
const objectPlace = async (
  { above, ...settings }: NonNullable<OutboxLocation['bodies']>,
  installation: string,
): Promise<ObjectPlace> => ({
  objects: await openObjects({ ...settings, prefix: [settings.prefix, installation].filter(Boolean).join('/') }),
  name: `${settings.bucket}/${settings.prefix}`,
  above,
});

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

/** Where others may share database and spool, a segment so young may be a page they are staging. */
const SHARED_GRACE_MS = 24 * 3_600_000;

/**
 * Segments no batch names belong to pages that were never accepted, or to batches that have expired: safe to remove.
 * Throws QRY4013 where database and spool cannot belong together; nothing is removed then.
 */
async function removeOrphans(store: Store<OutboxSchema>, spool: string, grace: number, now: number): Promise<void> {
  const named = new Set((await store.db.selectFrom('segment').select('file').execute()).map(({ file }) => file));
  const files = await readdir(spool);
  const there = files.filter((file) => named.has(file)).length;
  if (grace === 0 && named.size > 0 && there === 0) {
    throw new QuarryError('QRY4013', {
      what: `The database names ${named.size} segments, and none of them is in the spool folder.`,
      where: spool,
    });
  }
  for (const file of files) {
    const path = join(spool, file);
    if (named.has(file) || !OURS.test(file)) continue;
    if (grace > 0 && now - (await stat(path)).mtimeMs < grace) continue;
    await rm(path, { force: true });
  }
}

/** Segments and lists of key changes, as `newSegment` names them. */
const OURS = /\.seg(\.keys)?$/;

/** A new database beside bodies of an old one would read everything again and drop what was not delivered. */
async function refuseNewBesideOld(dataDir: string, spool: string): Promise<void> {
  const file = join(dataDir, 'quarry.db');
  const missing = await access(file).then(
    () => false,
    () => true,
  );
  const left = missing ? (await readdir(spool).catch(() => [])).filter((name) => name.endsWith('.seg')) : [];
  if (left.length === 0) return;
  throw new QuarryError('QRY4013', {
    what: `The database is missing, and the spool folder holds ${left.length} segments that belonged to it.`,
    where: file,
  });
}
