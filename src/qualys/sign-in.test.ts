import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { Secret } from '../core/secret.ts';
import { type Client, createClient } from './client.ts';
import { ABOUT, type Answering, type FakeServer, fakeServer, hostList, send, simpleReturn } from './fake-server.ts';
import { createGovernor } from './governor.ts';
import { resolveAddress } from './platforms.ts';

let server: FakeServer;
let client: Client;
afterEach(async () => {
  await client.close();
  await server.close();
});

const call = (api: string): Call => ({ api, path: `/api/2.0/fo/${api}/`, method: 'GET', params: { action: 'list' } });
const good: Answering = (_, response) => send(response, 200, hostList(1));
const bad: Answering = (_, response) => send(response, 401, simpleReturn('2000', 'Bad Login/Password'));
const about: Answering = (_, response) => send(response, 200, ABOUT);

async function start(answer: Answering, probe: Answering = about, username = 'u'): Promise<void> {
  server = await fakeServer(answer);
  server.probe = probe;
  client = createClient({
    address: resolveAddress({ api_url: server.url }),
    credentials: { username, password: new Secret('p') },
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
  });
}

async function read(api: string): Promise<number> {
  const answer = await client.open(call(api));
  await answer.discard();
  return answer.status;
}

const reasons = (results: PromiseSettledResult<unknown>[]) =>
  results.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'));

describe('one probe for all', () => {
  it('[fault 36] fifty calls at once: one probe', async () => {
    await start(good);
    const apis = Array.from({ length: 50 }, (_, at) => `api${at}`);
    expect(new Set(await Promise.all(apis.map(read)))).toEqual(new Set([200]));
    expect(server.probes).toBe(1);
    expect(server.received).toHaveLength(50);
  });

  it('[fault 35] a wrong password is tried once, and nothing follows', async () => {
    await start(bad, bad);
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map(read));
    expect(reasons(results)).toEqual(['QRY2010', 'QRY2010', 'QRY2010', 'QRY2010']);
    await expect(read('e')).rejects.toMatchObject({
      code: 'QRY2010',
      next: 'stop_connection',
      qualys: { status: 401, code: '2000', text: 'Bad Login/Password' },
    });
    expect(server.probes).toBe(1);
    expect(server.received).toEqual([]);
  });

  it('[fault 34] trouble is not a wrong password: the next call probes again', async () => {
    const trouble: Answering[] = [
      (_, response) => void response.socket?.resetAndDestroy(),
      (_, response) => send(response, 503, '<html>Service Unavailable</html>'),
      (_, response) => send(response, 200, '<html>We are performing scheduled maintenance</html>'),
      (_, response) => send(response, 409, simpleReturn('1965', 'later')),
      (_, response) => send(response, 200, ''),
    ];
    const codes: string[] = [];
    await start(good, (received, response, request) => {
      const next = trouble.shift();
      (next ?? about)(received, response, request);
    });
    for (let at = 0; at < 4; at += 1) codes.push(...reasons(await Promise.allSettled([read('a'), read('b')])));
    expect(codes).toEqual(['QRY2001', 'QRY2001', 'QRY2003', 'QRY2003', 'QRY2003', 'QRY2003', 'QRY2020', 'QRY2020']);
    expect(server.probes).toBe(4);
    expect(server.received).toEqual([]);
  });

  it.each([
    [200, simpleReturn('2001', 'This account has expired.')],
    [409, simpleReturn('2003', 'Registration must be completed')],
    [403, simpleReturn('2011', 'SecureID authentication is required')],
    [
      200,
      '<GENERIC_RETURN><API name="about.php"/><RETURN status="FAILED" number="2002">inactive</RETURN></GENERIC_RETURN>',
    ],
  ])('an account that cannot be used (%i) is QRY2011 and final', async (status, body) => {
    const refusal: Answering = (_, response) => send(response, status, body);
    await start(good, refusal);
    await expect(read('a')).rejects.toMatchObject({ code: 'QRY2011' });
    await expect(read('b')).rejects.toMatchObject({ code: 'QRY2011' });
    expect(server.probes).toBe(1);
    expect(server.received).toEqual([]);
  });

  it('a role that may not call v1 is signed in all the same', async () => {
    await start(good, (_, response) => send(response, 403, simpleReturn('2012', 'not authorized')));
    expect(await read('a')).toBe(200);
  });

  it('an abort leaves the others waiting for the same probe', async () => {
    let answer: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const probing = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await start(good, (received, response, request) => {
      answer = () => about(received, response, request);
      arrived();
    });
    const stop = new AbortController();
    const one = client.open(call('a'), stop.signal);
    const two = read('b');
    await probing;
    stop.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    answer();
    expect(await two).toBe(200);
    expect(server.probes).toBe(1);
  });
});

describe('401 in the middle of a run', () => {
  it('[fault 33] one more probe for all, then each call once more', async () => {
    const seen = new Set<string>();
    await start((received, response, request) => {
      const api = received.url.pathname;
      (seen.has(api) ? good : bad)(received, response, request);
      seen.add(api);
    });
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(read))).toEqual([200, 200, 200, 200]);
    expect(server.probes).toBe(2); // the first, and one for all that got their 401 under it
    expect(server.received).toHaveLength(8);
  });

  it('[fault 35] the password changed: one probe, and nothing follows', async () => {
    await start(good);
    expect(await read('a')).toBe(200);
    server.answer = bad;
    server.probe = bad;
    const results = await Promise.allSettled(['a', 'b', 'c'].map(read));
    expect(reasons(results)).toEqual(['QRY2010', 'QRY2010', 'QRY2010']);
    expect(server.probes).toBe(2);
    const sent = server.received.length;
    await expect(read('d')).rejects.toMatchObject({ code: 'QRY2010' });
    expect(server.received).toHaveLength(sent);
  });

  it('a call that gets 401 again after a good probe stops the connection', async () => {
    await start(bad);
    await expect(read('a')).rejects.toMatchObject({ code: 'QRY2010' });
    await expect(read('b')).rejects.toMatchObject({ code: 'QRY2010' });
    expect(server.probes).toBe(2);
    expect(server.received).toHaveLength(2);
  });
});
