import { expect, test } from 'vitest';
import { describeStores, type Place } from '../../../test/support/stores.ts';
import type { Batch } from '../../core/sink.ts';
import { migrate } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import { foldBatches } from '../fold.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { changedQids, hostsWith, lastChange } from './changes.ts';
import { foldKnowledge } from './fold.ts';
import { knowledgeOf, knowledgeVersion } from './lookup.ts';
import { ASK_AGAIN_MS, askedFor, want, wantedNow } from './wanted.ts';

interface Said {
  readonly seq: number;
  readonly qid?: number;
  readonly title?: string;
  readonly removed?: boolean;
  /** Members of the record beside QID and TITLE. */
  readonly more?: Record<string, unknown>;
}

interface Space {
  readonly tenant?: string;
  readonly subscription?: string;
  readonly connection?: string;
  /** When the page was accepted. */
  readonly at?: number;
}

/** A batch as the file sink would get it: events of the format `raw`, one a line. */
function batchOf(events: readonly Said[], space: Space = {}): Batch {
  const { tenant = 't', subscription = 's', connection = 'c', at = 1000 } = space;
  const lines = events.map(({ seq, qid, title = 'T', removed = false, more }) =>
    Buffer.from(
      `${JSON.stringify({
        ...{ id: `id${seq}`, seq, dataset: 'knowledge_base', pulled_at: new Date(at).toISOString() },
        change: removed ? 'removed' : 'new',
        key: qid === undefined ? [''] : [String(qid)],
        record: { ...(qid === undefined ? {} : { QID: String(qid) }), ...(removed ? {} : { TITLE: title, ...more }) },
      })}\n`,
    ),
  );
  const bytes = Buffer.concat(lines);
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length);
  return {
    ...{ id: 'b', tenant, subscription, connection, dataset: 'knowledge_base', pullingId: '1' },
    ...{ count: lines.length, bytes, ends },
    eventId: (i) => `id${events[i]!.seq}`,
    seq: (i) => events[i]!.seq,
    key: (i) => `["${events[i]!.qid ?? ''}"]`,
    change: (i) => (events[i]!.removed === true ? 'removed' : 'new'),
    time: () => new Date(at).toISOString(),
  };
}

async function openInventory(place: Place): Promise<Store<InventorySchema>> {
  const store = await place.openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  return store;
}

const titles = async (store: Store<InventorySchema>, qids: readonly number[], subscription = 's', tenant = 't') =>
  [...(await knowledgeOf(store, tenant, subscription, qids)).entries].map(([qid, { title }]) => [qid, title]);

const VULN = {
  VULN_TYPE: 'Vulnerability',
  SEVERITY_LEVEL: '4',
  CATEGORY: 'RedHat',
  LAST_SERVICE_MODIFICATION_DATETIME: '2026-01-26T17:37:57Z',
  PUBLISHED_DATETIME: '2025-03-04T19:46:51Z',
  PATCHABLE: '1',
  IS_DISABLED: '1',
  PCI_FLAG: '1',
  CVE_LIST: { CVE: [{ ID: 'CVE-2025-36568', URL: 'http://x' }, { ID: '' }, { ID: 'CVE-2021-6384' }] },
  CVSS: { BASE: { '@source': 'service', '#text': '8.6' }, TEMPORAL: '2.7', VECTOR_STRING: 'CVSS:2.0/AV:N' },
  CVSS_V3: { BASE: '5.1' },
  SOLUTION: '<P>Patch “it”.</P>',
  DIAGNOSIS: '<P>Is\u0000 bad.</P>',
  CONSEQUENCE: '',
  THREAT_INTELLIGENCE: { THREAT_INTEL: [{ '@id': '2', '#text': 'Exploit_Public' }] },
};

