/**
 * Sweeps: absence must be earned.
 *
 * A sweep is a complete reading of one scope. While its pages are accepted, known keys of their ranges that they did
 * not hold are noted (table `absence`); nothing is written for what is present. When the last range is read, the sweep
 * is concluded: its absences become `removed` events, unless they are too many to be believed; then it is held, shown,
 * and confirmed by a second sweep that finds the same keys absent, or by hand.
 *
 * States: open → concluded | held → concluded (confirmed) | dropped. A kill while concluding leaves the sweep open with
 * the absences not yet turned into events; concluding again goes on with those.
 */
import { QuarryError } from '../core/errors.ts';
import type { RemovalReason } from '../core/words.ts';
import { type Claim, loseLive, queueForSinks, take } from './append.ts';
import { type IdMaker, REMOVED } from './identity.ts';
import type { Outbox } from './outbox.ts';
import { createSegment } from './segment.ts';

/** A sweep that would remove more than 5 % of the known keys, and more than 20, is held. */
export const HOLD_SHARE = 0.05;
export const HOLD_COUNT = 20;
/** Removals per transaction. */
const CHUNK = 2000;

export interface SweepFacts {
  readonly claim: Claim;
  readonly pull: number;
  readonly id: IdMaker;
  readonly keyParts: (lead: number, key: string) => readonly string[];
  readonly keyRecord: (parts: readonly string[]) => object;
  readonly sinks: readonly string[];
  readonly now: () => number;
}

export interface SweepResult {
  readonly state: 'concluded' | 'held';
  readonly known: number;
  readonly absent: number;
  readonly removed: number;
}

/** Opens a sweep; an older one of the stream that never ended concludes nothing. */
export async function openSweep(
  outbox: Outbox,
  claim: Claim,
  kind: 'ids' | 'full',
  pull: number,
  scope: string,
): Promise<number> {
  return outbox.store.transaction(async (tx) => {
    const stale = tx.db.selectFrom('sweep').select('id').where('stream', '=', claim.stream).where('state', '=', 'open');
    await tx.db.deleteFrom('absence').where('sweep', 'in', stale).execute();
    await tx.db
      .updateTable('sweep')
      .set({ state: 'dropped' })
      .where('stream', '=', claim.stream)
      .where('state', '=', 'open')
      .execute();
    const id = await take(tx, 'sweep', 1);
    const row = { id, stream: claim.stream, kind, started: pull, scope, reason: '', known: 0, absent: 0, ended: null };
    await tx.db
      .insertInto('sweep')
      .values({ ...row, state: 'open' })
      .execute();
    return id;
  });
}

/** Notes ids that an ids-only answer did not hold: an ordered walk through the key table beside the ranges of the answer. */
export async function noteAbsentIds(
  outbox: Outbox,
  claim: Claim,
  sweep: number,
  pull: number,
  ranges: { first: Float64Array; last: Float64Array },
): Promise<void> {
  const { store } = outbox;
  let after = { lead: -1, key: '' };
  let at = 0;
  for (;;) {
    const rows = await store.db
      .selectFrom('known_key')
      .select(['lead', 'key', 'fingerprint', 'since'])
      .where('keyspace', '=', claim.keyspace)
      .where(({ or, and, eb }) =>
        or([eb('lead', '>', after.lead), and([eb('lead', '=', after.lead), eb('key', '>', after.key)])]),
      )
      .orderBy('lead')
      .orderBy('key')
      .limit(5000)
      .execute();
    if (rows.length === 0) return;
    const absent: { lead: number[]; key: string[] } = { lead: [], key: [] };
    for (const row of rows) {
      while (at < ranges.last.length && ranges.last[at]! < row.lead) at++;
      const present = at < ranges.first.length && ranges.first[at]! <= row.lead;
      if (present || row.fingerprint === REMOVED || row.since >= pull) continue;
      absent.lead.push(row.lead);
      absent.key.push(row.key);
    }
    if (absent.lead.length > 0) await store.transaction((tx) => tx.insertMany('absence', { sweep, ...absent }));
    after = rows.at(-1)!;
  }
}

