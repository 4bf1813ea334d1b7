/**
 * Compaction: a segment of which few events still are the newest body of their key is written anew with those alone.
 *
 * Without it one host that never changes would keep a whole page's segment for ever. A batch keeps its number, and its
 * events keep theirs (`numbers` in its row says which are left), so that the key table, ids and `seq` stay as they are
 * and nothing else has to know. A batch that is pending or parked anywhere, or younger than the retention time, is
 * never touched, and neither is a segment that holds one.
 *
 * Steps: read what is live · write the new segment (synced) · one transaction: no batch is pending or parked, all still
 * lie in the old segment; their rows name the new one, the old segment's row goes · remove the old file. A kill before
 * the transaction leaves a file no row names, a kill after it another; the next start removes either. A page staged
 * meanwhile that replaces a live event finds its batch under the same number; the event is then one too many in the new
 * segment, which costs a few bytes.
 */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import type { Transaction } from '../store/store.ts';
import { mayHaveHappened } from './append.ts';
import type { KeptSegment } from './bodies.ts';
import { liveNumbers } from './live.ts';
import { takeNumber } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxSchema } from './schema.ts';
import {
  createSegment,
  type Group,
  groupsFromJson,
  groupsToJson,
  readBatch,
  type SegmentWriter,
  type StoredEvents,
} from './segment.ts';
import { holdSinks } from './sink-counts.ts';

/** A segment is worth it when less than this share of its events is live … */
const LIVE_SHARE = 0.5;
/** … and so many bytes come free at the least. */
const WORTH_BYTES = 256 * 1024;

export interface CompactOptions {
  /** Only batches accepted before this time, epoch ms: the retention time has passed. */
  readonly before: number;
  /** Segments written anew at the most in one call. */
  readonly limit?: number;
  readonly worthBytes?: number;
}

export interface Compacted {
  readonly segments: number;
  readonly freedBytes: number;
}

interface Rewritten {
  readonly id: number;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
  readonly groups: readonly Group[];
  readonly numbers: readonly number[];
}

/** Writes anew what is worth it. To be called after `expire`, by whoever holds the data directory. */
export async function compact(outbox: Outbox, options: CompactOptions): Promise<Compacted> {
  const { before, limit = 100, worthBytes = WORTH_BYTES } = options;
  const found = await outbox.store.db
    .selectFrom('segment')
    .innerJoin('batch', 'batch.segment', 'segment.id')
    .select(['segment.id', 'segment.file', 'segment.bytes', 'segment.object'])
    .groupBy(['segment.id', 'segment.file', 'segment.bytes', 'segment.object'])
    .having(
      sql<boolean>`max(batch.created) < ${before} and min(batch.live) > 0 and sum(batch.live) < ${LIVE_SHARE} * sum(batch.events)`,
    )
    .having(sql<boolean>`segment.bytes * (1.0 - 1.0 * sum(batch.live) / sum(batch.events)) >= ${worthBytes}`)
    .orderBy('segment.id')
    .limit(limit)
    .execute();
  let segments = 0;
  let freedBytes = 0;
  for (const { id, bytes, ...old } of found) {
    const left = await compactSegment(outbox, id, old);
    if (left === undefined) continue;
    segments++;
    freedBytes += bytes - left;
  }
  return { segments, freedBytes };
}

