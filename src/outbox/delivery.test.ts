import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allDelivered, drain, pendingOf } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, eventsOf, openAt, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { type PendingBatch, registerSink, settle } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { discardParked, listParked, retryParked } from './parked.ts';
import { replay } from './replay.ts';
import { expire } from './retention.ts';
import { readBatch } from './segment.ts';
import { backlogBytes, listSinks } from './sink-state.ts';
import { verifyCounters } from './verify.ts';

const things = (n: number, host = 1, text = 'x'): Thing[] =>
  Array.from({ length: n }, (_, i) => ({ host, name: `${i}`, text }));
const everything = () => true;

/** An outbox with so many batches of ten events each, at pulls 101, 102 … */
async function filled(outbox: Outbox, batches: number, sinks: readonly string[] = ['sink']) {
  const claim = await claimAt(outbox);
  for (const sink of sinks) await registerSink(outbox.store, sink, everything, 1);
  for (let i = 1; i <= batches; i++) await appendThings(outbox, claim, things(10, i), { pull: 100 + i, sinks });
  return claim;
}

const sinkState = async (outbox: Outbox, name = 'sink') =>
  (await listSinks(outbox.store)).find(({ sink }) => sink === name)!;
async function expectBalanced(outbox: Outbox): Promise<void> {
  for (const one of await listSinks(outbox.store))
    expect(one.appended).toBe(one.filtered + one.delivered + one.parked + one.discarded + one.pending);
  expect(await verifyCounters(outbox.store)).toEqual([]);
}
const park = (batch: PendingBatch, ...events: number[]) =>
  events.map((event) => ({ event, id: `id${batch.batch}-${event}`, code: '400', reason: 'no\0good' }));

