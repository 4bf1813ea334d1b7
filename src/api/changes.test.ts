import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedApi, serveApi } from '../../test/support/api.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { fakeAuthority, hasOpenssl } from '../qualys/fake-certificates.ts';

/** How things are changed over the API: once, by version, and with nothing of the server's own files. */
let api: ServedApi;
beforeAll(async () => {
  api = await serveApi({ connections: {}, sinks: { out: { type: 'file', path: './out' } } });
}, 60_000);
afterAll(() => api.close());

const post = (path: string, body: unknown, key?: string) =>
  api.ask('POST', `/api/v1${path}`, { body, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) });
const settings = {
  ...{ api_url: 'https://qualysapi.example.com', username: 'u', password: 'canary-71' },
  datasets: { host_list: { every: '1d' } },
};

describe('a POST with an Idempotency-Key', () => {
  it('is carried out once and answered alike, secrets included, and not for anybody else', async () => {
    const body = { name: 'script', scopes: ['read'] };
    const first = await post('/tokens', body, 'token-1');
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([201, null]);
    const made = await first.text();
    const again = await post('/tokens', body, 'token-1');
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(await again.text()).toBe(made);
    const tokens = await api.read<{ items: { name: string }[]; total: number; total_is: string }>('/api/v1/tokens');
    expect(tokens).toMatchObject({ total: 1, total_is: 'exact', items: [{ name: 'script' }] });
    const bob = await api.person('bob', 'admin', '*');
    const his = await api.ask('POST', '/api/v1/tokens', { as: bob, body, headers: { 'idempotency-key': 'token-1' } });
    expect([his.status, (await his.text()) === made]).toEqual([201, false]);
  });

  it('answers 422 to another request under the same key, at another address too', async () => {
    const query = { name: 'mine', view: 'devices' };
    expect((await post('/saved-queries', query, 'query-1')).status).toBe(201);
    const other = await post('/saved-queries', { ...query, name: 'other' }, 'query-1');
    expect(await other.json()).toMatchObject({ status: 422, code: 'QRY8034' });
    expect((await post('/saved-queries?x=1', query, 'query-1')).status).toBe(422);
    expect((await post('/saved-queries', query, 'query-1')).headers.get('etag')).toBe('"1"');
    expect((await api.read<{ total: number }>('/api/v1/saved-queries')).total).toBe(1);
  });

  it('lets a request that was refused be mended under its key', async () => {
    const user = { login: 'cy', role: 'viewer' };
    expect((await post('/users', { ...user, password: 'short' }, 'user-1')).status).toBe(400);
    const mended = { ...user, password: 'a long pass phrase' };
    expect((await post('/users', mended, 'user-1')).status).toBe(201);
    expect((await post('/users', mended, 'user-1')).status).toBe(201);
    expect((await post('/users', mended)).status).toBe(409);
    expect(await (await post('/users', mended, 'no spaces')).json()).toMatchObject({ status: 400, code: 'QRY8032' });
  });

  it('of two at once, one is done', async () => {
    const both = await Promise.all([1, 2].map(() => post('/saved-queries', { name: 'b', view: 'devices' }, 'query-2')));
    expect(both.map(({ status }) => status).filter((status) => status !== 409)).toContain(201);
    const { items } = await api.read<{ items: { name: string }[] }>('/api/v1/saved-queries');
    expect(items.filter(({ name }) => name === 'b')).toHaveLength(1);
  });
});

