import type { Store } from '../../store/store.ts';
import type { InventorySchema, KnowledgeTable } from '../schema.ts';
import type { Cvss, KnowledgeEntry, Threat } from './entry.ts';

export interface Knowledge {
  /** The version the entries have at least: a copy is good while `knowledgeVersion` says the same. */
  readonly version: number;
  readonly entries: ReadonlyMap<number, KnowledgeEntry>;
  /** QIDs asked for that are not there, in the order of the question. */
  readonly misses: readonly number[];
}

const COLUMNS = [
  ...['qid', 'removed', 'modified', 'published', 'title', 'type', 'severity', 'category', 'patchable', 'disabled'],
  ...['pci', 'cves', 'cvss2_base', 'cvss2_temporal', 'cvss2_vector', 'cvss3_base', 'cvss3_temporal', 'cvss3_vector'],
  ...['solution', 'diagnosis', 'consequence', 'threats'],
] as const satisfies readonly (keyof KnowledgeTable)[];

type Row = Pick<KnowledgeTable, (typeof COLUMNS)[number]>;

/** What a subscription's KnowledgeBase says of these QIDs. */
export async function knowledgeOf(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
): Promise<Knowledge> {
  // Before the entries: a change between the two makes a copy look older than it is, never newer.
  const version = await knowledgeVersion(store, tenant, subscription);
  const asked = [...new Set(qids)];
  const { row, columns } = await store.selectMany('knowledge', { tenant, subscription, qid: asked }, COLUMNS);
  const entries = new Map<number, KnowledgeEntry>();
  for (let i = 0; i < row.length; i++) {
    const found = Object.fromEntries(COLUMNS.map((name) => [name, columns[name]![i]])) as unknown as Row;
    if (found.removed === 0) entries.set(found.qid, entryFrom(found));
  }
  return { version, entries, misses: asked.filter((qid) => !entries.has(qid)) };
}

/** The CVEs of those of these QIDs that the table holds. */
export async function cvesOf(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { row, columns } = await store.selectMany('knowledge', { tenant, subscription, qid: qids }, [
    'removed',
    'cves',
  ]);
  const cves = new Map<number, readonly string[]>();
  row.forEach((at, i) => {
    if (columns['removed']![i] === 0) cves.set(qids[at]!, JSON.parse(columns['cves']![i] as string) as string[]);
  });
  return cves;
}

/** Those of these QIDs that the table knows nothing of. */
export async function missingOf(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
): Promise<number[]> {
  const { row, columns } = await store.selectMany('knowledge', { tenant, subscription, qid: qids }, ['removed']);
  const known = new Set(Array.from(row, (at, i) => (columns['removed']![i] === 0 ? at : -1)));
  return qids.filter((_, at) => !known.has(at));
}

/** Rises whenever an entry of the subscription changes; 0 before there is any. */
export async function knowledgeVersion(
  { db }: Store<InventorySchema>,
  tenant: string,
  subscription: string,
): Promise<number> {
  const row = await db
    .selectFrom('knowledge_version')
    .select('version')
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .executeTakeFirst();
  return row?.version ?? 0;
}

const entryFrom = ({ removed, ...row }: Row): KnowledgeEntry => {
  const { qid, title, type, severity, category, modified, published, solution, diagnosis, consequence } = row;
  return {
    ...{ qid, title, type, severity, category, modified, published, solution, diagnosis, consequence },
    patchable: row.patchable === 1,
    disabled: row.disabled === 1,
    pci: row.pci === 1,
    cves: JSON.parse(row.cves) as string[],
    cvss2: cvssFrom(row.cvss2_base, row.cvss2_temporal, row.cvss2_vector),
    cvss3: cvssFrom(row.cvss3_base, row.cvss3_temporal, row.cvss3_vector),
    threats: JSON.parse(row.threats) as Threat[],
  };
};

function cvssFrom(base: string | null, temporal: string | null, vector: string | null): Cvss | null {
  if (base === null && temporal === null && vector === null) return null;
  return { base: scoreFrom(base), temporal: scoreFrom(temporal), vector };
}

const scoreFrom = (text: string | null): number | null => (text === null ? null : Number(text));
