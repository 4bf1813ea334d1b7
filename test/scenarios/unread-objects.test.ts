import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCollector } from '../../src/collector/collector.ts';
import { silentObserver } from '../../src/collector/observer.ts';
import { openOutbox } from '../../src/collector/port.ts';
import type { PullReport } from '../../src/collector/report.ts';
import type { Stream } from '../../src/collector/stream.ts';
import { wire } from '../../src/collector/wire.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Call } from '../../src/core/dataset.ts';
import { QuarryError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { verifyCounters } from '../../src/outbox/verify.ts';
import { sinks } from '../../src/sinks/registry.gen.ts';
import { DAY, type Rig, startRig } from '../support/rig.ts';

type Refuse = (params: Readonly<Record<string, string>>, call: Call) => boolean;

/** Runs the rig's collector over a Qualys whose answers to some calls cannot be read. */
async function run(
  rig: Rig,
  refuse: Refuse,
  sweep = false,
): Promise<{ reports: readonly PullReport[]; calls: Readonly<Record<string, string>>[] }> {
  const config = loadConfig({ text: JSON.stringify(rig.config), env: {}, cwd: rig.dir, datasets, sinks });
  const wired = await wire({ config, clock: rig.clock, log: silentLog, observer: silentObserver, version: 'test' });
  const calls: Readonly<Record<string, string>>[] = [];
  const broken = (stream: Stream): Stream => ({
    ...stream,
    fetch: async (call, makeReader, hooks) => {
      calls.push(call.params);
      if (refuse(call.params, call))
        throw new QuarryError('QRY3001', { what: 'The answer cannot be read.', where: call.api });
      return stream.fetch(call, makeReader, hooks);
    },
  });
  const never = new AbortController().signal;
  try {
    const parts = { ...wired.parts, streams: wired.parts.streams.map(broken) };
    const summary = await runCollector(parts, { once: true, sweep, timeout: 43_200_000, finish: never, now: never });
    expect(summary.imbalances).toEqual([]);
    return { reports: summary.reports, calls };
  } finally {
    await wired.close();
    const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, rig.clock.now());
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  }
}

const readable: Refuse = () => false;

it('results of a scan that can never be read: the pull ends, later scans come, and the scan is tried again each time', async () => {
  const rig = await startRig({ hosts: 10, datasets: { vm_scan_results: { every: '1d' } } });
  try {
    let bad = '';
    const refuse: Refuse = ({ action, scan_ref }) => {
      if (action === 'fetch' && bad === '') bad = scan_ref!;
      return action === 'fetch' && scan_ref === bad;
    };
    const first = await run(rig, refuse);
    expect(first.reports.map(({ outcome, quarantined }) => [outcome, quarantined])).toEqual([['complete', 1]]);
    const scans = async () =>
      new Set((await rig.lines('vm_scan_results')).map(({ record }) => record['scan_reference']));
    const before = await scans();
    expect(before.size).toBeGreaterThan(0);
    expect(before.has(bad)).toBe(false);
    // Days later there are others, listed anew; this one is tried again, and nothing that was read is.
    rig.pass(3 * DAY);
    const second = await run(rig, refuse);
    expect(second.reports.at(-1)).toMatchObject({ outcome: 'complete', quarantined: 1 });
    expect(second.calls.some(({ action }) => action === 'list')).toBe(true);
    const fetched = second.calls.flatMap(({ action, scan_ref }) => (action === 'fetch' ? [scan_ref] : []));
    expect(fetched).toContain(bad);
    expect(fetched.filter((ref) => before.has(ref))).toEqual([]);
    expect((await scans()).size).toBeGreaterThan(before.size);
    // Once it can be read it is, and then no more.
    rig.pass(DAY);
    const third = await run(rig, readable);
    expect(third.reports.at(-1)).toMatchObject({ outcome: 'complete', quarantined: 0 });
    expect((await scans()).has(bad)).toBe(true);
    rig.pass(DAY);
    const fourth = await run(rig, readable);
    expect(fourth.calls.filter(({ scan_ref }) => scan_ref === bad)).toEqual([]);
  } finally {
    await rig.close();
  }
});

it('a policy that can never be read: the others’ posture comes, nothing of its own is taken for gone, and it is tried again', async () => {
  const rig = await startRig({ hosts: 10, datasets: { compliance_posture: { every: '1d' } } });
  try {
    await run(rig, readable);
    const policies = async () => {
      const count = new Map<unknown, number>();
      for (const { record, change } of await rig.lines('compliance_posture'))
        if (change !== 'removed') count.set(record['POLICY_ID'], (count.get(record['POLICY_ID']) ?? 0) + 1);
      return count;
    };
    const [bad] = (await policies()).keys();
    rig.pass(3 * DAY);
    const refuse: Refuse = ({ policy_id }) => policy_id === bad;
    const swept = await run(rig, refuse, true);
    expect(swept.reports.at(-1)).toMatchObject({ mode: 'full', outcome: 'complete', quarantined: 1 });
    expect(swept.reports.at(-1)?.heldSweep).toBeUndefined();
    const removed = (await rig.lines('compliance_posture')).filter(({ change }) => change === 'removed');
    expect(removed.filter(({ record }) => record['POLICY_ID'] === bad)).toEqual([]);
    // Its last evaluation lies before the watermark by now: it is read all the same, and only it.
    rig.pass(DAY);
    const again = await run(rig, readable);
    expect(again.reports.at(-1)).toMatchObject({ mode: 'incremental', outcome: 'complete', quarantined: 0 });
    expect(again.calls.flatMap(({ policy_id }) => policy_id ?? [])).toContain(bad);
    rig.pass(DAY);
    const after = await run(rig, readable);
    expect(after.calls.length).toBeLessThan(swept.calls.length);
  } finally {
    await rig.close();
  }
});

it('ignored file-integrity events in pages that cannot be read are asked for in smaller ones, like all others', async () => {
  const rig = await startRig({
    hosts: 10,
    datasets: { fim_events: { every: '1d', start_time_in_utc: '2026-11-18T00:00:00Z' } },
  });
  try {
    const sizes: number[] = [];
    const tooLarge: Refuse = (_, { path, body }) => {
      if (!path.includes('events/ignore')) return false;
      const { pageSize } = JSON.parse(body!.text) as { pageSize: number };
      sizes.push(pageSize);
      return pageSize > 100;
    };
    const { reports } = await run(rig, tooLarge);
    expect(reports.at(-1)).toMatchObject({ outcome: 'complete' });
    expect(sizes[0]).toBe(1000);
    expect(Math.min(...sizes)).toBeLessThanOrEqual(100);
  } finally {
    await rig.close();
  }
});
