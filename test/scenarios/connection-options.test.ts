import { expect, it } from 'vitest';
import { datasets, planOf, presets, sinks } from '../../src/collector/port.ts';
import { loadConfig } from '../../src/config/load.ts';
import { DAY, difference, hostQids, newest, repeated, SAME, startRig } from '../support/rig.ts';

it('[M12] modified_within: Qualys is asked for no older hosts, and hosts that grow too old leave as aged out', async () => {
  const rig = await startRig({ hosts: 40, datasets: { host_assets: {} } });
  try {
    await rig.run();
    const all = newest(await rig.lines('host_assets'));
    const times = [...all.values()].map(({ record }) => Date.parse(String(record['modified']))).sort((a, b) => a - b);
    const within = Math.ceil((rig.clock.now() - times[Math.floor(times.length / 2)]!) / 3_600_000);
    rig.config = JSON.parse(
      JSON.stringify(rig.config).replace('"host_assets":{}', `"host_assets":{"modified_within":"${within}h"}`),
    ) as typeof rig.config;
    await rig.run();
    const bound = rig.clock.now() - within * 3_600_000;
    const young = newest(await rig.lines('host_assets'));
    expect(young.size).toBeGreaterThan(0);
    expect(young.size).toBeLessThan(all.size);
    for (const { record } of young.values())
      expect(Date.parse(String(record['modified']))).toBeGreaterThan(bound - 600_000);
    const gone = (await rig.lines('host_assets')).filter(({ change }) => change === 'removed');
    expect(gone).toHaveLength(all.size - young.size);
    expect(repeated(await rig.lines('host_assets'))).toEqual([]);
    expect(new Set(gone.map(({ reason }) => reason))).toEqual(new Set(['out_of_scope']));
    // A sweep later hosts have grown too old, and some have changed.
    rig.pass(2 * DAY);
    await rig.run({ sweep: true });
    await rig.run({ sweep: true });
    const later = (await rig.lines('host_assets')).filter(({ change }) => change === 'removed').slice(gone.length);
    expect(new Set(later.map(({ reason }) => reason))).toEqual(new Set(['aged_out']));
  } finally {
    await rig.close();
  }
});

it('a preset is collected as if its data sets were written out', async () => {
  const rig = await startRig({ hosts: 15, hostQids, connection: { preset: 'vulnerabilities', datasets: undefined } });
  try {
    const { streams } = await rig.run();
    expect([...streams].sort()).toEqual(['acme/host_list_detection', 'acme/knowledge_base']);
    expect(difference(newest(await rig.lines('host_list_detection')).keys(), rig.truth('host_list_detection'))).toEqual(
      SAME,
    );
  } finally {
    await rig.close();
  }
});

it('every preset names data sets and options that there are', async () => {
  for (const preset of ['exposure', 'hosts', 'vulnerabilities']) {
    const rig = await startRig({ hosts: 2, hostQids, connection: { preset, datasets: undefined } });
    try {
      const { stopped, streams } = await rig.run();
      expect([...stopped.values()]).toEqual([]);
      expect(streams.length).toBeGreaterThan(0);
    } finally {
      await rig.close();
    }
  }
});

it('reserve: so many calls of the limit are left, and everything is collected all the same', async () => {
  const rig = await startRig({
    hosts: 30,
    sharedClock: true,
    speed: 2000,
    limits: { limit: 10, windowSec: 3600, concurrency: 2 },
    connection: { reserve: '40%' },
    datasets: { host_list: { page_size: 3 } },
  });
  try {
    await rig.run();
    const calls = rig.simulator.counters().recent.filter(({ endpoint }) => endpoint.includes('/asset/host/'));
    expect(calls.length).toBeGreaterThan(6);
    const hour = (at: number): number => calls.filter((call) => call.at > at - 3_600_000 && call.at <= at).length;
    expect(Math.max(...calls.map(({ at }) => hour(at)))).toBe(6);
    expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
  } finally {
    await rig.close();
  }
});

it('plan reckons with a reserve that every connection of a subscription keeps', async () => {
  const rig = await startRig({ hosts: 2, connection: { reserve: 60 }, datasets: { host_list: {} } });
  try {
    const load = (text: string) => loadConfig({ text, env: {}, cwd: rig.dir, datasets, sinks, presets });
    const kept = await planOf(load(JSON.stringify(rig.config)), undefined, 1000);
    expect(kept.apis.map(({ limits }) => limits.limit)).toEqual([240]);
    const all = await planOf(load(JSON.stringify(rig.config).replace(',"reserve":60', '')), undefined, 1000);
    expect(all.apis.map(({ limits }) => limits.limit)).toEqual([300]);
  } finally {
    await rig.close();
  }
});
