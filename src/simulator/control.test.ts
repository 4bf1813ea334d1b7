import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, manualClock, type Reply } from '../../test/support/simulator-client.ts';
import { DEFAULT_EPOCH, type Simulator, startSimulator, truthLines } from './index.ts';
import { DAY, stamp } from './world/time.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const LIST = { params: { action: 'list', truncation_limit: 1 } };

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 12, seed: 4 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});
beforeEach(() => {
  sim.resetCounters();
  sim.clearFaults();
});

const control = (path: string, method = 'GET', body?: unknown): Promise<Reply> =>
  ask(sim, `/simulator/${path}`, {
    method,
    as: undefined,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const json = async (path: string, method = 'GET', body?: unknown): Promise<Record<string, unknown>> =>
  JSON.parse((await control(path, method, body)).text) as Record<string, unknown>;

describe('/simulator', () => {
  test('says what it is', async () => {
    expect(await json('')).toMatchObject({ seed: 4, hosts: 12, now: stamp(sim.now()) });
  });

  test('counters: calls by endpoint and status, the last ones in order, without passwords; resettable', async () => {
    await ask(sim, HOSTS, LIST);
    await ask(sim, HOSTS);
    const login = { action: 'login', username: sim.username, password: sim.password };
    await ask(sim, '/api/2.0/fo/session/', { post: true, params: login });
    const counters = await json('counters');
    expect(counters).toMatchObject({
      calls: 3,
      byEndpoint: { '/api/fo/asset/host/': { 200: 1, 400: 1 }, '/api/fo/session/': { 200: 1 } },
      logins: 1,
      abandoned: 0,
      maxRunning: 1,
      maxInWindow: 2,
    });
    expect(Object.values(counters['perHour'] as Record<string, number>).reduce((a, b) => a + b)).toBe(3);
    const recent = counters['recent'] as { status: number; params: string }[];
    expect(recent.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(JSON.stringify(counters)).not.toContain('password');
    await control('reset-counters', 'POST');
    expect(await json('counters')).toMatchObject({ calls: 0, recent: [], maxInWindow: 2 });
  });

  test('advance moves what Qualys says the time is, forward only', async () => {
    const before = sim.now();
    expect(await json('advance', 'POST', { days: 2, ms: 5000 })).toEqual({ now: stamp(before + 2 * DAY + 5000) });
    const reply = await ask(sim, HOSTS, LIST);
    expect(Date.parse(String(reply.headers.date))).toBe(before + 2 * DAY + 5000);
    expect(reply.text).toContain(`<DATETIME>${stamp(sim.now())}</DATETIME>`);
    expect((await control('advance', 'POST', { ms: -1 })).status).toBe(400);
    expect((await control('advance', 'POST', { days: 'two' })).status).toBe(400);
  });

  test('faults are set by text or by parts, listed and cleared', async () => {
    await control('faults', 'POST', { fault: 'http-502*2' });
    await control('faults', 'POST', { name: 'slow', argument: 1, path: '/nothing/' });
    expect(await json('faults')).toEqual([
      { name: 'http-502', count: 2 },
      { name: 'slow', argument: '1', path: '/nothing/' },
    ]);
    expect((await ask(sim, HOSTS, LIST)).status).toBe(502);
    await control('faults', 'DELETE', { name: 'http-502' });
    expect((await ask(sim, HOSTS, LIST)).status).toBe(200);
    await control('faults', 'DELETE');
    expect(await json('faults')).toEqual([]);
    expect((await control('faults', 'POST', { fault: 'nonsense' })).status).toBe(400);
    expect((await control('faults', 'DELETE', { name: 'nonsense' })).status).toBe(400);
    expect((await control('faults', 'POST', [])).status).toBe(400);
  });

  test('truth is what the generator says, line by line', async () => {
    const { text, headers } = await control('truth');
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(text).toBe([...truthLines(sim.world, sim.now(), sim.activity)].map((line) => `${line}\n`).join(''));
    expect(text.split('\n').filter((line) => line.includes('"host_list"'))).toHaveLength(
      [...sim.world.ordinals(sim.now())].length,
    );
  });

  test('truth of some data sets is the same lines, and no others', () => {
    const lines = Object.groupBy(
      truthLines(sim.world, sim.now(), sim.activity),
      (line) => (JSON.parse(line) as { dataset: string }).dataset,
    );
    expect(Object.keys(lines).length).toBeGreaterThan(20);
    for (const [dataset, expected] of Object.entries(lines))
      expect([...truthLines(sim.world, sim.now(), sim.activity, new Set([dataset]))]).toEqual(expected);
  });

  test('anything else is a 404 that names the endpoints', async () => {
    expect((await control('nothing')).status).toBe(404);
    expect((await control('counters', 'POST')).text).toContain('GET /simulator/counters');
  });
});

describe('time', () => {
  test('stands still in a frozen world and runs with the clock in a living one; two starts agree', async () => {
    const clock = manualClock(DEFAULT_EPOCH + 10 * DAY);
    const frozen = await startSimulator({ hosts: 3, clock });
    const living = await startSimulator({ hosts: 3, clock, frozen: false });
    try {
      await clock.tick(DAY);
      expect([frozen.now(), living.now()]).toEqual([DEFAULT_EPOCH, DEFAULT_EPOCH + 11 * DAY]);
      frozen.advance(11 * DAY);
      expect([...truthLines(frozen.world, frozen.now())]).toEqual([...truthLines(living.world, living.now())]);
    } finally {
      await frozen.close();
      await living.close();
    }
  });

  test('a defect of the simulator cuts the answer off and is told', async () => {
    const faulty = await startSimulator({ hosts: 3 });
    try {
      Object.assign(faulty.world, {
        host: () => {
          throw new Error('boom');
        },
      });
      await expect(ask(faulty, HOSTS, LIST)).rejects.toThrow();
      expect(faulty.counters().defects).toHaveLength(1);
      expect(faulty.counters().defects[0]).toContain('boom');
    } finally {
      await faulty.close();
    }
  });

  test('nonsense is refused at the start', async () => {
    await expect(startSimulator({ hosts: 0 })).rejects.toThrow(RangeError);
    await expect(startSimulator({ hosts: 1, faults: ['nonsense'] })).rejects.toThrow('no fault is named nonsense');
    await expect(startSimulator({ hosts: 1, users: [] })).rejects.toThrow('a simulator needs a user');
  });
});
