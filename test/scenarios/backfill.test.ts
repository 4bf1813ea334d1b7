import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askBackfill, presets, sinks } from '../../src/collector/port.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Backfill } from '../../src/core/checkpoint.ts';
import { qualysTime } from '../../src/core/clock.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { truthLines } from '../../src/simulator/index.ts';
import { cli } from '../support/cli.ts';
import { DAY, difference, keyText, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';

const configOf = ({ config, dir }: Rig) =>
  loadConfig({ text: JSON.stringify(config), env: {}, cwd: dir, datasets, sinks, presets });

/** Keys of what was processed within a time. */
function within(rig: Rig, dataset: string, { from, to }: Backfill): string[] {
  return [...truthLines(rig.simulator.world, rig.simulator.now(), rig.simulator.activity, new Set([dataset]))]
    .map((text) => JSON.parse(text) as { key: string[]; processed?: string })
    .map(({ key, processed }) => ({ key, at: Date.parse(processed ?? key[0]!) }))
    .filter(({ at }) => at >= Date.parse(from) && at < Date.parse(to))
    .map(({ key }) => keyText(key));
}

async function withRig(dataset: string, test: (rig: Rig, at: (daysAgo: number) => string) => Promise<void>) {
  const rig = await startRig({ hosts: 60, datasets: {} });
  try {
    const at = (daysAgo: number): string => qualysTime(rig.simulator.now() - daysAgo * DAY);
    const connections = rig.config['connections'] as Record<string, object>;
    connections['acme'] = {
      ...connections['acme'],
      datasets: { [dataset]: { start_time_in_utc: at(1), page_size: 20, every: '1h' } },
    };
    await test(rig, at);
  } finally {
    await rig.close();
  }
}

for (const dataset of ['fim_events', 'user_activity']) {
  it(`${dataset}: a back-fill reads the days asked for behind the live pull, and neither loses nor repeats a row`, () =>
    withRig(dataset, async (rig, at) => {
      await rig.run();
      const live = await rig.lines(dataset);
      const { checkpoint } = await rig.state(dataset);
      const wanted: Backfill = { from: at(4), to: at(1) };
      expect(await askBackfill(configOf(rig), { connection: 'acme', dataset }, wanted)).toBeUndefined();
      const { reports, imbalances } = await rig.run();
      expect(reports.map(({ mode, outcome }) => [mode, outcome])).toEqual([
        ['incremental', 'complete'],
        ...Array.from({ length: 3 }, () => ['backfill', 'complete']),
      ]);
      expect(imbalances).toEqual([]);
      const lines = await rig.lines(dataset);
      expect(lines.length).toBeGreaterThan(live.length);
      expect(repeated(lines)).toEqual([]);
      // What came before is there as well, and nothing from before it.
      const { missing, extra } = difference(newest(lines).keys(), within(rig, dataset, wanted));
      expect(missing).toEqual([]);
      expect(
        difference(
          extra,
          live.map(({ key }) => keyText(key)),
        ).extra,
      ).toEqual(dataset === 'fim_events' ? [] : expect.any(Array));
      const after = await rig.state(dataset);
      expect(after.checkpoint.backfill).toBeUndefined();
      expect(Date.parse(after.checkpoint.watermark!)).toBeGreaterThanOrEqual(Date.parse(checkpoint.watermark!));
    }));
}

it('a back-fill that is stopped goes on where it was, also in the middle of a day', () =>
  withRig('fim_events', async (rig, at) => {
    await rig.run();
    await askBackfill(configOf(rig), { connection: 'acme', dataset: 'fim_events' }, { from: at(5), to: at(1) });
    let runs = 0;
    for (let left: unknown = true; left !== undefined && runs < 60; runs++) {
      const stop = new AbortController();
      await rig.run({
        finish: stop.signal,
        observer: { phase: () => {}, progress: ({ pages, ended }) => !ended && pages >= 6 && stop.abort() },
      });
      left = (await rig.state('fim_events')).checkpoint.backfill;
    }
    expect(runs).toBeGreaterThan(1);
    const lines = await rig.lines('fim_events');
    expect(repeated(lines)).toEqual([]);
    expect(difference(newest(lines).keys(), within(rig, 'fim_events', { from: at(5), to: at(0) }))).toEqual(SAME);
  }));

it('says what cannot be asked for: no log, no such stream, no time', async () => {
  const rig = await startRig({ hosts: 5, datasets: { host_list: {}, fim_events: {}, vm_scan_results: {} } });
  try {
    const file = join(rig.dir, 'quarry.yaml');
    await writeFile(file, JSON.stringify(rig.config));
    const run = (...words: string[]) => cli(['backfill', ...words, '-c', file], { cwd: rig.dir });
    const log = await run('host_list', '--from', '7d');
    expect([log.code, log.stderr]).toEqual([
      2,
      expect.stringMatching(
        /QRY6004.*host_list.*current state[\s\S]*--sweep --only host_list[\s\S]*fim_events, user_activity/,
      ),
    ]);
    const scans = await run('vm_scan_results', '--from', '7d');
    expect([scans.code, scans.stderr]).toEqual([
      2,
      expect.stringMatching(/QRY6004.*vm_scan_results.*object by object[\s\S]*start_time_in_utc/),
    ]);
    const never = await run('fim_events', '--from', '7d');
    expect(never.stderr).toMatch(/QRY6002.*has not been collected yet/);
    const time = await run('fim_events', '--from', 'yesterday');
    expect(time.stderr).toMatch(/QRY6004.*yesterday/);
    const order = await run('fim_events', '--from', '2026-02-01', '--to', '2026-01-01');
    expect(order.stderr).toMatch(/QRY6004.*is not before/);
    expect((await run('fim_events')).code).toBe(2);
  } finally {
    await rig.close();
  }
});
