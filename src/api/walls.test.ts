import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedApi, serveApi } from '../../test/support/api.ts';
import { until } from '../../test/support/cli.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';

/**
 * Every route of the OpenAPI document, held against who may use it: two tenants, whose connections read the same
 * simulator, so that whatever one sees of the other shows by its name.
 */
type Headers = Readonly<Record<string, string>>;
interface Operation {
  readonly 'x-role': string;
  readonly 'x-scope': string;
}
interface Route extends Operation {
  readonly method: string;
  readonly path: string;
}

let simulator: Simulator;
let api: ServedApi;
let routes: Route[] = [];
let viewer: Headers;
let acme: Headers;
let scopeless: Readonly<Record<string, Headers>>;
/** What every route needs of a body to come as far as its walls. */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/v1/connections': { id: 'new', tenant: 'globex', settings: {} },
  'PATCH /api/v1/connections/{id}': {},
  'POST /api/v1/connections/{id}/duplicate': { id: 'copy' },
  'POST /api/v1/connections/reach': { tenant: 'globex', settings: {} },
  'POST /api/v1/connections/test': { tenant: 'globex', settings: {} },
  'POST /api/v1/connections/plan': { tenant: 'globex', settings: {} },
  'POST /api/v1/connections/{id}/streams/{dataset}/reset': { confirm: 'host_list' },
  'POST /api/v1/connections/{id}/streams/{dataset}/backfill': {
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-02T00:00:00Z',
  },
  'POST /api/v1/outbox/retry': { sink: 'globex-out' },
  'POST /api/v1/outbox/discard': { sink: 'globex-out', confirm: 'globex-out' },
  'POST /api/v1/outbox/replay': { sink: 'globex-out', from: '2026-01-01T00:00:00Z' },
  'POST /api/v1/users': { login: 'new', role: 'viewer' },
  'PATCH /api/v1/users/{id}': {},
  'POST /api/v1/users/{id}/password': { password: 'a long pass phrase' },
  'POST /api/v1/tokens': { name: 'x' },
  'POST /api/v1/saved-queries': { name: 'x', view: 'devices', tenant: 'globex' },
  'PATCH /api/v1/saved-queries/{id}': {},
  'POST /api/v1/session': { login: 'x', password: 'y' },
  'POST /api/v1/session/first': { token: 'x' },
};
/** Things of globex, by the name of the parameter; of those that exist once its connection has been read. */
let places: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  simulator = await startSimulator({ hosts: 20, seed: 1, limits: 'off', frozen: true });
  const { url, username, password } = simulator;
  const connection = (tenant: string) => ({
    ...{ tenant, api_url: url, username, password: password.replaceAll('$', '$$$$') },
    datasets: ['host_list', 'host_list_detection'],
  });
  api = await serveApi({
    connections: { 'acme-1': connection('acme'), 'globex-1': connection('globex') },
    sinks: {
      'acme-out': { type: 'file', path: './acme', tenants: ['acme'] },
      'globex-out': { type: 'file', path: './globex', tenants: ['globex'] },
    },
  });
  viewer = await api.person('vic', 'viewer', ['acme', 'globex']);
  acme = await api.person('olga', 'admin', ['acme']);
  scopeless = Object.fromEntries(
    await Promise.all(
      ['read', 'run', 'write', 'admin'].map(
        async (without) =>
          [
            without,
            await api.person(
              `no-${without}`,
              'admin',
              '*',
              ['read', 'run', 'write', 'admin'].filter((scope) => scope !== without),
            ),
          ] as const,
      ),
    ),
  );
  const { paths } = await api.read<{ paths: Record<string, Record<string, Operation>> }>('/api/openapi.json');
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
  );
  await until(async () => {
    const { items } = await api.read<{ items: unknown[] }>('/api/v1/pulls?connection=globex-1&status=complete');
    return items.length >= 2;
  });
  const pulls = await api.read<{ items: { id: string }[] }>('/api/v1/pulls?connection=globex-1');
  const events = await api.read<{ items: { place: string }[] }>('/api/v1/events?connection=globex-1&limit=1');
  let devices = { items: [] as { device: string }[] };
  await until(async () => {
    devices = await api.read('/api/v1/inventory/devices?filter=tenant%3Dglobex&fields=device&limit=1');
    return devices.items.length > 0;
  });
  const begun = await api.ask('POST', '/api/v1/connections/globex-1/test');
  const { test_id: test } = (await begun.json()) as { test_id: string };
  const query = { name: 'secret', view: 'devices', tenant: 'globex' };
  const made = await api.ask('POST', '/api/v1/saved-queries', { body: query });
  const { id: saved } = (await made.json()) as { id: string };
  places = {
    ...{ view: 'devices', device: devices.items[0]!.device, part: 'findings' },
    ...{ dataset: 'host_list', name: 'globex-out', place: events.items[0]!.place, test },
    ...{ '/api/v1/pulls': pulls.items[0]!.id, '/api/v1/quarantine': '2-1', '/api/v1/sweeps': '1' },
    ...{
      '/api/v1/saved-queries': saved,
      '/api/v1/users': 'x',
      '/api/v1/tokens': 'x',
      '/api/v1/connections': 'globex-1',
    },
  };
}, 60_000);
afterAll(async () => {
  await api.close();
  await simulator.close();
});

