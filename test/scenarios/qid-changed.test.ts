import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentObserver } from '../../src/collector/observer.ts';
import {
  hostQids,
  keyText,
  type Line,
  newest,
  type Rig,
  type RigOptions,
  readLines,
  startRig,
} from '../support/rig.ts';

const DETECTIONS = 'host_list_detection';
const OPTIONS: RigOptions = { hosts: 30, hostQids, datasets: { [DETECTIONS]: {}, knowledge_base: { every: '1h' } } };

/** A route asks for findings again, another does not. */
async function withRig(test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(OPTIONS);
  try {
    rig.config['sinks'] = {
      archive: { type: 'file', path: join(rig.dir, 'out') },
      asked: { type: 'file', path: join(rig.dir, 'asked'), format: 'ecs' },
    };
    rig.config['routes'] = [{ sinks: ['archive'] }, { sinks: ['asked'], datasets: [DETECTIONS], qid_changed: true }];
    await test(rig);
  } finally {
    await rig.close();
  }
}

interface Ecs {
  readonly event: { readonly id: string };
  readonly [field: string]: unknown;
}

const given = async (rig: Rig) => (await readLines(join(rig.dir, 'asked', 'acme', DETECTIONS))) as unknown as Ecs[];

/** How often each event went to the sink that asked beyond what went to the other, by id; with what it says now. */
async function again(rig: Rig): Promise<string[]> {
  const left = new Map<string, number>();
  for (const { id } of await rig.lines(DETECTIONS)) left.set(id, (left.get(id) ?? 0) - 1);
  for (const { event } of await given(rig)) left.set(event.id, (left.get(event.id) ?? 0) + 1);
  return [...left].flatMap(([id, times]) => Array.from({ length: Math.abs(times) }, () => (times < 0 ? `-${id}` : id)));
}

/** QIDs whose entry shows another solution than before; the simulator's revisions move dates and solutions alone. */
function revised(before: ReadonlyMap<string, Line>, after: ReadonlyMap<string, Line>): Set<string> {
  const solution = (line: Line | undefined) => line?.record['SOLUTION'];
  return new Set(
    [...after]
      .filter(([qid, line]) => before.has(qid) && solution(before.get(qid)) !== solution(line))
      .map(([qid]) => qid),
  );
}

const current = (lines: readonly Line[], qids: ReadonlySet<string>): Line[] =>
  [...newest(lines).values()].filter(({ change, key }) => change !== 'removed' && qids.has(key[1]!));

it('findings go again where a route asks for it, exactly those whose entry has changed', () =>
  withRig(async (rig) => {
    await rig.run();
    expect(await again(rig)).toEqual([]);
    const before = newest(await rig.lines('knowledge_base'));
    rig.pass();
    await rig.run({ only: [DETECTIONS] });
    expect(await again(rig)).toEqual([]);
    const second = await rig.run();
    expect(second.imbalances).toEqual([]);
    const after = newest(await rig.lines('knowledge_base'));
    const qids = revised(before, after);
    const findings = current(await rig.lines(DETECTIONS), qids);
    const unrevised = [...newest(await rig.lines(DETECTIONS)).values()].length - findings.length;
    // Neither none nor all: the test could not fail otherwise.
    expect([findings.length > 0, unrevised > 0]).toEqual([true, true]);
    expect((await again(rig)).sort()).toEqual(findings.map(({ id }) => id).sort());
    // The last word on each says what the KnowledgeBase says now.
    const said = new Map((await given(rig)).map((line) => [line.event.id, JSON.stringify(line)]));
    for (const { id, key } of findings) {
      const solution = JSON.stringify(after.get(key[1]!)!.record['SOLUTION']).slice(1, -1);
      expect(said.get(id)).toContain(solution);
    }
    expect((await rig.run()).imbalances).toEqual([]);
    expect(await again(rig)).toHaveLength(findings.length);
  }));

it('killed before what was queued again has gone: it goes all the same, once', () =>
  withRig(async (rig) => {
    await rig.run();
    const before = newest(await rig.lines('knowledge_base'));
    rig.pass();
    await rig.run({ only: [DETECTIONS] });
    // Pulled and folded, and killed when the sink that asked is about to be given findings again.
    const kill = new AbortController();
    const log = rig.logged;
    const phase = (now: string): void => {
      if (now !== 'send' || !log.some(({ msg }) => msg.startsWith('findings are sent again'))) return;
      kill.abort(new Error('killed'));
      throw new Error('killed');
    };
    await rig.run({ now: kill.signal, observer: { ...silentObserver, phase } }).catch(() => {});
    expect(kill.signal.aborted).toBe(true);
    const { imbalances } = await rig.run();
    expect(imbalances).toEqual([]);
    const findings = current(await rig.lines(DETECTIONS), revised(before, newest(await rig.lines('knowledge_base'))));
    expect((await again(rig)).sort()).toEqual(findings.map(({ id }) => id).sort());
    expect(new Set(findings.map(({ key }) => keyText(key))).size).toBe(findings.length);
  }));
