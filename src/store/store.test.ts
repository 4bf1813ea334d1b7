import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeStores, type Place } from '../../test/support/stores.ts';
import { QuarryError } from '../core/errors.ts';
import type { Store } from './store.ts';

interface Schema {
  thing: { space: number; name: string; note: string | null; n: number };
}

async function withThings(place: Place): Promise<Store<Schema>> {
  const store = await place.openStore<Schema>();
  const { text, clustered } = store.dialect;
  await sql
    .raw(
      `CREATE TABLE thing (space bigint NOT NULL, name ${text} NOT NULL, note ${text}, n bigint NOT NULL, PRIMARY KEY (space, name)) ${clustered}`,
    )
    .execute(store.db);
  return store;
}

const all = (store: Store<Schema>) =>
  store.db.selectFrom('thing').selectAll().orderBy('space').orderBy('name').execute();

describeStores('store', (kind) => {
  test('a transaction that fails leaves nothing, one that ends leaves all', async () => {
    const store = await withThings(await kind.place());
    const failing = store.transaction(async (tx) => {
      await tx.insertMany('thing', { space: 1, name: ['a', 'b'], note: [null, 'x'], n: 7 });
      await tx.db.updateTable('thing').set({ n: 8 }).execute();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await all(store)).toEqual([]);
    await store.transaction((tx) => tx.insertMany('thing', { space: 1, name: ['a', 'b'], note: [null, 'x'], n: 7 }));
    expect(await all(store)).toEqual([
      { space: 1, name: 'a', note: null, n: 7 },
      { space: 1, name: 'b', note: 'x', n: 7 },
    ]);
  });

  test('a statement that fails inside a transaction takes the whole of it back', async () => {
    const store = await withThings(await kind.place());
    const failing = store.transaction(async (tx) => {
      await tx.insertMany('thing', { space: 1, name: 'a', note: 'x', n: 1 });
      await sql.raw('INSERT INTO nowhere VALUES (1)').execute(tx.db);
    });
    await expect(failing).rejects.toBeInstanceOf(QuarryError);
    expect(await all(store)).toEqual([]);
    // The connection is as good as new.
    await store.transaction((tx) => tx.insertMany('thing', { space: 1, name: 'a', note: 'x', n: 1 }));
    expect(await all(store)).toHaveLength(1);
  });

  test.each([15, 16, 17, 32, 100, 2000, 5001])(
    'insertMany puts %i rows in, each as given, those taken left out',
    async (count) => {
      const store = await withThings(await kind.place());
      const names = Array.from({ length: count }, (_, i) => `row ${i}`);
      const inserted = await store.transaction(async (tx) => {
        await tx.insertMany('thing', { space: 1, name: ['row 3', 'row 14'], note: 'before', n: -1 });
        return tx.insertMany('thing', {
          space: 1,
          name: names,
          note: names.map((_, i) => `note ${i}`),
          n: names.map((_, i) => i),
        });
      });
      expect(inserted).toBe(count - 2);
      const rows = await store.db.selectFrom('thing').selectAll().where('space', '=', 1).execute();
      expect(rows).toHaveLength(count);
      for (const { name, note, n } of rows) {
        const i = names.indexOf(name);
        expect([note, n]).toEqual(i === 3 || i === 14 ? ['before', -1] : [`note ${i}`, i]);
      }
    },
  );

  test('texts come back as they went in, however many go at once and whatever is in them', async () => {
    const store = await withThings(await kind.place());
    const signs = ['\\', '"', '\t', '\n', '\r', '\\N', '\\.', 'NULL', '{a,"b"}', 'é 𝒳', "'", ',', '\u0001', '', ' '];
    const note = (i: number): string | null =>
      i % 7 === 0 ? null : `${signs[i % signs.length]}${signs[(i * 5) % 13]}`;
    for (const [space, count] of [500, 4000].entries()) {
      const name = Array.from({ length: count }, (_, i) => `${signs[i % signs.length]} ${i}`);
      const notes = name.map((_, i) => note(i));
      const rest = { space, n: Float64Array.from(name, (_, i) => i - 2 ** 52) };
      // Twice in one transaction, as a page with several blocks does; what is there already is left out.
      const counts = await store.transaction(async (tx) => [
        await tx.insertMany('thing', { ...rest, name, note: notes }),
        await tx.insertMany('thing', { ...rest, name, note: notes }),
      ]);
      expect(counts).toEqual([count, 0]);
      const rows = await store.db.selectFrom('thing').selectAll().where('space', '=', space).orderBy('n').execute();
      expect(rows).toEqual(name.map((one, i) => ({ space, name: one, note: note(i), n: i - 2 ** 52 })));
      const found = await store.selectMany('thing', { space, name, n: rest.n }, ['note']);
      expect(found.columns['note']).toEqual(notes);
    }
    // A row that may not be takes all of them back, and the connection is as good as new.
    const name = Array.from({ length: 3000 }, (_, i) => (i === 2999 ? null : `x ${i}`));
    await expect(
      store.transaction((tx) => tx.insertMany('thing', { space: 9, name, note: 'x', n: 1 })),
    ).rejects.toBeInstanceOf(QuarryError);
    expect(await store.db.selectFrom('thing').select('n').where('space', '=', 9).execute()).toEqual([]);
  });

  test('insertMany leaves taken rows out and says how many went in; a missing value is an error, not a row left out', async () => {
    const store = await withThings(await kind.place());
    const counts = await store.transaction(async (tx) => [
      await tx.insertMany('thing', { space: 1, name: ['a', 'b'], note: 'first', n: [1, 2] }),
      await tx.insertMany('thing', { space: 1, name: ['b', 'c'], note: 'second', n: Float64Array.of(3, 4) }),
      await tx.insertMany('thing', { space: 1, name: [], note: [], n: [] }),
    ]);
    expect(counts).toEqual([2, 1, 0]);
    expect((await all(store)).map(({ name, note, n }) => [name, note, n])).toEqual([
      ['a', 'first', 1],
      ['b', 'first', 2],
      ['c', 'second', 4],
    ]);
    const missing = store.transaction((tx) => tx.insertMany('thing', { space: 1, name: ['d', null], note: 'x', n: 1 }));
    await expect(missing).rejects.toBeInstanceOf(QuarryError);
  });

  test('updateMany and deleteMany change what matches, and count it', async () => {
    const store = await withThings(await kind.place());
    await store.transaction((tx) =>
      tx.insertMany('thing', { space: 1, name: ['a', 'b', 'c'], note: 'x', n: [1, 2, 3] }),
    );
    const counts = await store.transaction(async (tx) => [
      // A column both matched and set: the old value is matched, the new one is written.
      await tx.updateMany(
        'thing',
        { space: 1, name: ['a', 'b', 'z'], n: [1, 99, 1] },
        { n: [10, 20, 30], note: [null, 'y', 'z'] },
      ),
      await tx.updateMany('thing', { space: 2, name: ['a'] }, { n: 0 }),
      await tx.updateMany('thing', { space: 1, name: [] as string[] }, { n: [] as number[] }),
      await tx.deleteMany('thing', { space: 1, name: ['c', 'c', 'z'] }),
      await tx.deleteMany('thing', { space: 1, name: [] as string[] }),
    ]);
    expect(counts).toEqual([1, 0, 0, 1, 0]);
    expect(await all(store)).toEqual([
      { space: 1, name: 'a', note: null, n: 10 },
      { space: 1, name: 'b', note: 'x', n: 2 },
    ]);
  });

  test('selectMany says which question a row answers', async () => {
    const store = await withThings(await kind.place());
    await store.transaction((tx) =>
      tx.insertMany('thing', { space: [1, 1, 2], name: ['a', 'b', 'a'], note: [null, 'é\u0001\t', '𝒳'], n: 5 }),
    );
    const found = await store.selectMany('thing', { space: 1, name: ['b', 'z', 'a'] }, ['name', 'note']);
    expect(found).toEqual({ row: [0, 2], columns: { name: ['b', 'a'], note: ['é\u0001\t', null] } });
    const bySpace = await store.selectMany('thing', { space: [2, 3, 1] }, ['n', 'name']);
    expect(bySpace.row).toEqual([0, 2, 2]);
    expect(bySpace.columns['n']).toEqual([5, 5, 5]);
    expect([...bySpace.columns['name']!.slice(1)].sort()).toEqual(['a', 'b']);
    expect(await store.selectMany('thing', { space: 1, name: [] }, ['n'])).toEqual({ row: [], columns: { n: [] } });
  });

  test('text is compared byte by byte, so that order is the same everywhere', async () => {
    const store = await withThings(await kind.place());
    const names = ['a', 'B', 'é', '_', '10', '9', '\u{10ffff}', '\uffff', ''];
    await store.transaction((tx) =>
      tx.insertMany('thing', { space: 1, name: names, note: names.map(() => null), n: 0 }),
    );
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await all(store)).map(({ name }) => name)).toEqual(byBytes);
  });

  test('50,000 rows go in, are found, changed and deleted', async () => {
    const store = await withThings(await kind.place());
    const name = Array.from({ length: 50_000 }, (_, i) => `key ${i}`);
    const n = Float64Array.from(name, (_, i) => i);
    await store.transaction(async (tx) => {
      expect(await tx.insertMany('thing', { space: 1, name, note: 'ü', n })).toBe(50_000);
      expect(await tx.updateMany('thing', { space: 1, name }, { n: n.map((i) => i * 2) })).toBe(50_000);
    });
    const found = await store.selectMany('thing', { space: 1, name }, ['n']);
    expect(found.row).toHaveLength(50_000);
    expect(found.columns['n']![49_999]).toBe(99_998);
    await store.transaction(async (tx) => {
      expect(await tx.deleteMany('thing', { space: 1, name: name.slice(1) })).toBe(49_999);
    });
    expect(await all(store)).toHaveLength(1);
  });

  test('reads see the last commit while a transaction is under way', async () => {
    const store = await withThings(await kind.place());
    let done = false;
    const writing = store.transaction(async (tx) => {
      await tx.insertMany('thing', { space: 1, name: ['a'], note: 'x', n: 1 });
      await wait(50);
      await tx.insertMany('thing', { space: 1, name: ['b'], note: 'x', n: 1 });
      done = true;
    });
    const counts: number[] = [];
    while (!done) counts.push((await all(store)).length);
    await writing;
    counts.push((await all(store)).length);
    expect(counts.at(-1)).toBe(2);
    expect(counts).not.toContain(1);
  });

  test('transactions at once: none is lost', async () => {
    const store = await withThings(await kind.place());
    await store.transaction((tx) => tx.insertMany('thing', { space: 1, name: 'counter', note: '', n: 0 }));
    const add = () =>
      store.transaction(async ({ db }) => {
        await db
          .updateTable('thing')
          .set((eb) => ({ n: eb('n', '+', 1) }))
          .execute();
        const { n } = await db.selectFrom('thing').select('n').executeTakeFirstOrThrow();
        await db
          .updateTable('thing')
          .set({ note: String(n) })
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await all(store)).toEqual([{ space: 1, name: 'counter', note: '20', n: 20 }]);
  });

  test('two transactions that lock each other out are both done [fault 31]', async () => {
    const store = await withThings(await kind.place());
    await store.transaction((tx) => tx.insertMany('thing', { space: 1, name: ['a', 'b'], note: '', n: 0 }));
    const touch = (names: readonly string[]) =>
      store.transaction(async ({ db }) => {
        for (const name of names) {
          await db
            .updateTable('thing')
            .set((eb) => ({ n: eb('n', '+', 1) }))
            .where('name', '=', name)
            .execute();
          await wait(30);
        }
      });
    await Promise.all([touch(['a', 'b']), touch(['b', 'a'])]);
    expect((await all(store)).map(({ n }) => n)).toEqual([2, 2]);
  });

  test('the longest transaction is known', async () => {
    const store = await withThings(await kind.place());
    const before = store.longestTransactionMs();
    await store.transaction(async () => {
      await wait(before + 20);
    });
    expect(store.longestTransactionMs()).toBeGreaterThan(before);
  });
});
