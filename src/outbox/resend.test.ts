import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { registerSink } from './delivery.ts';
import { resend } from './resend.ts';
import { listSinks } from './sink-state.ts';
import { verifyCounters } from './verify.ts';

const things = (host: number, text = 'a'): Thing[] =>
  Array.from({ length: 4 }, (_, i) => ({ host, name: `${i}`, text }));
const HOUR = 3_600_000;

describeStores('sending again what is current', (kind) => {
  test('queues the newest body of each key, once a time, and goes on where it was', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 'again', () => true, 1);
    const append = (host: number, text: string, pull: number) =>
      appendThings(outbox, claim, things(host, text), { pull, sinks: ['again'] });
    for (let host = 1; host <= 30; host++) await append(host, 'a', 100 + host);
    await append(7, 'b', 200);
    const first = await drain(outbox, 'again');
    expect(first).toHaveLength(124);
    const at = 10_000_000;
    expect(await resend(store, 'again', claim.stream, [HOUR], at)).toBe(0);
    expect(await resend(store, 'again', claim.stream, [HOUR], at + HOUR - 1)).toBe(0);
    expect(await resend(store, 'again', claim.stream, ['each_sweep'], at + HOUR)).toBe(0);
    expect(await resend(store, 'again', claim.stream, [HOUR], at + HOUR)).toBe(120);
    const again = await drain(outbox, 'again', at + HOUR);
    const old = new Set(
      first.filter(({ pulling_id, key }) => pulling_id === '107' && key[0] === '7').map(({ id }) => id),
    );
    expect(again.map(({ id }) => id).sort()).toEqual(
      first
        .map(({ id }) => id)
        .filter((id) => !old.has(id))
        .sort(),
    );
    expect(await resend(store, 'again', claim.stream, [HOUR], at + HOUR + 1)).toBe(0);
    const [state] = await listSinks(store);
    expect(state).toMatchObject({ appended: 244, delivered: 244, pending: 0 });
    expect(await verifyCounters(store)).toEqual([]);
    // Killed after the first piece: the rest comes with the next look, whatever the time is.
    const progress = JSON.stringify({ at: at + HOUR, after: 10 });
    await store.db.updateTable('meta').set({ value: progress }).where('name', 'like', 'resend/%').execute();
    expect(await resend(store, 'again', claim.stream, [HOUR], at + HOUR + 2)).toBe(84);
    expect(await verifyCounters(store)).toEqual([]);
    await outbox.close();
  });

  test('after a full reading: what that reading did not send itself, and never what came before the sink was known', async () => {
    const outbox = await openAt(await kind.place());
    const { store } = outbox;
    const claim = await claimAt(outbox);
    await registerSink(store, 'again', () => true, 1);
    const append = (host: number, now: number) =>
      appendThings(outbox, claim, things(host), { pull: now, now, sinks: ['again'] });
    const sweep = { stream: claim.stream, scope: '', reason: '', known: 0, absent: 0 };
    const swept = (id: number, started: number, ended: number) =>
      store.db
        .insertInto('sweep')
        .values({ ...sweep, id, kind: 'full', state: 'concluded', started, ended })
        .execute();
    const look = (now: number) => resend(store, 'again', claim.stream, ['each_sweep'], now);
    // The first reading is under way when the sink is first looked at.
    await append(1, 1100);
    expect(await look(1200)).toBe(0);
    await append(2, 1300);
    await swept(1, 1000, 1400);
    expect(await look(1500)).toBe(0);
    // The next one finds a third host, and the other two as they were.
    await append(3, 2100);
    await swept(2, 2000, 2200);
    await drain(outbox, 'again');
    // Of two that look at once one queues it: the other finds it done, also when all has arrived meanwhile.
    const again: Awaited<ReturnType<typeof drain>> = [];
    const late: typeof store = {
      ...store,
      transaction: async (work) => {
        expect(await look(2300)).toBe(8);
        again.push(...(await drain(outbox, 'again', 2500)));
        return store.transaction(work);
      },
    };
    expect(await resend(late, 'again', claim.stream, ['each_sweep'], 2300)).toBe(0);
    expect(await look(2400)).toBe(0);
    expect(await drain(outbox, 'again', 2600)).toEqual([]);
    expect(new Set(again.map(({ key }) => key[0]))).toEqual(new Set(['1', '2']));
    expect(await verifyCounters(store)).toEqual([]);
    await outbox.close();
  });
});
