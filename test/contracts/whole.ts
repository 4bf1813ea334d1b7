import { expect, it } from 'vitest';
import type { DatasetFile } from '../../src/datasets/define.ts';
import { truthLines } from '../../src/simulator/index.ts';
import { DAY, difference, keyText, type Line, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';
import { CASES, type TruthLine } from './cases.ts';

const hosts = scaled('hosts of each data set', { quick: 8, full: 12 });
/** Days that pass between looks at the world. */
const DAYS = scaled('days between full readings', { quick: [9], full: [1, 2, 9] });

/** What every data set does against a simulated Qualys over a socket, however it is read. */
export function wholeContract(file: DatasetFile): void {
  const { name, kind } = file;
  const { options = {}, keyOf, holds, world, few = 3 } = CASES[name] ?? {};

  async function withRig(more: Record<string, unknown>, test: (rig: Rig) => Promise<void>): Promise<void> {
    const rig = await startRig({ hosts, ...world, datasets: { [name]: { every: '1h', ...options, ...more } } });
    try {
      await test(rig);
    } finally {
      await rig.close();
    }
  }

  /** Keys as the truth spells them. Of a log what was there stays. */
  function truth(rig: Rig): string[] {
    const keys: string[] = [];
    for (const text of truthLines(rig.simulator.world, rig.simulator.now(), undefined, new Set([name]))) {
      const line = JSON.parse(text) as TruthLine;
      if (holds?.(line, rig.simulator.username) !== false) keys.push(keyText(line.key));
    }
    return keys;
  }

  async function asTruth(rig: Rig): Promise<readonly Line[]> {
    const lines = await rig.lines(name);
    expect(repeated(lines)).toEqual([]);
    const have = [...newest(lines).values()].map((line) => keyText(keyOf?.(line) ?? line.key));
    expect(difference(have, truth(rig))).toEqual(SAME);
    expect(have.length).toBe(new Set(have).size);
    return lines;
  }

  const complete = (summary: Awaited<ReturnType<Rig['run']>>): void => {
    expect([...summary.stopped.values()].map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    expect(
      summary.reports.flatMap(({ error }) => (error === undefined ? [] : [`${error.code} ${error.message}`])),
    ).toEqual([]);
    expect(summary.imbalances).toEqual([]);
  };

  it.each([few, file.pageSize])('a complete reading is the truth (answers of %i)', (page_size) =>
    withRig({ page_size }, async (rig) => {
      complete(await rig.run());
      const lines = await asTruth(rig);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter(({ change }) => change !== 'new')).toEqual([]);
    }),
  );

  it('a second reading emits nothing while the world stands still', () =>
    withRig({}, async (rig) => {
      await rig.run();
      const before = await rig.lines(name);
      complete(await rig.run());
      expect(await rig.lines(name)).toEqual(before);
    }));

  it('follows the world: what is new, what changed, what is gone', () =>
    withRig({}, async (rig) => {
      complete(await rig.run());
      for (const days of DAYS) {
        rig.pass(days * DAY);
        complete(await rig.run({ sweep: true }));
        // What would remove much is believed the second time.
        complete(await rig.run({ sweep: true }));
        await asTruth(rig);
      }
      const lines = await rig.lines(name);
      if (kind === 'log') expect(lines.filter(({ change }) => change !== 'new')).toEqual([]);
    }));

  it('gives the same ids on another machine', () =>
    withRig({}, async (rig) => {
      await rig.run();
      const ids = (await rig.lines(name)).map(({ id }) => id).toSorted();
      await withRig({ page_size: few + 2 }, async (other) => {
        await other.run();
        expect((await other.lines(name)).map(({ id }) => id).toSorted()).toEqual(ids);
      });
    }));
}
