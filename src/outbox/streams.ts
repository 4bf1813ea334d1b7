import type { Kysely } from 'kysely';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { StreamIdentity } from '../core/words.ts';
import type { Store } from '../store/store.ts';
import type { Claim } from './append.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';

export interface ClaimedStream extends Claim {
  readonly checkpoint: Checkpoint;
  readonly seq: number;
  /** Field names no fact knows, in the order they were first seen; see `epochs.ts`. */
  readonly unknownFields: readonly string[];
}

/**
 * Claims a stream: makes its rows where they are missing and raises the fence, so that any earlier claim can write no
 * more. A stream that moved to another tenant or subscription starts from nothing there.
 */
export async function claimStream(store: Store<OutboxSchema>, identity: StreamIdentity): Promise<ClaimedStream> {
  const { tenant, subscription, connection, dataset } = identity;
  return store.transaction(async (tx) => {
    const space = { tenant, subscription, dataset };
    let keyspace = await tx.db
      .selectFrom('keyspace')
      .select(['id', 'unknown_fields'])
      .where('tenant', '=', tenant)
      .where('subscription', '=', subscription)
      .where('dataset', '=', dataset)
      .executeTakeFirst();
    if (keyspace === undefined) {
      keyspace = { id: await takeNumber(tx, 'keyspace'), unknown_fields: '[]' };
      await tx.db
        .insertInto('keyspace')
        .values({ ...keyspace, ...space })
        .execute();
    }
    let row = await tx.db
      .selectFrom('stream')
      .selectAll()
      .where('connection', '=', connection)
      .where('dataset', '=', dataset)
      .executeTakeFirst();
    if (row === undefined) {
      const zero = { received: 0, emitted: 0, unchanged: 0, quarantined: 0, removed: 0, appended: 0 };
      row = {
        id: await takeNumber(tx, 'stream'),
        ...space,
        connection,
        keyspace: keyspace.id,
        fence: 0,
        seq: 0,
        checkpoint: '{}',
        ...zero,
      };
      await tx.db.insertInto('stream').values(row).execute();
    }
    // Under another tenant or subscription nothing is known: its cursors would skip what was never read there.
    const moved = row.keyspace !== keyspace.id;
    const { fence, seq, checkpoint } = await tx.db
      .updateTable('stream')
      .set((eb) => ({
        fence: eb('fence', '+', 1),
        tenant,
        subscription,
        keyspace: keyspace.id,
        ...(moved ? { checkpoint: '{}' } : {}),
      }))
      .where('id', '=', row.id)
      .returning(['fence', 'seq', 'checkpoint'])
      .executeTakeFirstOrThrow();
    if (moved) await dropSweeps(tx.db, row.id);
    return {
      stream: row.id,
      keyspace: keyspace.id,
      fence,
      checkpoint: JSON.parse(checkpoint) as Checkpoint,
      seq,
      unknownFields: JSON.parse(keyspace.unknown_fields) as string[],
    };
  });
}

/** Changes a checkpoint outside a page (opening and ending a pull). Returns undefined when the fence has moved on. */
export async function changeCheckpoint(
  store: Store<OutboxSchema>,
  claim: Claim,
  advance: (checkpoint: Checkpoint) => Checkpoint,
): Promise<Checkpoint | undefined> {
  return store.transaction(async (tx) => {
    // Locked before it is read: a page may be moving the same checkpoint.
    const row = await tx.db
      .updateTable('stream')
      .set({ fence: claim.fence })
      .where('id', '=', claim.stream)
      .where('fence', '=', claim.fence)
      .returning('checkpoint')
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const checkpoint = advance(JSON.parse(row.checkpoint) as Checkpoint);
    await tx.db
      .updateTable('stream')
      .set({ checkpoint: JSON.stringify(checkpoint) })
      .where('id', '=', claim.stream)
      .execute();
    return checkpoint;
  });
}

/** Remembers field names that no fact knows; returns all of them in order of first sight. */
export async function rememberFields(
  store: Store<OutboxSchema>,
  keyspace: number,
  names: readonly string[],
): Promise<readonly string[]> {
  return store.transaction(async (tx) => {
    const row = await tx.db
      .updateTable('keyspace')
      .set({ id: keyspace })
      .where('id', '=', keyspace)
      .returning('unknown_fields')
      .executeTakeFirstOrThrow();
    const known = JSON.parse(row.unknown_fields) as string[];
    const all = [...known, ...names.filter((name) => !known.includes(name))];
    await tx.db
      .updateTable('keyspace')
      .set({ unknown_fields: JSON.stringify(all) })
      .where('id', '=', keyspace)
      .execute();
    return all;
  });
}

/**
 * Forgets a stream's keys and cursors: what is read again is emitted again, with the same ids wherever Qualys names the
 * time. Events not yet delivered stay in the outbox. The fence moves on, so a pull under way can write no more.
 */
export async function resetStream(
  store: Store<OutboxSchema>,
  connection: string,
  dataset: string,
  checkpoint: Checkpoint = {},
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const row = await tx.db
      .selectFrom('stream')
      .select(['id', 'keyspace'])
      .where('connection', '=', connection)
      .where('dataset', '=', dataset)
      .executeTakeFirst();
    if (row === undefined) return false;
    await tx.db.deleteFrom('known_key').where('keyspace', '=', row.keyspace).execute();
    await tx.db.updateTable('keyspace').set({ keys: 0 }).where('id', '=', row.keyspace).execute();
    await tx.db.updateTable('batch').set({ live: 0 }).where('keyspace', '=', row.keyspace).execute();
    await tx.db.deleteFrom('quarantine').where('stream', '=', row.id).execute();
    await dropSweeps(tx.db, row.id);
    await tx.db
      .updateTable('stream')
      .set((eb) => ({ checkpoint: JSON.stringify(checkpoint), fence: eb('fence', '+', 1) }))
      .where('id', '=', row.id)
      .execute();
    return true;
  });
}

/** Sweeps of a stream that have not come to a conclusion conclude nothing any more. */
export async function dropSweeps(db: Kysely<OutboxSchema>, stream: number): Promise<void> {
  const open = db.selectFrom('sweep').select('id').where('stream', '=', stream).where('state', 'in', ['open', 'held']);
  await db.deleteFrom('absence').where('sweep', 'in', open).execute();
  await db.deleteFrom('sweep_seen').where('sweep', 'in', open).execute();
  await db
    .updateTable('sweep')
    .set({ state: 'dropped' })
    .where('stream', '=', stream)
    .where('state', 'in', ['open', 'held'])
    .execute();
}

export interface StreamState extends StreamIdentity {
  readonly id: number;
  readonly seq: number;
  readonly checkpoint: Checkpoint;
  readonly received: number;
  readonly emitted: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly removed: number;
  readonly appended: number;
  readonly knownKeys: number;
}

/** Every stream with its checkpoint and counters, by connection and data set. Costs one row a stream. */
export async function listStreams(store: Store<OutboxSchema>): Promise<StreamState[]> {
  const rows = await store.db
    .selectFrom('stream')
    .innerJoin('keyspace', 'keyspace.id', 'stream.keyspace')
    .selectAll('stream')
    .select('keyspace.keys')
    .orderBy('stream.connection')
    .orderBy('stream.dataset')
    .execute();
  return rows.map(({ checkpoint, keyspace: _, fence: __, keys, ...row }) => ({
    ...row,
    checkpoint: JSON.parse(checkpoint) as Checkpoint,
    knownKeys: keys,
  }));
}
