import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { Secret } from '../core/secret.ts';
import { type Client, createClient } from './client.ts';
import type { Credentials, ProviderSource } from './credentials.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type Answering, type FakeServer, fakeServer, giveToken, jwt, send } from './fake-server.ts';
import { createGovernor } from './governor.ts';
import { resolveAddress } from './platforms.ts';

const CALL: Call = {
  api: 'fim/events',
  server: 'gateway',
  path: '/fim/v2/events/search',
  method: 'POST',
  params: {},
  body: { type: 'application/json', text: '{"pageSize":1}' },
};
const HOUR = 3_600_000;
const LOGIN = { username: 'jürgen', password: new Secret('pä&ss+%wörd€') };
const CLIENT = { clientId: 'a-client', clientSecret: new Secret('s=ecret/+1') };

let server: FakeServer;
let client: Client;
let clock: FakeClock;
afterEach(async () => {
  await client.close();
  await server.close();
});

const good: Answering = (_, response) => send(response, 200, '[]', { 'content-type': 'application/json' });
const json = (status: number, body: unknown): Answering => {
  return (_, response) => send(response, status, JSON.stringify(body), { 'content-type': 'application/json' });
};
const unauthorized = json(401, { timestamp: 1, status: 401, error: 'Unauthorized', message: 'expired', path: '/fim' });

async function start(credentials: Credentials | ((url: string) => Credentials) = LOGIN): Promise<void> {
  server = await fakeServer(good);
  clock = fakeClock();
  client = createClient({
    address: resolveAddress({ api_url: server.url }),
    credentials: typeof credentials === 'function' ? credentials(server.url) : credentials,
    governor: createGovernor({ clock: systemClock }),
    clock,
    userAgent: 'quarry/0.1.0',
  });
}

async function read(api = 'fim/events'): Promise<number> {
  const answer = await client.open({ ...CALL, api });
  await answer.discard();
  return answer.status;
}

const sent = () => server.received.map((one) => one.headers.authorization);

describe('a token for a user and password', () => {
  it('is asked for by a form in UTF-8, and goes with every call', async () => {
    await start();
    server.token = giveToken(`\n ${jwt()} \n`);
    await read();
    await read();
    expect(server.probes).toBe(0);
    expect(server.asked).toHaveLength(1);
    const { method, url, headers, body } = server.asked[0]!;
    expect([method, url.pathname, headers['content-type']]).toEqual([
      'POST',
      '/auth',
      'application/x-www-form-urlencoded',
    ]);
    expect(headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      username: 'jürgen',
      password: 'pä&ss+%wörd€',
      token: 'true',
      permissions: 'true',
    });
    expect(sent()).toEqual([`Bearer ${jwt()}`, `Bearer ${jwt()}`]);
    expect(server.received[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json',
    });
  });

  it('is taken with 200, too, and in quotes or as a member', async () => {
    for (const body of [jwt(), JSON.stringify(jwt()), JSON.stringify({ access_token: jwt() })]) {
      await start();
      server.token = giveToken(body, 200);
      await read();
      expect(sent()).toEqual([`Bearer ${jwt()}`]);
      await client.close();
      await server.close();
    }
    await start();
  });

  it('[fault 36] fifty calls at once: one request for a token', async () => {
    await start();
    await Promise.all(Array.from({ length: 50 }, (_, at) => read(`api${at}`)));
    expect(server.asked).toHaveLength(1);
    expect(server.received).toHaveLength(50);
  });

  it.each([
    ['without exp holds four hours', {}, 4 * HOUR],
    ['holds from iat to exp', { iat: 1000, exp: 1000 + 1800 }, HOUR / 2],
    ['with an exp that makes no sense holds four hours', { iat: 2000, exp: 1000 }, 4 * HOUR],
  ])('that %s is renewed when nine tenths of that are over', async (_, claims, life) => {
    await start();
    server.token = giveToken(jwt(claims));
    await read();
    await clock.run(life * 0.89);
    await read();
    expect(server.asked).toHaveLength(1);
    await clock.run(life * 0.91);
    await Promise.all([read(), read('other')]);
    expect(server.asked).toHaveLength(2);
  });

  it('by exp alone, holds until then by Qualys’s clock', async () => {
    await start();
    const exp = Math.floor(Date.now() / 1000) + 7200;
    server.token = (received, response, request) => {
      response.setHeader('date', new Date((exp - 3600) * 1000).toUTCString());
      giveToken(jwt({ exp }))(received, response, request);
    };
    await read();
    await clock.run(HOUR * 0.89);
    await read();
    expect(server.asked).toHaveLength(1);
    await clock.run(HOUR * 0.91);
    await read();
    expect(server.asked).toHaveLength(2);
  });

  it('[fault 34] that cannot be renewed serves to its end, asked for again each minute', async () => {
    await start();
    await read();
    server.token = (_, response) => send(response, 503, '<html>Service Unavailable</html>');
    await clock.run(4 * HOUR * 0.95);
    expect(await Promise.all([read(), read('other')])).toEqual([200, 200]);
    expect(server.asked).toHaveLength(2);
    await clock.run(4 * HOUR * 0.95 + 61_000);
    expect(await read()).toBe(200);
    expect(server.asked).toHaveLength(3);
    await clock.run(4 * HOUR + 1);
    await expect(read()).rejects.toMatchObject({ code: 'QRY2003', next: 'retry' });
  });
});

