import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOutbox } from '../../src/collector/port.ts';
import { pendingBatches, settle } from '../../src/outbox/delivery.ts';
import { cli, configFile, startCli, until, writeConfig } from '../support/cli.ts';
import { connectionTo, type Rig, readLines, startRig } from '../support/rig.ts';

let rig: Rig;
let total: number;
const quarry = (...args: string[]) => cli([...args, '-c', configFile(rig.dir)], { cwd: rig.dir });
const json = async (...args: string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await quarry(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

const WHEN = ['--from', '2026-01-01', '--to', '2099-01-01'];
const lines = () => readLines(join(rig.dir, 'out', 'acme', 'host_list_detection'));

/** Refuses so many of the events that wait for the sink, as a sink does. */
async function refuse(count: number): Promise<void> {
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, Date.now());
  const [batch] = await pendingBatches(outbox.store, outbox.spool, 'archive', Date.now(), 1 << 20);
  const parked = Array.from({ length: count }, (_, event) => ({ event, id: `e${event}`, code: '400', reason: 'no' }));
  const rest = {
    batch: batch!.batch,
    delivered: batch!.location.events - batch!.settled.length - count,
    filtered: 0,
    parked,
  };
  await settle(outbox.store, 'archive', [rest], Date.now());
  await outbox.close();
}

beforeAll(async () => {
  rig = await startRig({ hosts: 5, speed: 1 });
  await rig.run();
  total = (await lines()).length;
  await writeConfig(rig.dir, {
    ...rig.config,
    connections: { acme: connectionTo(rig.simulator, { host_list_detection: { every: '1s' } }) },
    routes: [{ sinks: ['archive'], exclude: [{ field: 'QID', op: 'eq', value: 1 }] }],
  });
});
afterAll(() => rig.close());

describe('quarry outbox', { timeout: 180_000 }, () => {
  it('queues what was collected again, parks, retries and discards; discarding asks', async () => {
    expect(await json('outbox', 'replay', '--sink', 'archive', ...WHEN)).toMatchObject({
      events: total,
    });
    await refuse(3);
    expect(await json('outbox', 'parked')).toMatchObject([
      { sink: 'archive', event: 0, id: 'e0', code: '400', reason: 'no', dataset: 'host_list_detection' },
      {},
      {},
    ]);
    expect((await quarry('outbox', 'parked', '--sink', 'archive')).stdout).toMatch(/^SINK +WHERE +STREAM/);
    const unasked = await quarry('outbox', 'discard', '--sink', 'archive');
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('needs --yes')]);
    expect(await json('outbox', 'discard', '--sink', 'archive', '--code', '500', '--yes')).toEqual({ discarded: 0 });
    expect(await json('outbox', 'retry', '--sink', 'archive')).toEqual({ retried: 3, busy: 0 });
    await refuse(0);
    expect(await json('outbox', 'status')).toContainEqual(
      expect.objectContaining({
        sink: 'archive',
        appended: total * 2,
        delivered: total * 2,
        parked: 0,
        circuit: 'closed',
      }),
    );
  });

  it('works beside a collector at work, which sends within moments what was queued', async () => {
    const running = startCli(['run', '--no-server', '-c', configFile(rig.dir)], { cwd: rig.dir });
    try {
      await running.said('pull complete');
      const before = (await lines()).length;
      const replayed = await json('outbox', 'replay', '--sink', 'archive', ...WHEN, '--dataset', 'host_list_detection');
      expect(replayed).toMatchObject({ events: total });
      await until(async () => (await lines()).length === before + total);
      const discarded = await quarry('outbox', 'discard', '--sink', 'archive', '--yes');
      expect(discarded.stdout).toBe('0 parked events of archive are given up.\n');
    } finally {
      running.child.kill('SIGTERM');
      await running.exited;
    }
  });

  it('says what is not there, and what makes no sense', async () => {
    const wrong = await quarry('outbox', 'retry', '--sink', 'arcive');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean archive?')]);
    const late = await quarry('outbox', 'replay', '--sink', 'archive', '--from', '2026-02-01', '--to', '2026-01-01');
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining('not before --to')]);
    const none = await quarry('outbox', 'replay', '--sink', 'archive', '--from', 'soon');
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('is no time')]);
  });
});

describe('quarry sink test', () => {
  it('says guarantee, format and what the sink receives', async () => {
    const { code, stdout } = await quarry('sink', 'test', 'archive');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'archive (file): ok',
        '  guarantee  effectively once: what is sent again after a lost reply is there once',
        '  format     raw',
        '  a write    up to 8.0 MiB of events; what is refused for good is parked, the rest is tried until it is in',
        '  receives   acme/host_list_detection (in part)',
        '',
      ].join('\n'),
    );
    expect(await json('sink', 'test', 'archive')).toMatchObject({ ok: true, format: 'raw' });
  });
});
