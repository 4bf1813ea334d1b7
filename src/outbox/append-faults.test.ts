import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, stageThings, type Thing, toAppend } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { QuarryError } from '../core/errors.ts';
import type { Store } from '../store/store.ts';
import { appendPage } from './append.ts';
import { registerSink } from './delivery.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import type { OutboxSchema } from './schema.ts';
import { listStreams } from './streams.ts';
import { verifyCounters } from './verify.ts';

const A: Thing = { host: 7, name: 'a', text: 'A', version: '2026-01-01T00:00:00Z' };
const withSink = (outbox: Outbox): Promise<void> => registerSink(outbox.store, 'sink', () => true, 1);
const files = (outbox: Outbox): Promise<string[]> => readdir(outbox.spool);

describeStores('an append that fails', (kind) => {
  test('at any statement leaves all or nothing, and the same page goes in afterwards [fault 2, 3]', async () => {
    const place = await kind.place();
    const outbox = await openAt(place);
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const before: Thing[] = [A, { host: 8, name: 'gone', text: 'x' }];
    await appendThings(outbox, claim, before, { pull: 100, sinks: ['sink'] });
    await drain(outbox, 'sink');
    const things = [
      { ...A, text: 'B' },
      { host: 9, name: 'n', text: 'x' },
    ];
    const options = { pull: 101, sinks: ['sink'], advance: () => ({ watermark: 'moved' }) };
    const state = () => snapshot(outbox.store);
    const untouched = await state();
    let failed = 0;
    for (let n = 1; ; n++) {
      const page = await stageThings(outbox, claim, things, options);
      const append = appendPage(failingAt(outbox.store, n), toAppend(claim, page, options));
      const outcome = await append.then(
        () => 'done',
        (error: Error) => error.message,
      );
      if (outcome === 'done') break;
      expect(outcome).toBe('injected');
      await page.discard();
      expect(await state()).toEqual(untouched);
      expect(await files(outbox)).toHaveLength(1);
      failed++;
    }
    // Every statement of the transaction was made to fail once.
    expect(failed).toBeGreaterThan(12);
    expect((await listStreams(outbox.store))[0]).toMatchObject({ emitted: 4, checkpoint: { watermark: 'moved' } });
    expect(await drain(outbox, 'sink')).toHaveLength(2);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('after a COMMIT whose reply is lost nothing that may be named is removed [fault 28]', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const options = { pull: 100, sinks: ['sink'] };
    const page = await stageThings(outbox, claim, [A], options);
    const append = appendPage(replyLost(outbox.store), toAppend(claim, page, options));
    await expect(append).rejects.toMatchObject({ code: 'QRY4009' });
    await page.discard();
    // The page is read again: its keys are known by now.
    const again = await appendThings(outbox, claim, [A], options);
    expect(again).toMatchObject({ emitted: 0, unchanged: 1 });
    expect(await drain(outbox, 'sink')).toHaveLength(1);
    await outbox.close();
  });

  test('segments of pages that were never accepted are removed at the next start, others stay', async () => {
    const place = await kind.place();
    const outbox = await openAt(place);
    const claim = await claimAt(outbox);
    await withSink(outbox);
    await appendThings(outbox, claim, [A], { pull: 100, sinks: ['sink'] });
    await stageThings(outbox, claim, [{ ...A, name: 'lost' }], { pull: 101 });
    await writeFile(join(outbox.spool, 'notes.txt'), 'not ours');
    expect(await files(outbox)).toHaveLength(3);
    await outbox.close();
    // A day later, when no other process can still be staging it.
    const again = await openOutbox(
      { dataDir: place.dataDir, databaseUrl: place.databaseUrl },
      Date.now() + 2 * 86_400_000,
    );
    expect(await files(again)).toHaveLength(2);
    expect(await drain(again, 'sink')).toHaveLength(1);
    await again.close();
  });
});

/** Everything the tables hold. */
async function snapshot(store: Store<OutboxSchema>): Promise<unknown> {
  const tables = [
    'stream',
    'known_key',
    'segment',
    'batch',
    'delivery',
    'sink_now',
    'absence',
    'keyspace',
    'counter',
  ] as const;
  const all: Record<string, unknown> = {};
  for (const table of tables) {
    const rows = await store.db.selectFrom(table).selectAll().execute();
    all[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return all;
}

/** A real store whose n-th statement inside a transaction fails. */
function failingAt(store: Store<OutboxSchema>, n: number): Store<OutboxSchema> {
  return {
    ...store,
    transaction: (work) =>
      store.transaction((tx) => {
        let count = 0;
        const counted = <T>(run: () => Promise<T>): Promise<T> =>
          ++count === n ? Promise.reject(new Error('injected')) : run();
        const db = tx.db.withPlugin({
          transformQuery: ({ node }) => {
            if (++count === n) throw new Error('injected');
            return node;
          },
          transformResult: async ({ result }) => result,
        });
        return work({
          dialect: tx.dialect,
          db,
          insertMany: (table, rows) => counted(() => tx.insertMany(table, rows)),
          updateMany: (table, match, set) => counted(() => tx.updateMany(table, match, set)),
          deleteMany: (table, match) => counted(() => tx.deleteMany(table, match)),
        });
      }),
  };
}

/** A real store that commits and then says that it does not know. */
function replyLost(store: Store<OutboxSchema>): Store<OutboxSchema> {
  return {
    ...store,
    transaction: async (work) => {
      await store.transaction(work);
      throw new QuarryError('QRY4009', { what: 'Connection terminated' });
    },
  };
}

test('a database that is gone beside its spool is not begun anew [fault 11]', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
  const place = { dataDir, databaseUrl: undefined, openStore: () => expect.unreachable() };
  const outbox = await openAt(place);
  await appendThings(outbox, await claimAt(outbox), [A], { pull: 100 });
  await outbox.close();
  await rm(join(dataDir, 'quarry.db'));
  await expect(openAt(place)).rejects.toMatchObject({ code: 'QRY4013' });
  expect(existsSync(join(dataDir, 'quarry.db'))).toBe(false);
  await rm(dataDir, { recursive: true });
});

test('a spool that is gone beside its database is noticed before anything is given up [fault 11]', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
  const place = { dataDir, databaseUrl: undefined, openStore: () => expect.unreachable() };
  const outbox = await openAt(place);
  await appendThings(outbox, await claimAt(outbox), [A], { pull: 100 });
  await outbox.close();
  await rm(join(dataDir, 'spool'), { recursive: true });
  await expect(openAt(place)).rejects.toMatchObject({ code: 'QRY4013' });
  await rm(dataDir, { recursive: true });
});