describe('401 in the middle of a pull', () => {
  it('[fault 33] one new token for all, then each call once more', async () => {
    await start();
    const first = jwt({ jti: 1 });
    server.answer = (received, response, request) =>
      (received.headers.authorization === `Bearer ${first}` ? unauthorized : good)(received, response, request);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(read))).toEqual([200, 200, 200, 200]);
    expect(server.asked).toHaveLength(2);
    expect(server.received).toHaveLength(8);
  });

  it.each<[string, Answering]>([
    ['a code', json(401, { errorCode: 'UNAUTHORIZED', message: 'Invalid or expired token' })],
    ['a service response', json(401, { ServiceResponse: { responseCode: 'UNAUTHORIZED' } })],
    ['a page', (_, response) => send(response, 401, '<html>Unauthorized</html>')],
    ['nothing', (_, response) => send(response, 401, '')],
  ])('with %s in its body: a new token', async (_, refusal) => {
    await start();
    server.answer = (...all) => (server.received.length === 1 ? refusal : good)(...all);
    expect(await read()).toBe(200);
    expect(server.asked).toHaveLength(2);
  });

  it('a new token is refused as well: the stream stops, other streams go on', async () => {
    await start();
    server.answer = (received, response, request) =>
      (JSON.parse(received.body || '{}') as { pageSize?: number }).pageSize === 1
        ? unauthorized(received, response, request)
        : good(received, response, request);
    await expect(read()).rejects.toMatchObject({ code: 'QRY2013', next: 'stop_stream', qualys: { status: 401 } });
    expect(server.received).toHaveLength(2);
    const other = await client.open({ ...CALL, api: 'csam', body: { type: 'application/json', text: '{}' } });
    await other.discard();
    expect(other.status).toBe(200);
  });

  it('[fault 35] the password changed: one request for a token, and nothing follows', async () => {
    await start();
    await read();
    server.answer = unauthorized;
    server.token = json(401, { authentication_exceptions: ['javax.security.auth.login.FailedLoginException'] });
    const results = await Promise.allSettled(['a', 'b', 'c'].map(read));
    expect(results.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(
      Array.from({ length: 3 }, () => 'QRY2010'),
    );
    await expect(read('d')).rejects.toMatchObject({ code: 'QRY2010' });
    expect(server.asked).toHaveLength(2);
  });
});

describe('an error where a token is due', () => {
  const exception = { authentication_exceptions: ['javax.security.auth.login.FailedLoginException'] };
  it.each<[string, Answering]>([
    ['401 and JSON', json(401, exception)],
    ['201 and JSON', json(201, exception)],
    ['200 and a message', json(200, { message: 'Bad credentials' })],
    ['404 and JSON', json(404, exception)],
    ['201 and text', giveToken('Authentication failed. Please check user and password.')],
    ['200 and three parts of no token', giveToken('Login failed. Account locked. Call support.', 200)],
    ['200 and an exception’s name', giveToken('javax.security.FailedLoginException', 200)],
    ['401 and nothing', (_, response) => send(response, 401, '')],
    ['400 and text', giveToken('no', 400)],
    ['403 and JSON', json(403, { status: 403, error: 'Forbidden' })],
  ])('[fault 35] %s is a refusal: tried once, never used as a token', async (_, answer) => {
    await start();
    server.token = answer;
    const results = await Promise.allSettled(['a', 'b'].map(read));
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'QRY2010', where: 'auth' } });
    }
    await expect(read('c')).rejects.toMatchObject({ code: 'QRY2010', next: 'stop_connection' });
    expect(server.asked).toHaveLength(1);
    expect(server.received).toEqual([]);
  });

  it.each<[string, Answering, string]>([
    ['an empty answer', giveToken(''), 'QRY2034'],
    ['a login page', giveToken('<html><body>Please log in with your password</body></html>', 200), 'QRY2034'],
    ['maintenance', giveToken('We are performing scheduled maintenance. Log in later.', 200), 'QRY2003'],
    ['a fault', json(500, { status: 500, error: 'Internal Server Error' }), 'QRY2003'],
    ['a limit', json(429, {}), 'QRY2020'],
    ['no gateway there', giveToken('<html>Not Found</html>', 404), 'QRY2031'],
    ['a reset', (_, response) => void response.socket?.resetAndDestroy(), 'QRY2001'],
  ])('[fault 34] %s is not a wrong password', async (_, answer, code) => {
    await start();
    server.token = answer;
    await expect(read()).rejects.toMatchObject({ code });
    const governed = code === 'QRY2020';
    server.token = giveToken(jwt());
    if (!governed) expect(await read()).toBe(200);
    expect(server.asked).toHaveLength(governed ? 1 : 2);
  });
});

