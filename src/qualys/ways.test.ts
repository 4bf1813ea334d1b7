import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { Secret } from '../core/secret.ts';
import { type Client, createClient, type OpenOptions } from './client.ts';
import type { Credentials } from './credentials.ts';
import {
  type Answering,
  type FakeServer,
  fakeServer,
  giveToken,
  hostList,
  jwt,
  send,
  simpleReturn,
} from './fake-server.ts';
import { fetchAnswer } from './fetch-answer.ts';
import { createGovernor } from './governor.ts';
import { resolveAddress } from './platforms.ts';

const LOGIN = { username: 'u', password: new Secret('p') };
const TOKEN = { token: { kind: 'token', token: new Secret('t.t.t') } } as const;
const CLASSIC: Call = { api: 'asset/host', path: '/api/2.0/fo/asset/host/', method: 'GET', params: { action: 'list' } };
const QPS: Call = {
  api: 'am/hostasset',
  path: '/qps/rest/2.0/search/am/hostasset',
  method: 'POST',
  params: { fields: 'id,name' },
  body: { type: 'text/xml', text: '<ServiceRequest/>' },
};
const CSAM: Call = {
  api: 'am/asset',
  server: 'gateway',
  path: '/rest/2.0/search/am/asset',
  method: 'POST',
  params: { pageSize: '100', includeFields: 'a,b' },
};

let api: FakeServer;
let gateway: FakeServer;
let client: Client;
afterEach(async () => {
  await client.close();
  await api.close();
  await gateway.close();
});

const good: Answering = (_, response) => send(response, 200, hostList(1));
const says =
  (status: number, body: string, headers: Record<string, string> = {}): Answering =>
  (_, response) =>
    send(response, status, body, headers);
const wrong = says(401, simpleReturn('2000', 'Bad Login/Password'));

async function start(credentials: Credentials): Promise<void> {
  api = await fakeServer(good);
  gateway = await fakeServer(good);
  client = createClient({
    address: resolveAddress({ api_url: api.url, gateway_url: `${gateway.url}/prefix` }),
    credentials,
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
  });
}

async function read(call: Call, signIn?: OpenOptions['signIn']): Promise<number> {
  const answer = await client.open(call, undefined, { signIn });
  await answer.discard();
  return answer.status;
}

const ways = (server: FakeServer) => server.received.map((one) => one.headers.authorization?.split(' ')[0]);

describe('two servers', () => {
  it('each call goes to its own, signed as that server takes it, with its body and its query', async () => {
    await start(LOGIN);
    await read(CLASSIC);
    await read(QPS);
    await read(CSAM);
    expect(api.received.map(({ method, url, body }) => [method, url.pathname, url.search, body])).toEqual([
      ['GET', '/api/2.0/fo/asset/host/', '?action=list', ''],
      ['POST', '/qps/rest/2.0/search/am/hostasset', '?fields=id%2Cname', '<ServiceRequest/>'],
    ]);
    expect(api.received[1]!.headers).toMatchObject({ 'content-type': 'text/xml' });
    expect(api.received[1]!.headers.accept).toBeUndefined();
    expect(gateway.received.map(({ method, url, body }) => [method, url.pathname, body])).toEqual([
      ['POST', '/prefix/rest/2.0/search/am/asset', 'pageSize=100&includeFields=a%2Cb'],
    ]);
    expect([ways(api), ways(gateway)]).toEqual([['Basic', 'Basic'], ['Bearer']]);
    expect([api.probes, gateway.probes, api.asked.length, gateway.asked.length]).toEqual([1, 0, 0, 1]);
    expect(gateway.asked[0]!.url.pathname).toBe('/prefix/auth');
  });

  it('a long query stays in the query where the call has a body of its own', async () => {
    await start(LOGIN);
    const fields = 'x'.repeat(3000);
    await read({ ...QPS, params: { fields } });
    expect(api.received[0]!.url.searchParams.get('fields')).toBe(fields);
    expect(api.received[0]!.body).toBe('<ServiceRequest/>');
  });
});

describe('one principal', () => {
  it('[fault 35] a wrong password is tried once, whichever way comes first', async () => {
    for (const first of [CLASSIC, CSAM]) {
      await start(LOGIN);
      api.probe = wrong;
      gateway.token = says(401, '');
      const results = await Promise.allSettled([first, CLASSIC, CSAM].map((call) => read(call)));
      for (const one of results) expect(one).toMatchObject({ reason: { code: 'QRY2010' } });
      expect(api.probes + gateway.asked.length).toBe(1);
      expect(api.received.length + gateway.received.length).toBe(0);
      if (first === CLASSIC) await Promise.all([client.close(), api.close(), gateway.close()]);
    }
  });

  it('a user the gateway refuses keeps the API server: QRY2013 for its data sets alone', async () => {
    await start(LOGIN);
    gateway.token = says(401, '{"authentication_exceptions":["no"]}');
    expect(await read(CLASSIC)).toBe(200);
    await expect(read(CSAM)).rejects.toMatchObject({ code: 'QRY2013', next: 'stop_stream', qualys: { status: 401 } });
    await expect(read(CSAM)).rejects.toMatchObject({ code: 'QRY2013' });
    expect(await read(QPS)).toBe(200);
    expect(gateway.asked).toHaveLength(1);
  });

  it('[fault 35] the password changed while both ways were good: whichever finds out speaks for both', async () => {
    await start(LOGIN);
    expect([await read(CLASSIC), await read(CSAM)]).toEqual([200, 200]);
    gateway.answer = says(401, '');
    gateway.token = says(401, '');
    await expect(read(CSAM)).rejects.toMatchObject({ code: 'QRY2010', next: 'stop_connection' });
    await expect(read(CLASSIC)).rejects.toMatchObject({ code: 'QRY2010' });
    expect([gateway.asked.length, api.received.length]).toEqual([2, 1]);
  });

  it('a client that is refused says nothing about the password beside it', async () => {
    await start({ ...LOGIN, token: { kind: 'oauth', clientId: 'c', clientSecret: new Secret('s') } });
    gateway.token = says(401, '');
    await expect(read(CSAM)).rejects.toMatchObject({ code: 'QRY2010' });
    expect(await read(CLASSIC)).toBe(200);
    expect(gateway.asked[0]!.url.pathname).toBe('/prefix/auth/oauth');
  });

  it('a body that refuses the credentials with 200 makes the next call probe first', async () => {
    await start(LOGIN);
    api.answer = says(200, '<ServiceResponse><responseCode>INVALID_CREDENTIALS</responseCode></ServiceResponse>');
    const fetching = fetchAnswer(
      client,
      QPS,
      () => ({
        write: () => undefined,
        end: () => ({
          root: 'ServiceResponse',
          envelope: { responseCode: 'INVALID_CREDENTIALS' },
          outer: 0,
          records: 0,
          bytes: 0,
        }),
      }),
      { expectRoot: 'ServiceResponse' },
    );
    await expect(fetching).rejects.toMatchObject({ code: 'QRY2010' });
    api.probe = wrong;
    await expect(read(CLASSIC)).rejects.toMatchObject({ code: 'QRY2010' });
    expect([api.probes, api.received.length]).toEqual([2, 1]);
  });
});

