import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents, type ServedApi, serveApi } from '../../test/support/api.ts';
import { until } from '../../test/support/cli.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';

type Items = { items: Record<string, unknown>[]; next_cursor: string | null };

let simulator: Simulator;
let api: ServedApi;
beforeAll(async () => {
  simulator = await startSimulator({ hosts: 60, seed: 1, limits: 'off', frozen: true });
  api = await serveApi({
    connections: {
      acme: {
        ...{ api_url: simulator.url, username: simulator.username },
        password: simulator.password.replaceAll('$', '$$$$'),
        datasets: { host_list: { every: '1h', sweep: { full: '1h' } }, user_activity: { every: '1h' } },
      },
    },
    sinks: { out: { type: 'file', path: './out' } },
  });
  await until(async () => (await pulls()) >= 2);
}, 60_000);
afterAll(async () => {
  await api.close();
  await simulator.close();
});

const pulls = async (more = '') => (await api.read<Items>(`/api/v1/pulls?status=complete${more}`)).items.length;
const stream = async (dataset: string) =>
  (await api.read<Items>('/api/v1/connections/acme/streams')).items.find((one) => one['dataset'] === dataset)!;
/** Asks for a pull of the hosts and waits until it is over. */
async function pullHosts(path: string, body: unknown): Promise<void> {
  const before = await pulls('&dataset=host_list');
  expect((await api.ask('POST', `/api/v1/connections/acme/streams/host_list/${path}`, { body })).status).toBe(202);
  await until(async () => (await pulls('&dataset=host_list')) > before);
}

