import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, startCli, until, writeConfig } from '../../test/support/cli.ts';

let dir = '';
let url = '';
let link = '';
let running: ReturnType<typeof startCli>;
let stderr = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'quarry-api-'));
  await writeConfig(dir, {
    data_dir: './data',
    server: { listen: '127.0.0.1:0' },
    connections: {},
    sinks: { out: { type: 'file', path: './out' } },
  });
  running = startCli(['run', '--log-format', 'json'], { cwd: dir });
  running.child.stderr!.on('data', (text: string) => {
    stderr += text;
  });
  await running.said('nobody may sign in yet');
  await until(() => /"url":"[^"]+"/.test(stderr));
  link = /"url":"([^"]+)"/.exec(stderr)![1]!;
  url = new URL('/', link).href;
}, 30_000);
afterAll(async () => {
  running.child.kill('SIGTERM');
  await running.exited;
  rmSync(dir, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(new URL(path, url), { headers });
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(new URL(path, url), {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('a server without a connection yet', () => {
  it('lives, is ready, and says so without a sign-in', async () => {
    expect(await (await get('/livez')).text()).toBe('ok\n');
    expect(await (await get('/readyz?verbose')).json()).toMatchObject({
      status: 'ready',
      checks: [{ name: 'database', ok: true }, { name: 'configuration' }, { name: 'sink out', ok: true }],
    });
  });

  it('answers whoever is not signed in with a problem, and with the headers of every answer', async () => {
    const answer = await get('/api/v1/session');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
    const problem = (await answer.json()) as { request_id: string };
    expect(problem).toMatchObject({ code: 'QRY8030', status: 401, title: 'Sign in first' });
    expect(answer.headers.get('x-request-id')).toBe(problem.request_id);
    expect((await get('/api/v1/nothing')).status).toBe(404);
    expect((await post('/api/v1/session', { login: 'x' })).status).toBe(400);
  });

  it('lets the first administrator in by the link, once; the session needs its token for writes', async () => {
    const token = link.split('/').at(-1)!;
    const admin = { token, login: 'ada', password: 'a long pass phrase' };
    expect((await post('/api/v1/session/first', { token })).status).toBe(400);
    const opened = await post('/api/v1/session/first', admin);
    expect(opened.status).toBe(200);
    const cookie = opened.headers.get('set-cookie')!;
    expect(cookie).toMatch(/^quarry_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const { csrf_token } = (await opened.json()) as { csrf_token: string };
    expect((await post('/api/v1/session/first', admin)).status).toBe(401);
    const signedIn = { cookie: cookie.split(';')[0]! };
    expect(await (await get('/api/v1/session', signedIn)).json()).toMatchObject({
      user: { login: 'ada', role: 'admin', tenants: '*' },
      csrf_token,
    });
    const out = (headers: Record<string, string>) =>
      fetch(new URL('/api/v1/session', url), { method: 'DELETE', headers: { ...signedIn, ...headers } });
    expect((await out({})).status).toBe(403);
    expect((await out({ 'x-csrf-token': csrf_token })).status).toBe(204);
    expect((await get('/api/v1/session', signedIn)).status).toBe(401);
  });

  it('describes itself', async () => {
    const document = (await (await get('/api/openapi.json')).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/api/v1/session');
  });

  it('explains where the type of a problem leads', async () => {
    const problem = (await (await get('/api/v1/session')).json()) as { type: string; title: string };
    const [path, anchor] = problem.type.split('#');
    const page = await get(path!);
    expect(page.status).toBe(200);
    const text = await page.text();
    expect(text).toContain(`<section id="${anchor}"><h2>${anchor!.toUpperCase()}: ${problem.title}</h2>`);
  });

  it('a token of the command line signs in beside the running collector', async () => {
    const made = await cli(['user', 'token', 'ada', '--name', 't', '-c', 'quarry.yaml'], { cwd: dir });
    expect((await get('/api/v1/session', { authorization: `Bearer ${made.stdout.trim()}` })).status).toBe(401);
    expect((await get('/api/v1/session', { authorization: 'Bearer qry_nothing' })).status).toBe(401);
  });
});

describe('connections made here', () => {
  const settings = {
    api_url: 'https://qualysapi.example.com',
    username: 'u',
    password: 'canary-77',
    datasets: ['host_list'],
  };
  let headers: Record<string, string> = {};
  beforeAll(async () => {
    await cli(['user', 'add', 'bob', '--role', 'operator', '--tenants', 'globex'], { cwd: dir, after: '< pw' });
    const made = await cli(['user', 'token', 'ada', '--name', 't', '--scopes', 'read,run,write'], { cwd: dir });
    headers = { authorization: `Bearer ${made.stdout.trim()}` };
  });
  const send = (method: string, path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(new URL(path, url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
    });

  it('[S32] are active at once, and never show their secrets', async () => {
    const made = await send('POST', '/api/v1/connections', { id: 'acme', name: 'Acme', settings });
    expect(made.status, await made.clone().text()).toBe(201);
    const text = await made.text();
    expect(text).not.toContain('canary-77');
    expect(JSON.parse(text)).toMatchObject({
      id: 'acme',
      tenant: 'acme',
      source: 'api',
      secrets: ['password'],
      version: 1,
      datasets_enabled: 1,
    });
    const list = (await (await get('/api/v1/connections', headers)).json()) as {
      items: { id: string; status: { word: string } }[];
    };
    expect(list.items.map(({ id }) => id)).toEqual(['acme']);
    await until(async () =>
      (await (await get('/api/v1/connections/acme', headers)).text()).includes('temporary failure'),
    );
  });

  it('are checked as the file is', async () => {
    const wrong = await send('POST', '/api/v1/connections', {
      id: 'b',
      tenant: 'acme',
      settings: { ...settings, colour: 'red' },
    });
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({ code: 'QRY1003', errors: [{ path: 'connections.b.colour' }] });
    expect((await send('POST', '/api/v1/connections', { id: 'acme', settings })).status).toBe(409);
    expect((await send('POST', '/api/v1/connections', { id: 'No!', settings })).status).toBe(400);
  });

  it('[fault 90] lead to no address inside', async () => {
    for (const api_url of [
      'http://169.254.169.254',
      'https://[::1]',
      'https://0x7f.1/',
      'https://localhost:8443',
      'https://10.1.2.3',
    ]) {
      const refused = await send('POST', '/api/v1/connections', {
        id: 'b',
        tenant: 'acme',
        settings: { ...settings, api_url },
      });
      expect(await refused.json(), api_url).toMatchObject({ code: 'QRY8023', status: 422 });
    }
  });

  it('change by version, keep secrets that are not given, pause, duplicate and go', async () => {
    const first = await get('/api/v1/connections/acme', headers);
    expect(first.headers.get('etag')).toBe('"1"');
    const { password: _, ...rest } = settings;
    const change = { notes: 'seen', settings: { ...rest, username: 'v' } };
    expect((await send('PATCH', '/api/v1/connections/acme', change, { 'if-match': '"9"' })).status).toBe(412);
    const changed = await send('PATCH', '/api/v1/connections/acme', change, { 'if-match': '"1"' });
    expect(await changed.json()).toMatchObject({ version: 2, notes: 'seen', secrets: ['password'] });
    expect(await (await send('POST', '/api/v1/connections/acme/duplicate', { id: 'copy' })).json()).toMatchObject({
      id: 'copy',
      paused: true,
      status: { word: 'paused' },
    });
    expect(
      (await send('PATCH', '/api/v1/connections/acme', { settings: { ...rest, api_url: 'https://other.example.com' } }))
        .status,
    ).toBe(409);
    expect(await (await send('POST', '/api/v1/connections/acme/pause', undefined)).json()).toMatchObject({
      paused: true,
    });
    expect((await send('DELETE', '/api/v1/connections/acme', undefined)).status).toBe(204);
    expect((await get('/api/v1/connections/acme', headers)).status).toBe(404);
  });
});