/** Concludes a sweep whose ranges are all read: removes what is absent, or holds it. `force` is an operator's confirmation. */
export async function concludeSweep(
  outbox: Outbox,
  facts: SweepFacts,
  sweep: number,
  reason: RemovalReason,
  force = false,
): Promise<SweepResult> {
  const { store } = outbox;
  const { claim } = facts;
  const known = await countKnown(outbox, claim.keyspace);
  const absent = await countAbsent(outbox, sweep);
  if (!force && absent > HOLD_COUNT && absent > known * HOLD_SHARE) {
    const confirmed = await keepConfirmed(outbox, claim, sweep);
    if (confirmed === 0) {
      await store.db
        .updateTable('sweep')
        .set({ state: 'held', reason, known, absent, ended: facts.now() })
        .where('id', '=', sweep)
        .execute();
      return { state: 'held', known, absent, removed: 0 };
    }
  }
  let removed = 0;
  for (;;) {
    const chunk = await removeChunk(outbox, facts, sweep, reason);
    removed += chunk.removed;
    if (chunk.done) break;
  }
  await store.transaction(async ({ db }) => {
    await db
      .updateTable('sweep')
      .set({ state: 'concluded', reason, known, absent, ended: facts.now() })
      .where('id', '=', sweep)
      .execute();
    const held = db.selectFrom('sweep').select('id').where('stream', '=', claim.stream).where('state', '=', 'held');
    await db.deleteFrom('absence').where('sweep', 'in', held).execute();
    await db
      .updateTable('sweep')
      .set({ state: 'dropped' })
      .where('stream', '=', claim.stream)
      .where('state', '=', 'held')
      .execute();
  });
  return { state: 'concluded', known, absent, removed };
}

/** Where an earlier sweep is held, only what both found absent is believed. Returns how many that is. */
async function keepConfirmed(outbox: Outbox, claim: Claim, sweep: number): Promise<number> {
  const { store } = outbox;
  const held = await store.db
    .selectFrom('sweep')
    .select('id')
    .where('stream', '=', claim.stream)
    .where('state', '=', 'held')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (held === undefined) return 0;
  await store.db
    .deleteFrom('absence')
    .where('sweep', '=', sweep)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('absence as before')
            .select('before.key')
            .where('before.sweep', '=', held.id)
            .whereRef('before.lead', '=', 'absence.lead')
            .whereRef('before.key', '=', 'absence.key'),
        ),
      ),
    )
    .execute();
  return countAbsent(outbox, sweep);
}

async function countKnown(outbox: Outbox, keyspace: number): Promise<number> {
  const { n } = await outbox.store.db
    .selectFrom('known_key')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('keyspace', '=', keyspace)
    .where('fingerprint', '<>', REMOVED)
    .executeTakeFirstOrThrow();
  return Number(n);
}

async function countAbsent(outbox: Outbox, sweep: number): Promise<number> {
  const { n } = await outbox.store.db
    .selectFrom('absence')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('sweep', '=', sweep)
    .executeTakeFirstOrThrow();
  return Number(n);
}

interface Gone {
  readonly lead: number;
  readonly key: string;
  readonly fingerprint: string | null;
  readonly version: string | null;
  readonly changes: number | null;
  readonly batch: number | null;
}

async function writeRemovals(outbox: Outbox, facts: SweepFacts, gone: readonly Gone[], reason: RemovalReason) {
  const path = outbox.newSegment();
  const segment = await createSegment(path);
  const offset = segment.offset;
  const superseded: Record<number, number> = {};
  for (const row of gone) {
    const parts = facts.keyParts(row.lead, row.key);
    const body = Buffer.from(JSON.stringify(facts.keyRecord(parts)));
    const head = `"change":"removed","reason":"${reason}","key":${JSON.stringify(parts)},"record":`;
    const id = facts.id(row.lead, row.key, `${REMOVED}${row.fingerprint}`, `${row.version ?? ''}#${row.changes}`);
    segment.event(id, head, body, 0, body.length - 1);
    superseded[row.batch!] = (superseded[row.batch!] ?? 0) + 1;
  }
  const length = segment.offset - offset;
  const checksum = segment.mark();
  await segment.finish();
  return { path, offset, length, checksum, superseded };
}

