/**
 * Sweeps: absence must be earned.
 *
 * A sweep is a complete reading of one scope. While its pages are accepted, known keys of their ranges that they did
 * not hold are noted (table `absence`); nothing is written for what is present. Answers without an order cannot be held
 * against the key table as they come: what they show unchanged is noted (`sweep_seen`) until the last of them is read. Then the sweep
 * is concluded: its absences become `removed` events, unless they are too many to be believed; then it is held, shown,
 * and confirmed by a second sweep that finds the same keys absent, or by hand.
 *
 * States: open → concluded | held → concluded (confirmed) | dropped. A kill while concluding leaves the sweep open with
 * the absences not yet turned into events; concluding again goes on with those.
 */
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { RemovalReason } from '../core/words.ts';
import type { Claim } from './append.ts';
import { REMOVED } from './identity.ts';
import { takeNumber } from './numbers.ts';
import type { Outbox } from './outbox.ts';
import { type RemovalFacts, removeChunk } from './removals.ts';
import type { OutboxSchema } from './schema.ts';
import { FIRST, keysBehind, LAST_KEY, leadsAbove } from './walk.ts';

/** A sweep that would remove more than 5 % of the known keys, and more than 20, is held. */
export const HOLD_SHARE = 0.05;
export const HOLD_COUNT = 20;

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
    await tx.db.deleteFrom('sweep_seen').where('sweep', 'in', stale).execute();
    await tx.db
      .updateTable('sweep')
      .set({ state: 'dropped' })
      .where('stream', '=', claim.stream)
      .where('state', '=', 'open')
      .execute();
    const id = await takeNumber(tx, 'sweep');
    const row = { id, stream: claim.stream, kind, started: pull, scope, reason: '', known: 0, absent: 0, ended: null };
    await tx.db
      .insertInto('sweep')
      .values({ ...row, state: 'open' })
      .execute();
    return id;
  });
}

/** Leading ids, and rows, looked at in one go. */
const CHUNK = 5000;

/** Notes ids that an ids-only answer did not hold: a walk through the ids of the key table beside the ranges of the answer. */
export async function noteAbsentIds(
  outbox: Outbox,
  claim: Claim,
  sweep: number,
  pull: number,
  ranges: { first: Float64Array; last: Float64Array },
): Promise<void> {
  const { store } = outbox;
  let noted: { lead: number[]; key: string[] } = { lead: [], key: [] };
  const write = async (): Promise<void> => {
    const absent = noted;
    noted = { lead: [], key: [] };
    if (absent.lead.length > 0) await store.transaction((tx) => tx.insertMany('absence', { sweep, ...absent }));
  };
  let at = 0;
  for (let above = -1; ; ) {
    const leads = await leadsAbove(store, claim.keyspace, above, CHUNK);
    if (leads.length === 0) break;
    for (const lead of leads) {
      while (at < ranges.last.length && ranges.last[at]! < lead) at++;
      if (at < ranges.first.length && ranges.first[at]! <= lead) continue;
      for await (const { key, fingerprint, since } of keysOf(outbox, claim.keyspace, lead)) {
        // What was written since the sweep began is there.
        if (fingerprint === REMOVED || since >= pull) continue;
        noted.lead.push(lead);
        noted.key.push(key);
        if (noted.lead.length >= CHUNK) await write();
      }
    }
    above = leads.at(-1)!;
  }
  await write();
}

/** Notes known keys that a sweep of answers without an order neither wrote nor saw unchanged. */
export async function noteUnseen(outbox: Outbox, claim: Claim, sweep: number, pull: number): Promise<void> {
  const { store } = outbox;
  for (let after = FIRST; ; ) {
    const rows = await keysBehind(store, claim.keyspace, after, null, CHUNK, ['lead', 'key', 'fingerprint', 'since']);
    const old = rows.filter(({ fingerprint, since }) => fingerprint !== REMOVED && since < pull);
    const lead = old.map((row) => row.lead);
    const key = old.map((row) => row.key);
    const seen = new Set((await store.selectMany('sweep_seen', { sweep, lead, key }, ['key'])).row);
    const absent = old.filter((_, i) => !seen.has(i));
    if (absent.length > 0) {
      const columns = { lead: absent.map((row) => row.lead), key: absent.map((row) => row.key) };
      await store.transaction((tx) => tx.insertMany('absence', { sweep, ...columns }));
    }
    if (rows.length < CHUNK) break;
    after = rows.at(-1)!;
  }
}