/** Questions that need one more word. */
const QUERIES: Readonly<Record<string, string>> = { '/api/v1/inventory/{view}/facets': '?by=tenant' };
const pathOf = ({ path }: Route): string =>
  (path + (QUERIES[path] ?? '')).replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const family = Object.keys(places).find((one) => one.startsWith('/') && path.startsWith(one));
    if (path.startsWith('/api/v1/charts')) return 'treemap';
    return encodeURIComponent((name === 'id' ? places[family ?? ''] : places[name]) ?? 'x');
  });
const send = (route: Route, as: Headers) => {
  const body = BODIES[`${route.method} ${route.path}`];
  return api.ask(route.method, pathOf(route), { as, ...(body === undefined ? {} : { body }) });
};
const named = ({ method, path }: Route) => `${method} ${path}`;
const guarded = () => routes.filter((route) => route['x-role'] !== 'anybody');

describe('every route of the document', () => {
  it('says who may use it', () => {
    expect(routes.length).toBeGreaterThan(60);
    for (const route of routes) {
      expect(['anybody', 'viewer', 'operator', 'admin'], named(route)).toContain(route['x-role']);
      expect(['read', 'run', 'write', 'admin'], named(route)).toContain(route['x-scope']);
    }
    expect(
      routes
        .filter((route) => route['x-role'] === 'anybody')
        .map(named)
        .sort(),
    ).toMatchInlineSnapshot(`
      [
        "GET /api/v1/session/oidc/callback",
        "GET /api/v1/session/oidc/start",
        "GET /api/v1/session/ways",
        "GET /healthz",
        "GET /livez",
        "GET /metrics",
        "GET /readyz",
        "POST /api/v1/session",
        "POST /api/v1/session/first",
      ]
    `);
  });

  it('[fault 86] refuses who is not signed in', async () => {
    for (const route of guarded()) expect((await send(route, {})).status, named(route)).toBe(401);
  });

  it('refuses a role that is too low, and a token without its scope', async () => {
    for (const route of guarded()) {
      const { 'x-role': role, 'x-scope': scope } = route;
      if (role !== 'viewer') expect((await send(route, viewer)).status, named(route)).toBe(403);
      expect((await send(route, scopeless[scope]!)).status, named(route)).toBe(403);
    }
  });

  it('shows nothing of another tenant, and changes nothing of it', async () => {
    for (const route of guarded()) {
      // One never ends; the other is the reader's own end.
      if (route.path.endsWith('/stream') && !route.path.includes('{')) continue;
      if (named(route) === 'DELETE /api/v1/session') continue;
      const answer = await send(route, acme);
      const text = await answer.text();
      const isOfTenant = route.path.includes('{') || route.method !== 'GET';
      // Both tenants have devices of the same names: what is answered must be one's own.
      const shared = /^\/api\/v1\/(inventory|charts)\//.test(route.path);
      const own = ['POST /api/v1/tokens', 'GET /api/v1/session'].includes(named(route));
      if (isOfTenant && !own && !shared) expect([403, 404], `${named(route)} ${text}`).toContain(answer.status);
      // What was asked for may be named in the refusal.
      if (answer.ok) expect(text, named(route)).not.toContain('globex');
    }
    const left = await api.read<{ items: { id: string }[] }>('/api/v1/connections');
    expect(left.items.map(({ id }) => id)).toEqual(['acme-1', 'globex-1']);
  });

  it('streams say nothing of another tenant', async () => {
    for (const path of ['logs', 'progress', 'events']) {
      const stop = AbortSignal.timeout(1500);
      const answer = await fetch(
        new URL(`/api/v1/${path}/stream?last_event_id=${path === 'events' ? '1-0' : '0'}`, api.url),
        {
          headers: acme,
          signal: stop,
        },
      );
      let text = '';
      try {
        for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) text += chunk;
      } catch {
        // The stream has no end but ours.
      }
      expect(text, path).not.toContain('globex');
      // The log of the installation names no tenant of ours but by stream.
      expect(text, path).toContain('acme-1');
    }
  });
});