describeStores('the table of the KnowledgeBase', (kind) => {
  test('an entry holds what the record says, and nothing where the record says nothing', async () => {
    const store = await openInventory(await kind.place());
    const batch = batchOf([
      { seq: 1, qid: 38170, title: 'Common name', more: VULN },
      { seq: 2, qid: 38171, title: '' },
    ]);
    expect(await foldKnowledge(store, [batch])).toEqual([['delivered', 'delivered']]);
    const { entries, misses, version } = await knowledgeOf(store, 't', 's', [38171, 7, 38170, 7]);
    expect({ misses, version }).toEqual({ misses: [7], version: 1 });
    expect(entries.get(38170)).toEqual({
      ...{ qid: 38170, title: 'Common name', type: 'Vulnerability', severity: 4, category: 'RedHat' },
      ...{ modified: '2026-01-26T17:37:57Z', published: '2025-03-04T19:46:51Z' },
      ...{ patchable: true, disabled: true, pci: true, cves: ['CVE-2025-36568', 'CVE-2021-6384'] },
      cvss2: { base: 8.6, temporal: 2.7, vector: 'CVSS:2.0/AV:N' },
      cvss3: { base: 5.1, temporal: null, vector: null },
      ...{ solution: '<P>Patch “it”.</P>', diagnosis: '<P>Is bad.</P>', consequence: '' },
      threats: [{ id: 2, name: 'Exploit_Public' }],
    });
    expect(entries.get(38171)).toEqual({
      ...{ qid: 38171, title: '', type: '', severity: 0, category: null, modified: null, published: null },
      ...{ patchable: false, disabled: false, pci: false, cves: [], cvss2: null, cvss3: null },
      ...{ solution: null, diagnosis: null, consequence: null, threats: [] },
    });
  });

  test('the newest event wins; the same batch again changes neither entries nor version', async () => {
    const store = await openInventory(await kind.place());
    const first = batchOf([
      { seq: 1, qid: 10, title: 'a' },
      { seq: 2, qid: 11, title: 'b' },
      { seq: 3, qid: 10, title: 'a2' },
    ]);
    const second = batchOf([{ seq: 4, qid: 11, title: 'b2' }]);
    await foldKnowledge(store, [first]);
    expect(await titles(store, [10, 11])).toEqual([
      [10, 'a2'],
      [11, 'b'],
    ]);
    await foldKnowledge(store, [second]);
    const version = await knowledgeVersion(store, 't', 's');
    for (const again of [[first], [second], [second, first]]) await foldKnowledge(store, again);
    expect(await titles(store, [10, 11])).toEqual([
      [10, 'a2'],
      [11, 'b2'],
    ]);
    expect([version, await knowledgeVersion(store, 't', 's')]).toEqual([2, 2]);
  });

  test('a removed entry is a miss, and an older event does not bring it back; a newer one does', async () => {
    const store = await openInventory(await kind.place());
    const was = batchOf([{ seq: 1, qid: 10, title: 'a' }]);
    await foldKnowledge(store, [was]);
    await foldKnowledge(store, [batchOf([{ seq: 2, qid: 10, removed: true }])]);
    expect((await knowledgeOf(store, 't', 's', [10])).misses).toEqual([10]);
    await foldKnowledge(store, [was]);
    expect((await knowledgeOf(store, 't', 's', [10])).misses).toEqual([10]);
    await foldKnowledge(store, [batchOf([{ seq: 3, qid: 10, title: 'back' }])]);
    expect(await titles(store, [10])).toEqual([[10, 'back']]);
  });

  test('connections that share a subscription: the page accepted later wins, whatever their numbers', async () => {
    const store = await openInventory(await kind.place());
    await foldKnowledge(store, [batchOf([{ seq: 900, qid: 10, title: 'one' }], { connection: 'one', at: 1000 })]);
    await foldKnowledge(store, [batchOf([{ seq: 3, qid: 10, title: 'two' }], { connection: 'two', at: 2000 })]);
    expect(await titles(store, [10])).toEqual([[10, 'two']]);
    await foldKnowledge(store, [batchOf([{ seq: 901, qid: 10, title: 'old' }], { connection: 'one', at: 1500 })]);
    expect(await titles(store, [10])).toEqual([[10, 'two']]);
  });

  test('[promise 12] tenants and subscriptions see their own entries alone, and versions are theirs', async () => {
    const store = await openInventory(await kind.place());
    await foldKnowledge(store, [
      batchOf([{ seq: 1, qid: 10, title: 'ts' }]),
      batchOf([{ seq: 1, qid: 10, title: 'us' }], { tenant: 'u' }),
      batchOf([{ seq: 1, qid: 12, title: 'tv' }], { subscription: 'v' }),
    ]);
    expect(await titles(store, [10, 12])).toEqual([[10, 'ts']]);
    expect(await titles(store, [10, 12], 's', 'u')).toEqual([[10, 'us']]);
    expect(await titles(store, [10, 12], 'v')).toEqual([[12, 'tv']]);
    await foldKnowledge(store, [batchOf([{ seq: 2, qid: 10, title: 'us2' }], { tenant: 'u' })]);
    const versions = [
      knowledgeVersion(store, 't', 's'),
      knowledgeVersion(store, 'u', 's'),
      knowledgeVersion(store, 't', 'x'),
    ];
    expect(await Promise.all(versions)).toEqual([1, 2, 0]);
  });

  test('an event without a QID is rejected for good, those beside it are kept', async () => {
    const store = await openInventory(await kind.place());
    const outcomes = await foldKnowledge(store, [batchOf([{ seq: 1 }, { seq: 2, qid: 10 }])]);
    expect(outcomes).toEqual([[{ rejected: 'the record has no QID', code: 'no_qid' }, 'delivered']]);
    expect(await titles(store, [10])).toEqual([[10, 'T']]);
  });

  test('thousands at once, and folds at the same time, end with every entry and one version each', async () => {
    const store = await openInventory(await kind.place());
    const many = (from: number): Batch =>
      batchOf(Array.from({ length: 1200 }, (_, i) => ({ seq: from + i, qid: 1 + i, title: `${from}` })));
    await Promise.all([1, 2001, 4001].map((from) => foldKnowledge(store, [many(from)])));
    const qids = Array.from({ length: 1201 }, (_, i) => i + 1);
    const { entries, misses, version } = await knowledgeOf(store, 't', 's', qids);
    expect([...new Set([...entries.values()].map(({ title }) => title))]).toEqual(['4001']);
    expect(misses).toEqual([1201]);
    expect(version).toBeGreaterThanOrEqual(1);
    expect(version).toBeLessThanOrEqual(3);
  });

  test('misses are asked for once a day until they are there', async () => {
    const store = await openInventory(await kind.place());
    await want(store, 't', 's', [12, 10, 12, 0, 1.5], 1000);
    await want(store, 't', 's', [10, 14], 2000);
    await want(store, 't', 'other', [99], 2000);
    const now = 10 * ASK_AGAIN_MS;
    expect(await wantedNow(store, 't', 's', now)).toEqual([10, 12, 14]);
    await askedFor(store, 't', 's', [10, 12], now);
    expect(await wantedNow(store, 't', 's', now)).toEqual([14]);
    await want(store, 't', 's', [10], now + 1);
    expect(await wantedNow(store, 't', 's', now + ASK_AGAIN_MS - 1)).toEqual([14]);
    await foldKnowledge(store, [batchOf([{ seq: 1, qid: 12 }])]);
    expect(await wantedNow(store, 't', 's', now + ASK_AGAIN_MS)).toEqual([10, 14]);
    expect(await wantedNow(store, 't', 'other', now)).toEqual([99]);
  });
});

