import { afterEach, describe, expect, test } from 'vitest';
import { ask, child, manualClock, parseXml, type Reply, value } from '../../test/support/simulator-client.ts';
import { DEFAULT_EPOCH, type Simulator, type SimulatorOptions, startSimulator } from './index.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const DETECTIONS = '/api/5.0/fo/asset/host/vm/detection/';
const LIST = { params: { action: 'list', truncation_limit: 1 } };
const HOUR = 3_600_000;

const open: Simulator[] = [];
afterEach(async () => {
  for (const sim of open.splice(0)) {
    expect(sim.counters().defects).toEqual([]);
    await sim.close();
  }
});

async function start(options: Partial<SimulatorOptions>): Promise<Simulator> {
  const sim = await startSimulator({ hosts: 5, ...options });
  open.push(sim);
  return sim;
}

function rates({ headers }: Reply): Record<string, string | undefined> {
  const names = [
    'ratelimit-limit',
    'ratelimit-window-sec',
    'ratelimit-remaining',
    'ratelimit-towait-sec',
    'concurrency-limit-limit',
    'concurrency-limit-running',
  ];
  return Object.fromEntries(names.map((name) => [name, headers[`x-${name}`] as string | undefined]));
}

function refusal(reply: Reply): Record<string, string | undefined> {
  const response = child(parseXml(reply.text), 'RESPONSE');
  const item = child(child(response, 'ITEM_LIST'), 'ITEM');
  return {
    code: value(response, 'CODE'),
    text: value(response, 'TEXT'),
    key: value(item, 'KEY'),
    value: value(item, 'VALUE'),
  };
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('rate', () => {
  test('slides: 300 calls in 3600 s per endpoint, then 1965 with the seconds to wait', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const sim = await start({ limits: 'standard', clock });
    for (let n = 1; n <= 300; n++) {
      const reply = await ask(sim, HOSTS, LIST);
      expect(reply.status).toBe(200);
      expect(rates(reply)['ratelimit-remaining']).toBe(String(300 - n));
      await clock.tick(1000);
    }
    const refused = await ask(sim, HOSTS, LIST);
    expect(refused.status).toBe(409);
    expect(rates(refused)).toEqual({
      'ratelimit-limit': '300',
      'ratelimit-window-sec': '3600',
      'ratelimit-remaining': '0',
      'ratelimit-towait-sec': '3300',
      'concurrency-limit-limit': '2',
      'concurrency-limit-running': '0',
    });
    expect(refusal(refused)).toEqual({
      code: '1965',
      text: 'This API cannot be run again for another 0 hours, 55 minutes and 0 seconds.',
      key: 'SECONDS_TO_WAIT',
      value: '3300',
    });
    expect((await ask(sim, DETECTIONS, LIST)).status, 'another endpoint has its own window').toBe(200);
    expect((await ask(sim, '/api/4.0/fo/asset/host/', LIST)).status, 'another version has not').toBe(409);
    await clock.tick(3_299_000);
    expect((await ask(sim, HOSTS, LIST)).status).toBe(409);
    await clock.tick(1000);
    expect((await ask(sim, HOSTS, LIST)).status).toBe(200);
    expect((await ask(sim, HOSTS, LIST)).status, 'one call has left the window, not all').toBe(409);
    sim.advance(HOUR);
    expect((await ask(sim, HOSTS, LIST)).status, 'advancing moves the window too').toBe(200);
    expect(sim.counters().refused).toEqual({ '1965': 4 });
    expect(sim.counters().maxInWindow).toBe(300);
  });

  test('users of one subscription share it, another subscription has its own', async () => {
    const users = [
      { username: 'a', password: 'x' },
      { username: 'b', password: 'y' },
      { username: 'c', password: 'z', subscription: 'other' },
    ];
    const sim = await start({ limits: { limit: 2, windowSec: 60, concurrency: 2 }, users });
    expect((await ask(sim, HOSTS, { ...LIST, as: 'a:x' })).status).toBe(200);
    expect((await ask(sim, HOSTS, { ...LIST, as: 'b:y' })).status).toBe(200);
    expect((await ask(sim, HOSTS, { ...LIST, as: 'a:x' })).status).toBe(409);
    expect((await ask(sim, HOSTS, { ...LIST, as: 'c:z' })).status).toBe(200);
  });
});

