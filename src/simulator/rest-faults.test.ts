/** One try per fault that only QPS and the gateway have, and the general faults as these show them. */
import { describe, expect, test } from 'vitest';
import { gateway, idsOf, objects, qps, qpsJson, serviceRequest, signIn } from '../../test/support/rest-client.ts';
import { all, ask, child, parseXml, type Reply, value } from '../../test/support/simulator-client.ts';
import type { RestFault } from './faults.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts';

const ASSETS = '/rest/2.0/search/am/asset';
const EVENTS = '/fim/v2/events/search';
const HOST_ASSETS = '2.0/search/am/hostasset';

interface Bench {
  readonly sim: Simulator;
  readonly token: string;
  set(argument?: string | number): void;
}

const assets = ({ sim, token }: Bench, query = 'pageSize=2'): Promise<Reply> =>
  gateway(sim, token, `${ASSETS}?${query}`);
const searched = ({ sim }: Bench, limitResults = 2): Promise<Reply> =>
  qps(sim, HOST_ASSETS, serviceRequest([], { limitResults }));
const names = (reply: Reply): string[] => parseXml(reply.text).children.map(({ name }) => name);

/** One try per fault; the type demands all of them. */
const TRIES: Record<RestFault, (bench: Bench) => Promise<void>> = {
  'token-expired': async (bench) => {
    const { sim, token } = bench;
    bench.set();
    expect((await assets(bench)).status).toBe(401);
    sim.clearFaults();
    expect((await assets(bench)).status, 'this token stays refused').toBe(401);
    const next = (await signIn(sim)).text;
    expect(next).not.toBe(token);
    expect((await gateway(sim, next, ASSETS)).status, 'the next one is not').toBe(200);
    expect((await qps(sim, HOST_ASSETS, '')).status, 'Basic is not concerned').toBe(200);
  },
  'error-as-token': async ({ sim, set }) => {
    set();
    const reply = await signIn(sim);
    expect(reply.status).toBe(201);
    expect(JSON.parse(reply.text)).toHaveProperty('authentication_exceptions');
  },
  'to-wait-missing': async () => {
    await withSimulator(
      { limits: { limit: 1, windowSec: 60, concurrency: 1 }, faults: ['to-wait-missing'] },
      async (bench) => {
        await assets(bench);
        const refused = await assets(bench);
        expect([
          refused.status,
          refused.headers['x-ratelimit-towait-sec'],
          refused.headers['x-ratelimit-window-sec'],
        ]).toEqual([429, undefined, '60']);
      },
    );
  },
  'http-429-to-wait': async (bench) => {
    bench.set(17);
    const reply = await assets(bench);
    expect([reply.status, reply.headers['x-ratelimit-towait-sec'], reply.headers['x-ratelimit-limit']]).toEqual([
      429,
      '17',
      '300',
    ]);
    expect(JSON.parse(reply.text)).toMatchObject({ status: 429 });
  },
  'http-429-no-wait': async (bench) => {
    bench.set();
    const reply = await assets(bench);
    expect([reply.status, reply.headers['x-ratelimit-towait-sec'], reply.headers['x-ratelimit-limit']]).toEqual([
      429,
      undefined,
      '300',
    ]);
  },
  'http-403-json': async (bench) => {
    bench.set();
    const reply = await assets(bench);
    expect([reply.status, reply.headers['content-type']]).toEqual([403, 'application/json']);
    expect(JSON.parse(reply.text)).toMatchObject({ status: 403, path: ASSETS });
  },
  'qps-sign-in-200': async ({ sim, set }) => {
    set();
    const reply = await qps(sim, 'portal/version', undefined, { as: 'nobody:nothing' });
    expect([reply.status, value(parseXml(reply.text), 'responseCode')]).toEqual([200, 'INVALID_CREDENTIALS']);
  },
  'qps-no-permission': async (bench) => {
    bench.set();
    const reply = await searched(bench);
    expect([reply.status, value(parseXml(reply.text), 'responseCode')]).toEqual([200, 'INSUFFICIENT_PERMISSION']);
  },
  'has-more-absent': async (bench) => {
    bench.set();
    const reply = await searched(bench);
    expect(names(reply)).toEqual(['responseCode', 'count', 'data']);
    expect(idsOf(reply)).toHaveLength(2);
    expect(await qpsJson(bench.sim, HOST_ASSETS, {})).not.toHaveProperty('hasMoreRecords');
  },
  'list-single-object': async (bench) => {
    const { sim, token } = bench;
    const before = (await qpsJson(sim, HOST_ASSETS, { preferences: { limitResults: 1 } }))['data'] as object[];
    bench.set();
    const { data } = await qpsJson(sim, HOST_ASSETS, { preferences: { limitResults: 1 } });
    expect(data).toHaveProperty('HostAsset.id', (before[0] as { HostAsset: { id: number } }).HostAsset.id);
    const many = (await qpsJson(sim, HOST_ASSETS, {}))['data'] as { HostAsset: { sourceInfo: { list: object } } }[];
    const sources = many.map(({ HostAsset }) => HostAsset.sourceInfo.list);
    expect(sources.filter((list) => !Array.isArray(list)).length).toBeGreaterThan(30);
    for (const list of sources) if (Array.isArray(list)) expect(list.length).toBeGreaterThan(1);
    const event: unknown = JSON.parse((await gateway(sim, token, EVENTS, { pageSize: 1 })).text);
    expect(Object.keys(event as object)).toEqual(['sortValues', 'data']);
    const certificate: unknown = JSON.parse(
      (await gateway(sim, token, '/certview/v2/certificates', { pageSize: 1 })).text,
    );
    expect(certificate).toHaveProperty('certhash');
  },
  'list-empty': async (bench) => {
    const bare = (reply: Reply): string[] =>
      objects(reply).flatMap((asset) =>
        asset.children.filter((one) => one.text.trim() === '' && one.children.length === 0).map(({ name }) => name),
      );
    const before = await searched(bench, 100);
    expect(objects(before).some((asset) => child(asset, 'tags') === undefined)).toBe(true);
    bench.set();
    const reply = await searched(bench, 100);
    for (const asset of objects(reply)) expect(child(child(asset, 'tags'), 'list')).toBeDefined();
    expect(reply.text).toContain('<list/>');
    expect(bare(reply)).toEqual(bare(before));
    const none = await qps(bench.sim, HOST_ASSETS, serviceRequest([{ field: 'id', operator: 'EQUALS', value: 1 }]));
    expect(names(none)).toEqual(['responseCode', 'count', 'hasMoreRecords', 'data']);
    expect(child(parseXml(none.text), 'data')?.text.trim()).toBe('');
  },
  'cursor-stuck': async (bench) => {
    const first = idsOf(await searched(bench));
    bench.set();
    const lastId = Number(value(parseXml((await searched(bench)).text), 'lastId'));
    const next = await qps(
      bench.sim,
      HOST_ASSETS,
      serviceRequest([{ field: 'id', operator: 'GREATER', value: lastId }], { limitResults: 2 }),
    );
    expect(idsOf(next)).toEqual(first);
    const page = JSON.parse((await assets(bench, 'pageSize=2&lastSeenAssetId=20300012')).text) as object;
    expect(page).toMatchObject({ hasMore: 1, lastSeenAssetId: 20_300_012 });
  },
  'fim-late': async ({ sim, token, set }) => {
    const newest = async (): Promise<string> => {
      const body = { sort: '[{"processedTime":"desc"}]', pageSize: 1 };
      const [row] = JSON.parse((await gateway(sim, token, EVENTS, body)).text) as { data: { processedTime: string } }[];
      return row!.data.processedTime;
    };
    const before = await newest();
    set(86_400_000);
    expect((await newest()) < before).toBe(true);
    sim.advance(86_400_000);
    const later = (await signIn(sim)).text;
    const body = { filter: `processedTime:['${before.replace('+0000', 'Z')}'..'2100-01-01']` };
    const counted = await gateway(sim, later, '/fim/v2/events/count', body);
    expect(JSON.parse(counted.text), 'shown a day later with the time of the day before').toEqual({ count: 1 });
  },
  'assets-capped': async (bench) => {
    bench.set(10);
    const seen: unknown[] = [];
    for (let last = 0, more = 1; more === 1; ) {
      const { text } = await assets(bench, `pageSize=4&lastSeenAssetId=${last}`);
      const page = JSON.parse(text) as {
        hasMore: number;
        lastSeenAssetId: number;
        assetListData: { asset: unknown[] };
      };
      seen.push(...page.assetListData.asset);
      more = page.hasMore;
      last = page.lastSeenAssetId;
    }
    expect(seen).toHaveLength(10);
  },
  'page-size-416': async (bench) => {
    expect((await assets(bench, 'pageSize=301')).status).toBe(400);
    bench.set();
    expect((await assets(bench, 'pageSize=301')).status).toBe(416);
    expect((await assets(bench, 'pageSize=300')).status).toBe(200);
  },
};