describeStores('changes of the KnowledgeBase', (kind) => {
  const changed = (store: Store<InventorySchema>, after: number, to = 1000) =>
    changedQids(store, { tenant: 't', subscription: 's' }, { after, to }, 0, 100);
  const SOLUTION = { SOLUTION: 'Patch.', SEVERITY_LEVEL: '4' };

  test('are those that events of findings show, in the order they came', async () => {
    const store = await openInventory(await kind.place());
    await want(store, 't', 's', [3], 1);
    const first = [
      { seq: 1, qid: 1, more: SOLUTION },
      { seq: 2, qid: 2, more: SOLUTION },
      { seq: 3, qid: 3, more: SOLUTION },
    ];
    await foldKnowledge(store, [batchOf(first)]);
    // A finding had asked for the third in vain; nobody was told anything of the others.
    expect(await changed(store, 0)).toEqual([3]);
    const dates = { LAST_SERVICE_MODIFICATION_DATETIME: '2027-01-01T00:00:00Z' };
    await foldKnowledge(store, [
      batchOf(
        [
          { seq: 4, qid: 1, more: { ...SOLUTION, ...dates } },
          { seq: 5, qid: 2, more: { ...SOLUTION, SOLUTION: 'Patch it now.' } },
        ],
        { at: 2000 },
      ),
    ]);
    expect(await changed(store, 1)).toEqual([2]);
    expect(await lastChange(store, 't', 's')).toBe(2);
    await foldKnowledge(store, [batchOf([{ seq: 6, qid: 3, more: SOLUTION, title: 'Other' }], { at: 3000 })]);
    expect([await changed(store, 0), await changed(store, 2), await changed(store, 0, 2)]).toEqual([[2, 3], [3], [2]]);
    expect(await lastChange(store, 't', 'another')).toBe(0);
    // Taken away is no change that could be shown; coming back is one.
    await foldKnowledge(store, [batchOf([{ seq: 7, qid: 2, removed: true }], { at: 4000 })]);
    expect(await changed(store, 3)).toEqual([]);
    await foldKnowledge(store, [batchOf([{ seq: 8, qid: 2, more: SOLUTION }], { at: 5000 })]);
    expect(await changed(store, 3)).toEqual([2]);
  });

  test('are not made again by events that come again', async () => {
    const store = await openInventory(await kind.place());
    const events = [batchOf([{ seq: 1, qid: 1 }]), batchOf([{ seq: 2, qid: 1, title: 'New' }], { at: 2000 })];
    for (const event of events) await foldKnowledge(store, [event]);
    expect(await lastChange(store, 't', 's')).toBe(1);
    for (const table of ['knowledge', 'knowledge_version'] as const) await store.db.deleteFrom(table).execute();
    for (const event of events) await foldKnowledge(store, [event]);
    expect([await lastChange(store, 't', 's'), await changed(store, 1)]).toEqual([1, []]);
  });

  test('lead to the hosts the QID was found on, piece by piece, in one subscription', async () => {
    const store = await openInventory(await kind.place());
    const found = (subscription: string, hosts: readonly number[], qid: number): Batch => {
      const lines = hosts.map((id, i) => {
        const key = [String(id), String(qid), '', '', '0', '', ''];
        const record = { QID: String(qid), STATUS: 'Active', HOST: { ID: String(id), IP: '10.0.0.1' } };
        const head = { id: `id${i}`, seq: i + 1, dataset: 'host_list_detection', pulled_at: '2026-01-01T00:00:00Z' };
        return `${JSON.stringify({ ...head, change: 'new', key, record })}\n`;
      });
      const ends = lines.map((_, i) => Buffer.byteLength(lines.slice(0, i + 1).join('')));
      const bytes = Buffer.from(lines.join(''));
      return {
        ...batchOf([], { subscription }),
        ...{ dataset: 'host_list_detection', count: lines.length, bytes, ends },
      };
    };
    await foldBatches(store, [found('s', [7, 8, 9], 1), found('s', [8], 2), found('other', [10], 1)]);
    const on = (qid: number, after: number, limit = 2) =>
      hostsWith(store, { tenant: 't', subscription: 's' }, qid, after, limit);
    expect([await on(1, 0), await on(1, 8), await on(2, 0), await on(3, 0)]).toEqual([[7, 8], [9], [8], []]);
    expect(await hostsWith(store, { tenant: 't', subscription: 'none' }, 1, 0, 9)).toEqual([]);
  });
});