describe('what can be changed', () => {
  /** A thing is read, changed, and refuses changes and removal by who read it before. */
  async function byVersion(path: string, change: unknown): Promise<void> {
    const at = (method: string, tag?: string, body?: unknown) =>
      api.ask(method, `/api/v1${path}`, {
        ...(body === undefined ? {} : { body }),
        ...(tag === undefined ? {} : { headers: { 'if-match': tag } }),
      });
    const read = (await at('GET')).headers.get('etag')!;
    expect(read).toMatch(/^"\d+"$/);
    const changed = await at('PATCH', read, change);
    const next = changed.headers.get('etag');
    expect([changed.status, next === read]).toEqual([200, false]);
    expect((await at('GET')).headers.get('etag')).toBe(next);
    for (const method of ['PATCH', 'DELETE']) {
      const stale = await at(method, read, method === 'PATCH' ? change : undefined);
      expect(await stale.json(), method).toMatchObject({ status: 412, code: 'QRY8004' });
    }
    expect((await at('DELETE', next!)).status).toBe(204);
    expect((await at('GET')).status).toBe(404);
  }

  it('a user has an ETag, and is not changed by who has not seen the last change', async () => {
    const made = await post('/users', { login: 'dan', role: 'viewer', password: 'a long pass phrase' });
    const { id } = (await made.json()) as { id: string };
    await byVersion(`/users/${id}`, { name: 'Dan' });
  });

  it('a saved query alike', async () => {
    const { id } = (await (await post('/saved-queries', { name: 'c', view: 'devices' })).json()) as { id: string };
    await byVersion(`/saved-queries/${id}`, { name: 'd' });
  });

  it('a connection alike, and pausing it', async () => {
    expect((await post('/connections', { id: 'acme', paused: true, settings })).headers.get('etag')).toBe('"1"');
    const pause = (tag: string) => api.ask('POST', '/api/v1/connections/acme/pause', { headers: { 'if-match': tag } });
    expect((await pause('"7"')).status).toBe(412);
    expect((await pause('"1"')).headers.get('etag')).toBe('"2"');
    await byVersion('/connections/acme', { notes: 'seen' });
  });
});

describe('authorities of a connection made here', () => {
  const at = (path: string, ca: string) =>
    post(path, {
      id: 'own-ca',
      ...(path === '/connections' ? { paused: true } : {}),
      settings: { ...settings, tls: { ca } },
    });

  it('are no path of the server, nor a private key, wherever settings are taken', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    for (const path of ['/connections', '/connections/test', '/connections/reach', '/connections/plan'])
      for (const ca of ['/etc/passwd', './ca.pem', key, key.replaceAll('PRIVATE KEY', 'CERTIFICATE')])
        expect(await (await at(path, ca)).json(), `${path} ${ca}`).toMatchObject({ status: 422, code: 'QRY8024' });
  });

  it('are PEM text, kept and shown', skipUnless(hasOpenssl(), 'openssl is not installed'), async () => {
    const { ca } = fakeAuthority();
    expect((await at('/connections', ca)).status).toBe(201);
    expect(await api.read('/api/v1/connections/own-ca')).toMatchObject({ settings: { tls: { ca } } });
    const shown = await api.read<{ settings: { path: string; value: unknown; origin: string }[] }>('/api/v1/config');
    const of = (path: string) => shown.settings.find((one) => one.path === path);
    // It is paused, and so not in force.
    expect(of('connections.own-ca.username')).toBeUndefined();
    expect((await post('/connections/own-ca/resume', undefined)).status).toBe(200);
    const forced = await api.read<typeof shown>('/api/v1/config');
    const by = Object.fromEntries(forced.settings.map(({ path, value, origin }) => [path, [value, origin]]));
    expect(by).toMatchObject({
      'connections.own-ca.username': ['u', 'made here'],
      'connections.own-ca.password': ['[redacted]', 'made here'],
      'connections.own-ca.tls.ca': ['(PEM)', 'made here'],
      'connections.own-ca.tls.verify': [true, 'default'],
      'connections.own-ca.datasets.host_list.every': ['1d', 'made here'],
    });
    expect(JSON.stringify(forced)).not.toContain('canary');
    const { yaml } = await api.read<{ yaml: string }>('/api/v1/connections/own-ca/yaml');
    expect(yaml).toContain(ca.split('\n')[1]);
  });
});
