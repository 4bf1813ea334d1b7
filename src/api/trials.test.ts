import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents, type ServedApi, serveApi } from '../../test/support/api.ts';
import { until } from '../../test/support/cli.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';

const CANARY = 'canary-7f3a';
type Trial = { state: string; checks: { check: string; outcome: string; status?: number; title?: string }[] };

let simulator: Simulator;
let api: ServedApi;
let settings: Record<string, unknown> = {};
beforeAll(async () => {
  simulator = await startSimulator({
    ...{ hosts: 5, seed: 1, limits: 'off', frozen: true },
    users: [{ username: 'quarry_sim', password: CANARY }],
  });
  settings = { api_url: simulator.url, username: 'quarry_sim', password: CANARY, datasets: ['host_list'] };
  api = await serveApi({
    server: { listen: '127.0.0.1:0', allow_private_addresses: true },
    connections: {},
    sinks: { out: { type: 'file', path: './out' } },
  });
}, 60_000);
afterAll(async () => {
  await api.close();
  await simulator.close();
});

/** Runs a test to its end, step by step. */
async function tried(path: string, body?: unknown): Promise<Trial> {
  const begun = await api.ask('POST', path, { body });
  expect(begun.status, await begun.clone().text()).toBe(202);
  const { href, stream } = (await begun.json()) as { href: string; stream: string };
  const messages = await readEvents(await api.ask('GET', stream), () => false);
  const trial = await api.read<Trial>(href);
  expect(messages.map(({ event }) => event)).toEqual([...trial.checks.map(() => 'check'), 'end']);
  return trial;
}

describe('tests of connections', () => {
  it('[S39] [S41] try settings that are not kept; reaching alone signs in to nothing', async () => {
    const reached = await tried('/api/v1/connections/reach', { settings });
    expect(reached.checks.map(({ check, outcome }) => [check, outcome])).toEqual([['DNS', 'ok']]);
    const good = await tried('/api/v1/connections/test', { settings });
    expect(good.state).toBe('passed');
    expect(good.checks.map(({ check }) => check)).toEqual(['DNS', 'sign-in (basic)', 'host_list']);
    expect((await api.read<{ items: unknown[] }>('/api/v1/connections')).items).toEqual([]);
  });

  it('[S46] [M15] say what a refusal means and what to ask', async () => {
    const { state, checks } = await tried('/api/v1/connections/test', {
      settings: { ...settings, password: 'not this one' },
    });
    expect(state).toBe('failed');
    expect(checks[1]).toMatchObject({
      ...{ check: 'sign-in (basic)', outcome: 'failed', status: 401 },
      title: expect.stringContaining('401 Unauthorized'),
      explanation: expect.stringContaining('not valid'),
      recommendation: expect.stringContaining('entitled or licensed'),
    });
    expect(checks[2]).toMatchObject({ check: 'host_list', outcome: 'skipped' });
  });

  it('[S40] run one at a time', async () => {
    simulator.setFault('slow=1500@/asset/host/');
    const first = await api.ask('POST', '/api/v1/connections/test', { body: { settings } });
    const second = await api.ask('POST', '/api/v1/connections/test', { body: { settings } });
    expect([first.status, second.status]).toEqual([202, 409]);
    expect(await second.json()).toMatchObject({ code: 'QRY6011' });
    const { href } = (await first.json()) as { href: string };
    await until(async () => (await api.read<Trial>(href)).state !== 'running');
    simulator.clearFaults();
  });

  it('[S43] wake what had failed when they pass', async () => {
    simulator.setFault('reset-at=100@/asset/host/');
    expect((await api.ask('POST', '/api/v1/connections', { body: { id: 'acme', settings } })).status).toBe(201);
    const word = async () => (await api.read<{ status: { word: string } }>('/api/v1/connections/acme')).status.word;
    await until(async () => (await word()) === 'temporary failure');
    simulator.clearFaults();
    expect((await tried('/api/v1/connections/acme/test')).state).toBe('passed');
    await until(async () => (await word()) === 'active');
  });
});

describe('secrets', () => {
  it('[fault 91] are in no answer, no log line, no file but sealed', async () => {
    const { paths } = await api.read<{ paths: Record<string, Record<string, unknown>> }>('/api/openapi.json');
    const gets = Object.entries(paths).filter(([path, methods]) => 'get' in methods && !path.endsWith('/stream'));
    expect(gets.length).toBeGreaterThan(30);
    for (const [path] of gets) {
      const filled = path
        .replace('{id}', 'acme')
        .replace('{dataset}', 'host_list')
        .replace('{view}', 'devices')
        .replace(/\{\w+\}/, 'out');
      expect(await (await api.ask('GET', filled)).text(), path).not.toContain(CANARY);
    }
    const yaml = await api.read<{ yaml: string; variables: string[] }>('/api/v1/connections/acme/yaml');
    expect(yaml.variables).toEqual(['QUARRY_ACME_PASSWORD']);
    expect(yaml.yaml).toContain('password: ${QUARRY_ACME_PASSWORD}');
    expect(api.said()).not.toContain(CANARY);
    for (const file of ['quarry.db', 'quarry.db-wal'])
      expect((await readFile(join(api.dir, 'data', file))).includes(CANARY), file).toBe(false);
  });
});
