import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allDelivered, drain, pendingOf } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, IDENTITY, stageThings, type Thing, toAppend } from '../../test/support/pages.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { appendPage } from './append.ts';
import { registerSink, settle } from './delivery.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { mergeCounts } from './sink-counts.ts';
import { listSinks } from './sink-state.ts';
import { feedSuspended, suspendSink } from './suspend.ts';
import { verifyCounters } from './verify.ts';

const runnable = findPostgres();
const why = typeof runnable === 'string' ? runnable : '';
const things = (host: number): Thing[] =>
  Array.from({ length: 3 }, (_, i) => ({ host, name: `${i}`, text: `text ${i}` }));
const everything = () => true;

describe('transactions of many writers', skipUnless(why === '', why), () => {
  let server: PostgresServer;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
    if (typeof runnable === 'object') server = await startPostgres(runnable);
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true });
  });
  const open = async (): Promise<Outbox> =>
    openOutbox({ dataDir: await mkdtemp(join(dir, 'data-')), databaseUrl: await server.createDatabase() }, 1);
  const other = { ...IDENTITY, subscription: 'other', connection: 'other' };

  /** The same outbox, whose transactions have done all but COMMIT when `reached` resolves, and end with `goOn`. */
  function halting(outbox: Outbox) {
    let goOn = (): void => {};
    let reach = (): void => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const store: Outbox['store'] = {
      ...outbox.store,
      transaction: (work) =>
        outbox.store.transaction(async (tx) => {
          const done = await work(tx);
          reach();
          await gate;
          return done;
        }),
    };
    return { store, reached, goOn: () => goOn() };
  }

  test('[fault 22] a page whose process halts before COMMIT, and a write being settled, hold up no other subscription', async () => {
    const outbox = await open();
    await registerSink(outbox.store, 'sink', everything, 1);
    const [claim, another] = [await claimAt(outbox), await claimAt(outbox, other)];
    const options = { pull: 100, sinks: ['sink'] };
    await appendThings(outbox, claim, things(1), options);

    const page = await stageThings(outbox, claim, things(2), options);
    const appending = halting(outbox);
    const halted = appendPage(appending.store, toAppend(claim, page, options));
    await appending.reached;
    const settling = halting(outbox);
    const [waiting] = await pendingOf(outbox, 'sink');
    const settled = settle(settling.store, 'sink', [allDelivered(waiting!)], 2);
    await settling.reached;

    // Each of these would wait for the end of this test, were there a row all have to change.
    await appendThings(outbox, another, things(3), options);
    const pending = await pendingOf(outbox, 'sink');
    const theirs = pending.find(({ connection }) => connection === 'other')!;
    await settle(outbox.store, 'sink', [allDelivered(theirs)], 3);
    expect(await listSinks(outbox.store)).toMatchObject([{ appended: 6, delivered: 3, pending: 3, lastDelivered: 3 }]);

    appending.goOn();
    settling.goOn();
    await Promise.all([halted, settled]);
    expect(await listSinks(outbox.store)).toMatchObject([{ appended: 9, delivered: 6, pending: 3 }]);
    expect(await drain(outbox, 'sink')).toHaveLength(3);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('suspending waits for pages that are being appended: each is queued, or comes when the sink is fed', async () => {
    const outbox = await open();
    await registerSink(outbox.store, 'sink', everything, 1);
    const [claim, another] = [await claimAt(outbox), await claimAt(outbox, other)];
    const options = { pull: 100, sinks: ['sink'] };
    const page = await stageThings(outbox, claim, things(1), options);
    const appending = halting(outbox);
    const halted = appendPage(appending.store, toAppend(claim, page, options));
    await appending.reached;
    const suspended = suspendSink(outbox.store, 'sink');
    appending.goOn();
    await halted;
    expect(await suspended).toBe(true);
    await appendThings(outbox, another, things(2), options);
    expect(await drain(outbox, 'sink')).toHaveLength(3);
    expect(await feedSuspended(outbox.store, 'sink', everything, 1e9)).toBe('caught_up');
    expect(await drain(outbox, 'sink')).toHaveLength(3);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('counts are the same before and after they are added up, by several at once', async () => {
    const outbox = await open();
    await registerSink(outbox.store, 'sink', everything, 1);
    const claim = await claimAt(outbox);
    for (let i = 1; i <= 5; i++) await appendThings(outbox, claim, things(i), { pull: 100 + i, sinks: ['sink'] });
    await drain(outbox, 'sink', 77);
    await appendThings(outbox, claim, things(6), { pull: 200, sinks: ['sink'] });
    const before = await listSinks(outbox.store);
    expect(before).toMatchObject([{ appended: 18, delivered: 15, pending: 3, lastDelivered: 77 }]);
    await Promise.all([1, 2, 3].map(() => mergeCounts(outbox.store)));
    expect(await listSinks(outbox.store)).toEqual(before);
    expect(await outbox.store.db.selectFrom('sink_change').selectAll().execute()).toEqual([]);
    expect(
      await outbox.store.db.selectFrom('sink').select(['appended', 'pending', 'last_delivered']).execute(),
    ).toEqual([{ appended: 18, pending: 3, last_delivered: 77 }]);
    await outbox.close();
  });
});
