import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { registerSink } from './delivery.ts';
import { replay } from './replay.ts';
import { backlogBytes, listSinks } from './sink-state.ts';
import { feedSuspended, suspendSink } from './suspend.ts';
import { verifyCounters } from './verify.ts';

const things = (host: number): Thing[] =>
  Array.from({ length: 10 }, (_, i) => ({ host, name: `${i}`, text: 'x'.repeat(1000) }));
const everything = () => true;

describeStores('suspending a sink', (kind) => {
  test('what comes meanwhile is queued later, in order, as much as fits; other sinks notice nothing [fault 72, 73]', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const sinks = ['full', 'well'];
    const claim = await claimAt(outbox);
    for (const sink of sinks) await registerSink(store, sink, everything, 1);
    const append = (i: number) => appendThings(outbox, claim, things(i), { pull: 100 + i, sinks });
    await append(1);
    expect(await suspendSink(store, 'full')).toBe(true);
    expect(await suspendSink(store, 'full')).toBe(false);
    for (let i = 2; i <= 9; i++) await append(i);
    const state = async (name: string) => (await listSinks(store)).find(({ sink }) => sink === name)!;
    expect(await state('full')).toMatchObject({ suspended: true, appended: 10, pending: 10 });
    expect(await state('well')).toMatchObject({ suspended: false, appended: 90, pending: 90 });

    const one = await backlogBytes(store, 'full');
    // No room: nothing is queued.
    expect(await feedSuspended(store, 'full', everything, one)).toBe('full');
    const seen: number[] = (await drain(outbox, 'full')).map(({ seq }) => seq);
    for (let tries = 0; (await feedSuspended(store, 'full', everything, one * 3)) === 'fed'; tries++) {
      expect(tries).toBeLessThan(9);
      expect(await backlogBytes(store, 'full')).toBeLessThanOrEqual(one * 3);
      // What is appended while it catches up waits its turn.
      if (tries === 0) await append(10);
      seen.push(...(await drain(outbox, 'full')).map(({ seq }) => seq));
    }
    seen.push(...(await drain(outbox, 'full')).map(({ seq }) => seq));
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    await append(11);
    expect(await state('full')).toMatchObject({ suspended: false, appended: 110, delivered: 100, pending: 10 });
    expect(await feedSuspended(store, 'full', everything, one)).toBeUndefined();
    expect(await verifyCounters(store)).toEqual([]);
    await outbox.close();
  });

  test('one batch larger than the limit is queued all the same, and only what the sink takes', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 'full', everything, 1);
    await suspendSink(store, 'full');
    await appendThings(outbox, claim, things(1), { pull: 101, sinks: ['full'] });
    await appendThings(outbox, claim, things(2), { pull: 102, sinks: ['full'] });
    expect(await feedSuspended(store, 'full', () => false, 1)).toBe('caught_up');
    expect(await drain(outbox, 'full')).toEqual([]);
    await suspendSink(store, 'full');
    await appendThings(outbox, claim, things(3), { pull: 103, sinks: ['full'] });
    await appendThings(outbox, claim, things(4), { pull: 104, sinks: ['full'] });
    expect(await feedSuspended(store, 'full', everything, 1)).toBe('fed');
    expect(await drain(outbox, 'full')).toHaveLength(10);
    await outbox.close();
  });

  test('a replay in between sends nothing twice at once', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 'full', everything, 1);
    await suspendSink(store, 'full');
    await appendThings(outbox, claim, things(1), { pull: 101, sinks: ['full'] });
    await replay(store, { sink: 'full', from: 0, to: Number.MAX_SAFE_INTEGER, takes: everything });
    expect(await feedSuspended(store, 'full', everything, 1 << 20)).toBe('caught_up');
    expect(await drain(outbox, 'full')).toHaveLength(10);
    expect(await verifyCounters(store)).toEqual([]);
    await outbox.close();
  });
});
