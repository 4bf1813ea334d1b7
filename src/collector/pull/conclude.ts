import type { RemovalReason } from '../../core/words.ts';
import type { Claim } from '../../outbox/append.ts';
import { idMaker } from '../../outbox/identity.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { concludeSweep, noteAbsentIds, noteUnseen, type SweepResult } from '../../outbox/sweep.ts';
import { keyParts, keyRecord } from '../../pipeline/key.ts';
import type { Counted } from '../report.ts';
import { againstIds } from './completeness.ts';
import { fetchIds, type IdList } from './ids.ts';
import type { PullContext } from './page.ts';
import { patiently } from './patience.ts';
import { spare } from './unread.ts';

const ID_TRIES = 4;

/**
 * Ends a pull's sweep, where it is one: what is absent becomes events, or the sweep is held. `unread`: objects about
 * which it concludes nothing.
 */
export async function conclude(
  context: PullContext,
  stop: AbortSignal,
  unread: readonly string[] = [],
): Promise<(SweepResult & { counted?: Counted }) | undefined> {
  const { stream, workshop, claim, pull, signal } = context;
  const { outbox } = workshop;
  if (pull.sweep === undefined) return undefined;
  const before = await outbox.store.db
    .selectFrom('sweep')
    .select(['state', 'known', 'absent'])
    .where('id', '=', pull.sweep)
    .executeTakeFirst();
  // Held just before a kill: concluding it once more would take it for its own confirmation.
  if (before?.state === 'held')
    return { state: 'held', known: Number(before.known), absent: Number(before.absent), removed: 0 };
  let ids: IdList | undefined;
  if (pull.mode === 'ids') {
    ids = await patiently(workshop, stream, stop, ID_TRIES, () => fetchIds(stream, signal));
    await noteAbsentIds(outbox, claim, pull.sweep, pull.id, ids);
  }
  if (pull.mode === 'full' && stream.facts.order !== 'id') await noteUnseen(outbox, claim, pull.sweep, pull.id);
  await spare(outbox, pull.sweep, unread);
  const counted = await againstIds(context, stop, ids);
  await leaveToNeighbours(outbox, claim, pull.sweep, workshop.neighbours(claim));
  const { facts } = stream;
  workshop.observer.phase('commit');
  const { reason, wanted } = await reasonOf(context);
  const result = await concludeSweep(
    outbox,
    {
      claim,
      pull: pull.id,
      id: idMaker(stream.tenant, stream.subscription, stream.dataset),
      keyParts: (lead, key) => keyParts(facts, { lead, key }),
      keyRecord: (parts) => keyRecord(facts, parts),
      sinks: stream.sinks,
      now: () => workshop.clock.now(),
    },
    pull.sweep,
    reason,
    wanted,
  );
  if (result.removed > 0) workshop.appended();
  return { ...result, ...(counted === undefined ? {} : { counted }) };
}

/** Why keys are absent, and whether that is what the operator wanted, so that no second sweep need confirm it. */
async function reasonOf({
  stream,
  claim,
  pull,
  workshop,
}: PullContext): Promise<{ reason: RemovalReason; wanted: boolean }> {
  const { outbox } = workshop;
  const { scope } = claim.checkpoint;
  if (scope !== undefined && scope !== pull.scope) {
    return {
      reason: 'out_of_scope',
      wanted: sameUser(scope, pull.scope) && (await anythingLeft(outbox, claim, pull.sweep!)),
    };
  }
  // A held sweep of this scope that this one confirms was the first after the scope changed, or was not.
  const held = await outbox.store.db
    .selectFrom('sweep')
    .select(['reason', 'scope'])
    .where('stream', '=', claim.stream)
    .where('state', '=', 'held')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  const usual = stream.facts.agesOut?.(stream.options) === true ? 'aged_out' : 'purged';
  const reason = held?.scope === pull.scope ? (held.reason as RemovalReason) : usual;
  return { reason, wanted: false };
}

/** Filters changed on purpose; another user may see less by mistake. A scope is [user, filters]. */
function sameUser(a: string, b: string): boolean {
  return (JSON.parse(a) as readonly unknown[])[0] === (JSON.parse(b) as readonly unknown[])[0];
}

/** A filter that finds nothing at all is more likely mistyped than meant. */
async function anythingLeft(outbox: Outbox, claim: Claim, sweep: number): Promise<boolean> {
  const { db } = outbox.store;
  const left = await db
    .selectFrom('known_key')
    .select('lead')
    .where('keyspace', '=', claim.keyspace)
    .where('fingerprint', '<>', '-')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('absence')
            .select('absence.lead')
            .where('absence.sweep', '=', sweep)
            .whereRef('absence.lead', '=', 'known_key.lead')
            .whereRef('absence.key', '=', 'known_key.key'),
        ),
      ),
    )
    .limit(1)
    .executeTakeFirst();
  return left !== undefined;
}

/** Keys whose newest event came over another connection at work are that one's to miss: it may ask for more than we do. */
async function leaveToNeighbours(
  outbox: Outbox,
  claim: Claim,
  sweep: number,
  others: readonly number[],
): Promise<void> {
  if (others.length === 0) return;
  await outbox.store.db
    .deleteFrom('absence')
    .where('sweep', '=', sweep)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('known_key')
          .innerJoin('batch', 'batch.id', 'known_key.batch')
          .select('known_key.lead')
          .where('known_key.keyspace', '=', claim.keyspace)
          .whereRef('known_key.lead', '=', 'absence.lead')
          .whereRef('known_key.key', '=', 'absence.key')
          .where('batch.stream', 'in', others),
      ),
    )
    .execute();
}
