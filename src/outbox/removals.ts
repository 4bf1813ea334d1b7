import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { QuarryError } from '../core/errors.ts';
import type { RemovalReason } from '../core/words.ts';
import type { Transaction } from '../store/store.ts';
import { type Claim, countKeys, loseLive, mayHaveHappened, openSinks, queueFor } from './append.ts';
import type { KeptSegment } from './bodies.ts';
import { type IdMaker, REMOVED } from './identity.ts';
import { takeNumber } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxSchema } from './schema.ts';
import { createSegment, groupsToJson } from './segment.ts';

/** What turning absences into events needs to know of its stream. */
export interface RemovalFacts {
  readonly claim: Claim;
  readonly pull: number;
  readonly id: IdMaker;
  readonly keyParts: (lead: number, key: string) => readonly string[];
  readonly keyRecord: (parts: readonly string[]) => object;
  readonly sinks: readonly string[];
  readonly now: () => number;
}

/** Removals per transaction. */
const CHUNK = 2000;

interface Gone {
  readonly lead: number;
  readonly key: string;
  readonly fingerprint: string;
  readonly version: string | null;
  readonly changes: number;
  readonly batch: number;
}

interface Written {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
  readonly kept: Pick<KeptSegment, 'object'> | undefined;
}

/**
 * Turns some absences of a sweep into events: one segment, one batch, one transaction with the key table and the fence.
 * Absences whose key was written since the sweep began, or is removed already, are dropped. Throws QRY4010 when the
 * fence has moved on.
 */
export async function removeChunk(
  outbox: Outbox,
  facts: RemovalFacts,
  sweep: number,
  reason: RemovalReason,
): Promise<{ removed: number; done: boolean }> {
  const rows = await absentRows(outbox, facts.claim.keyspace, sweep);
  if (rows.length === 0) return { removed: 0, done: true };
  const { started } = await outbox.store.db
    .selectFrom('sweep')
    .select('started')
    .where('id', '=', sweep)
    .executeTakeFirstOrThrow();
  const gone = rows.filter(
    (row): row is typeof row & Gone =>
      row.fingerprint !== null && row.fingerprint !== REMOVED && row.since !== null && row.since < started,
  );
  const written = gone.length === 0 ? undefined : await writeRemovals(outbox, facts, gone, reason);
  try {
    await outbox.store.transaction(async (tx) => {
      if (written !== undefined) await appendRemovals(tx, facts, gone, written);
      await tx.deleteMany('absence', { sweep, lead: rows.map((row) => row.lead), key: rows.map((row) => row.key) });
    });
  } catch (error) {
    if (written !== undefined && !mayHaveHappened(error)) await rm(written.path, { force: true });
    // Another stream of the subscription wrote one of the keys meanwhile: look again.
    if (error instanceof QuarryError && error.code === 'QRY4011') return { removed: 0, done: false };
    throw error;
  }
  return { removed: gone.length, done: false };
}

const absentRows = (outbox: Outbox, keyspace: number, sweep: number) =>
  outbox.store.db
    .selectFrom('absence')
    .leftJoin('known_key', (join) =>
      join
        .on('known_key.keyspace', '=', keyspace)
        .onRef('known_key.lead', '=', 'absence.lead')
        .onRef('known_key.key', '=', 'absence.key'),
    )
    .select(['absence.lead', 'absence.key'])
    .select(['known_key.fingerprint', 'known_key.version', 'known_key.changes', 'known_key.since', 'known_key.batch'])
    .where('absence.sweep', '=', sweep)
    .orderBy('absence.lead')
    .orderBy('absence.key')
    .limit(CHUNK)
    .execute();

async function writeRemovals(
  outbox: Outbox,
  facts: RemovalFacts,
  gone: readonly Gone[],
  reason: RemovalReason,
): Promise<Written> {
  const path = outbox.newSegment();
  const segment = await createSegment(path);
  const { offset } = segment;
  try {
    for (const row of gone) {
      const parts = facts.keyParts(row.lead, row.key);
      const body = Buffer.from(JSON.stringify(facts.keyRecord(parts)));
      const head = `"change":"removed","reason":"${reason}","key":${JSON.stringify(parts)},"record":`;
      const id = facts.id(row.lead, row.key, `${REMOVED}${row.fingerprint}`, `${row.version ?? ''}#${row.changes}`);
      segment.event(id, head, body, 0, body.length - 1);
    }
    const length = segment.offset - offset;
    const checksum = segment.mark();
    await segment.finish();
    const kept = await outbox.bodies?.keep(path);
    return { path, offset, length, checksum, kept };
  } catch (error) {
    await segment.abandon().catch(() => {});
    await rm(path, { force: true });
    throw error;
  }
}

async function appendRemovals(
  tx: Transaction<OutboxSchema>,
  facts: RemovalFacts,
  gone: readonly Gone[],
  { path, offset, length, checksum, kept }: Written,
): Promise<void> {
  const { claim } = facts;
  const events = gone.length;
  const stream = await tx.db
    .updateTable('stream')
    .set((eb) => ({
      seq: eb('seq', '+', events),
      removed: eb('removed', '+', events),
      appended: eb('appended', '+', events),
    }))
    .where('id', '=', claim.stream)
    .where('fence', '=', claim.fence)
    .returning('seq')
    .executeTakeFirst();
  if (stream === undefined)
    throw new QuarryError('QRY4010', { what: `Stream ${claim.stream} was claimed again; nothing was removed.` });
  const sinks = await openSinks(tx, facts.sinks);
  const segment = await takeNumber(tx, 'segment');
  const id = await takeNumber(tx, 'batch');
  await tx.db
    .insertInto('segment')
    .values({ id: segment, file: basename(path), bytes: offset + length, ...kept })
    .execute();
  const batch = {
    id,
    stream: claim.stream,
    keyspace: claim.keyspace,
    pull: facts.pull,
    first_seq: stream.seq - events + 1,
    events,
    // What was removed has no newest body: nobody needs to be told of it later.
    live: 0,
    segment,
    offset_bytes: offset,
    length_bytes: length,
    checksum,
    groups: groupsToJson([{ events, contextOffset: 0, contextLength: 0 }]),
    created: facts.now(),
    lead_from: gone[0]!.lead,
    lead_to: gone.at(-1)!.lead,
    numbers: null,
  };
  await tx.db.insertInto('batch').values(batch).execute();
  for (const sink of sinks) await queueFor(tx, sink, [batch]);
  const changed = await tx.updateMany(
    'known_key',
    {
      keyspace: claim.keyspace,
      lead: gone.map((row) => row.lead),
      key: gone.map((row) => row.key),
      fingerprint: gone.map((row) => row.fingerprint),
    },
    { fingerprint: REMOVED, since: facts.pull, batch: id, event: gone.map((_, i) => i) },
  );
  if (changed !== events) throw new QuarryError('QRY4011', { what: `${events - changed} keys had changed.` });
  await countKeys(tx, claim.keyspace, -events);
  const superseded: Record<number, number> = {};
  for (const row of gone) superseded[row.batch] = (superseded[row.batch] ?? 0) + 1;
  await loseLive(tx, superseded);
}