describe('which way', () => {
  it('QRY2013 a connection that has only a way the data set does not take', async () => {
    await start(TOKEN);
    await expect(read(CLASSIC, ['basic'])).rejects.toMatchObject({
      code: 'QRY2013',
      next: 'stop_stream',
      fix: expect.stringContaining('Add username and password'),
    });
    expect(await read(CLASSIC)).toBe(200);
    expect(await read(CSAM)).toBe(200);
    expect(ways(api)).toEqual(['Bearer']);
    expect(api.received.length + gateway.received.length + api.probes + gateway.asked.length).toBe(2);
  });

  it('the data set’s usual way goes first', async () => {
    await start({ ...LOGIN, ...TOKEN });
    await read(CLASSIC, ['token', 'basic']);
    await read(CLASSIC, ['basic', 'token']);
    expect(ways(api)).toEqual(['Bearer', 'Basic']);
  });

  it.each<[string, Answering]>([
    ['400 Invalid Subscription Id', says(400, '{"responseCode":"FAILED","responseMessage":"Invalid Subscription Id"}')],
    ['401 and a challenge', says(401, '', { 'www-authenticate': 'Basic realm="Qualys"' })],
    [
      '403 and words',
      says(403, simpleReturn('', 'OpenID Connect authentication is not enabled for this subscription.')),
    ],
    ['401 and words', says(401, '{"message":"This API requires basic authentication"}')],
  ])('a token refused by %s: once more by password, and so from then on', async (_, refusal) => {
    await start({ ...LOGIN, ...TOKEN });
    api.answer = (received, response, request) =>
      (received.headers.authorization?.startsWith('Bearer') ? refusal : good)(received, response, request);
    expect(await read(CLASSIC, ['token', 'basic'])).toBe(200);
    expect(await read(CLASSIC, ['token', 'basic'])).toBe(200);
    expect(ways(api)).toEqual(['Bearer', 'Basic', 'Basic']);
  });

  it.each<[string, Answering]>([
    ['a challenge', says(401, '', { 'www-authenticate': 'Bearer' })],
    ['words', says(403, simpleReturn('2012', 'Basic authentication is disabled for this user.'))],
  ])('a password refused by %s: once more by token', async (_, refusal) => {
    await start({ ...LOGIN, ...TOKEN });
    api.answer = (received, response, request) =>
      (received.headers.authorization?.startsWith('Basic') ? refusal : good)(received, response, request);
    expect(await read(CLASSIC)).toBe(200);
    expect(ways(api)).toEqual(['Basic', 'Bearer']);
  });

  it('other refusals are answers: no second way is tried', async () => {
    await start({ ...LOGIN, ...TOKEN });
    for (const [status, body] of [
      [400, simpleReturn('1905', 'parameter ids has invalid value')],
      [403, simpleReturn('2012', 'User license is not authorized to run this API.')],
    ] as const) {
      api.answer = says(status, body);
      const answer = await client.open(CLASSIC);
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      expect([answer.status, Buffer.concat(chunks).toString('utf8')]).toEqual([status, body]);
    }
    expect(ways(api)).toEqual(['Basic', 'Basic']);
  });

  it('refused both ways, the second refusal is the answer', async () => {
    await start({ ...LOGIN, ...TOKEN });
    api.answer = (received, response, request) =>
      (received.headers.authorization?.startsWith('Basic')
        ? says(401, '', { 'www-authenticate': 'Bearer' })
        : says(403, '{"message":"Bearer tokens are not enabled"}'))(received, response, request);
    expect(await read(CLASSIC)).toBe(403);
    expect(ways(api)).toEqual(['Basic', 'Bearer']);
  });
});

it('signIn proves the way that is named, else the connection’s first', async () => {
  await start(LOGIN);
  await client.signIn();
  expect([api.probes, gateway.asked.length]).toEqual([1, 0]);
  gateway.token = giveToken(jwt());
  await client.signIn(undefined, 'token');
  expect([api.probes, gateway.asked.length]).toEqual([1, 1]);
  await client.close();
  await Promise.all([api.close(), gateway.close()]);
  await start(TOKEN);
  await client.signIn();
  await expect(client.signIn(undefined, 'basic')).rejects.toMatchObject({ code: 'QRY2013' });
});
