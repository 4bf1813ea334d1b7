import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { MOST_BATCHES, registerSink } from './delivery.ts';
import { progressOf } from './resend.ts';
import { resendKeys } from './resend-keys.ts';
import { listSinks } from './sink-state.ts';
import { verifyCounters } from './verify.ts';

const things = (host: number, text = 'a'): Thing[] =>
  Array.from({ length: 4 }, (_, i) => ({ host, name: `${i}`, text }));
/** Keys 2 of some hosts. */
const twos = (...leads: readonly number[]) => [{ leads, from: '2', below: '3' }];
const note = (at: number) => ({ name: 'test', progress: { at } });

describeStores('sending again what is current of some keys', (kind) => {
  test('queues those alone, in their newest form, counted; not before what is on its way has arrived', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 's', () => true, 1);
    await registerSink(store, 'other', () => true, 1);
    const append = (host: number, text: string, pull: number) =>
      appendThings(outbox, claim, things(host, text), { pull, sinks: ['s', 'other'] });
    for (let host = 1; host <= 3; host++) await append(host, 'a', 100 + host);
    await drain(outbox, 's');
    await append(2, 'b', 200);
    // Host 2 is on its way: nothing of the piece goes, and the caller is where it was.
    expect(await resendKeys(store, 's', claim.stream, twos(1, 2), note(1))).toBe('busy');
    expect(await progressOf(store, 'test')).toBeUndefined();
    await drain(outbox, 's');
    expect(await resendKeys(store, 's', claim.stream, twos(1, 2, 77), note(1))).toBe(2);
    expect(await progressOf(store, 'test')).toEqual({ at: 1 });
    expect(await verifyCounters(store)).toEqual([]);
    const again = await drain(outbox, 's');
    expect(again.map(({ key, pulling_id }) => [...key, pulling_id])).toEqual([
      ['1', '2', '101'],
      ['2', '2', '200'],
    ]);
    expect(await resendKeys(store, 's', claim.stream, twos(77), note(2))).toBe(0);
    expect(await progressOf(store, 'test')).toEqual({ at: 2 });
    const states = new Map((await listSinks(store)).map((state) => [state.sink, state]));
    expect(states.get('s')).toMatchObject({ appended: 18, delivered: 18, pending: 0 });
    expect(states.get('other')).toMatchObject({ appended: 16, delivered: 0, pending: 16 });
    expect(await verifyCounters(store)).toEqual([]);
    await outbox.close();
  });

  test('waits behind fresh events, and for a sink that fails or is suspended', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 's', () => true, 1);
    await appendThings(outbox, claim, things(1), { pull: 1, sinks: ['s'] });
    await drain(outbox, 's');
    const ask = () => resendKeys(store, 's', claim.stream, twos(1), note(1));
    for (let i = 0; i <= MOST_BATCHES; i++)
      await appendThings(outbox, claim, things(100 + i), { pull: 2 + i, sinks: ['s'] });
    expect(await ask()).toBe('busy');
    await drain(outbox, 's');
    await store.db.updateTable('sink').set({ reason: 'refused' }).execute();
    expect(await ask()).toBe('down');
    await store.db.updateTable('sink').set({ reason: null, suspended: 1 }).execute();
    expect(await ask()).toBe('down');
    await store.db.updateTable('sink').set({ suspended: null }).execute();
    expect(await ask()).toBe(1);
    await outbox.close();
  });
});
