import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { appendThings, claimAt, type Thing } from '../../../test/support/pages.ts';
import { type LogLine, recordingLog } from '../../../test/support/rig.ts';
import type { OpenSink, Outcome } from '../../core/sink.ts';
import { registerSink } from '../../outbox/delivery.ts';
import { type Outbox, openOutbox } from '../../outbox/outbox.ts';
import { circuitOf, listSinks } from '../../outbox/sink-state.ts';
import { bell } from '../bell.ts';
import { silentObserver } from '../observer.ts';
import type { Workshop } from '../stream.ts';
import { deliverOnce, deliveryLoop, type RunningSink } from './deliver.ts';

const things = (host: number): Thing[] => [
  { host, name: 'a', text: 'x' },
  { host, name: 'b', text: 'y' },
];
const never = new AbortController().signal;
let dir = '';
let outbox: Outbox | undefined;
afterEach(async () => {
  await outbox?.close();
  await rm(dir, { recursive: true, force: true });
});

/** An outbox with so many batches for one sink, a clock set by hand, and what the collector's parts share. */
async function workshopWith(batches: number) {
  dir = await mkdtemp(join(tmpdir(), 'quarry-deliver-'));
  outbox = await openOutbox({ dataDir: dir }, 1);
  const claim = await claimAt(outbox);
  await registerSink(outbox.store, 'sink', () => true, 1);
  for (let i = 1; i <= batches; i++) await appendThings(outbox, claim, things(i), { pull: 100 + i, sinks: ['sink'] });
  const logged: LogLine[] = [];
  const time = { now: 1_000_000 };
  const workshop: Workshop = {
    outbox,
    clock: {
      now: () => time.now,
      monotonic: () => time.now,
      // Whoever waits sees the time go by.
      sleep: async (ms) => {
        time.now += ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    log: recordingLog(logged),
    observer: silentObserver,
    mayPull: async () => {},
    appended: () => {},
    neighbours: () => [],
  };
  const { store } = outbox;
  const state = async () => (await listSinks(store))[0]!;
  return { workshop, logged, time, state };
}

const running = (write: OpenSink['write']): RunningSink => ({
  name: 'sink',
  batchBytes: 8 << 20,
  contextAs: () => undefined,
  open: { check: async () => {}, close: async () => {}, write },
});

test('a sink that fails opens its circuit, one batch tries it, and it is given more and more once it is back [fault 74]', async () => {
  const { workshop, logged, state, time } = await workshopWith(64);
  const stop = new AbortController();
  const sizes: number[] = [];
  let failures = 3;
  const sink = running(async (batches) => {
    sizes.push(batches.length);
    if (failures-- > 0) throw new Error('down');
    if ((await state()).pending <= batches.length * 2) stop.abort();
    return batches.map((): Outcome => 'delivered');
  });
  expect(circuitOf(await state(), time.now)).toBe('closed');
  await deliverOnce(workshop, sink, never);
  const failed = await state();
  expect(failed).toMatchObject({ failing: true, reason: 'Error: down', delivered: 0 });
  expect(circuitOf(failed, failed.nextAt! - 1)).toBe('open');
  expect(circuitOf(failed, failed.nextAt!)).toBe('half_open');
  await deliveryLoop(workshop, sink, bell(), stop.signal);
  expect(sizes).toEqual([32, 1, 1, 1, 2, 4, 8, 16, 32, 1]);
  expect(await state()).toMatchObject({ failing: false, delivered: 128, pending: 0 });
  expect(circuitOf(await state(), time.now)).toBe('closed');
  expect(logged.map(({ msg }) => msg)).toEqual(['sink failed, trying again', 'sink is back']);
});

test('it waits as long as the sink asks, and then a little', async () => {
  const { workshop, state, time } = await workshopWith(3);
  await deliverOnce(
    workshop,
    running(async (batches) => batches.map((): Outcome => ({ retry: '429', waitMs: 40_000 }))),
    never,
  );
  const { nextAt, failing } = await state();
  expect(failing).toBe(true);
  expect(nextAt! - time.now).toBeGreaterThanOrEqual(40_000);
  expect(nextAt! - time.now).toBeLessThanOrEqual(41_000);
});

test('what routes leave out never reaches the sink, and says nothing about it', async () => {
  const { workshop, state } = await workshopWith(4);
  let writes = 0;
  const filtering: RunningSink = {
    ...running(async () => {
      writes++;
      throw new Error('down');
    }),
    routesOf: () => [{ lets: ({ NAME }) => NAME === 'b', shape: undefined }],
  };
  await deliverOnce(workshop, filtering, never);
  expect(await state()).toMatchObject({ filtered: 4, delivered: 0, pending: 4, failing: true });
  expect(writes).toBe(1);
  await workshop.clock.sleep(60_000);
  const nothing: RunningSink = { ...filtering, routesOf: () => [{ lets: () => false, shape: undefined }] };
  await deliverOnce(workshop, nothing, never);
  // One batch was given, as to any sink that fails; nothing was asked of it, and it still fails as far as anybody knows.
  expect(await state()).toMatchObject({ filtered: 5, pending: 3, failing: true });
  expect(writes).toBe(1);
});
