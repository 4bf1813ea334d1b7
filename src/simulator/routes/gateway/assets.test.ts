import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway, signIn, truthOf } from '../../../../test/support/rest-client.ts';
import type { Reply } from '../../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from '../../index.ts';

const SEARCH = '/rest/2.0/search/am/asset';
const COUNT = '/rest/2.0/count/am/asset';

let sim: Simulator;
let token: string;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 340, seed: 9 });
  token = (await signIn(sim)).text;
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Asset = Record<string, unknown> & { readonly assetId: number };

interface Page {
  readonly count: number;
  readonly lastSeenAssetId: number;
  readonly hasMore: number;
  readonly assetListData: { readonly asset: readonly Asset[] };
}

const ask = (query = '', body?: object): Promise<Reply> => gateway(sim, token, `${SEARCH}?${query}`, body);
const page = async (query = '', body?: object): Promise<Page> => JSON.parse((await ask(query, body)).text) as Page;
const ids = ({ assetListData }: Page): number[] => assetListData.asset.map(({ assetId }) => assetId);
const filter = (field: string, operator: string, value: unknown): object => ({
  filters: [{ field, operator, value }],
  operation: 'AND',
});
const truth = () => truthOf(sim, 'assets');
const truthIds = (): number[] => truth().map(({ key }) => Number(key[0]));

describe('paging', () => {
  test('by lastSeenAssetId is exactly the truth; hasMore is an integer', async () => {
    const found: number[] = [];
    for (let cursor = 0, more = 1; more === 1; ) {
      const one = await page(`pageSize=23&lastSeenAssetId=${cursor}`);
      expect(one).toMatchObject({
        responseMessage: 'Valid API Access',
        responseCode: 'SUCCESS',
        count: ids(one).length,
      });
      expect([0, 1]).toContain(one.hasMore);
      expect(one.lastSeenAssetId).toBe(ids(one).at(-1));
      found.push(...ids(one));
      cursor = one.lastSeenAssetId;
      more = one.hasMore;
    }
    expect(found).toEqual(truthIds());
    const counted = JSON.parse((await gateway(sim, token, COUNT)).text) as object;
    expect(counted).toEqual({ responseMessage: 'Valid API Access', count: found.length, responseCode: 'SUCCESS' });
  });

  test('100 by default, 300 at most, and only in the query string', async () => {
    expect(ids(await page())).toEqual(truthIds().slice(0, 100));
    expect(ids(await page('pageSize=300'))).toHaveLength(300);
    const refused = await ask('pageSize=301');
    expect([refused.status, refused.headers['content-type']]).toEqual([400, 'application/json']);
    const inBody = { ...filter('asset.assetId', 'GREATER', 0), pageSize: 3, lastSeenAssetId: truthIds()[50] };
    expect(ids(await page('', inBody)), 'ignored in the body').toEqual(truthIds().slice(0, 100));
  });

  test('no match is a 204 without a body', async () => {
    const reply = await ask(`lastSeenAssetId=${truthIds().at(-1)}`);
    expect([reply.status, reply.text, reply.clean]).toEqual([204, '', true]);
    const path = `${SEARCH}?lastSeenAssetId=${truthIds().at(-1)}`;
    const packed = await gateway(sim, token, path, undefined, { headers: { 'Accept-Encoding': 'gzip' } });
    expect([packed.status, packed.headers['content-encoding'], packed.raw.length]).toEqual([204, undefined, 0]);
    expect((await ask('', filter('asset.name', 'EQUALS', 'nobody'))).status).toBe(204);
  });
});

describe('filters', () => {
  const found = async (field: string, operator: string, value: unknown): Promise<number[]> => {
    const reply = await ask('pageSize=300', filter(field, operator, value));
    return reply.status === 204 ? [] : ids(JSON.parse(reply.text) as Page);
  };

  test('compare dates and numbers, strictly or not', async () => {
    const lines = truth();
    const times = [...new Set(lines.map((line) => String(line['modified'])))].sort();
    const middle = times[Math.floor(times.length / 2)]!;
    const where = (test: (time: string) => boolean): number[] =>
      lines
        .filter((line) => test(String(line['modified'])))
        .map(({ key }) => Number(key[0]))
        .slice(0, 300);
    const field = 'asset.lastUpdatedDate';
    expect(await found(field, 'GREATER', middle)).toEqual(where((time) => time > middle));
    expect(await found(field, 'GREATER_THAN_EQUAL', middle)).toEqual(where((time) => time >= middle));
    expect(await found(field, 'LESSER', middle)).toEqual(where((time) => time < middle));
    expect(await found(field, 'LESS_THAN_EQUAL', middle)).toEqual(where((time) => time <= middle));
    for (const name of ['assetLastUpdated', 'lastModifiedDate']) {
      expect(ids(await page(`pageSize=300&${name}=${middle}`)), name).toEqual(where((time) => time >= middle));
    }
  });

  test('choose by text, list and tag; AND and OR; XML as well', async () => {
    const [one, two] = truthIds();
    expect(await found('asset.assetId', 'IN', [one, two])).toEqual([one, two]);
    expect(await found('tags.name', 'EQUALS', 'Cloud Agent')).not.toEqual([]);
    const either = {
      filters: [one, two].map((value) => ({ field: 'asset.assetId', operator: 'EQUALS', value })),
      operation: 'OR',
    };
    expect(ids(await page('', either))).toEqual([one, two]);
    expect((await ask('', { ...either, operation: 'AND' })).status).toBe(204);
    const body = `<FilterRequest><filters><Criteria field="asset.assetId" operator="EQUALS"><value>${one}</value></Criteria></filters><operation>AND</operation></FilterRequest>`;
    const reply = await gateway(sim, token, SEARCH, undefined, {
      body,
      headers: { 'Content-Type': 'application/xml' },
    });
    expect(ids(JSON.parse(reply.text) as Page)).toEqual([one]);
  });

  test.each([
    ['asset.nothing', 'EQUALS', '1'],
    ['asset.assetId', 'NOT EQUALS', '1'],
    ['asset.assetId', 'EQUALS', 'abc'],
    ['asset.lastUpdatedDate', 'IN', '2026-01-01'],
  ])('%s %s %s is refused', async (field, operator, value) => {
    expect((await ask('', filter(field, operator, value))).status).toBe(400);
  });

  test('a body that is no filter is refused', async () => {
    expect((await gateway(sim, token, SEARCH, undefined, { body: '{"filters":' })).status).toBe(400);
  });
});