/** Turns some absences into events: one segment, one batch, one transaction with the key table and the fence. */
async function removeChunk(
  outbox: Outbox,
  facts: SweepFacts,
  sweep: number,
  reason: RemovalReason,
): Promise<{ removed: number; done: boolean }> {
  const { store } = outbox;
  const { claim } = facts;
  const rows = await store.db
    .selectFrom('absence')
    .leftJoin('known_key', (join) =>
      join
        .on('known_key.keyspace', '=', claim.keyspace)
        .onRef('known_key.lead', '=', 'absence.lead')
        .onRef('known_key.key', '=', 'absence.key'),
    )
    .select([
      'absence.lead',
      'absence.key',
      'known_key.fingerprint',
      'known_key.version',
      'known_key.changes',
      'known_key.since',
      'known_key.batch',
    ])
    .where('absence.sweep', '=', sweep)
    .orderBy('absence.lead')
    .orderBy('absence.key')
    .limit(CHUNK)
    .execute();
  if (rows.length === 0) return { removed: 0, done: true };
  const { started } = await store.db
    .selectFrom('sweep')
    .select('started')
    .where('id', '=', sweep)
    .executeTakeFirstOrThrow();
  // Written again since the sweep began, or removed already: not absent any more.
  const gone = rows.filter((row) => row.fingerprint !== null && row.fingerprint !== REMOVED && row.since! < started);
  const written = gone.length === 0 ? undefined : await writeRemovals(outbox, facts, gone, reason);
  await store.transaction(async (tx) => {
    const lead = gone.map((row) => row.lead);
    const key = gone.map((row) => row.key);
    if (written !== undefined) {
      const { path, offset, length, checksum, superseded } = written;
      const stream = await tx.db
        .selectFrom('stream')
        .select('seq')
        .where('id', '=', claim.stream)
        .where('fence', '=', claim.fence)
        .executeTakeFirst();
      if (stream === undefined)
        throw new QuarryError('QRY4010', { what: `Stream ${claim.stream} was claimed again; nothing was removed.` });
      const ids = { segment: await take(tx, 'segment', 1), batch: await take(tx, 'batch', 1) };
      await tx.db
        .insertInto('segment')
        .values({ id: ids.segment, file: path.slice(outbox.spool.length + 1), bytes: length })
        .execute();
      const place = {
        offset_bytes: offset,
        length_bytes: length,
        checksum,
        groups: JSON.stringify([[gone.length, 0, 0]]),
      };
      const counts = { first_seq: stream.seq + 1, events: gone.length, live: 0 };
      await tx.db
        .insertInto('batch')
        .values({
          id: ids.batch,
          stream: claim.stream,
          keyspace: claim.keyspace,
          pull: facts.pull,
          segment: ids.segment,
          created: facts.now(),
          ...place,
          ...counts,
        })
        .execute();
      await queueForSinks(tx, facts.sinks, [ids.batch], gone.length);
      await tx.updateMany(
        'known_key',
        { keyspace: claim.keyspace, lead, key },
        { fingerprint: REMOVED, since: facts.pull, batch: ids.batch, event: gone.map((_, i) => i) },
      );
      await loseLive(tx, superseded);
      await tx.db
        .updateTable('stream')
        .set((eb) => ({
          seq: eb('seq', '+', gone.length),
          removed: eb('removed', '+', gone.length),
          appended: eb('appended', '+', gone.length),
        }))
        .where('id', '=', claim.stream)
        .execute();
    }
    await tx.deleteMany('absence', { sweep, lead: rows.map((row) => row.lead), key: rows.map((row) => row.key) });
  });
  return { removed: gone.length, done: false };
}
