import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, child, manualClock, parseXml, value } from '../../test/support/simulator-client.ts';
import { DEFAULT_EPOCH, type Simulator, startSimulator } from './index.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const LIST = { params: { action: 'list', truncation_limit: 1 } };
const SESSION = '/api/2.0/fo/session/';
const clock = manualClock(DEFAULT_EPOCH);

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 3, clock });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});
beforeEach(() => sim.resetCounters());

describe('Basic authentication', () => {
  test('opens lists and /msp/about.php, which needs no X-Requested-With', async () => {
    expect((await ask(sim, HOSTS, LIST)).status).toBe(200);
    const about = await ask(sim, '/msp/about.php', { requestedWith: false });
    expect(about.status).toBe(200);
    expect(parseXml(about.text).name).toBe('ABOUT');
    expect(about.text).toContain(`username="${sim.username}"`);
  });

  test('wrong: 401 with 2000 as text/xml; the tries are counted and lock the account', async () => {
    for (let n = 1; n <= 5; n++) {
      const reply = await ask(sim, HOSTS, { ...LIST, as: `${sim.username}:guess${n}` });
      expect(reply.status).toBe(401);
      expect(reply.headers['content-type']).toBe('text/xml;charset=UTF-8');
      expect(value(child(parseXml(reply.text), 'RESPONSE'), 'CODE')).toBe('2000');
    }
    expect((await ask(sim, HOSTS, LIST)).status, 'locked: the right password is refused as well').toBe(401);
    expect(sim.counters()).toMatchObject({ wrongSignIns: { [sim.username]: 6 }, locked: [sim.username] });
    sim.resetCounters();
    expect((await ask(sim, HOSTS, LIST)).status).toBe(200);
  });

  test('a right one in between starts the count anew; no credentials are no try', async () => {
    for (let n = 0; n < 14; n++) {
      expect(
        (
          await ask(sim, HOSTS, {
            ...LIST,
            as: n % 2 === 0 ? `${sim.username}:wrong` : `${sim.username}:${sim.password}`,
          })
        ).status,
      ).toBe(n % 2 === 0 ? 401 : 200);
    }
    expect((await ask(sim, HOSTS, { ...LIST, as: undefined })).status).toBe(401);
    expect(sim.counters()).toMatchObject({ wrongSignIns: { [sim.username]: 7 }, locked: [] });
  });
});

describe('session', () => {
  const login = (password = sim.password) =>
    ask(sim, SESSION, { post: true, as: undefined, params: { action: 'login', username: sim.username, password } });

  test('login, lists, logout, 401', async () => {
    const reply = await login();
    expect(reply.status).toBe(200);
    expect(value(child(parseXml(reply.text), 'RESPONSE'), 'TEXT')).toBe('Logged in');
    const cookie = /QualysSession=[0-9a-f]{32}/.exec(String(reply.headers['set-cookie']))?.[0];
    expect(cookie).toBeDefined();
    const headers = { Cookie: `other=1; ${cookie}` };
    expect((await ask(sim, HOSTS, { ...LIST, as: undefined, headers })).status).toBe(200);
    expect((await ask(sim, '/msp/about.php', { as: undefined, headers })).status, 'no sessions on /msp').toBe(401);
    await ask(sim, SESSION, { post: true, as: undefined, headers, params: { action: 'logout' } });
    expect((await ask(sim, HOSTS, { ...LIST, as: undefined, headers })).status).toBe(401);
  });

  test('ends after an hour without a call', async () => {
    const cookie = String((await login()).headers['set-cookie']).split(';')[0]!;
    const call = { ...LIST, as: undefined, headers: { Cookie: cookie } };
    await clock.tick(59 * 60_000);
    expect((await ask(sim, HOSTS, call)).status).toBe(200);
    await clock.tick(61 * 60_000);
    expect((await ask(sim, HOSTS, call)).status).toBe(401);
  });

  test('a wrong password counts as a wrong try', async () => {
    expect((await login('no')).status).toBe(401);
    expect(sim.counters()).toMatchObject({ logins: 0, wrongSignIns: { [sim.username]: 1 } });
  });
});

describe('the front door', () => {
  test('a call without User-Agent gets nothing, one without X-Requested-With 400', async () => {
    const silent = await ask(sim, HOSTS, { ...LIST, userAgent: false });
    expect([silent.status, silent.text]).toEqual([200, '']);
    const reply = await ask(sim, HOSTS, { ...LIST, requestedWith: false });
    expect(reply.status).toBe(400);
    expect(value(child(parseXml(reply.text), 'RESPONSE'), 'CODE')).toBe('1903');
  });

  test('a missing slash is 301, an unknown path an HTML 404, a very long URL 414', async () => {
    const moved = await ask(sim, HOSTS.slice(0, -1), LIST);
    expect([moved.status, moved.headers.location]).toEqual([301, sim.url + HOSTS]);
    const lost = await ask(sim, '/api/9.0/fo/asset/host/', LIST);
    expect([lost.status, lost.headers['content-type']]).toEqual([404, 'text/html; charset=iso-8859-1']);
    const ids = Array.from({ length: 2000 }, (_, n) => n + 1).join(',');
    expect((await ask(sim, HOSTS, { params: { action: 'list', ids } })).status).toBe(414);
  });

  test('old versions answer with their own DOCTYPE, or 404 where switched so', async () => {
    const old = await ask(sim, '/api/2.0/fo/asset/host/', LIST);
    expect(old.text).toContain('/api/2.0/fo/asset/host/dtd/');
    expect(old.text).not.toContain('SERIAL_NUMBER');
    const strict = await startSimulator({ hosts: 1, endedVersions: '404' });
    try {
      expect((await ask(strict, '/api/4.0/fo/asset/host/', LIST)).status).toBe(404);
      expect((await ask(strict, HOSTS, LIST)).status).toBe(200);
    } finally {
      await strict.close();
    }
  });

  test('gzip when asked for, chunked, both clocks telling virtual time', async () => {
    const plain = await ask(sim, HOSTS, LIST);
    const packed = await ask(sim, HOSTS, { ...LIST, headers: { 'Accept-Encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.text).toBe(plain.text);
    expect(plain.headers['transfer-encoding']).toBe('chunked');
    expect(plain.headers['content-length']).toBeUndefined();
    expect(Date.parse(String(plain.headers.date))).toBe(sim.now());
  });
});