describeStores('delivering', (kind) => {
  test('[D61] batches come in order, as many as fit; a sink that never heard of anything has nothing', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 40);
    const all = await pendingOf(outbox, 'sink');
    expect(all).toHaveLength(32);
    expect(all.map(({ pull }) => pull)).toEqual(all.map((_, i) => 101 + i));
    expect(await pendingOf(outbox, 'sink', 1000, 1)).toHaveLength(1);
    expect(await pendingOf(outbox, 'sink', 1000, all[0]!.location.length * 3)).toHaveLength(3);
    expect(await pendingOf(outbox, 'unknown')).toEqual([]);
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(await sinkState(outbox)).toMatchObject({
      delivered: 400,
      pending: 0,
      pendingBatches: 0,
      pendingBytes: 0,
      waitingSince: null,
    });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('each event fares as the sink says: delivered, parked with the reason, or again while the rest stays settled [fault 66]', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 1);
    const [batch] = await pendingOf(outbox, 'sink');
    const settled = [0, 1, 2, 5];
    const retry = { settled, at: 2000, reason: 'busy' };
    await settle(
      outbox.store,
      'sink',
      [{ batch: batch!.batch, delivered: 3, filtered: 0, parked: park(batch!, 5), retry }],
      1000,
    );
    expect(await sinkState(outbox)).toMatchObject({
      delivered: 3,
      parked: 1,
      pending: 6,
      pendingBatches: 1,
      nextAt: 2000,
      reason: 'busy',
    });
    await expectBalanced(outbox);
    expect(await pendingOf(outbox, 'sink', 1999)).toEqual([]);
    const [again] = await pendingOf(outbox, 'sink', 2000);
    expect(again).toMatchObject({ settled, attempts: 1 });
    expect(again!.id).not.toBe(batch!.id);
    await settle(outbox.store, 'sink', [allDelivered(again!, 6)], 2000);
    expect(await listParked(outbox.store, { sink: 'sink' }, 10)).toMatchObject([
      {
        sink: 'sink',
        event: 5,
        id: `id${batch!.batch}-5`,
        code: '400',
        reason: 'nogood',
        at: 1000,
        connection: 'c',
        dataset: 'things',
      },
    ]);
    expect(await sinkState(outbox)).toMatchObject({
      delivered: 9,
      parked: 1,
      pending: 0,
      lastDelivered: 2000,
      reason: null,
    });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('settling twice counts once', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 2);
    const [first, second] = await pendingOf(outbox, 'sink');
    await settle(outbox.store, 'sink', [allDelivered(first!)], 1000);
    await settle(outbox.store, 'sink', [allDelivered(first!), allDelivered(second!)], 1001);
    expect(await sinkState(outbox)).toMatchObject({ delivered: 20, pending: 0 });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('a sink that fails as a whole pauses as a whole, is probed with one batch, and keeps its order [fault 71, 74]', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 6);
    const fail = (batches: readonly PendingBatch[], at: number, now: number) =>
      settle(
        outbox.store,
        'sink',
        batches.map(({ batch }) => ({
          batch,
          delivered: 0,
          filtered: 0,
          parked: [],
          retry: { settled: [], at, reason: 'down' },
        })),
        now,
      );
    await fail((await pendingOf(outbox, 'sink', 1000)).slice(0, 2), 5000, 1000);
    expect(await pendingOf(outbox, 'sink', 4999)).toEqual([]);
    expect(await sinkState(outbox)).toMatchObject({ pending: 60, nextAt: 5000, reason: 'down' });
    const probe = await pendingOf(outbox, 'sink', 5000);
    expect(probe.map(({ pull }) => pull)).toEqual([101]);
    await fail(probe, 9000, 5000);
    // Three simulated days later it is tried all the same: nothing is given up by age.
    const later = 5000 + 72 * 3_600_000;
    expect((await pendingOf(outbox, 'sink', later)).map(({ pull, attempts }) => [pull, attempts])).toEqual([[101, 2]]);
    const pulls: number[] = [];
    for (;;) {
      const batches = await pendingOf(outbox, 'sink', later);
      if (batches.length === 0) break;
      pulls.push(...batches.map(({ pull }) => pull));
      await settle(
        outbox.store,
        'sink',
        batches.map((one) => allDelivered(one)),
        later,
      );
    }
    expect(pulls).toEqual([101, 102, 103, 104, 105, 106]);
    expect(await sinkState(outbox)).toMatchObject({ pending: 0, reason: null });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('no pause outlives an hour, a step of the clock, or a restart [fault 53]', async () => {
    const place = await kind.place();
    const outbox = await openAt(place);
    await filled(outbox, 1);
    const now = 10_000_000_000;
    const [batch] = await pendingOf(outbox, 'sink', now);
    const retry = { settled: [], at: now + 86_400_000, reason: 'Retry-After: 86400' };
    await settle(outbox.store, 'sink', [{ batch: batch!.batch, delivered: 0, filtered: 0, parked: [], retry }], now);
    expect(await pendingOf(outbox, 'sink', now + 3_599_000)).toHaveLength(0);
    expect(await pendingOf(outbox, 'sink', now + 3_600_000)).toHaveLength(1);
    expect(await pendingOf(outbox, 'sink', now - 2 * 3_600_000)).toHaveLength(1);
    await outbox.close();
    const again = await openAt(place);
    expect(await pendingOf(again, 'sink', now)).toHaveLength(1);
    await again.close();
  });

  test('one sink that is dead does not hold up another [fault 73]', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 3, ['dead', 'well']);
    expect(await drain(outbox, 'well')).toHaveLength(30);
    expect(await sinkState(outbox, 'dead')).toMatchObject({ pending: 30, pendingBatches: 3 });
    expect(await backlogBytes(outbox.store, 'dead')).toBeGreaterThan(0);
    expect(await backlogBytes(outbox.store, 'well')).toBe(0);
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('a damaged batch is told apart, and the rest flows [fault 10]', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 3);
    const [first, second, third] = await pendingOf(outbox, 'sink');
    const { path, offset } = second!.location;
    const file = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset + 60);
    await file.write(Buffer.of(byte[0]! ^ 1), 0, 1, offset + 60);
    await file.close();
    await expect(readBatch(second!.location)).rejects.toMatchObject({ code: 'QRY4012', next: 'park' });
    await rm(third!.location.path);
    await expect(readBatch(third!.location)).rejects.toMatchObject({ code: 'QRY4012' });
    expect(await eventsOf(first!)).toHaveLength(10);
    // A spool folder that is gone is no damage to be parked.
    const elsewhere = { ...first!.location, path: join(outbox.spool, 'nowhere', 'x.seg') };
    await expect(readBatch(elsewhere)).rejects.toMatchObject({ code: 'QRY4005' });
    await outbox.close();
  });

  test('a new sink is fed what is retained, also what nobody waits for any more', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await filled(outbox, 3);
    await drain(outbox, 'sink');
    // Host 1 is wholly replaced: its first batch is nobody's newest body any more.
    await appendThings(outbox, claim, things(10, 1, 'new'), { pull: 200, sinks: ['sink'] });
    await drain(outbox, 'sink');
    expect(await expire(outbox, 150)).toEqual({ batches: 1, segments: 1 });
    await registerSink(outbox.store, 'late', ({ dataset }) => dataset === 'things', 300);
    await registerSink(outbox.store, 'other', () => false, 300);
    const events = await drain(outbox, 'late');
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, i) => 11 + i));
    expect(await sinkState(outbox, 'other')).toMatchObject({ appended: 0 });
    // Registering again changes nothing.
    await registerSink(outbox.store, 'late', everything, 400);
    expect(await sinkState(outbox, 'late')).toMatchObject({ appended: 30, pending: 0 });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('retention keeps newest bodies, what waits, what is parked and what is young', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await filled(outbox, 4);
    const [one, two, three, four] = await pendingOf(outbox, 'sink');
    await settle(outbox.store, 'sink', [allDelivered(one!), allDelivered(two!)], 1000);
    await settle(
      outbox.store,
      'sink',
      [{ batch: three!.batch, delivered: 9, filtered: 0, parked: park(three!, 0) }],
      1000,
    );
    for (const host of [1, 3, 4]) await appendThings(outbox, claim, things(10, host, 'new'), { pull: 200, sinks: [] });
    expect(await expire(outbox, 101)).toEqual({ batches: 0, segments: 0 });
    expect(await expire(outbox, 150)).toEqual({ batches: 1, segments: 1 });
    const left = (await outbox.store.db.selectFrom('batch').select('id').orderBy('id').execute()).map(({ id }) => id);
    expect(left.slice(0, 3)).toEqual([two!.batch, three!.batch, four!.batch]);
    expect(await expire(outbox, 150)).toEqual({ batches: 0, segments: 0 });
    await discardParked(outbox.store, { sink: 'sink' });
    await settle(outbox.store, 'sink', [allDelivered(four!)], 1000);
    expect(await expire(outbox, 150)).toEqual({ batches: 2, segments: 2 });
    await expectBalanced(outbox);
    await outbox.close();
  });
});

