import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gateway, qps, signIn } from '../../test/support/rest-client.ts';
import { ask, manualClock } from '../../test/support/simulator-client.ts';
import { DEFAULT_CLIENT, DEFAULT_EPOCH, type Simulator, startSimulator } from './index.ts';

const ASSETS = '/rest/2.0/count/am/asset';
const HOUR = 3_600_000;
const clock = manualClock(DEFAULT_EPOCH);

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 3, clock, openIdToken: 'external.identity.token' });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});
beforeEach(() => sim.resetCounters());

describe('POST /auth', () => {
  test('is 201 with the token as bare text: three parts, claims inside, good for four hours', async () => {
    const reply = await signIn(sim);
    expect(reply.status).toBe(201);
    expect(reply.text).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
    const [head, body] = reply.text.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(head!)).toMatchObject({ alg: 'HS512' });
    expect(JSON.parse(body!)).toMatchObject({
      sub: sim.username,
      iss: 'qas',
      aud: 'qas',
      loginResponse: 'SUCCESSFUL',
      usertype: 'fo',
      exp: (clock.now() + 4 * HOUR) / 1000,
    });
    expect((await gateway(sim, reply.text, ASSETS)).status).toBe(200);
    expect(sim.counters()).toMatchObject({ tokens: 1, wrongSignIns: {} });
  });

  test('refuses a wrong password with 401 and authentication_exceptions, counts the tries and locks', async () => {
    const wrong = { username: sim.username, password: 'no & no' };
    for (let n = 0; n < 5; n++) {
      const reply = await ask(sim, '/auth', { post: true, as: undefined, params: wrong });
      expect(reply.status).toBe(401);
      expect(JSON.parse(reply.text)).toEqual({
        authentication_exceptions: ['javax.security.auth.login.FailedLoginException'],
      });
    }
    expect((await signIn(sim)).status, 'locked: the right password is refused as well').toBe(401);
    expect(sim.counters()).toMatchObject({ tokens: 0, locked: [sim.username] });
    expect(JSON.stringify(sim.counters().recent)).not.toContain('no+%26+no');
  });

  test('takes form values as they are encoded: this password has & and %', async () => {
    expect(sim.password).toMatch(/[&%]/);
    expect((await signIn(sim)).status).toBe(201);
  });
});

test('/auth/oidc and /auth/oauth take clientId and clientSecret from headers', async () => {
  const { clientId, clientSecret } = DEFAULT_CLIENT;
  for (const path of ['/auth/oidc', '/auth/oauth']) {
    const reply = await ask(sim, path, { post: true, as: undefined, headers: { clientId, clientSecret } });
    expect(reply.status).toBe(201);
    expect((await gateway(sim, reply.text, ASSETS)).status).toBe(200);
    const inBody = { clientId, clientSecret };
    expect((await ask(sim, path, { post: true, as: undefined, params: inBody })).status).toBe(401);
    const wrong = { clientId, clientSecret: 'x' };
    expect((await ask(sim, path, { post: true, as: undefined, headers: wrong })).status).toBe(401);
  }
});

test('a token ends after its lifetime, by the clock and by advancing, and a forged one never begins', async () => {
  const { text: token } = await signIn(sim);
  await clock.tick(4 * HOUR - 1);
  expect((await gateway(sim, token, ASSETS)).status).toBe(200);
  await clock.tick(1);
  const ended = await gateway(sim, token, ASSETS);
  expect(ended.status).toBe(401);
  expect(JSON.parse(ended.text)).toMatchObject({ status: 401, error: 'Unauthorized', path: ASSETS });
  const { text: next } = await signIn(sim);
  sim.advance(4 * HOUR);
  expect((await gateway(sim, next, ASSETS)).status).toBe(401);
  const [head, , signature] = next.split('.');
  const claims = Buffer.from(JSON.stringify({ sub: sim.username, endsMs: 9e15 })).toString('base64url');
  expect((await gateway(sim, `${head}.${claims}.${signature}`, ASSETS)).status).toBe(401);
  const brief = await startSimulator({ hosts: 1, clock, tokenMs: 60_000 });
  try {
    const { text: short } = await signIn(brief);
    expect((await gateway(sim, short, ASSETS)).status, 'of another simulator').toBe(401);
    await clock.tick(60_000);
    expect((await gateway(brief, short, ASSETS)).status).toBe(401);
  } finally {
    await brief.close();
  }
});

test('the gateway takes no Basic; bearer tokens, an identity provider’s too, also open QPS and the classic API', async () => {
  expect((await ask(sim, ASSETS, { method: 'POST' })).status).toBe(401);
  const { text: token } = await signIn(sim);
  for (const one of [token, 'external.identity.token']) {
    const headers = { Authorization: `Bearer ${one}` };
    expect((await gateway(sim, one, ASSETS)).status).toBe(200);
    const portal = await qps(sim, 'portal/version', undefined, { as: undefined, headers });
    expect(portal.status).toBe(200);
    const params = { action: 'list', truncation_limit: 1 };
    expect((await ask(sim, '/api/5.0/fo/asset/host/', { as: undefined, headers, params })).status).toBe(200);
  }
  expect(sim.counters().wrongSignIns).toEqual({});
});
