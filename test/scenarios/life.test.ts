import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { truthLines } from '../../src/simulator/index.ts';
import {
  DAY,
  difference,
  keyText,
  type Line,
  newest,
  type Rig,
  type RigOptions,
  repeated,
  SAME,
  startRig,
} from '../support/rig.ts';
import { scaled } from '../support/scale.ts';

const HOUR = 3_600_000;
const OVERLAP = datasets.get('host_list_detection')!.overlapMs;
const DAYS = scaled('days of life', { quick: 14, full: 30, soak: 120 });
const BOTH = { host_list: { every: '1d', page_size: 9 }, host_list_detection: { every: '1d', page_size: 9 } };

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(options);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

/** What the newest record of each key says, in the words of the truth. */
function told(lines: readonly Line[]): Map<string, string> {
  return new Map(
    [...newest(lines)].map(([key, { record }]) => [
      key,
      JSON.stringify([
        record['STATUS'],
        record['TYPE'],
        record['SEVERITY'],
        record['TIMES_FOUND'],
        record['FIRST_FOUND_DATETIME'],
        record['LAST_FOUND_DATETIME'],
        record['LAST_PROCESSED_DATETIME'],
        String(record['RESULTS']).length,
      ]),
    ]),
  );
}

function true_(rig: Rig): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of truthLines(
    rig.simulator.world,
    rig.simulator.now(),
    undefined,
    new Set(['host_list_detection']),
  )) {
    const line = JSON.parse(text) as Record<string, unknown> & { key: string[] };
    found.set(
      keyText(line.key),
      JSON.stringify([
        line['status'],
        line['type'],
        String(line['severity']),
        String(line['times_found']),
        line['first_found'],
        line['last_found'],
        line['last_processed'],
        line['results_length'],
      ]),
    );
  }
  return found;
}

describe('the newest picture is the truth [promise 7]', () => {
  it(`[D12] on each of ${DAYS} days of scans, fixes, purges and births, content included`, () =>
    withRig({ hosts: 10, churn: 0.015, datasets: BOTH, speed: 2000 }, async (rig) => {
      const reached: number[] = [];
      for (let day = 0; day <= DAYS; day++) {
        if (day > 0) rig.pass();
        const summary = await rig.run();
        expect(summary.stopped).toEqual(new Map());
        expect(summary.imbalances).toEqual([]);
        // A world of ten hosts loses more than a twentieth with one of them: the next sweep confirms it.
        if (summary.reports.some(({ heldSweep }) => heldSweep !== undefined)) await rig.run({ sweep: true });
        const lines = await rig.lines('host_list_detection');
        expect({ day, ...compared(told(lines), true_(rig)) }).toEqual({ day, ...SAME, different: [] });
        expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
        reached.push(lines.length);
      }
      const lines = await rig.lines('host_list_detection');
      expect(repeated(lines)).toEqual([]);
      const seqs = lines.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(new Set(lines.map(({ change }) => change))).toEqual(new Set(['new', 'updated', 'removed']));
      expect(reached.at(-1)).toBeGreaterThan(reached[0]!);
    }));
});

function compared(have: Map<string, string>, want: Map<string, string>) {
  const different = [...want].filter(([key, value]) => have.has(key) && have.get(key) !== value);
  return { ...difference(have.keys(), want.keys()), different };
}

it('[fault 52] scans shown late, under the time they were processed at: the overlap catches them', () =>
  withRig(
    {
      hosts: 20,
      faults: [`detections-late=${OVERLAP - 60_000}`],
      datasets: { host_list_detection: { every: '1h', sweep: false } },
    },
    async (rig) => {
      await rig.run();
      for (let hour = 0; hour < 12; hour++) {
        rig.pass(HOUR);
        const { reports } = await rig.run();
        expect(reports.map(({ mode }) => mode)).toEqual(['incremental']);
      }
      const { different, missing } = compared(told(await rig.lines('host_list_detection')), true_(rig));
      expect({ different, missing }).toEqual({ different: [], missing: [] });
    },
  ));

describe('[fault 53] the local clock', () => {
  it('two hours ahead or behind: the watermark is Qualys’s time', () =>
    withRig({ datasets: BOTH }, async (rig) => {
      for (const step of [2 * HOUR, -4 * HOUR]) {
        rig.clock.stepWall(step);
        await rig.run();
        const { checkpoint } = await rig.state();
        expect(Math.abs(Date.parse(checkpoint.watermark!) - rig.simulator.now())).toBeLessThan(1000);
      }
    }));

  it('set back while it runs: pulls go on as if nothing had been', () =>
    withRig({ datasets: { host_list: { every: '1h', sweep: { ids: '1d', full: '7d' } } } }, async (rig) => {
      const stop = new AbortController();
      let pulls = 0;
      await rig.run({
        once: false,
        finish: stop.signal,
        onReport: () => {
          if (++pulls === 1) rig.clock.stepWall(-3 * DAY);
          if (pulls >= 3) stop.abort();
          rig.clock.advance(HOUR + 1000);
        },
      });
      expect(pulls).toBe(3);
    }));
});

describe('ids are the same', () => {
  const ids = (lines: readonly Line[]): Set<string> => new Set(lines.map(({ id }) => id));

  it('on a second machine that reads the same world, where Qualys names the time', () =>
    withRig({ datasets: BOTH }, async (rig) => {
      await rig.run();
      const first = await rig.lines('host_list_detection');
      await rm(join(rig.dir, 'data'), { recursive: true });
      await rm(join(rig.dir, 'out'), { recursive: true });
      await rig.run({ sweep: true });
      expect(ids(await rig.lines('host_list_detection'))).toEqual(ids(first));
    }));

  it('[D52, D53, F38] when a changed start time restarts the stream: read again, emitted again, under the same ids', () =>
    withRig(
      { datasets: { host_list_detection: { every: '7d', start_time_in_utc: '2020-01-01T00:00:00Z' } } },
      async (rig) => {
        const summary = await rig.run();
        // A start time bounds the first pull; no sweep reads around it at once.
        expect(summary.reports.map(({ mode }) => mode)).toEqual(['incremental']);
        const first = await rig.lines('host_list_detection');
        const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
        connections['acme']!['datasets'] = {
          host_list_detection: { every: '7d', start_time_in_utc: '2019-01-01T00:00:00Z' },
        };
        await rig.run();
        const all = await rig.lines('host_list_detection');
        expect(all.length).toBe(2 * first.length);
        expect(ids(all)).toEqual(ids(first));
        expect(rig.logged.some(({ msg }) => msg.startsWith('start time changed'))).toBe(true);
      },
    ));
});

it('a start time bounds what is read, in the overlap of later pulls, too', () =>
  withRig({ hosts: 60 }, async (rig) => {
    const start = rig.simulator.now() - 6 * HOUR;
    const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
    const start_time_in_utc = `${new Date(start).toISOString().slice(0, 19)}Z`;
    connections['acme']!['datasets'] = { host_list_detection: { every: '1h', start_time_in_utc } };
    await rig.run();
    rig.pass(HOUR);
    await rig.run();
    const lines = await rig.lines('host_list_detection');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter(({ record }) => Date.parse(String(record['LAST_PROCESSED_DATETIME'])) < start)).toEqual([]);
  }));
