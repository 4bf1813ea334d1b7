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

  it('a token of the command line signs in beside the running collector', async () => {
    const made = await cli(['user', 'token', 'ada', '--name', 't', '-c', 'quarry.yaml'], { cwd: dir });
    expect((await get('/api/v1/session', { authorization: `Bearer ${made.stdout.trim()}` })).status).toBe(401);
    expect((await get('/api/v1/session', { authorization: 'Bearer qry_nothing' })).status).toBe(401);
  });
});