describe('events, verified', () => {
  it('[S51] [S52] [S53] are found by index, content, text and time, newest first, in pages without a gap', async () => {
    const seen: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Items = await api.read(
        `/api/v1/events?index=assets&limit=25${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen).size).toBe(60);
    const count = async (query: string) => (await api.read<Items>(`/api/v1/events?${query}&limit=1000`)).items.length;
    expect(await count('content_type=hosts')).toBe(60);
    expect(await count('content_type=vulnerabilities')).toBe(0);
    expect(await count('index=scans')).toBe(0);
    expect(await count('index=syslog')).toBeGreaterThan(60);
    expect(await count('to=2026-01-01T00:00:00Z')).toBe(0);
    const { items } = await api.read<Items>('/api/v1/events?index=assets&limit=1');
    const { ID: id } = items[0]!['record'] as { ID: string };
    expect(await count(`index=assets&text=${encodeURIComponent(`"ID":"${id}"`.toLowerCase())}`)).toBe(1);
    expect(await api.read(`/api/v1/events/${String(items[0]!['place'])}`)).toEqual(items[0]);
    const all = await api.ask('GET', '/api/v1/events?index=assets&limit=7', {
      headers: { accept: 'application/x-ndjson' },
    });
    expect((await all.text()).trim().split('\n')).toHaveLength(60);
  });

  it('say which cursor is none', async () => {
    for (const path of ['/api/v1/events?cursor=x', '/api/v1/pulls?cursor=1', '/api/v1/audit?cursor=1-2']) {
      const answer = await api.ask('GET', path);
      expect(await answer.json(), path).toMatchObject({ status: 400, code: 'QRY8032' });
    }
  });
});

it('how complete a data set is, against what Qualys says', async () => {
  const { items, waiting, refused } = await api.read<Items & { waiting: number; refused: number }>(
    '/api/v1/completeness',
  );
  expect(items.find(({ dataset }) => dataset === 'host_list')).toMatchObject({
    ...{ connection: 'acme', have: 60, read: 60, qualys: 60, by: 'ids', complete: true, quarantined: 0, held: null },
    ...{ as_of: expect.stringMatching(/^20/), in_inventory: true },
  });
  expect(items.find(({ dataset }) => dataset === 'user_activity')).toMatchObject({ qualys: null, by: null });
  expect([waiting, refused]).toEqual([expect.any(Number), 0]);
  const of = async (connection: string) =>
    (await api.read<Items>(`/api/v1/completeness?connection=${connection}`)).items.map(({ dataset }) => dataset);
  expect(await of('acme')).toEqual(items.map(({ dataset }) => dataset));
  expect(await of('other')).toEqual([]);
});

describe('streams of the API', () => {
  it('go on where a client was, and end with the report when asked to', async () => {
    const path = '/api/v1/progress/stream?dataset=host_list&until=report';
    const first = await readEvents(await api.ask('GET', `${path}&last_event_id=0`), () => false);
    expect(first.at(-1)).toMatchObject({ event: 'report', data: { connection: 'acme', status: 'complete' } });
    const middle = first[0]!.id!;
    const again = await readEvents(await api.ask('GET', path, { headers: { 'last-event-id': middle } }), () => false);
    expect(again).toEqual(first.slice(1));
  });

  it('show log lines without secrets', async () => {
    const lines = await readEvents(
      await api.ask('GET', '/api/v1/logs/stream?last_event_id=0&connection=acme'),
      (messages) => messages.length >= 2,
    );
    expect(lines[0]).toMatchObject({ event: 'log', data: { level: 'info', msg: 'pull begins' } });
    expect(JSON.stringify(await api.read('/api/v1/logs?limit=1000'))).not.toContain(simulator.password);
  });
});

describe('a stream by hand', () => {
  it('reset asks for its name, and then everything comes again with the same ids', { timeout: 30_000 }, async () => {
    const ids = async () =>
      (await api.read<Items>('/api/v1/events?dataset=host_list&limit=1000')).items.map(({ id }) => String(id));
    const before = (await ids()).toSorted();
    const path = '/api/v1/connections/acme/streams/host_list/reset';
    expect((await api.ask('POST', path, { body: { confirm: 'yes' } })).status).toBe(400);
    await pullHosts('reset', { confirm: 'host_list' });
    expect(await stream('host_list')).toMatchObject({ rows_total: 120, known_keys: 60 });
    expect((await ids()).toSorted()).toEqual([...before, ...before].toSorted());
    const { items } = await api.read<Items>('/api/v1/audit');
    expect(items[0]).toMatchObject({ action: 'stream.reset', target: 'acme/host_list', actor: 'ada' });
  });

  it('back-fill is for logs', async () => {
    const times = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00Z' };
    const ask = (dataset: string, body: unknown) =>
      api.ask('POST', `/api/v1/connections/acme/streams/${dataset}/backfill`, { body });
    const refused = await ask('host_list', times);
    expect(await refused.json()).toMatchObject({
      ...{
        status: 400,
        detail: expect.stringContaining('current state'),
        fix: expect.stringContaining('Read all of it'),
      },
    });
    const can = async (dataset: string) => (await stream(dataset))['can_backfill'];
    expect([await can('host_list'), await can('user_activity')]).toEqual([false, true]);
    expect((await ask('user_activity', { ...times, to: times.from })).status).toBe(400);
    expect((await ask('user_activity', times)).status).toBe(202);
  });
});

describe('a held sweep', () => {
  it('is shown, discarded, and confirmed by hand', { timeout: 60_000 }, async () => {
    // At the same address there is suddenly a subscription with three hosts.
    const port = Number(new URL(simulator.url).port);
    await simulator.close();
    simulator = await startSimulator({ hosts: 3, seed: 1, limits: 'off', frozen: true, port });
    await pullHosts('run', { sweep: true });
    const held = async () => (await api.read<Items>('/api/v1/sweeps/held')).items;
    const [first] = await held();
    expect(first).toMatchObject({ connection: 'acme', dataset: 'host_list', reason: 'purged', known: 60 });
    expect((await stream('host_list'))['held_sweep']).toMatchObject({ id: first!['id'] });
    const path = `/api/v1/sweeps/held/${String(first!['id'])}`;
    expect((await api.ask('POST', `${path}/discard`)).status).toBe(204);
    expect(await held()).toEqual([]);
    expect((await api.ask('POST', `${path}/confirm`)).status).toBe(404);
    await pullHosts('run', { sweep: true });
    const [second] = await held();
    const confirmed = await api.ask('POST', `/api/v1/sweeps/held/${String(second!['id'])}/confirm`);
    expect(await confirmed.json()).toEqual({ removed: second!['absent'] });
    expect(await held()).toEqual([]);
    expect(await stream('host_list')).toMatchObject({ known_keys: 60 - Number(second!['absent']) });
    const { items } = await api.read<Items>('/api/v1/events?dataset=host_list&limit=1');
    expect(items[0]).toMatchObject({ change: 'removed', reason: 'purged' });
  });
});