async function withSimulator(
  options: Partial<SimulatorOptions>,
  run: (bench: Omit<Bench, 'set'> & Bench) => Promise<void>,
  name?: RestFault,
): Promise<void> {
  const sim = await startSimulator({ hosts: 60, seed: 3, ...options });
  try {
    const token = (await signIn(sim)).text;
    const set = (argument?: string | number): void => {
      if (name !== undefined) sim.setFault(argument === undefined ? name : `${name}=${argument}`);
    };
    await run({ sim, token, set });
    sim.clearFaults();
    expect(sim.counters().defects).toEqual([]);
  } finally {
    await sim.close();
  }
}

describe('fault', () => {
  test.each(Object.keys(TRIES) as RestFault[])('%s does what it says', async (name) => {
    await withSimulator({}, async (bench) => await TRIES[name](bench), name);
  });
});

describe('general faults on REST calls', () => {
  const each = async (fault: string, see: (reply: Reply) => void): Promise<void> => {
    await withSimulator({}, async (bench) => {
      const calls = [
        () => assets(bench),
        () => gateway(bench.sim, bench.token, EVENTS, { pageSize: 20 }),
        () => searched(bench),
      ];
      for (const call of calls) {
        bench.sim.clearFaults();
        bench.sim.setFault(fault);
        see(await call());
      }
    });
  };

  test('a proxy’s HTML page with 502, and with 200', async () => {
    await each('http-502', (reply) => {
      expect([reply.status, reply.headers['content-type']]).toEqual([502, 'text/html; charset=iso-8859-1']);
    });
    await each('html-200', (reply) => expect([reply.status, reply.text.includes('<h1>')]).toEqual([200, true]));
  });

  test('answers cut short, cleanly or not, are neither JSON nor XML any more', async () => {
    for (const fault of ['truncated-at=700', 'truncated-at=10000000', 'reset-at=500']) {
      await each(fault, (reply) => {
        expect(reply.clean, fault).toBe(fault.startsWith('truncated'));
        expect(reply.text.length).toBeGreaterThan(0);
        expect(() => (reply.text.startsWith('<') ? parseXml(reply.text) : JSON.parse(reply.text))).toThrow();
      });
    }
  });

  test('401 of the right credentials costs no wrong try', async () => {
    await withSimulator({ faults: ['http-401*2@am/'] }, async (bench) => {
      expect([(await assets(bench)).status, (await searched(bench)).status]).toEqual([401, 401]);
      expect([(await assets(bench)).status, (await searched(bench)).status]).toEqual([200, 200]);
      expect(bench.sim.counters().wrongSignIns).toEqual({});
    });
  });

  test('pages capped below what was asked for; a host inserted behind the cursor and one ahead', async () => {
    await withSimulator({ faults: ['page-size-capped=3'] }, async (bench) => {
      expect(idsOf(await searched(bench, 50))).toHaveLength(3);
      expect(JSON.parse((await assets(bench, 'pageSize=50')).text)).toMatchObject({ count: 3, hasMore: 1 });
    });
    await withSimulator({}, async (bench) => {
      const ids = async (): Promise<number[]> => idsOf(await searched(bench, 1000));
      const before = await ids();
      for (const call of [() => searched(bench, 9), () => assets(bench, 'pageSize=21')]) {
        const known = await ids();
        bench.sim.setFault('host-inserted*1');
        await call();
        expect((await ids()).filter((id) => !known.includes(id)).length).toBeGreaterThan(0);
      }
      expect((await ids()).filter((id) => before.includes(id))).toEqual(before);
    });
  });

  test('a token may end at any call of a run, on the classic API too', async () => {
    await withSimulator({ faults: ['token-expired*1+1@/fo/asset/host/'] }, async ({ sim, token }) => {
      const headers = { Authorization: `Bearer ${token}` };
      const statuses = [];
      for (let n = 0; n < 3; n++) {
        const params = { action: 'list', truncation_limit: 1 };
        statuses.push((await ask(sim, '/api/5.0/fo/asset/host/', { as: undefined, headers, params })).status);
      }
      expect(statuses).toEqual([200, 401, 401]);
    });
  });

  test('a token may end at any call of a run', async () => {
    await withSimulator({ faults: ['token-expired*1+2@/rest/'] }, async (bench) => {
      const statuses = [];
      for (let n = 0; n < 4; n++) statuses.push((await assets(bench)).status);
      expect(statuses).toEqual([200, 200, 401, 401]);
    });
  });

  test('a reply that starts late, and one that never ends', async () => {
    await withSimulator({ faults: ['slow=20@/rest/'] }, async (bench) =>
      expect((await assets(bench)).status).toBe(200),
    );
    await withSimulator({ faults: ['content-length-too-long=5@/rest/'] }, async (bench) =>
      expect((await assets(bench)).clean).toBe(false),
    );
  });

  test('lists of several are arrays with every fault but their own', async () => {
    await withSimulator({ faults: ['list-single-object'] }, async (bench) => {
      const reply = await searched(bench, 5);
      expect(all(parseXml(reply.text), 'HostAsset'), 'XML has no other form').toHaveLength(5);
    });
  });
});
