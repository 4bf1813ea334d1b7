import { basename } from 'node:path';
import type { Checkpoint } from '../core/checkpoint.ts';
import { QuarryError } from '../core/errors.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { Bodies, KeptSegment } from './bodies.ts';
import { REMOVED } from './identity.ts';
import { takeNumber, takeNumbers } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { groupsToJson } from './segment.ts';
import { countAt, holdSinks } from './sink-counts.ts';
import type { KeyChanges, StagedPage } from './staged.ts';

/** Who writes: a stream, claimed under a fence number. */
export interface Claim {
  readonly stream: number;
  readonly keyspace: number;
  readonly fence: number;
}

export interface PageToAppend {
  readonly claim: Claim;
  readonly pull: number;
  readonly page: StagedPage;
  /** Records that could not be read and were set aside with this page. */
  readonly quarantined: number;
  readonly form: number;
  /** The sweep that absences found by the page belong to. */
  readonly sweep: number | undefined;
  /** Sinks whose routes take this stream. */
  readonly sinks: readonly string[];
  readonly now: number;
  /** Where the segment is kept besides the spool folder. */
  readonly bodies?: Bodies | undefined;
  /** The next checkpoint from the present one. */
  readonly advance: (checkpoint: Checkpoint) => Checkpoint;
}

type Tx = Transaction<OutboxSchema>;

/**
 * Makes a staged page visible: batches, deliveries, key table, counters and checkpoint in one transaction.
 * Throws QRY4010 when the fence has moved on, QRY4011 when a key changed since the page was staged; nothing is
 * visible then. Returns the checkpoint now in force.
 *
 * A COMMIT whose reply is lost may have happened: the segment is then left where it is, since batches may name it. The
 * page is read again; if it was visible, its keys are known by then and its range is no longer open, so nothing repeats.
 */
export async function appendPage(store: Store<OutboxSchema>, append: PageToAppend): Promise<Checkpoint> {
  const { page } = append;
  const kept = page.segment === undefined ? undefined : await append.bodies?.keep(page.segment);
  let checkpoint: Checkpoint;
  try {
    checkpoint = await store.transaction(async (tx) => {
      page.takeBack();
      const state = await moveCheckpoint(tx, append);
      await appendEvents(tx, append, state.firstSeq, kept);
      page.handOver();
      return state.checkpoint;
    });
  } catch (error) {
    if (!mayHaveHappened(error)) page.takeBack();
    throw error;
  }
  // A list that cannot be removed is swept at the next start; the page is visible.
  await page.clean().catch(() => {});
  return checkpoint;
}

/** After these a COMMIT may have happened all the same: what it may name must not be removed. */
export const mayHaveHappened = (error: unknown): boolean =>
  error instanceof QuarryError && (error.code === 'QRY4009' || error.code === 'QRY4002');

/** The stream's half of the transaction: counters, sequence numbers and checkpoint, under the fence. */
export async function moveCheckpoint(
  tx: Tx,
  append: PageToAppend,
): Promise<{ checkpoint: Checkpoint; firstSeq: number }> {
  const { claim, page } = append;
  // Changed before it is read: pages of one stream that come at once wait for each other here.
  const row = await tx.db
    .updateTable('stream')
    .set((eb) => ({
      seq: eb('seq', '+', page.emitted),
      received: eb('received', '+', page.received + append.quarantined),
      unchanged: eb('unchanged', '+', page.unchanged),
      emitted: eb('emitted', '+', page.emitted),
      appended: eb('appended', '+', page.emitted),
      quarantined: eb('quarantined', '+', append.quarantined),
    }))
    .where('id', '=', claim.stream)
    .where('fence', '=', claim.fence)
    .returning(['seq', 'checkpoint'])
    .executeTakeFirst();
  if (row === undefined) throw fenced(claim);
  const checkpoint = append.advance(JSON.parse(row.checkpoint) as Checkpoint);
  await tx.db
    .updateTable('stream')
    .set({ checkpoint: JSON.stringify(checkpoint) })
    .where('id', '=', claim.stream)
    .execute();
  return { checkpoint, firstSeq: row.seq - page.emitted + 1 };
}

/** The outbox's half: bodies, deliveries and what the key table learns. */
export async function appendEvents(
  tx: Tx,
  append: PageToAppend,
  firstSeq: number,
  kept?: Pick<KeptSegment, 'object'>,
): Promise<void> {
  const { page, claim, now } = append;
  let ids: readonly number[] = [];
  if (page.segment !== undefined) {
    const sinks = await openSinks(tx, append.sinks);
    const segment = await takeNumber(tx, 'segment');
    ids = await takeNumbers(tx, 'batch', page.batches.length);
    await tx.db
      .insertInto('segment')
      .values({ id: segment, file: basename(page.segment), bytes: page.segmentBytes, ...kept })
      .execute();
    let seq = firstSeq;
    const rows = page.batches.map((batch, i) => {
      const row = {
        id: ids[i]!,
        stream: claim.stream,
        keyspace: claim.keyspace,
        pull: append.pull,
        first_seq: seq,
        events: batch.events,
        live: batch.events,
        segment,
        offset_bytes: batch.offset,
        length_bytes: batch.length,
        checksum: batch.checksum,
        groups: groupsToJson(batch.groups),
        created: now,
        lead_from: batch.leadFrom,
        lead_to: batch.leadTo,
        numbers: null,
      };
      seq += batch.events;
      return row;
    });
    for (let i = 0; i < rows.length; i += 100)
      await tx.db
        .insertInto('batch')
        .values(rows.slice(i, i + 100))
        .execute();
    for (const sink of sinks) await queueFor(tx, sink, rows);
  }
  let keys = 0;
  for await (const changes of page.changes()) keys += await learn(tx, append, changes, ids);
  if (keys !== 0) await countKeys(tx, claim.keyspace, keys);
}

