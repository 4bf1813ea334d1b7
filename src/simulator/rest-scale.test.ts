import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateway, idsOf, qps, serviceRequest, signIn } from '../../test/support/rest-client.ts';
import { type Simulator, startSimulator } from './index.ts';
import { assetIdOf } from './world/host.ts';

const HOSTS = 1_000_000;

let sim: Simulator;
let token: string;
beforeAll(async () => {
  sim = await startSimulator({ hosts: HOSTS, seed: 2 });
  token = (await signIn(sim)).text;
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

test('a million hosts: pages anywhere, counts of all, while other calls get their turn', async () => {
  const near = assetIdOf(HOSTS - 5);
  const criteria = [{ field: 'id', operator: 'GREATER', value: near }];
  const last = await qps(sim, '2.0/search/am/hostasset', serviceRequest(criteria));
  expect(idsOf(last)).toEqual([4, 3, 2, 1, 0].map((back) => assetIdOf(HOSTS - back)));
  const order: string[] = [];
  const count = gateway(sim, token, '/rest/2.0/count/am/asset').then((reply) => {
    order.push('count');
    return reply;
  });
  const page = gateway(sim, token, `/rest/2.0/search/am/asset?pageSize=3&lastSeenAssetId=${near}`).then((reply) => {
    order.push('page');
    return reply;
  });
  expect(JSON.parse((await page).text)).toMatchObject({ count: 3, hasMore: 1 });
  expect(JSON.parse((await count).text)).toMatchObject({ count: HOSTS });
  expect(order).toEqual(['page', 'count']);
});

test('FIM and certificates of a million hosts: the newest events, the last page', async () => {
  const sort = '[{"processedTime":"desc"},{"id":"desc"}]';
  const newest = JSON.parse(
    (await gateway(sim, token, '/fim/v2/events/search', { sort, pageSize: 1000 })).text,
  ) as object[];
  expect(newest).toHaveLength(1000);
  const pages = await gateway(sim, token, '/certview/v2/certificates', { pageSize: 200, pageNumber: 700 });
  expect(JSON.parse(pages.text)).toHaveLength(200);
});
