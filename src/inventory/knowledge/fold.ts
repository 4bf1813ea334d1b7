/**
 * Folds events of knowledge_base into the table of entries.
 *
 * One row per tenant, subscription and QID holds its newest event. Newest is: of one connection, the higher `seq`; of
 * two connections that share a subscription, the one whose page was accepted later. So an event that comes again (a kill
 * between folding and settling, a replay) changes nothing, and batches may come in any order. A removal is an event like
 * others: its row stays, empty. The version rises in the same transaction, and only where a row changed.
 */
import type { Batch, Outcome } from '../../core/sink.ts';
import type { Fields } from '../../core/words.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { InventorySchema, KnowledgeTable } from '../schema.ts';
import { noteChanges, SHOWN } from './changes.ts';
import { entryOf, type KnowledgeEntry } from './entry.ts';

/** Where an event stands among those of its key. */
interface Origin {
  readonly connection: string;
  readonly seq: number;
  readonly accepted: number;
}

interface Event extends Origin {
  readonly qid: number;
  /** Absent: removed. */
  readonly entry: KnowledgeEntry | undefined;
}

/** An event in the format `raw`, as far as it is read here. */
interface Line {
  readonly seq: number;
  readonly pulled_at: string;
  readonly change: string;
  readonly key: readonly string[];
  readonly record?: Fields;
}

type Shown = Pick<KnowledgeTable, (typeof SHOWN)[number] | 'removed'>;

/** QIDs looked up in one statement. */
const AT_ONCE = 500;

const isNewer = (event: Origin, than: Origin): boolean =>
  event.connection === than.connection ? event.seq > than.seq : event.accepted >= than.accepted;

