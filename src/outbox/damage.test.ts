import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drain, pendingOf } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, removalFacts, type Thing } from '../../test/support/pages.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { deliverOnce } from '../collector/deliver/deliver.ts';
import { silentObserver } from '../collector/observer.ts';
import type { Workshop } from '../collector/stream.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import type { OpenSink } from '../core/sink.ts';
import { cleanUp } from './clean-up.ts';
import { registerSink } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { discardParked, listParked } from './parked.ts';
import { listSinks } from './sink-state.ts';
import { concludeSweep, openSweep } from './sweep.ts';
import { verifyCounters } from './verify.ts';

const things = (host: number, count = 10, text = 'x'): Thing[] =>
  Array.from({ length: count }, (_, i) => ({ host, name: String(i), text }));

const workshop = (outbox: Outbox): Workshop => ({
  outbox,
  clock: systemClock,
  log: silentLog,
  observer: silentObserver,
  mayPull: async () => {},
  appended: () => {},
  neighbours: () => [],
});

test('damaged batches are parked with the reason, the rest flows, and clean-up goes on [fault 10]', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
  const outbox = await openAt({ dataDir, databaseUrl: undefined, openStore: () => expect.unreachable() });
  const claim = await claimAt(outbox);
  await registerSink(outbox.store, 'sink', () => true, 1);
  for (let host = 1; host <= 4; host++)
    await appendThings(outbox, claim, things(host), { pull: 100 + host, sinks: ['sink'] });
  const [, flipped, gone] = await pendingOf(outbox, 'sink');
  const file = await open(flipped!.location.path, 'r+');
  await file.write(Buffer.of(0), 0, 1, flipped!.location.offset + 50);
  await file.close();
  await rm(gone!.location.path);

  // A FAKE sink that takes everything.
  const received: string[] = [];
  const fake: OpenSink = {
    check: async () => {},
    write: async (batches) => {
      for (const batch of batches) for (let i = 0; i < batch.count; i++) received.push(batch.eventId(i));
      return batches.map(() => 'delivered' as const);
    },
    close: async () => {},
  };
  const running = { name: 'sink', open: fake, batchBytes: 8 << 20, contextAs: () => 'HOST' };
  while ((await deliverOnce(workshop(outbox), running, new AbortController().signal)).batches > 0);
  expect(new Set(received).size).toBe(20);
  const parked = await listParked(outbox.store, { code: 'QRY4012' }, 100);
  expect(parked).toHaveLength(20);
  expect(new Set(parked.map(({ batch }) => batch))).toEqual(new Set([flipped!.batch, gone!.batch]));
  expect((await listSinks(outbox.store))[0]).toMatchObject({ appended: 40, delivered: 20, parked: 20, pending: 0 });

  await discardParked(outbox.store, { sink: 'sink' });
  for (let host = 1; host <= 4; host++)
    await appendThings(outbox, claim, things(host, 10, 'y'), { pull: 200 + host, sinks: [] });
  expect(await cleanUp(outbox, 1000, 1150)).toMatchObject({ batches: 4 });
  expect(await verifyCounters(outbox.store)).toEqual([]);
  await outbox.close();
  await rm(dataDir, { recursive: true });
});

describe('on a disk that is full', smallDisk.options, () => {
  test('a page is refused whole and leaves no file; delivering goes on; with room the page goes in [fault 15]', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'quarry-test-'));
    const disk = smallDisk.mount();
    try {
      const real = await openAt({ dataDir, databaseUrl: undefined, openStore: () => expect.unreachable() });
      let n = 0;
      const outbox: Outbox = { ...real, spool: disk, newSegment: () => join(disk, `${n++}.seg`) };
      const claim = await claimAt(outbox);
      await registerSink(outbox.store, 'sink', () => true, 1);
      await appendThings(outbox, claim, things(1), { pull: 100, sinks: ['sink'] });
      const ballast = join(disk, 'ballast');
      await writeFile(ballast, Buffer.alloc(900_000));
      const page = () => appendThings(outbox, claim, things(2, 3000), { pull: 200, sinks: ['sink'], padding: 100 });
      for (let i = 0; i < 3; i++) {
        await expect(page()).rejects.toMatchObject({ code: 'QRY4001', next: 'retry' });
        expect(await readdir(disk)).toHaveLength(2);
      }
      const sweep = await openSweep(outbox, claim, 'full', 300, '');
      await appendThings(outbox, claim, [], { pull: 300, sweep: { id: sweep, from: 1, to: null } });
      await writeFile(join(disk, 'more'), Buffer.alloc(1 << 20)).catch(() => {});
      await expect(concludeSweep(outbox, removalFacts(claim, 300, ['sink']), sweep, 'purged')).rejects.toMatchObject({
        code: 'QRY4001',
      });
      expect(await readdir(disk)).toHaveLength(3);
      expect(await drain(outbox, 'sink')).toHaveLength(10);
      await rm(ballast);
      await rm(join(disk, 'more'));
      expect(await concludeSweep(outbox, removalFacts(claim, 300, ['sink']), sweep, 'purged')).toMatchObject({
        removed: 10,
      });
      await page();
      expect(await drain(outbox, 'sink')).toHaveLength(3010);
      expect(await verifyCounters(outbox.store)).toEqual([]);
      await outbox.close();
    } finally {
      smallDisk.unmount(disk);
      await rm(dataDir, { recursive: true });
    }
  });
});