describe('other sources of tokens', () => {
  it('a fixed one goes as it is; refused twice, nothing follows', async () => {
    await start({ token: { kind: 'token', token: new Secret('ey.x.y') } });
    await read();
    server.answer = unauthorized;
    await expect(read()).rejects.toMatchObject({ code: 'QRY2010', fix: expect.stringContaining('give a new one') });
    await expect(read('other')).rejects.toMatchObject({ code: 'QRY2010' });
    expect(sent()).toEqual(Array.from({ length: 3 }, () => 'Bearer ey.x.y'));
    expect(server.asked).toEqual([]);
  });

  it.each(['oidc', 'oauth'] as const)('%s: id and secret are headers, the body is empty', async (kind) => {
    await start({ token: { kind, ...CLIENT } });
    await read();
    const { method, url, headers, body } = server.asked[0]!;
    expect([method, url.pathname, body]).toEqual(['POST', `/auth/${kind}`, '']);
    expect(headers).toMatchObject({
      clientid: 'a-client',
      clientsecret: 's=ecret/+1',
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(sent()).toEqual([`Bearer ${jwt({ jti: 1 })}`]);
    await client.close();
    await server.close();
    await start({ token: { kind, ...CLIENT } });
    server.token = json(401, { message: 'invalid client' });
    await expect(read()).rejects.toMatchObject({ code: 'QRY2010', fix: expect.stringContaining(`${kind}.client_id`) });
  });

  const provider = (more: Partial<ProviderSource> = {}) => {
    const plain: ProviderSource = {
      kind: 'identity_provider',
      tokenUrl: '',
      clientId: 'cliént id',
      clientSecret: new Secret('s:3cret'),
      username: undefined,
      password: undefined,
      scope: undefined,
      audience: undefined,
      clientAuth: 'header',
    };
    return (url: string): Credentials => ({ token: { ...plain, tokenUrl: `${url}/oauth2/v1/token`, ...more } });
  };

  it('an identity provider: client credentials in a header, its token for as long as it says', async () => {
    await start(provider({ scope: 'openid profile', audience: 'qualys' }));
    server.token = json(200, { access_token: 'opaque-1', token_type: 'Bearer', expires_in: 3600 });
    await read();
    const { url, headers, body } = server.asked[0]!;
    expect(url.pathname).toBe('/oauth2/v1/token');
    expect(headers.authorization).toBe(`Basic ${Buffer.from('cli%C3%A9nt+id:s%3A3cret').toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'openid profile',
      audience: 'qualys',
    });
    expect(sent()).toEqual(['Bearer opaque-1']);
    await clock.run(HOUR * 0.91);
    await read();
    expect(server.asked).toHaveLength(2);
  });

  it('an identity provider: a user’s grant, the client in the form', async () => {
    await start(provider({ username: 'me@acme.example', password: new Secret('wörd&1'), clientAuth: 'form' }));
    server.token = json(200, { access_token: jwt(), token_type: 'Bearer' });
    await read();
    const { headers, body } = server.asked[0]!;
    expect(headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'password',
      username: 'me@acme.example',
      password: 'wörd&1',
      client_id: 'cliént id',
      client_secret: 's:3cret',
    });
  });

  it.each(['invalid_client', 'invalid_grant', 'invalid_scope', 'unauthorized_client'])(
    'an identity provider that says %s is asked once',
    async (error) => {
      await start(provider());
      server.token = json(400, { error, error_description: 'The client secret is expired.' });
      await expect(read()).rejects.toMatchObject({
        code: 'QRY2010',
        qualys: { text: 'The client secret is expired.' },
      });
      await expect(read('other')).rejects.toMatchObject({ code: 'QRY2010' });
      expect(server.asked).toHaveLength(1);
    },
  );

  it.each([
    ['http://idp.example/token', 'QRY1012'],
    ['https://me:pw@idp.example/token', 'QRY1015'],
    ['login.example/token', 'QRY1011'],
  ])('a token endpoint %s is %s', async (tokenUrl, code) => {
    await start();
    const make = () =>
      createClient({
        address: resolveAddress({ api_url: server.url }),
        credentials: provider({ tokenUrl })(server.url),
        governor: createGovernor({ clock: systemClock }),
        clock: systemClock,
        userAgent: 'quarry/0.1.0',
      });
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