/** The keys of one id, in order. */
async function* keysOf({ store }: Outbox, keyspace: number, lead: number) {
  for (let after = { lead: lead - 1, key: LAST_KEY }; ; ) {
    const rows = await keysBehind(store, keyspace, after, lead, CHUNK, ['lead', 'key', 'fingerprint', 'since']);
    yield* rows;
    if (rows.length < CHUNK) return;
    after = rows.at(-1)!;
  }
}

/** Concludes a sweep whose ranges are all read: removes what is absent, or holds it. `force` is an operator's confirmation. */
export async function concludeSweep(
  outbox: Outbox,
  facts: RemovalFacts,
  sweep: number,
  reason: RemovalReason,
  force = false,
): Promise<SweepResult> {
  const { store } = outbox;
  const { claim } = facts;
  const known = await countKnown(outbox, claim.keyspace);
  const absent = await countAbsent(outbox, sweep);
  if (!force && absent > HOLD_COUNT && absent > known * HOLD_SHARE) {
    if (!(await keepConfirmed(outbox, claim, sweep))) {
      await store.transaction(async ({ db }) => {
        await dropHeld(db, claim.stream);
        await db
          .updateTable('sweep')
          .set({ state: 'held', reason, known, absent, ended: facts.now() })
          .where('id', '=', sweep)
          .execute();
        await db.deleteFrom('sweep_seen').where('sweep', '=', sweep).execute();
      });
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
    await db.deleteFrom('sweep_seen').where('sweep', '=', sweep).execute();
    await dropHeld(db, claim.stream);
  });
  return { state: 'concluded', known, absent, removed };
}

/** A held sweep that a newer one has confirmed, replaced or made needless. */
async function dropHeld(db: Kysely<OutboxSchema>, stream: number): Promise<void> {
  const held = db.selectFrom('sweep').select('id').where('stream', '=', stream).where('state', '=', 'held');
  await db.deleteFrom('absence').where('sweep', 'in', held).execute();
  await db
    .updateTable('sweep')
    .set({ state: 'dropped' })
    .where('stream', '=', stream)
    .where('state', '=', 'held')
    .execute();
}

/**
 * Where an earlier sweep is held, only what both found absent is believed; false when that is nothing, and then this
 * sweep keeps its own absences, to be held in its turn.
 */
async function keepConfirmed(outbox: Outbox, claim: Claim, sweep: number): Promise<boolean> {
  return outbox.store.transaction(async ({ db }) => {
    const held = await db
      .selectFrom('sweep')
      .select('id')
      .where('stream', '=', claim.stream)
      .where('state', '=', 'held')
      .orderBy('id', 'desc')
      .executeTakeFirst();
    if (held === undefined) return false;
    const inBoth = (eb: ExpressionBuilder<OutboxSchema, 'absence'>) =>
      eb.exists(
        eb
          .selectFrom('absence as before')
          .select('before.key')
          .where('before.sweep', '=', held.id)
          .whereRef('before.lead', '=', 'absence.lead')
          .whereRef('before.key', '=', 'absence.key'),
      );
    const confirmed = await db
      .selectFrom('absence')
      .select('key')
      .where('sweep', '=', sweep)
      .where(inBoth)
      .limit(1)
      .execute();
    if (confirmed.length === 0) return false;
    await db
      .deleteFrom('absence')
      .where('sweep', '=', sweep)
      .where((eb) => eb.not(inBoth(eb)))
      .execute();
    return true;
  });
}

async function countKnown(outbox: Outbox, keyspace: number): Promise<number> {
  const { keys } = await outbox.store.db
    .selectFrom('keyspace')
    .select('keys')
    .where('id', '=', keyspace)
    .executeTakeFirstOrThrow();
  return keys;
}

async function countAbsent(outbox: Outbox, sweep: number): Promise<number> {
  const { n } = await outbox.store.db
    .selectFrom('absence')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('sweep', '=', sweep)
    .executeTakeFirstOrThrow();
  return Number(n);
}
