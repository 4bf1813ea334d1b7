import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { INVENTORY } from '../../src/collector/fold/consumer.ts';
import {
  connectionTo,
  DAY,
  difference,
  newest,
  type Rig,
  type RigOptions,
  readLines,
  repeated,
  SAME,
  startRig,
} from '../support/rig.ts';

const HOST_LIST = { host_list: { every: '1h', page_size: 5 } };
const USERS = [
  { username: 'one', password: 'pass one', subscription: 'shared' },
  { username: 'two', password: 'pass two', subscription: 'shared' },
];

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig({ datasets: HOST_LIST, users: USERS, ...options });
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

const asUser = (rig: Rig, n: number, more: Record<string, unknown>): Record<string, unknown> =>
  connectionTo({ url: rig.simulator.url, ...USERS[n]! }, HOST_LIST, more);

it('two connections to one subscription: one set of keys, no event twice, one budget', () =>
  withRig({ sharedClock: true, limits: { limit: 6, windowSec: 600, concurrency: 2 } }, async (rig) => {
    const shared = { tenant: 'acme', subscription: 'shared' };
    rig.config['connections'] = { one: asUser(rig, 0, shared), two: asUser(rig, 1, shared) };
    const summary = await rig.run();
    expect(summary.stopped).toEqual(new Map());
    expect(summary.imbalances).toEqual([]);
    const lines = [...(await rig.lines('host_list', 'one')), ...(await rig.lines('host_list', 'two'))];
    expect(lines.map(({ key }) => key[0]).toSorted()).toEqual([...rig.truth('host_list')].toSorted());
    expect(repeated(lines)).toEqual([]);
    const { refused, maxRunning, maxInWindow } = rig.simulator.counters();
    expect(refused).toEqual({});
    expect(maxRunning).toBeLessThanOrEqual(2);
    expect(maxInWindow).toBeLessThanOrEqual(6);
  }));

it('two connections to one subscription with different filters: neither misses what only the other asks for', () =>
  withRig({ hosts: 60 }, async (rig) => {
    const shared = { tenant: 'acme', subscription: 'shared' };
    rig.config['connections'] = {
      one: asUser(rig, 0, { ...shared, tags_include: ['Env=Production'] }),
      two: asUser(rig, 1, { ...shared, tags_include: ['Env=Test'] }),
    };
    await rig.run();
    const lines = async () => [...(await rig.lines('host_list', 'one')), ...(await rig.lines('host_list', 'two'))];
    const first = await lines();
    expect(new Set(first.map(({ connection }) => connection))).toEqual(new Set(['one', 'two']));
    expect(repeated(first)).toEqual([]);
    for (let i = 0; i < 2; i++) {
      const { reports } = await rig.run({ sweep: true });
      expect(reports.map(({ removed, heldSweep }) => [removed, heldSweep])).toEqual([
        [0, undefined],
        [0, undefined],
      ]);
    }
    expect(await lines()).toEqual(first);
  }));

it('[fault 94] two tenants: each sink receives its own and nothing else', () =>
  withRig({ hosts: 12 }, async (rig) => {
    rig.config['connections'] = {
      one: asUser(rig, 0, { tenant: 'red' }),
      two: asUser(rig, 1, { tenant: 'blue' }),
    };
    rig.config['sinks'] = {
      red: { type: 'file', path: join(rig.dir, 'red'), tenants: ['red'] },
      blue: { type: 'file', path: join(rig.dir, 'blue'), tenants: ['blue'] },
    };
    await rig.run();
    for (const [tenant, connection, other] of [
      ['red', 'one', 'two'],
      ['blue', 'two', 'one'],
    ] as const) {
      const lines = await readLines(join(rig.dir, tenant, connection, 'host_list'));
      expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
      expect(new Set(lines.map((line) => line.tenant))).toEqual(new Set([tenant]));
      expect(await readLines(join(rig.dir, tenant, other, 'host_list'))).toEqual([]);
    }
    const idsOf = async (tenant: string, connection: string) =>
      new Set((await readLines(join(rig.dir, tenant, connection, 'host_list'))).map(({ id }) => id));
    const blue = await idsOf('blue', 'two');
    expect([...(await idsOf('red', 'one'))].filter((id) => blue.has(id))).toEqual([]);
  }));

