import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { scaled } from '../../../test/support/scale.ts';
import { describeStores, type Place } from '../../../test/support/stores.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Batch } from '../../core/sink.ts';
import { migrate } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import { foldBatches } from '../fold.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { type Asked, countOf, queryView } from '../query/query.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { forgetResults } from './results.ts';
import { makeResultsIndex } from './results-index.ts';

const NOW = Date.UTC(2026, 0, 20);

interface Said {
  readonly seq: number;
  readonly host?: number;
  readonly qid: number;
  /** What stands for RESULTS; nothing where undefined. */
  readonly results?: unknown;
  readonly isGone?: boolean;
}

const lineOf = ({ seq, host = 1, qid, results, isGone = false }: Said): string =>
  JSON.stringify({
    ...{ id: `id${seq}`, seq, dataset: 'host_list_detection', pulled_at: new Date(NOW).toISOString() },
    ...(isGone ? { change: 'removed', reason: 'purged' } : { change: 'new' }),
    key: [String(host), String(qid), '443', 'tcp', '0', '', ''],
    record: isGone
      ? {}
      : {
          ...{ QID: String(qid), SEVERITY: '5', STATUS: 'Active', TYPE: 'Confirmed' },
          ...(results === undefined ? {} : { RESULTS: results }),
          HOST: { ID: String(host), IP: `10.0.0.${host}`, DNS: `web-${host}.example.com`, RESULTS: 'of no finding' },
        },
  });

/** A batch as the collector hands it over: events of the format `raw`, one a line. */
function batchOf(events: readonly Said[], write: (event: Said) => string = lineOf): Batch {
  const lines = events.map((event) => Buffer.from(`${write(event)}\n`));
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length);
  return {
    ...{ id: 'b', tenant: 't', subscription: 's', connection: 'c', dataset: 'host_list_detection', pullingId: '1' },
    ...{ count: lines.length, bytes: Buffer.concat(lines), ends },
    eventId: (i) => `id${events[i]!.seq}`,
    seq: (i) => events[i]!.seq,
    key: (i) => JSON.stringify([String(events[i]!.host ?? 1), String(events[i]!.qid)]),
    change: (i) => (events[i]!.isGone === true ? 'removed' : 'new'),
    time: () => new Date(NOW).toISOString(),
  };
}

async function openInventory(place: Place): Promise<Store<InventorySchema>> {
  const store = await place.openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  return store;
}

async function kept(store: Store<InventorySchema>): Promise<Record<string, string>> {
  const rows = await store.db.selectFrom('finding_results').select(['host', 'qid', 'results']).execute();
  return Object.fromEntries(rows.map(({ host, qid, results }) => [`${host}/${qid}`, results]));
}

const asking = (store: Store<InventorySchema>, results = true): Asked => ({
  store,
  context: { policy: { ...DEFAULT_POLICY, results }, now: NOW },
});