/** Folds batches of events in the format `raw`, in one transaction. An event without a QID is rejected. */
export async function foldKnowledge(
  store: Store<InventorySchema>,
  batches: readonly Batch[],
): Promise<readonly (readonly Outcome[])[]> {
  const spaces = new Map<string, { readonly of: Batch; readonly events: Map<number, Event> }>();
  const outcomes = batches.map((batch) => {
    const name = JSON.stringify([batch.tenant, batch.subscription]);
    const space = spaces.get(name) ?? { of: batch, events: new Map<number, Event>() };
    spaces.set(name, space);
    return batch.ends.map((end, i): Outcome => {
      const event = eventOf(batch, i === 0 ? 0 : batch.ends[i - 1]!, end);
      if (event === undefined) return { rejected: 'the record has no QID', code: 'no_qid' };
      const before = space.events.get(event.qid);
      if (before === undefined || isNewer(event, before)) space.events.set(event.qid, event);
      return 'delivered';
    });
  });
  await store.transaction(async (tx) => {
    // In one order everywhere, so that two that fold at once do not wait for each other.
    for (const [, { of, events }] of [...spaces].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (events.size > 0) await foldInto(tx, of.tenant, of.subscription, [...events.values()]);
  });
  return outcomes;
}

function eventOf(batch: Batch, start: number, end: number): Event | undefined {
  const { seq, pulled_at, change, key, record } = JSON.parse(batch.bytes.toString('utf8', start, end)) as Line;
  const origin = { connection: batch.connection, seq, accepted: Date.parse(pulled_at) };
  if (change === 'removed') {
    const qid = Number(key[0]);
    return Number.isSafeInteger(qid) && qid > 0 ? { ...origin, qid, entry: undefined } : undefined;
  }
  const entry = entryOf(record ?? {});
  return entry === undefined ? undefined : { ...origin, qid: entry.qid, entry };
}

async function foldInto(
  tx: Transaction<InventorySchema>,
  tenant: string,
  subscription: string,
  events: readonly Event[],
): Promise<void> {
  await claimVersion(tx, tenant, subscription);
  const fresh: Event[] = [];
  const before = new Map<number, Shown>();
  for (let at = 0; at < events.length; at += AT_ONCE) {
    const some = events.slice(at, at + AT_ONCE);
    const rows = await tx.db
      .selectFrom('knowledge')
      .select(['qid', 'connection', 'seq', 'accepted', 'removed', ...SHOWN])
      .where('tenant', '=', tenant)
      .where('subscription', '=', subscription)
      .where(
        'qid',
        'in',
        some.map(({ qid }) => qid),
      )
      .execute();
    const known = new Map(rows.map((row) => [row.qid, row]));
    for (const row of rows) before.set(row.qid, row);
    fresh.push(
      ...some.filter((event) => {
        const row = known.get(event.qid);
        return row === undefined || isNewer(event, row);
      }),
    );
  }
  if (fresh.length === 0) return;
  const match = { tenant, subscription, qid: fresh.map(({ qid }) => qid) };
  const columns = columnsOf(fresh);
  const wanted = await wantedIn(tx, tenant, subscription);
  const changed = fresh.filter(({ qid, entry }, i) => {
    const old = before.get(qid);
    if (entry === undefined) return false;
    return old === undefined
      ? wanted.has(qid)
      : old.removed === 1 || SHOWN.some((name) => old[name] !== columns[name][i]);
  });
  await noteChanges(tx, tenant, subscription, changed);
  await tx.deleteMany('knowledge', { ...match, qid: match.qid.filter((qid) => before.has(qid)) });
  await tx.insertMany('knowledge', { ...match, ...columns });
  await tx.deleteMany('knowledge_wanted', { ...match, qid: match.qid.filter((qid) => wanted.has(qid)) });
  await tx.db
    .updateTable('knowledge_version')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .execute();
}

/** Whoever writes entries of a subscription takes its version's row first: whoever else does waits here. */
export async function claimVersion(tx: Transaction<InventorySchema>, tenant: string, subscription: string) {
  await tx.db
    .insertInto('knowledge_version')
    .values({ tenant, subscription, version: 0 })
    .onConflict((conflict) => conflict.columns(['tenant', 'subscription']).doUpdateSet({ subscription }))
    .execute();
}

/** QIDs that findings asked for in vain. */
async function wantedIn({ db }: Transaction<InventorySchema>, tenant: string, subscription: string) {
  const rows = await db
    .selectFrom('knowledge_wanted')
    .select('qid')
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .execute();
  return new Set(rows.map(({ qid }) => qid));
}

/** Rows as columns, but for tenant, subscription and QID. */
export function columnsOf(events: readonly Event[]) {
  const texts = (of: (entry: KnowledgeEntry) => string | null | undefined): (string | null)[] =>
    events.map(({ entry }) => (entry === undefined ? null : (of(entry) ?? null)));
  const certain = (of: (entry: KnowledgeEntry) => string, absent: string): string[] =>
    events.map(({ entry }) => (entry === undefined ? absent : of(entry)));
  const flags = (of: (entry: KnowledgeEntry) => boolean): number[] =>
    events.map(({ entry }) => (entry !== undefined && of(entry) ? 1 : 0));
  return {
    connection: events.map(({ connection }) => connection),
    seq: events.map(({ seq }) => seq),
    accepted: events.map(({ accepted }) => accepted),
    removed: events.map(({ entry }) => (entry === undefined ? 1 : 0)),
    modified: texts(({ modified }) => modified),
    published: texts(({ published }) => published),
    title: certain(({ title }) => title, ''),
    type: certain(({ type }) => type, ''),
    severity: events.map(({ entry }) => entry?.severity ?? 0),
    category: texts(({ category }) => category),
    patchable: flags(({ patchable }) => patchable),
    disabled: flags(({ disabled }) => disabled),
    pci: flags(({ pci }) => pci),
    cves: certain(({ cves }) => JSON.stringify(cves), '[]'),
    cvss2_base: texts(({ cvss2 }) => cvss2?.base?.toString()),
    cvss2_temporal: texts(({ cvss2 }) => cvss2?.temporal?.toString()),
    cvss2_vector: texts(({ cvss2 }) => cvss2?.vector),
    cvss3_base: texts(({ cvss3 }) => cvss3?.base?.toString()),
    cvss3_temporal: texts(({ cvss3 }) => cvss3?.temporal?.toString()),
    cvss3_vector: texts(({ cvss3 }) => cvss3?.vector),
    solution: texts(({ solution }) => solution),
    diagnosis: texts(({ diagnosis }) => diagnosis),
    consequence: texts(({ consequence }) => consequence),
    threats: certain(({ threats }) => JSON.stringify(threats), '[]'),
  };
}