it('[fault 73] a sink that is down stops neither pulling nor the other sink, and gets everything when it is back', () =>
  withRig({ hosts: 12 }, async (rig) => {
    const blocked = join(rig.dir, 'blocked');
    await writeFile(blocked, 'a file where a folder should be');
    rig.config['sinks'] = {
      archive: { type: 'file', path: join(rig.dir, 'out') },
      second: { type: 'file', path: blocked },
    };
    const summary = await rig.run({ timeout: 10_000 });
    expect(summary.sinks.filter(({ sink }) => sink !== INVENTORY).map(({ sink, pending }) => [sink, pending])).toEqual([
      ['archive', 0],
      ['second', 12],
    ]);
    expect(summary.sinks.find(({ sink }) => sink === 'second')?.reason).toContain('EEXIST');
    expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
    await rm(blocked);
    const after = await rig.run();
    expect(after.sinks.filter(({ pending }) => pending > 0)).toEqual([]);
    const lines = await readLines(join(blocked, 'acme', 'host_list'));
    expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
  }));

it('[S2] [fault 72] a backlog over its limit pauses pulling for that sink’s streams, and for no others', () =>
  withRig({ hosts: 60 }, async (rig) => {
    const blocked = join(rig.dir, 'blocked');
    await writeFile(blocked, '');
    rig.config['connections'] = { one: asUser(rig, 0, { tenant: 'red' }), two: asUser(rig, 1, { tenant: 'blue' }) };
    rig.config['sinks'] = {
      red: { type: 'file', path: blocked, tenants: ['red'], max_backlog: 1 },
      blue: { type: 'file', path: join(rig.dir, 'blue'), tenants: ['blue'] },
    };
    const stop = new AbortController();
    const paused = rig.run({
      finish: stop.signal,
      onReport: ({ stream }) => stream === 'two/host_list' && stop.abort(),
    });
    const summary = await paused;
    expect(summary.reports.map(({ stream, outcome }) => [stream, outcome]).toSorted()).toEqual([
      ['one/host_list', 'interrupted'],
      ['two/host_list', 'complete'],
    ]);
    expect(rig.logged.filter(({ msg }) => msg === 'pulling pauses').length).toBeGreaterThan(0);
    await rm(blocked);
    await rig.run();
    const lines = await readLines(join(blocked, 'one', 'host_list'));
    expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
  }));

it('[A40] [A41] [A42] a full and an incremental connection end in the keys and events of one connection with sweeps', async () => {
  const shared = { tenant: 'acme', subscription: 'shared' };
  const never = '300d';
  const rounds = 4;
  const dataset = (options: Record<string, unknown>) => ({ host_list: { page_size: 5, ...options } });
  /** Events of all connections, without what names the connection or the run. */
  async function collected(connections: (rig: Rig) => Record<string, unknown>): Promise<string[]> {
    const events: string[] = [];
    await withRig({ hosts: 40 }, async (rig) => {
      rig.config['connections'] = connections(rig);
      const ids = Object.keys(rig.config['connections'] as object);
      for (let round = 0; round < rounds; round++) {
        const { imbalances, stopped } = await rig.run();
        expect([...stopped]).toEqual([]);
        expect(imbalances).toEqual([]);
        rig.pass(10 * DAY);
      }
      const lines = (await Promise.all(ids.map((id) => rig.lines('host_list', id)))).flat();
      expect(repeated(lines)).toEqual([]);
      for (const { id, change, reason, key } of lines)
        events.push([change === 'removed' ? `removed ${reason}` : id, ...key].join(' '));
    });
    return events.toSorted();
  }
  // Each time all that changed, and all there is: what is gone is seen in the same round, whoever looks.
  const one = await collected((rig) => ({
    one: connectionTo(
      { url: rig.simulator.url, ...USERS[0]! },
      dataset({ every: '1h', sweep: { ids: never, full: '23h' } }),
      shared,
    ),
  }));
  const two = await collected((rig) => ({
    full: connectionTo(
      { url: rig.simulator.url, ...USERS[0]! },
      dataset({ every: never, sweep: { ids: never, full: '23h' } }),
      shared,
    ),
    changes: connectionTo({ url: rig.simulator.url, ...USERS[0]! }, dataset({ every: '1h', sweep: false }), shared),
  }));
  expect(one.length).toBeGreaterThan(40);
  expect(one.some((event) => event.startsWith('removed purged'))).toBe(true);
  expect(two).toEqual(one);
});
