import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, startCli, writeConfig } from '../../test/support/cli.ts';
import { freePort } from '../../test/support/free-port.ts';
import { CLIENT, type RunningProvider, type Someone, startProvider } from '../../test/support/identity-provider.ts';

const ADA: Someone = { sub: 'u-1', preferred_username: 'Ada', name: 'Ada L.', groups: ['everyone', 'soc-admins'] };
const BOB: Someone = { sub: 'u-2', preferred_username: 'bob', name: 'Bob', groups: ['soc'] };

let dir = '';
let url = '';
let provider: RunningProvider;
let providerPort = 0;
let running: ReturnType<typeof startCli>;
let stderr = '';
/** Everything nobody may read in the log. */
const secrets: string[] = [CLIENT.client_secret];

const callback = () => `${url}/api/v1/session/oidc/callback`;
const problem = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as { code: string }) });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'quarry-sign-on-'));
  const port = await freePort();
  providerPort = await freePort();
  url = `http://127.0.0.1:${port}`;
  await writeConfig(dir, {
    data_dir: './data',
    server: {
      listen: `127.0.0.1:${port}`,
      oidc: {
        ...{ issuer: `http://127.0.0.1:${providerPort}`, ...CLIENT, title: 'Acme', allow_insecure: true },
        roles: [
          { group: 'soc-admins', role: 'admin', tenants: '*' },
          { group: 'soc', role: 'operator', tenants: ['acme'] },
        ],
      },
    },
    connections: {},
    sinks: { out: { type: 'file', path: './out' } },
  });
  running = startCli(['run', '--log-format', 'json'], { cwd: dir });
  running.child.stderr!.on('data', (text: string) => {
    stderr += text;
  });
  await running.said('nobody may sign in yet');
}, 30_000);
afterAll(async () => {
  running.child.kill('SIGTERM');
  await running.exited;
  await provider?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A browser: keeps cookies by origin, and follows no redirect on its own. */
function browser() {
  const jars = new Map<string, Map<string, string>>();
  return {
    async get(target: string, headers: Record<string, string> = {}): Promise<Response> {
      const { origin } = new URL(target);
      const jar = jars.get(origin) ?? new Map<string, string>();
      jars.set(origin, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(target, { redirect: 'manual', headers: { ...headers, cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        if (value === '') jar.delete(name!);
        else jar.set(name!, value!);
      }
      return answer;
    },
    /** To the provider and back again, up to the door of the callback. */
    async goes(who: Someone): Promise<string> {
      provider.who = who;
      let answer = await this.get(`${url}/api/v1/session/oidc/start`);
      for (;;) {
        const to = new URL(answer.headers.get('location')!, answer.url).href;
        if (to.startsWith(callback())) {
          secrets.push(new URL(to).searchParams.get('code') ?? 'no code');
          return to;
        }
        answer = await this.get(to);
      }
    },
    holds: () => jars.get(url) ?? new Map<string, string>(),
  };
}

const signsIn = async (who: Someone) => {
  const person = browser();
  const answer = await person.get(await person.goes(who));
  secrets.push(person.holds().get('quarry_session') ?? 'no session');
  return { person, answer };
};
const whoIs = async (person: ReturnType<typeof browser>) =>
  (await (await person.get(`${url}/api/v1/session`)).json()) as { user: unknown; csrf_token: string };

describe('single sign-on', () => {
  it('says that the provider is down, to programs and to people', async () => {
    const away = await fetch(`${url}/api/v1/session/oidc/start`);
    expect(await problem(away)).toMatchObject({ status: 503, code: 'QRY8040', fix: expect.stringContaining('again') });
    const page = await fetch(`${url}/api/v1/session/oidc/start`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('ECONNREFUSED');
    provider = await startProvider(providerPort, callback(), true);
  });

  it('is offered to the page', async () => {
    const answer = await fetch(`${url}/api/v1/session/ways`);
    expect(await answer.json()).toEqual({ password: true, oidc: { title: 'Acme' } });
  });

  it('lets people in with the role of their groups, and asks with PKCE, state and nonce', async () => {
    const started = await fetch(`${url}/api/v1/session/oidc/start`, { redirect: 'manual' });
    expect(started.headers.get('set-cookie')).toMatch(
      /^quarry_sign_on=[\w-]{43}; Path=\/api\/v1\/session\/oidc; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    const asked = new URL(started.headers.get('location')!).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      ...{ response_type: 'code', client_id: 'quarry', code_challenge_method: 'S256', redirect_uri: callback() },
      ...{ state: expect.stringMatching(/^[\w-]{43}$/), nonce: expect.stringMatching(/^[\w-]{43}$/) },
    });
    const { person, answer } = await signsIn(ADA);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^quarry_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict;/);
    expect(await whoIs(person)).toMatchObject({ user: { login: 'ada', name: 'Ada L.', role: 'admin', tenants: '*' } });
    expect(person.holds().has('quarry_sign_on')).toBe(false);
  });

  it('refuses a wrong state, another browser, and whatever came before', async () => {
    const person = browser();
    const back = await person.goes(BOB);
    const stranger = browser();
    expect(await problem(await stranger.get(back))).toMatchObject({ status: 401, code: 'QRY8041' });
    await stranger.get(`${url}/api/v1/session/oidc/start`);
    // Someone else's answer, in a browser that began a try of its own.
    expect(await problem(await stranger.get(back))).toMatchObject({ status: 401, code: 'QRY8041' });
    const wrong = new URL(back);
    wrong.searchParams.set('state', 'x'.repeat(43));
    const refused = await person.get(wrong.href);
    expect(await problem(refused)).toMatchObject({ status: 401, detail: expect.stringContaining('"state"') });
    // The try is used up, though the state would be right now.
    expect(await problem(await person.get(back))).toMatchObject({ status: 401, code: 'QRY8041' });
    expect(await problem(await browser().get(callback()))).toMatchObject({ status: 401, code: 'QRY8041' });
  });

  it('refuses a code that was used, whatever state comes with it', async () => {
    const person = browser();
    const first = new URL(await person.goes(BOB));
    const used = first.searchParams.get('code')!;
    expect((await person.get(first.href)).status).toBe(303);
    const again = new URL(await person.goes(BOB));
    again.searchParams.set('code', used);
    expect(await problem(await person.get(again.href))).toMatchObject({
      ...{ status: 401, code: 'QRY8041', detail: expect.stringContaining('invalid_grant') },
    });
  });

  it('says that someone did not agree there', async () => {
    const person = browser();
    const back = new URL(await person.goes(BOB));
    back.searchParams.delete('code');
    back.searchParams.set('error', 'access_denied');
    back.searchParams.set('error_description', '<script>canary</script>');
    const page = await person.get(back.href, { accept: 'text/html' });
    const text = await page.text();
    expect([page.status, text.includes('access_denied'), text.includes('canary')]).toEqual([401, true, false]);
  });

  it('follows the groups at every sign-in, and lets nobody in without one', async () => {
    const { person: operator } = await signsIn(BOB);
    expect(await whoIs(operator)).toMatchObject({ user: { login: 'bob', role: 'operator', tenants: ['acme'] } });
    const { person: promoted } = await signsIn({ ...BOB, name: 'Robert', groups: ['soc', 'soc-admins'] });
    expect(await whoIs(promoted)).toMatchObject({
      user: { login: 'bob', name: 'Robert', role: 'admin', tenants: '*' },
    });
    const { answer } = await signsIn({ ...BOB, groups: ['everyone'] });
    expect(await problem(answer)).toMatchObject({ status: 403, code: 'QRY8042' });
    expect((await promoted.get(`${url}/api/v1/session`)).status).toBe(401);
    expect(await problem((await signsIn({ sub: 'u-9', preferred_username: 'eve' })).answer)).toMatchObject({
      status: 403,
    });
    const { person: admin } = await signsIn(ADA);
    const { items } = (await (await admin.get(`${url}/api/v1/users`)).json()) as { items: { login: string }[] };
    expect(items.map(({ login }) => login)).toEqual(['ada', 'bob']);
  });

  it('keeps disabled users out', async () => {
    const { person: admin } = await signsIn(ADA);
    const { csrf_token } = await whoIs(admin);
    const { items } = (await (await admin.get(`${url}/api/v1/users`)).json()) as {
      items: { id: string; login: string }[];
    };
    const bob = items.find(({ login }) => login === 'bob')!;
    const disabled = await fetch(`${url}/api/v1/users/${bob.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ disabled: true }),
      headers: {
        ...{ 'content-type': 'application/json', 'x-csrf-token': csrf_token },
        cookie: `quarry_session=${admin.holds().get('quarry_session')}`,
      },
    });
    expect(disabled.status).toBe(200);
    expect(await problem((await signsIn(BOB)).answer)).toMatchObject({ status: 401, code: 'QRY8006' });
  });

  it('reads the groups from userinfo where the token has none', async () => {
    await provider.stop();
    secrets.push(...provider.given);
    provider = await startProvider(providerPort, callback(), false);
    // It wants another way of clients to name themselves now, which is found out when the old one fails.
    expect(await problem((await signsIn(ADA)).answer)).toMatchObject({ status: 401, code: 'QRY8041' });
    const { person } = await signsIn({ ...ADA, sub: 'u-3', email: 'carol@acme.example' });
    // The login of ADA is taken, and stays hers.
    expect(await whoIs(person)).toMatchObject({ user: { login: 'carol@acme.example', role: 'admin' } });
  });

  it('says that the provider went away meanwhile; the try is lost, nothing else', async () => {
    const person = browser();
    const back = await person.goes(ADA);
    await provider.stop();
    secrets.push(...provider.given);
    expect(await problem(await person.get(back))).toMatchObject({ status: 503, code: 'QRY8040' });
    expect(person.holds().has('quarry_session')).toBe(false);
  });

  it('[promise 12] leaves no code, token, session or secret in log, database or configuration', async () => {
    const shown = await cli(['config', 'show', '--json'], { cwd: dir });
    expect(shown.code, shown.stderr).toBe(0);
    expect(secrets.length).toBeGreaterThan(20);
    expect(stderr).toContain('QRY8040');
    const files = ['quarry.db', 'quarry.db-wal'].map((name) => readFileSync(join(dir, 'data', name), 'latin1'));
    expect(files.join()).toContain('carol@acme.example');
    for (const secret of secrets) expect([stderr, shown.stdout, ...files].join()).not.toContain(secret);
  });
});