/** What queueing needs to know of a batch. */
export type Queueable = Pick<OutboxSchema['batch'], 'id' | 'events' | 'length_bytes'>;

/**
 * Those of these sinks that new batches are queued for: all but the suspended. They are held together from here on, so
 * that what is suspended or fed sees numbers taken after this, or their batches. Throws where one is not registered.
 */
export async function openSinks(tx: Tx, sinks: readonly string[]): Promise<string[]> {
  if (sinks.length === 0) return [];
  await holdSinks(tx, sinks, 'together');
  const rows = await tx.db.selectFrom('sink').select(['name', 'suspended']).where('name', 'in', sinks).execute();
  const missing = sinks.find((sink) => !rows.some(({ name }) => name === sink));
  if (missing !== undefined)
    throw new QuarryError('QRY9001', { what: `Batches were queued for the sink ${missing}, which is not registered.` });
  return rows.filter(({ suspended }) => suspended === null).map(({ name }) => name);
}

/** Queues batches for one sink. */
export async function queueFor(tx: Tx, sink: string, batches: readonly Queueable[]): Promise<void> {
  const batch = batches.map(({ id }) => id);
  await tx.insertMany('delivery', { sink, batch, state: 'pending', attempts: 0, next_at: 0 });
  const events = batches.reduce((sum, { events }) => sum + events, 0);
  await countQueued(tx, sink, { events, batches, appended: events });
}

/** Counts queued batches at a sink; `events` are those of them that wait. */
export const countQueued = (
  tx: Tx,
  sink: string,
  { events, batches, appended }: { events: number; batches: readonly Queueable[]; appended: number },
): Promise<void> =>
  countAt(tx, sink, {
    appended,
    pending: events,
    pending_batches: batches.length,
    pending_bytes: batches.reduce((sum, batch) => sum + batch.length_bytes, 0),
  });

/** Keys that are known and not removed, more or fewer. */
export async function countKeys(tx: Tx, keyspace: number, more: number): Promise<void> {
  await tx.db
    .updateTable('keyspace')
    .set((eb) => ({ keys: eb('keys', '+', more) }))
    .where('id', '=', keyspace)
    .execute();
}

/** Returns how many keys there are more. */
async function learn(tx: Tx, append: PageToAppend, changes: KeyChanges, ids: readonly number[]): Promise<number> {
  const { keyspace } = append.claim;
  const { inserts, updates, adopted, absent, seen } = changes;
  const shared = { form: append.form, since: append.pull };
  const placed = (batches: readonly number[]): number[] => batches.map((batch) => ids[batch]!);
  expectAll(
    await tx.insertMany('known_key', { keyspace, ...inserts, ...shared, batch: placed(inserts.batch) }),
    inserts.lead.length,
  );
  const { lead, key, oldFingerprint, ...set } = updates;
  expectAll(
    await tx.updateMany(
      'known_key',
      { keyspace, lead, key, fingerprint: oldFingerprint },
      { ...set, ...shared, batch: placed(set.batch) },
    ),
    lead.length,
  );
  expectAll(
    await tx.updateMany(
      'known_key',
      { keyspace, lead: adopted.lead, key: adopted.key, fingerprint: adopted.oldFingerprint },
      { fingerprint: adopted.fingerprint, form: append.form },
    ),
    adopted.lead.length,
  );
  if (append.sweep !== undefined) {
    await tx.insertMany('absence', { sweep: append.sweep, ...absent });
    await tx.insertMany('sweep_seen', { sweep: append.sweep, ...seen });
  }
  await loseLive(tx, changes.superseded);
  return inserts.lead.length + oldFingerprint.filter((old) => old === REMOVED).length;
}

/** Batches lose newest bodies; what has none left and is delivered may go. */
export async function loseLive(tx: Tx, superseded: Readonly<Record<number, number>>): Promise<void> {
  for (const [batch, events] of Object.entries(superseded)) {
    await tx.db
      .updateTable('batch')
      .set((eb) => ({ live: eb('live', '-', events) }))
      .where('id', '=', Number(batch))
      .execute();
  }
}

const fenced = (claim: Claim): QuarryError =>
  new QuarryError('QRY4010', {
    what: `Stream ${claim.stream} was claimed again after fence ${claim.fence}; this page was not written.`,
  });

function expectAll(changed: number, expected: number): void {
  if (changed !== expected) {
    throw new QuarryError('QRY4011', {
      what: `${expected - changed} of ${expected} keys had changed since the page was staged.`,
    });
  }
}
