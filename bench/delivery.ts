/**
 * Delivery: events per CPU second from the outbox to files, as they are stored and through a route that filters; in a
 * process of its own. Prints JSON. What is measured: reading batches back and checking them, shaping, the file sink with
 * its journal and its syncs, settling; user and system time of all threads.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliverOnce, type RunningSink } from '../src/collector/deliver/deliver.ts';
import { scratch } from '../src/collector/deliver/scratch.ts';
import { silentObserver } from '../src/collector/observer.ts';
import type { Workshop } from '../src/collector/stream.ts';
import { systemClock } from '../src/core/clock.ts';
import type { Log } from '../src/core/log.ts';
import { registerSink } from '../src/outbox/delivery.ts';
import { openOutbox } from '../src/outbox/outbox.ts';
import { compileRoute } from '../src/pipeline/route.ts';
import { openFiles } from '../src/sinks/file/files.ts';
import { appendThings, claimAt, type Thing } from '../test/support/pages.ts';

const HOSTS = 4000;
const PER_HOST = 50;
const HOSTS_A_PAGE = 200;
/** Bytes of a record's text: about what a detection has. */
const TEXT = 900;

export interface DeliveryFigures {
  /** Events per CPU second. */
  readonly raw: number;
  readonly filtered: number;
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };
const dir = await mkdtemp(join(tmpdir(), 'quarry-delivery-'));
const outbox = await openOutbox({ dataDir: join(dir, 'data') }, Date.now());
const workshop: Workshop = {
  outbox,
  clock: systemClock,
  log: silent,
  observer: silentObserver,
  mayPull: async () => {},
  appended: () => {},
  neighbours: () => [],
};
const route = compileRoute(
  { include: [{ field: 'NAME', op: 'lt', value: 25 }], exclude: [], fields: undefined, obfuscate: [] },
  '',
);

async function rate(name: string, more: Partial<RunningSink>): Promise<number> {
  const open = await openFiles(join(dir, name), 256 << 20);
  const sink: RunningSink = { name, open, batchBytes: 8 << 20, contextAs: () => 'HOST', ...more };
  const buffers = scratch();
  const never = new AbortController().signal;
  const before = process.cpuUsage();
  for (;;) {
    const { batches, failed } = await deliverOnce(workshop, sink, never, buffers);
    if (failed !== undefined) throw new Error(failed);
    if (batches === 0) break;
  }
  const { user, system } = process.cpuUsage(before);
  await open.close();
  return (HOSTS * PER_HOST) / ((user + system) / 1e6);
}

try {
  const claim = await claimAt(outbox);
  const sinks = ['raw', 'filtered'];
  for (const name of sinks) await registerSink(outbox.store, name, () => true, 1);
  for (let host = 0; host < HOSTS; host += HOSTS_A_PAGE) {
    const things: Thing[] = [];
    for (let h = host; h < host + HOSTS_A_PAGE; h++)
      for (let n = 0; n < PER_HOST; n++) things.push({ host: h + 1, name: String(n), text: 'x'.repeat(TEXT) });
    await appendThings(outbox, claim, things, { pull: 1000 + host, sinks });
  }
  const figures: DeliveryFigures = {
    raw: await rate('raw', {}),
    filtered: await rate('filtered', { routesOf: () => [route] }),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await outbox.close();
  await rm(dir, { recursive: true, force: true });
}
