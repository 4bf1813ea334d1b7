import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openOutbox } from '../../src/collector/port.ts';
import { listSinks } from '../../src/outbox/sink-state.ts';
import { type Line, newest, type Rig, readLines, repeated, startRig } from '../support/rig.ts';

const opened: Rig[] = [];
const rigWith = async (...options: Parameters<typeof startRig>): Promise<Rig> => {
  const rig = await startRig(...options);
  opened.push(rig);
  return rig;
};
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.close();
});

const file = (rig: Rig, name: string, more: object = {}) => ({ type: 'file', path: join(rig.dir, name), ...more });
const linesOf = (rig: Rig, name: string, dataset = 'host_list_detection') =>
  readLines(join(rig.dir, name, 'acme', dataset));
const idsOf = (lines: readonly Line[]): string[] => lines.map(({ id }) => id).sort();
const hostOf = ({ record }: Line) => record['HOST'] as Record<string, string>;
async function sinkStates(rig: Rig) {
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data'), readOnly: true }, Date.now());
  try {
    return new Map((await listSinks(outbox.store)).map((one) => [one.sink, one]));
  } finally {
    await outbox.close();
  }
}

describe('routes', () => {
  test('[S26] let what fits all their conditions, in the fields they name; what does not is counted as filtered', async () => {
    const rig = await rigWith();
    rig.config = {
      ...rig.config,
      sinks: {
        archive: file(rig, 'out'),
        grave: file(rig, 'grave'),
        small: file(rig, 'small'),
        both: file(rig, 'both'),
      },
      routes: [
        {
          sinks: ['grave', 'both'],
          include: [{ field: 'SEVERITY', op: 'ge', value: 4 }],
          exclude: [{ field: 'STATUS', op: 'eq', value: 'Fixed' }],
        },
        { sinks: ['small'], fields: ['QID', 'HOST.ID'], obfuscate: [] },
        { sinks: ['both'], include: [{ field: 'STATUS', op: 'in', value: ['Fixed'] }], fields: ['STATUS'] },
      ],
    };
    const summary = await rig.run();
    expect(summary.imbalances).toEqual([]);
    const all = await linesOf(rig, 'out');
    const isGrave = ({ record }: Line) => Number(record['SEVERITY']) >= 4 && record['STATUS'] !== 'Fixed';
    const grave = all.filter(isGrave);
    expect(grave.length).toBeGreaterThan(0);
    expect(grave.length).toBeLessThan(all.length);
    const sent = await linesOf(rig, 'grave');
    expect(idsOf(sent)).toEqual(idsOf(grave));
    expect(sent[0]).toEqual(grave.find(({ id }) => id === sent[0]!.id));
    const states = await sinkStates(rig);
    expect(states.get('grave')).toMatchObject({
      appended: all.length,
      delivered: grave.length,
      filtered: all.length - grave.length,
      pending: 0,
    });
    const small = await linesOf(rig, 'small');
    expect(idsOf(small)).toEqual(idsOf(all));
    for (const line of small)
      expect(Object.keys({ ...line.record, ...hostOf(line) }).sort()).toEqual(['HOST', 'ID', 'QID']);
    // Of several routes to one sink, any lets an event go, in the form of the first that does.
    const both = await linesOf(rig, 'both');
    const fixed = all.filter(({ record }) => record['STATUS'] === 'Fixed');
    expect(idsOf(both)).toEqual(idsOf([...grave, ...fixed]));
    for (const { record } of both) if (record['STATUS'] === 'Fixed') expect(record).toEqual({ STATUS: 'Fixed' });
  });

  test('a consumer hears of the removal of what it was told of, though the removal names no severity', async () => {
    const rig = await rigWith({ churn: 0.3 });
    rig.config = {
      ...rig.config,
      sinks: { archive: file(rig, 'out'), grave: file(rig, 'grave') },
      routes: [{ sinks: ['grave'], include: [{ field: 'SEVERITY', op: 'ge', value: 4 }] }],
    };
    await rig.run();
    for (let i = 0; i < 3; i++) {
      rig.pass();
      await rig.run({ sweep: true });
    }
    const all = await linesOf(rig, 'out');
    const grave = await linesOf(rig, 'grave');
    expect(all.filter(({ change }) => change === 'removed').length).toBeGreaterThan(0);
    const current = [...newest(all).values()].filter(({ record }) => Number(record['SEVERITY']) >= 4);
    expect(idsOf([...newest(grave).values()])).toEqual(idsOf(current));
  });

  test('resend: current records come again after each full reading, or so often; never is the default', async () => {
    const rig = await rigWith();
    rig.config = {
      ...rig.config,
      sinks: { archive: file(rig, 'out'), swept: file(rig, 'swept'), daily: file(rig, 'daily') },
      routes: [
        { sinks: ['swept'], resend: 'each_sweep' },
        { sinks: ['daily'], resend: '24h' },
      ],
    };
    await rig.run();
    const all = await linesOf(rig, 'out');
    const newestIds = idsOf([...newest(all).values()]);
    rig.pass(60_000);
    const { reports } = await rig.run({ sweep: true });
    expect(reports.some(({ mode }) => mode === 'full')).toBe(true);
    expect(idsOf(await linesOf(rig, 'swept'))).toEqual([...idsOf(all), ...newestIds].sort());
    expect(idsOf(await linesOf(rig, 'daily'))).toEqual(idsOf(all));
    rig.clock.advance(25 * 3_600_000);
    const summary = await rig.run();
    expect(summary.imbalances).toEqual([]);
    const now = await linesOf(rig, 'out');
    expect(repeated(now)).toEqual([]);
    const daily = await linesOf(rig, 'daily');
    expect(daily.length).toBeGreaterThanOrEqual(now.length + newestIds.length);
    expect(new Set(idsOf(daily))).toEqual(new Set(idsOf(now)));
  });

  test('a sink added later is fed from what is kept, without a call to Qualys [promise 5]', async () => {
    const rig = await rigWith();
    await rig.run();
    const first = await linesOf(rig, 'out');
    const calls = (await rig.state()).received;
    // Nothing can be asked of Qualys: the connection's streams are switched off.
    const acme = (rig.config['connections'] as Record<string, Record<string, unknown>>)['acme']!;
    rig.config = {
      ...rig.config,
      connections: { acme: { ...acme, datasets: { host_list_detection: { enabled: false } } } },
      sinks: { archive: file(rig, 'out'), late: file(rig, 'late') },
    };
    await rig.simulator.close();
    const summary = await rig.run();
    expect(summary.imbalances).toEqual([]);
    expect(await linesOf(rig, 'late')).toEqual(first);
    expect((await rig.state()).received).toBe(calls);
  });

  test('a sink that has too much waiting is suspended; the others go on, and it has everything once it is back [fault 72, 73]', async () => {
    const rig = await rigWith({ hosts: 40, datasets: { host_list_detection: { page_size: 3 } } });
    // A file where the sink wants its folder: it cannot be written.
    rig.config = {
      ...rig.config,
      sinks: {
        archive: file(rig, 'out'),
        broken: { type: 'file', path: '/dev/null/x', max_backlog: 1000, when_full: 'suspend' },
      },
    };
    const down = await rig.run({ timeout: 5000 });
    expect(down.reports.every(({ outcome }) => outcome === 'complete')).toBe(true);
    const all = await linesOf(rig, 'out');
    expect(down.sinks.find(({ sink }) => sink === 'broken')).toMatchObject({ suspended: true, delivered: 0 });
    expect(down.sinks.find(({ sink }) => sink === 'broken')!.pending).toBeLessThan(all.length / 2);
    expect(rig.logged.some(({ msg }) => msg.startsWith('sink is suspended'))).toBe(true);
    (rig.config['sinks'] as Record<string, object>)['broken'] = file(rig, 'mended', { max_backlog: 1000 });
    const up = await rig.run();
    expect(up.imbalances).toEqual([]);
    expect(up.sinks.find(({ sink }) => sink === 'broken')).toMatchObject({ suspended: false, pending: 0 });
    const mended = await linesOf(rig, 'mended');
    // The world goes on: the second run may have read more.
    expect(idsOf(mended)).toEqual(idsOf(await linesOf(rig, 'out')));
    expect(repeated(mended)).toEqual([]);
  });
});