describe('a record', () => {
  test('has ISO dates on top, epoch milliseconds below with 0 for never, nulls, and bare integers beyond 2^53', async () => {
    const { text } = await ask('pageSize=300');
    const assets = (JSON.parse(text) as Page).assetListData.asset;
    const [first] = assets;
    expect(first!['createdDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    const sensors = assets.map((one) => one['sensor'] as Record<string, unknown>);
    expect(sensors.map((one) => one['lastEasmScanDate'])).toEqual(assets.map(() => 0));
    for (const one of sensors) expect(one['lastVMScan']).toBeGreaterThan(1.6e12);
    expect(first).toMatchObject({ businessInformation: null, customAttributes: null, softwareComponent: null });
    const software = [...text.matchAll(/"software":\[\{"id":(\d+),/g)].map((match) => match[1]!);
    expect(software.length).toBeGreaterThan(20);
    for (const id of software) expect(BigInt(id)).toBeGreaterThan(2n ** 53n);
    const told = truth().flatMap((line) => (line['software_ids'] as string[]).slice(0, 1));
    expect(software).toEqual(told.slice(0, software.length));
    expect(text).toContain('"productUrl":","');
    expect(text).toContain('Not Announced');
  });

  test('names the same machine as its other ids do', async () => {
    const assets = new Map((await page('pageSize=300')).assetListData.asset.map((one) => [one.assetId, one]));
    for (const line of truth().slice(0, 300)) {
      const one = assets.get(Number(line.key[0]))!;
      expect([String(one['hostId']), one['agentId'] ?? undefined, one['assetUUID']]).toEqual([
        line['host_id'],
        line['agent_id'],
        line['uuid'],
      ]);
    }
  });

  test('with includeFields has null for the others, but its ids; alone by GET and POST', async () => {
    const { asset } = (await page('pageSize=2&includeFields=tagList,address')).assetListData;
    const whole = (await page('pageSize=2')).assetListData.asset;
    expect(Object.keys(asset[0]!)).toEqual(Object.keys(whole[0]!));
    const kept = Object.entries(asset[0]!)
      .filter(([, value]) => value !== null)
      .map(([name]) => name);
    expect(kept.every((name) => ['assetId', 'assetUUID', 'hostId', 'tagList', 'address'].includes(name))).toBe(true);
    expect(asset[0]!['address']).toBe(whole[0]!['address']);
    const without = (await page('pageSize=1&excludeFields=softwareListData')).assetListData.asset[0]!;
    expect([without['softwareListData'], without['address']]).toEqual([null, whole[0]!['address']]);
    for (const method of ['GET', 'POST']) {
      const reply = await gateway(sim, token, `/rest/2.0/get/am/asset?assetId=${whole[1]!.assetId}`, undefined, {
        method,
      });
      expect((JSON.parse(reply.text) as Page).assetListData.asset).toEqual([whole[1]]);
    }
    expect((await gateway(sim, token, '/rest/2.0/get/am/asset?assetId=1')).status).toBe(204);
  });
});

test('limits hold per endpoint: 429 with what to wait for', async () => {
  const limited = await startSimulator({ hosts: 2, limits: { limit: 2, windowSec: 60, concurrency: 1 } });
  try {
    const { text: mine } = await signIn(limited);
    const first = await gateway(limited, mine, COUNT);
    expect(first.headers).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-window-sec': '60',
      'x-ratelimit-remaining': '1',
    });
    expect(first.headers['x-ratelimit-towait-sec']).toBeUndefined();
    await gateway(limited, mine, COUNT);
    const refused = await gateway(limited, mine, COUNT);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['x-ratelimit-towait-sec'])).toBeGreaterThan(50);
    expect(JSON.parse(refused.text)).toMatchObject({ status: 429 });
    expect((await gateway(limited, mine, SEARCH)).status, 'another endpoint').toBe(200);
    expect((await signIn(limited)).status, 'signing in is outside').toBe(201);
    limited.advance(60_000);
    expect((await gateway(limited, mine, COUNT)).status).toBe(200);
    expect(limited.counters().refused).toEqual({ '429': 1 });
    expect(limited.counters().byEndpoint[COUNT]).toEqual({ '200': 3, '429': 1 });
  } finally {
    await limited.close();
  }
});