describeStores('RESULTS of findings', (kind) => {
  test('are found by their column and by bare words, and shown to who asks for them', async () => {
    const store = await openInventory(await kind.place());
    const said = [
      { seq: 1, qid: 100, results: 'Protocol\tTLSv1.0 is supported\nport 443\n' },
      { seq: 2, qid: 101, results: 'openssl-1.0.2k_50%\\fips ÄÖ' },
      { seq: 3, qid: 102 },
      { seq: 4, qid: 103, results: { '@format': 'table', '#text': 'tls 1.0' } },
      { seq: 5, qid: 104, results: '' },
    ];
    await foldBatches(store, [batchOf(said)], true);
    const asked = asking(store);
    const found = async (filter: string): Promise<unknown[]> =>
      (await queryView(asked, 'findings', { filter, fields: ['qid'] })).rows.map(({ qid }) => qid);
    for (const [filter, qids] of [
      ['results:"tlsV1.0 IS"', [100]],
      ['results:"tls 1.0"', [103]],
      ['results:"TLSv1.0 is supported\nport"', [100]],
      ['results:50%', [101]],
      ['results:5_%', []],
      ['results:k_50%\\fips', [101]],
      ['results:ÄÖ', [101]],
      ['results:äö', []],
      ['results:openssl*ÄÖ', [101]],
      ['results:*openssl', []],
      ['results="tls 1.0"', [103]],
      ['results:(openssl, tlsv1)', [100, 101]],
      ['openssl-1.0.2K', [101]],
      ['TLSV1.0 web-1', [100]],
      ['TLSV1.0 web-2', []],
      ['not tls', [101, 102, 104]],
      ['results=null', [102, 104]],
      ['results!=null and not results:openssl', [100, 103]],
      ['"of no finding"', []],
    ] as const)
      expect({ filter, qids: await found(filter) }).toEqual({ filter, qids });
    expect(await countOf(asked, 'findings', { filter: 'supported' })).toBe(1);

    const usual = await queryView(asked, 'findings', { filter: 'qid=101' });
    expect(usual.columns.map(({ name }) => name)).not.toContain('results');
    expect(usual.rows[0]).not.toHaveProperty('results');
    const named = await queryView(asked, 'findings', { fields: ['qid', 'results'], sort: 'qid' });
    expect(named.rows.map(({ results }) => results)).toEqual([
      ...['Protocol\tTLSv1.0 is supported\nport 443', 'openssl-1.0.2k_50%\\fips ÄÖ', null, 'tls 1.0', null],
    ]);
  });

  test('are not kept by default: a question for them is an error that says what to do, a bare word looks elsewhere', async () => {
    const store = await openInventory(await kind.place());
    await foldBatches(store, [batchOf([{ seq: 1, qid: 100, results: 'openssl' }])]);
    expect(await kept(store)).toEqual({});
    const asked = asking(store, false);
    for (const [page, code] of [
      [{ filter: 'severity=5 and results:openssl' }, 'QRY6020'],
      [{ fields: ['qid', 'results'] }, 'QRY6021'],
    ] as const) {
      const error = await queryView(asked, 'findings', page).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(QuarryError);
      expect(error).toMatchObject({ code, message: expect.stringContaining('results of findings are not kept') });
      expect((error as QuarryError).fix).toContain('inventory.results: true');
    }
    expect(await countOf(asked, 'findings', { filter: 'openssl' })).toBe(0);
  });

  test('are those of the event a finding is from, however events come; a removed finding has none', async () => {
    const step = fc.record({
      ...{ host: fc.integer({ min: 1, max: 2 }), qid: fc.integer({ min: 100, max: 101 }) },
      ...{ isGone: fc.boolean(), cut: fc.boolean(), again: fc.boolean() },
      results: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const store = await openInventory(await kind.place());
        const expected: Record<string, string> = {};
        const folds: Batch[][] = [[]];
        steps.forEach((one, i) => {
          const event = { ...one, seq: i + 1 };
          const name = `${one.host}/${one.qid}`;
          const text = (one.results ?? '').replaceAll('\0', '').trim();
          if (one.isGone || text === '') delete expected[name];
          else expected[name] = text;
          if (one.cut) folds.push([]);
          const batch = batchOf([event]);
          // What was folded comes again, or comes late: neither changes anything.
          folds.at(-1)!.push(...(one.again ? [batch, ...folds.flat(), batch] : [batch]));
        });
        for (const fold of folds) await foldBatches(store, fold, true);
        expect(await kept(store)).toEqual(expected);
        await store.close();
      }),
      { seed: Date.now() % 2 ** 31, numRuns: scaled('ways events come', { quick: 6, full: 30 }) },
    );
  });

  test('a line that is spelled in another way is read all the same', async () => {
    const store = await openInventory(await kind.place());
    const spaced = (event: Said): string => JSON.stringify(JSON.parse(lineOf(event)), null, 1).replaceAll('\n', ' ');
    await foldBatches(store, [batchOf([{ seq: 1, qid: 100, results: 'a "b", {c}' }], spaced)], true);
    expect(await kept(store)).toEqual({ '1/100': 'a "b", {c}' });
  });

  test('go as a whole where they are kept no longer, and come with the next events of their findings', async () => {
    const store = await openInventory(await kind.place());
    await foldBatches(
      store,
      [
        batchOf([
          { seq: 1, qid: 100, results: 'old' },
          { seq: 2, qid: 101, results: 'other' },
        ]),
      ],
      true,
    );
    await forgetResults(store);
    await foldBatches(store, [batchOf([{ seq: 3, qid: 100, results: 'meanwhile' }])]);
    expect(await kept(store)).toEqual({});
    await foldBatches(store, [batchOf([{ seq: 4, qid: 100, results: 'new' }])], true);
    expect(await kept(store)).toEqual({ '1/100': 'new' });
  });

  test('with an index of their pieces, made at any time, the answers are the same', async () => {
    const store = await openInventory(await kind.place());
    const count = (filter: string): Promise<number> => countOf(asking(store), 'findings', { filter });
    const some = (from: number): Batch =>
      batchOf(
        Array.from({ length: 60 }, (_, i) => ({ seq: from + i, qid: from + i, results: `Text ${i % 7} of 50%` })),
      );
    await foldBatches(store, [some(100)], true);
    for (let time = 0; time < 2; time++) await makeResultsIndex(store);
    await foldBatches(store, [some(200)], true);
    expect(await count('results:"text 3"')).toBe(18);
    expect(await count('results:"3 of 50%" and qid<200')).toBe(9);
    expect(await count('results:50_')).toBe(0);
    expect(await count('"TEXT 6"')).toBe(16);
  });

  test('a database from before gets the table', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    await migrate(
      store,
      inventoryMigrations.filter(({ number }) => number !== 61),
      1,
    );
    await foldBatches(store, [batchOf([{ seq: 1, qid: 100, results: 'before' }])]);
    await migrate(store, inventoryMigrations, 2);
    await foldBatches(store, [batchOf([{ seq: 2, qid: 100, results: 'after' }])], true);
    expect(await kept(store)).toEqual({ '1/100': 'after' });
    const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM finding`.execute(store.db);
    expect(Number(rows[0]!.n)).toBe(1);
  });
});