describe('concurrency', () => {
  test('a call too many is refused with 1960 and neither Remaining nor ToWait; it counts against nothing', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const sim = await start({ limits: 'standard', clock, serviceMs: 5000 });
    const running = [ask(sim, HOSTS, LIST), ask(sim, HOSTS, LIST)];
    await until(() => clock.sleepers() === 2);
    const refused = await ask(sim, HOSTS, LIST);
    expect(refused.status).toBe(409);
    expect(rates(refused)).toMatchObject({
      'ratelimit-remaining': undefined,
      'ratelimit-towait-sec': undefined,
      'concurrency-limit-running': '2',
    });
    expect(refusal(refused)).toMatchObject({ code: '1960', key: 'CALLS_TO_FINISH', value: '2' });
    await clock.tick(5000);
    const replies = await Promise.all(running);
    expect(replies.map((reply) => rates(reply)['ratelimit-remaining'])).toEqual(['299', '298']);
    const next = ask(sim, HOSTS, LIST);
    await until(() => clock.sleepers() === 1);
    await clock.tick(5000);
    expect(rates(await next)['ratelimit-remaining']).toBe('297');
    expect(sim.counters()).toMatchObject({ maxRunning: 2, refused: { '1960': 1 } });
  });

  test('wins over the rate when both are used up', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const sim = await start({ limits: { limit: 1, windowSec: 60, concurrency: 1 }, clock, serviceMs: 10 });
    const first = ask(sim, HOSTS, LIST);
    await until(() => clock.sleepers() === 1);
    expect(refusal(await ask(sim, HOSTS, LIST)).code).toBe('1960');
    await clock.tick(10);
    await first;
    expect(refusal(await ask(sim, HOSTS, LIST)).code).toBe('1965');
  });

  test('a call whose client has gone holds its slot to its natural end', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const sim = await start({ limits: 'standard', clock, serviceMs: 60_000 });
    const hangUp = new AbortController();
    const call = { ...LIST, signal: hangUp.signal };
    const gone = [ask(sim, HOSTS, call), ask(sim, HOSTS, call)];
    await until(() => clock.sleepers() === 2);
    hangUp.abort();
    expect((await Promise.allSettled(gone)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(refusal(await ask(sim, HOSTS, LIST)).code).toBe('1960');
    await clock.tick(60_000);
    await until(() => sim.counters().abandoned === 2);
    const next = ask(sim, HOSTS, LIST);
    await until(() => clock.sleepers() === 1);
    await clock.tick(60_000);
    expect((await next).status).toBe(200);
  });

  test('a client that leaves in mid-answer can be made to hold its slot as well', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const sim = await start({ hosts: 3000, limits: 'express', clock, abandonedMs: 1000 });
    const everything = { params: { action: 'list', truncation_limit: 0 }, hangUpAfter: 1000 };
    expect((await ask(sim, DETECTIONS, everything)).clean).toBe(false);
    await until(() => clock.sleepers() === 1);
    expect(refusal(await ask(sim, DETECTIONS, LIST)).code).toBe('1960');
    await clock.tick(1000);
    await until(() => sim.counters().abandoned === 1);
    expect((await ask(sim, DETECTIONS, LIST)).status).toBe(200);
  });

  test('a client that has seen the end of an answer finds its slot free', async () => {
    const sim = await start({ hosts: 50, limits: { limit: 1000, windowSec: 60, concurrency: 1 } });
    for (let n = 0; n < 100; n++) {
      expect((await ask(sim, DETECTIONS, { params: { action: 'list', truncation_limit: 3 } })).status).toBe(200);
    }
    expect(sim.counters().calls).toBe(100);
  });

  test('Running counts the call itself only where switched so', async () => {
    expect(rates(await ask(await start({ limits: 'standard' }), HOSTS, LIST))['concurrency-limit-running']).toBe('0');
    const other = await start({ limits: 'standard', runningIncludesSelf: true });
    expect(rates(await ask(other, HOSTS, LIST))['concurrency-limit-running']).toBe('1');
  });
});

describe('headers', () => {
  test('stand on 200 and 400, not on 401, 301, 404 and session calls', async () => {
    const sim = await start({ limits: 'enterprise' });
    const limit = async (path: string, options = {}): Promise<unknown> => {
      const reply = await ask(sim, path, options);
      return [reply.status, reply.headers['x-ratelimit-limit']];
    };
    expect(await limit(HOSTS, LIST)).toEqual([200, '750']);
    expect(await limit('/msp/about.php')).toEqual([200, '750']);
    expect(await limit(HOSTS)).toEqual([400, '750']);
    expect(await limit(HOSTS, { ...LIST, as: 'x:y' })).toEqual([401, undefined]);
    expect(await limit('/api/5.0/fo/asset/host', LIST)).toEqual([301, undefined]);
    expect(await limit('/api/5.0/fo/nothing/', LIST)).toEqual([404, undefined]);
    expect(await limit('/api/2.0/fo/session/', { post: true, params: { action: 'logout' } })).toEqual([200, undefined]);
  });
});