/** Returns the size of the new segment; undefined where the old one is still needed as it is. */
async function compactSegment(outbox: Outbox, id: number, old: KeptSegment): Promise<number | undefined> {
  const { store, spool } = outbox;
  const batches = await store.db.selectFrom('batch').selectAll().where('segment', '=', id).orderBy('id').execute();
  if (await areHeld(store.db, batches)) return undefined;
  const path = outbox.newSegment();
  const segment = await createSegment(path);
  const rewritten: Rewritten[] = [];
  try {
    for (const batch of batches) {
      const live = await liveNumbers(outbox.store.db, batch);
      const events = await readBatch({
        path: join(spool, old.file),
        offset: batch.offset_bytes,
        length: batch.length_bytes,
        checksum: batch.checksum,
        events: batch.events,
        groups: groupsFromJson(batch.groups),
        numbers: batch.numbers === null ? undefined : (JSON.parse(batch.numbers) as number[]),
        fetch: outbox.bodies?.fetch,
      });
      rewritten.push({ id: batch.id, ...(await rewrite(segment, events, live)) });
    }
    await segment.finish();
    const made = { file: basename(path), object: 0, ...(await outbox.bodies?.keep(path)) };
    const bytes = segment.offset;
    const done = await store.transaction(async (tx) => replace(tx, id, rewritten, { ...made, bytes }));
    const waste = done ? old : made;
    await outbox.bodies?.drop([waste]);
    await rm(join(spool, waste.file), { force: true });
    return done ? bytes : undefined;
  } catch (error) {
    await segment.abandon().catch(() => {});
    if (!mayHaveHappened(error)) await rm(path, { force: true });
    // A damaged batch is told when it is delivered; until then it is left as it is.
    if (error instanceof QuarryError && error.code === 'QRY4012') return undefined;
    throw error;
  }
}

async function rewrite(
  segment: SegmentWriter,
  events: StoredEvents,
  live: ReadonlySet<number>,
): Promise<Omit<Rewritten, 'id'>> {
  const { offset } = segment;
  segment.mark();
  const groups: Group[] = [];
  const numbers: number[] = [];
  let group: Group | undefined;
  let context: Buffer | undefined;
  const endGroup = (): void => {
    if (group === undefined || context === undefined) return;
    const placed = segment.context(context, 0, context.length);
    group.contextOffset = placed.offset;
    group.contextLength = placed.length;
  };
  for (let i = 0; i < events.count; i++) {
    if (!live.has(events.number(i))) continue;
    if (group === undefined || events.context(i) !== context) {
      endGroup();
      context = events.context(i);
      group = { events: 0, contextOffset: 0, contextLength: 0 };
      groups.push(group);
    }
    segment.event(events.id(i), '', events.bytes, events.tailStart(i), events.tailEnd(i));
    group.events++;
    numbers.push(events.number(i));
    if (segment.full) await segment.flush();
  }
  endGroup();
  return { offset, length: segment.offset - offset, checksum: segment.mark(), groups, numbers };
}

/** Names the new segment, if nothing has come to need the old one meanwhile. */
async function replace(
  tx: Transaction<OutboxSchema>,
  old: number,
  rewritten: readonly Rewritten[],
  made: KeptSegment & { readonly bytes: number },
): Promise<boolean> {
  // The sinks first: whoever queues batches again waits, or is seen below.
  const sinks = await tx.db.selectFrom('sink').select('name').execute();
  await holdSinks(
    tx,
    sinks.map(({ name }) => name),
    'alone',
  );
  const present = await tx.db.selectFrom('batch').select('id').where('segment', '=', old).execute();
  const same = present.length === rewritten.length && rewritten.every(({ numbers }) => numbers.length > 0);
  if (!same || (await areHeld(tx.db, present))) return false;
  const segment = await takeNumber(tx, 'segment');
  await tx.db
    .insertInto('segment')
    .values({ id: segment, ...made })
    .execute();
  for (const { id, offset, length, checksum, groups, numbers } of rewritten) {
    await tx.db
      .updateTable('batch')
      .set({
        segment,
        offset_bytes: offset,
        length_bytes: length,
        checksum,
        groups: groupsToJson(groups),
        events: numbers.length,
        numbers: JSON.stringify(numbers),
      })
      .where('id', '=', id)
      .execute();
  }
  await tx.db.deleteFrom('segment').where('id', '=', old).execute();
  return true;
}

async function areHeld(db: Outbox['store']['db'], batches: readonly { id: number }[]): Promise<boolean> {
  for (const table of ['delivery', 'parked'] as const) {
    for (let i = 0; i < batches.length; i += 500) {
      const ids = batches.slice(i, i + 500).map(({ id }) => id);
      const row = await db.selectFrom(table).select('batch').where('batch', 'in', ids).limit(1).executeTakeFirst();
      if (row !== undefined) return true;
    }
  }
  return false;
}