describeStores('parked events', (kind) => {
  async function withParked(outbox: Outbox): Promise<PendingBatch[]> {
    await filled(outbox, 2);
    const batches = await pendingOf(outbox, 'sink');
    const [one, two] = batches;
    await settle(
      outbox.store,
      'sink',
      [
        { batch: one!.batch, delivered: 8, filtered: 0, parked: park(one!, 3, 7) },
        { batch: two!.batch, delivered: 9, filtered: 0, parked: park(two!, 0) },
      ],
      1000,
    );
    return batches;
  }

  test('are listed page by page', async () => {
    const outbox = await openAt(await kind.place());
    const [one, two] = await withParked(outbox);
    const all = await listParked(outbox.store, {}, 10);
    expect(all.map(({ batch, event }) => [batch, event])).toEqual([
      [one!.batch, 3],
      [one!.batch, 7],
      [two!.batch, 0],
    ]);
    expect(await listParked(outbox.store, {}, 1, all[0])).toEqual([all[1]]);
    expect(await listParked(outbox.store, {}, 10, all[1])).toEqual([all[2]]);
    expect(await listParked(outbox.store, { sink: 'other' }, 10)).toEqual([]);
    expect(await listParked(outbox.store, { batch: one!.batch, event: 7 }, 10)).toEqual([all[1]]);
    await outbox.close();
  });

  test('tried again wait alone, each delivery under a name of its own, and can be parked again', async () => {
    const outbox = await openAt(await kind.place());
    const [one] = await withParked(outbox);
    const names = new Set<string>([one!.id]);
    for (const event of [3, 7]) {
      expect(await retryParked(outbox.store, { sink: 'sink', batch: one!.batch, event })).toEqual({
        retried: 1,
        busy: 0,
      });
      const [again] = await pendingOf(outbox, 'sink');
      names.add(again!.id);
      expect(again!.settled).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((i) => i !== event));
      await expectBalanced(outbox);
      if (event === 3) await settle(outbox.store, 'sink', [allDelivered(again!)], 1000);
      else
        await settle(
          outbox.store,
          'sink',
          [{ batch: again!.batch, delivered: 0, filtered: 0, parked: park(again!, 7) }],
          1000,
        );
    }
    expect(names.size).toBe(3);
    expect(await sinkState(outbox)).toMatchObject({ delivered: 18, parked: 2, pending: 0 });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('of a batch that is still on its way are left for later', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 1);
    const [one] = await pendingOf(outbox, 'sink');
    const retry = { settled: [3], at: 1000, reason: 'busy' };
    await settle(
      outbox.store,
      'sink',
      [{ batch: one!.batch, delivered: 0, filtered: 0, parked: park(one!, 3), retry }],
      1000,
    );
    expect(await retryParked(outbox.store, { sink: 'sink' })).toEqual({ retried: 0, busy: 1 });
    await expectBalanced(outbox);
    await drain(outbox, 'sink');
    expect(await retryParked(outbox.store, { sink: 'sink', code: '400' })).toEqual({ retried: 1, busy: 0 });
    expect((await drain(outbox, 'sink')).map(({ seq }) => seq)).toEqual([4]);
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('discarded are counted and gone', async () => {
    const outbox = await openAt(await kind.place());
    const [, two] = await withParked(outbox);
    expect(await discardParked(outbox.store, { sink: 'sink', batch: two!.batch })).toBe(1);
    expect(await discardParked(outbox.store, { sink: 'sink', code: 'other' })).toBe(0);
    expect(await sinkState(outbox)).toMatchObject({ parked: 2, discarded: 1 });
    expect(await discardParked(outbox.store, { sink: 'sink' })).toBe(2);
    expect(await listParked(outbox.store, {}, 10)).toEqual([]);
    await expectBalanced(outbox);
    await outbox.close();
  });
});

describeStores('replaying', (kind) => {
  test('sends a span of time again with the same ids, under new names, and the balance holds', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 4);
    const [first] = await pendingOf(outbox, 'sink');
    const sent = await drain(outbox, 'sink');
    const takes = ({ dataset }: { dataset: string }) => dataset === 'things';
    expect(await replay(outbox.store, { sink: 'sink', from: 101, to: 103, takes })).toEqual({ batches: 2, events: 20 });
    // Those that wait already are not queued twice.
    expect(await replay(outbox.store, { sink: 'sink', from: 101, to: 104, takes })).toEqual({ batches: 1, events: 10 });
    expect((await pendingOf(outbox, 'sink'))[0]!.id).not.toBe(first!.id);
    await expectBalanced(outbox);
    expect(await drain(outbox, 'sink')).toEqual(sent.slice(0, 30));
    expect(await sinkState(outbox)).toMatchObject({ appended: 70, delivered: 70 });
    expect(await replay(outbox.store, { sink: 'sink', from: 0, to: 1e15, takes: () => false })).toEqual({
      batches: 0,
      events: 0,
    });
    await expectBalanced(outbox);
    await outbox.close();
  });

  test('leaves parked events parked', async () => {
    const outbox = await openAt(await kind.place());
    await filled(outbox, 1);
    const [one] = await pendingOf(outbox, 'sink');
    await settle(outbox.store, 'sink', [{ batch: one!.batch, delivered: 9, filtered: 0, parked: park(one!, 4) }], 1000);
    expect(await replay(outbox.store, { sink: 'sink', from: 0, to: 1000, takes: everything })).toEqual({
      batches: 1,
      events: 9,
    });
    await expectBalanced(outbox);
    expect((await drain(outbox, 'sink')).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10]);
    expect(await sinkState(outbox)).toMatchObject({ appended: 19, delivered: 18, parked: 1 });
    await expectBalanced(outbox);
    await outbox.close();
  });
});
