import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drain, pendingOf } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { compact } from './compact.ts';
import { registerSink, settle } from './delivery.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { expire } from './retention.ts';
import { verifyCounters } from './verify.ts';

const everything = () => true;
const ALL = { before: 1000, worthBytes: 1 };

/** Two hosts of 2,000 things over several batches, of which all but every hundredth is replaced later. */
async function mostlyDead(outbox: Outbox) {
  await registerSink(outbox.store, 'sink', everything, 1);
  const claim = await claimAt(outbox);
  const things = (text: (i: number) => string): Thing[] =>
    Array.from({ length: 4000 }, (_, i) => ({
      host: i < 2000 ? 1 : 2,
      name: String(i).padStart(4, '0'),
      text: text(i),
    }));
  await appendThings(
    outbox,
    claim,
    things(() => 'old'),
    { pull: 100, sinks: ['sink'], padding: 1500 },
  );
  await appendThings(
    outbox,
    claim,
    things((i) => (i % 100 === 42 ? 'old' : 'new')),
    { pull: 2000, sinks: ['sink'], padding: 1500 },
  );
  return claim;
}

const spoolBytes = async ({ spool }: Outbox): Promise<number> => {
  let bytes = 0;
  for (const file of await readdir(spool)) bytes += (await stat(join(spool, file))).size;
  return bytes;
};

describeStores('compaction', (kind) => {
  test('keeps what is live, byte for byte, under its numbers, and frees the rest', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await mostlyDead(outbox);
    const before = await drain(outbox, 'sink');
    expect(await expire(outbox, 1000)).toEqual({ batches: 0, segments: 0 });
    const full = await spoolBytes(outbox);
    const { segments, freedBytes } = await compact(outbox, ALL);
    expect(segments).toBe(1);
    expect(await spoolBytes(outbox)).toBe(full - freedBytes);
    expect(freedBytes).toBeGreaterThan(full * 0.4);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await registerSink(outbox.store, 'late', everything, 1);
    const after = await drain(outbox, 'late');
    const live = before.filter(({ record, pulling_id }) => pulling_id === '2000' || Number(record.NAME) % 100 === 42);
    expect(after).toEqual(live);
    expect(await compact(outbox, ALL)).toEqual({ segments: 0, freedBytes: 0 });

    // What was left of it dies in its turn: once more by halves, then wholly.
    const dying = (upTo: number): Thing[] =>
      Array.from({ length: 4000 }, (_, i) => ({
        host: i < 2000 ? 1 : 2,
        name: String(i).padStart(4, '0'),
        text: 'new',
      })).filter((_, i) => i % 100 === 42 && i < upTo);
    await appendThings(outbox, claim, dying(3500), { pull: 3000, sinks: [], padding: 1500 });
    await expire(outbox, 1000);
    expect(await compact(outbox, ALL)).toMatchObject({ segments: 1 });
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await appendThings(outbox, claim, dying(4000), { pull: 4000, sinks: [], padding: 1500 });
    await expire(outbox, 1000);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    expect(await outbox.store.db.selectFrom('batch').select('id').where('pull', '=', 100).execute()).toEqual([]);
    await outbox.close();
  });

  test('leaves alone what is young, mostly live, small, waiting or parked', async () => {
    const outbox = await openAt(await kind.place());
    await mostlyDead(outbox);
    const none = { segments: 0, freedBytes: 0 };
    expect(await compact(outbox, ALL)).toEqual(none);
    for (const one of await pendingOf(outbox, 'sink', 1000, 1e9)) {
      const parked = one.pull === 100 ? [{ event: 0, id: 'x', code: 'x', reason: 'x' }] : [];
      await settle(
        outbox.store,
        'sink',
        [{ batch: one.batch, delivered: one.location.events - parked.length, filtered: 0, parked }],
        1,
      );
    }
    expect(await compact(outbox, ALL)).toEqual(none);
    await outbox.store.db.deleteFrom('parked').execute();
    expect(await compact(outbox, { ...ALL, before: 100 })).toEqual(none);
    expect(await compact(outbox, { before: 1000, worthBytes: 1e9 })).toEqual(none);
    expect(await compact(outbox, ALL)).toMatchObject({ segments: 1 });
    await outbox.close();
  });

  test('an event that dies while it is being compacted costs a few bytes and nothing else', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await mostlyDead(outbox);
    await drain(outbox, 'sink');
    const racing: Outbox = {
      ...outbox,
      store: {
        ...outbox.store,
        transaction: async (work) => {
          // Between what compaction read and its transaction, a page replaces a live event.
          await appendThings(outbox, claim, [{ host: 1, name: '0042', text: 'raced' }], { pull: 2500, sinks: [] });
          return outbox.store.transaction(work);
        },
      },
    };
    expect(await compact(racing, ALL)).toMatchObject({ segments: 1 });
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a batch that comes to wait while it is being compacted is left as it is', async () => {
    const outbox = await openAt(await kind.place());
    await mostlyDead(outbox);
    await drain(outbox, 'sink');
    const racing: Outbox = {
      ...outbox,
      store: {
        ...outbox.store,
        transaction: async (work) => {
          await registerSink(outbox.store, 'late', everything, 1);
          return outbox.store.transaction(work);
        },
      },
    };
    expect(await compact(racing, ALL)).toEqual({ segments: 0, freedBytes: 0 });
    expect(await readdir(outbox.spool)).toHaveLength(2);
    expect((await drain(outbox, 'late')).length).toBe(4000 + 3960);
    await outbox.close();
  });

  test('a damaged batch keeps its segment as it is', async () => {
    const outbox = await openAt(await kind.place());
    await mostlyDead(outbox);
    await drain(outbox, 'sink');
    const { file } = await outbox.store.db
      .selectFrom('segment')
      .select('file')
      .orderBy('id')
      .limit(1)
      .executeTakeFirstOrThrow();
    await truncate(join(outbox.spool, file), 1000);
    expect(await compact(outbox, ALL)).toEqual({ segments: 0, freedBytes: 0 });
    expect(await readdir(outbox.spool)).toHaveLength(2);
    await outbox.close();
  });

  test('killed before or after its transaction, the next start removes the file no row names [fault 6]', async () => {
    const place = await kind.place();
    const outbox = await openAt(place);
    await mostlyDead(outbox);
    await drain(outbox, 'sink');
    const fails = (when: 'before' | 'after'): Outbox => ({
      ...outbox,
      store: {
        ...outbox.store,
        transaction: async (work) => {
          if (when === 'after') await outbox.store.transaction(work);
          // As a kill would: what was written stays. A thrown storage fault leaves it to the next start.
          throw Object.assign(new Error('killed'), {});
        },
      },
    });
    await expect(compact(fails('before'), ALL)).rejects.toThrow('killed');
    await writeFile(join(outbox.spool, 'left-by-a-kill.seg'), 'x');
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
    const again = await openOutbox(
      { dataDir: place.dataDir, databaseUrl: place.databaseUrl },
      Date.now() + 2 * 86_400_000,
    );
    expect(await readdir(again.spool)).toHaveLength(2);
    expect(await compact(again, ALL)).toMatchObject({ segments: 1 });
    expect(await readdir(again.spool)).toHaveLength(2);
    await again.close();
  });
});
