import { afterEach, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { type FakeServer, fakeServer, send } from '../../qualys/fake-server.ts';
import { sinks } from '../../sinks/registry.gen.ts';
import { type Checked, checkConnection } from './check.ts';

let fake: FakeServer;
afterEach(() => fake.close());

const ABOUT = '<ABOUT><API-VERSION>1</API-VERSION></ABOUT>';

async function check(wanted: Record<string, object>): Promise<Checked[]> {
  const acme = { api_url: fake.url, username: 'u', password: 'p', datasets: wanted };
  const text = JSON.stringify({ connections: { acme }, sinks: {}, server: false });
  const config = loadConfig({ text, env: {}, cwd: '/', datasets, sinks });
  const { signal } = new AbortController();
  const checks: Checked[] = [];
  for await (const one of checkConnection(config.connections.get('acme')!, { config, version: 'test', signal }))
    checks.push(one);
  return checks;
}

it('asks for the last hour by Qualys’s clock, as the sign-in said it, from the first probe on', async () => {
  fake = await fakeServer((_, response) => send(response, 200, '"Date","Action"\n', { 'content-type': 'text/csv' }));
  fake.probe = (_, response) => send(response, 200, ABOUT, { date: 'Thu, 05 Mar 2026 08:00:00 GMT' });
  await check({ user_activity: {} });
  const [asked] = fake.received;
  const params = new URLSearchParams(`${asked!.url.search.slice(1)}&${asked!.body}`);
  expect(params.get('since_datetime')).toBe('2026-03-05T07:00:00Z');
});

it('knows the version and the time of an answer that is not read to its end', async () => {
  const vuln = `<VULN><QID>7</QID><TITLE>${'x'.repeat(1000)}</TITLE></VULN>`;
  const list = `<KNOWLEDGE_BASE_VULN_LIST_OUTPUT><RESPONSE><VULN_LIST>${vuln.repeat(3000)}</VULN_LIST></RESPONSE></KNOWLEDGE_BASE_VULN_LIST_OUTPUT>`;
  const date = 'Thu, 05 Mar 2026 08:00:00 GMT';
  fake = await fakeServer(({ url }, response) =>
    url.pathname.includes('knowledge_base')
      ? send(response, 200, list, { date })
      : send(response, 200, '"Date","Action"\n', { 'content-type': 'text/csv', date }),
  );
  const checks = await check({ knowledge_base: {}, user_activity: {} });
  expect(checks.find(({ what }) => what === 'knowledge_base')).toMatchObject({
    outcome: 'ok',
    about: 'readable, version 4.0',
  });
  const asked = fake.received.find(({ url }) => url.pathname.includes('activity_log'))!;
  expect(`${asked.url.search}&${asked.body}`).toContain('since_datetime=2026-03-05T07');
});
