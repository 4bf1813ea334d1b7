import { sql } from 'kysely';
import type { Store, Transaction } from '../../store/store.ts';
import type { InventorySchema, KnowledgeTable } from '../schema.ts';

/**
 * Which entries changed in what events of findings say of them, so that findings can be sent again.
 *
 * One row per QID holds its last change, numbered within tenant × subscription in the order in which changes were folded. A new
 * entry is one where a finding had asked for it in vain; one that Qualys took away is none. An event that comes again
 * (the inventory is made anew) is not newer than the change it made, and makes none.
 */

/** Columns of an entry that events show. Its dates are not among them: most revisions move nothing else. */
export const SHOWN = [
  ...['title', 'type', 'severity', 'category', 'patchable', 'pci', 'cves', 'cvss2_base', 'cvss2_temporal'],
  ...[
    'cvss2_vector',
    'cvss3_base',
    'cvss3_temporal',
    'cvss3_vector',
    'solution',
    'diagnosis',
    'consequence',
    'threats',
  ],
] as const satisfies readonly (keyof KnowledgeTable)[];

/** QIDs looked up in one statement. */
const AT_ONCE = 500;

/** Notes changes, in the transaction that makes them; the caller holds the row of the subscription's version. */
export async function noteChanges(
  tx: Transaction<InventorySchema>,
  tenant: string,
  subscription: string,
  changed: readonly { readonly qid: number; readonly accepted: number }[],
): Promise<void> {
  if (changed.length === 0) return;
  const { last } = await tx.db
    .selectFrom('knowledge_change')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .executeTakeFirstOrThrow();
  const before = new Map<number, number>();
  for (let at = 0; at < changed.length; at += AT_ONCE) {
    const qids = changed.slice(at, at + AT_ONCE).map(({ qid }) => qid);
    const rows = await tx.db
      .selectFrom('knowledge_change')
      .select(['qid', 'accepted'])
      .where('tenant', '=', tenant)
      .where('subscription', '=', subscription)
      .where('qid', 'in', qids)
      .execute();
    for (const { qid, accepted } of rows) before.set(qid, accepted);
  }
  const newer = changed.filter(({ qid, accepted }) => accepted > (before.get(qid) ?? -1));
  const match = { tenant, subscription, qid: newer.map(({ qid }) => qid) };
  await tx.deleteMany('knowledge_change', match);
  await tx.insertMany('knowledge_change', {
    ...match,
    number: newer.map((_, i) => Number(last ?? 0) + 1 + i),
    accepted: newer.map(({ accepted }) => accepted),
  });
}

/** The number of the subscription's last change; 0 before there is any. */
export async function lastChange(
  { db }: Store<InventorySchema>,
  tenant: string,
  subscription: string,
): Promise<number> {
  const { last } = await db
    .selectFrom('knowledge_change')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .executeTakeFirstOrThrow();
  return Number(last ?? 0);
}

/** QIDs from `from` on, ascending, whose last change is behind `after` and no later than `to`. */
export async function changedQids(
  { db }: Store<InventorySchema>,
  { tenant, subscription }: { readonly tenant: string; readonly subscription: string },
  { after, to }: { readonly after: number; readonly to: number },
  from: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('knowledge_change')
    .select('qid')
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .where('number', '>', after)
    .where('number', '<=', to)
    .where('qid', '>=', from)
    .orderBy('qid')
    .limit(limit)
    .execute();
  return rows.map(({ qid }) => qid);
}

/** Hosts above `after`, ascending, on which the QID was ever found. */
export async function hostsWith(
  { db }: Store<InventorySchema>,
  { tenant, subscription }: { readonly tenant: string; readonly subscription: string },
  qid: number,
  after: number,
  limit: number,
): Promise<number[]> {
  const space = sql<number>`(SELECT id FROM space WHERE tenant = ${tenant} AND subscription = ${subscription})`;
  const rows = await db
    .selectFrom('finding')
    .select('host')
    .distinct()
    .where('qid', '=', qid)
    .where('space', '=', space)
    .where('host', '>', after)
    .orderBy('host')
    .limit(limit)
    .execute();
  return rows.map(({ host }) => host);
}
