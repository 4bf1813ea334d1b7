import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Criterion,
  idsOf,
  objects,
  qps,
  serviceRequest,
  type TruthLine,
  truthOf,
} from '../../../../test/support/rest-client.ts';
import { all, ask, child, type Node, parseXml, type Reply, value } from '../../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from '../../index.ts';
import { DAY } from '../../world/time.ts';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 230, seed: 7 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

const truth = (dataset: string): TruthLine[] => truthOf(sim, dataset);
const truthIds = (dataset: string): number[] => truth(dataset).map(({ key }) => Number(key[0]));

const SEARCHES = {
  host_assets: '2.0/search/am/hostasset',
  tags: '2.0/search/am/tag',
  webapps: '3.0/search/was/webapp',
  webapp_findings: '3.0/search/was/finding',
} as const;

const search = (path: string, criteria: Criterion[] = [], preferences: Record<string, unknown> = {}): Promise<Reply> =>
  qps(sim, path, serviceRequest(criteria, preferences));

const names = (node: Node | undefined): string[] => (node?.children ?? []).map(({ name }) => name);

/** `some` in the order in which they stand in `whole`. */
const inOrder = (whole: readonly string[], some: readonly string[]): string[] =>
  some.filter((name) => whole.includes(name));

function refusal(reply: Reply): unknown[] {
  const root = parseXml(reply.text);
  const details = child(root, 'responseErrorDetails');
  return [reply.status, value(root, 'responseCode'), value(details, 'errorMessage'), value(details, 'errorResolution')];
}

describe('elements', () => {
  test('of the frame, as recorded', async () => {
    const reply = await search(SEARCHES.webapps, [], { limitResults: 2 });
    expect(reply.headers['content-type']).toBe('application/xml');
    const root = parseXml(reply.text);
    expect(root.attributes['xsi:noNamespaceSchemaLocation']).toBe(`${sim.url}/qps/xsd/3.0/was/webapp.xsd`);
    expect(names(root)).toEqual(['responseCode', 'count', 'hasMoreRecords', 'lastId', 'data']);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
  });

  test('of a web application: thin in a search, as recorded; all of it from get', async () => {
    const [first] = objects(await search(SEARCHES.webapps, [], { limitResults: 1 }));
    const recorded = ['id', 'name', 'url', 'owner', 'tags', 'createdDate', 'updatedDate'];
    expect(inOrder(recorded, names(first))).toEqual(recorded);
    expect(names(first).filter((name) => !recorded.includes(name))).toEqual(['riskScore']);
    expect(names(child(first, 'owner'))).toEqual(['id']);
    const untagged = objects(await search(SEARCHES.webapps)).filter(
      (app) => value(child(app, 'tags'), 'count') === '0',
    );
    for (const app of untagged) expect(names(child(app, 'tags'))).toEqual(['count']);
    const reply = await search(SEARCHES.webapps, [], { limitResults: 1 });
    expect(reply.text).toMatch(/<name><!\[CDATA\[/);
    const [whole] = objects(await qps(sim, `3.0/get/was/webapp/${value(first, 'id')}`));
    expect(value(whole, 'id')).toBe(value(first, 'id'));
    for (const name of ['scope', 'scannerLocked', 'urlExcludelist', 'createdBy', 'updatedBy', 'isScheduled']) {
      expect(names(whole)).toContain(name);
      expect(names(first)).not.toContain(name);
    }
  });

  test('of a host asset, in the order of the recorded ones', async () => {
    const recorded = [
      ...[
        'id',
        'name',
        'created',
        'modified',
        'type',
        'sourceInfo',
        'qwebHostId',
        'fqdn',
        'os',
        'dnsHostName',
        'address',
      ],
      ...['trackingMethod', 'networkInterface', 'isDockerHost'],
    ];
    const assets = objects(await search(SEARCHES.host_assets, [], { limitResults: 1000 }));
    for (const asset of assets) expect(inOrder(recorded, names(asset))).toEqual(inOrder(names(asset), recorded));
    const ec2 = assets.flatMap((asset) => all(asset, 'Ec2AssetSourceSimple'));
    expect(ec2.length).toBeGreaterThan(0);
    expect(names(ec2[0])).toEqual([
      ...['assetId', 'type', 'firstDiscovered', 'lastUpdated', 'ec2InstanceTags', 'reservationId', 'availabilityZone'],
      ...['privateDnsName', 'publicDnsName', 'instanceId', 'instanceType', 'createdDate', 'instanceState', 'groupId'],
      ...[
        'groupName',
        'spotInstance',
        'accountId',
        'subnetId',
        'vpcId',
        'region',
        'zone',
        'imageId',
        'publicIpAddress',
      ],
      ...['privateIpAddress', 'monitoringEnabled'],
    ]);
    const azure = assets.flatMap((asset) => all(asset, 'AzureAssetSourceSimple'));
    expect(names(azure[0])).toEqual(
      inOrder(names(azure[0]), [
        ...[
          'assetId',
          'type',
          'firstDiscovered',
          'lastUpdated',
          'azureVmTags',
          'name',
          'location',
          'vmSize',
          'vmId',
          'offer',
        ],
        ...['state', 'publisher', 'version', 'osType', 'subnet', 'subscriptionId', 'resourceGroupName', 'macAddress'],
        'privateIpAddress',
      ]),
    );
    const both = assets.filter((asset) => child(child(asset, 'sourceInfo'), 'list')?.children.length === 2);
    expect(both.length, 'a provider and a bare AssetSource in one list, as the sample has them').toBeGreaterThan(0);
    const agent = assets.map((asset) => child(asset, 'agentInfo')).find((one) => one !== undefined);
    expect(names(agent)).toContain('locationGeoLongtitude');
    expect(names(child(child(assets[0], 'vuln'), 'list')?.children[0])).toEqual([
      'hostInstanceVulnId',
      'qid',
      'firstFound',
      'lastFound',
    ]);
  });

  test('of a finding: classifications and requests only when verbose or got alone', async () => {
    const criteria = [{ field: 'type', operator: 'EQUALS', value: 'VULNERABILITY' }];
    const [thin] = objects(await search(SEARCHES.webapp_findings, criteria, { limitResults: 1 }));
    const [verbose] = objects(await search(SEARCHES.webapp_findings, criteria, { limitResults: 1, verbose: true }));
    for (const name of ['cwe', 'owasp', 'wasc', 'cvssV3', 'resultList']) {
      expect(names(thin)).not.toContain(name);
      expect(names(verbose)).toContain(name);
    }
    expect(names(child(thin, 'webApp'))).toEqual(['id', 'name', 'url']);
    expect(names(child(verbose, 'webApp'))).toEqual(['id', 'name', 'url', 'tags']);
    const payload = all(verbose!, 'PayloadInstance')[0]!;
    expect(names(payload)).toEqual(['payload', 'request', 'response', 'payloadResponce']);
    const [alone] = objects(await qps(sim, `3.0/get/was/finding/${value(thin, 'id')}`));
    expect(names(alone)).toContain('resultList');
    const informative = objects(
      await search(SEARCHES.webapp_findings, [{ field: 'type', operator: 'EQUALS', value: 'INFORMATION_GATHERED' }]),
    );
    for (const one of informative)
      expect([value(one, 'status'), value(one, 'timesDetected')]).toEqual([undefined, undefined]);
  });

  test('fields= keeps the paths it names', async () => {
    const headers = { 'Content-Type': 'text/xml' };
    const params = { fields: 'id,tags.list.TagSimple.name' };
    const url = `/qps/rest/${SEARCHES.host_assets}?${new URLSearchParams(params)}`;
    const reply = await ask(sim, url, { method: 'POST', headers, body: serviceRequest([], { limitResults: 50 }) });
    for (const asset of objects(reply)) expect(['id', 'tags']).toEqual(expect.arrayContaining(names(asset)));
    for (const tag of all(parseXml(reply.text), 'TagSimple')) expect(names(tag)).toEqual(['name']);
    expect(all(parseXml(reply.text), 'TagSimple').length).toBeGreaterThan(5);
  });
});

test('the same machine under its ids: host list, host assets, web applications', async () => {
  const params = { action: 'list', show_asset_id: 1, truncation_limit: 0 };
  const listed = all(parseXml((await ask(sim, '/api/5.0/fo/asset/host/', { params })).text), 'HOST');
  const assets = objects(await search(SEARCHES.host_assets, [], { limitResults: 1000 }));
  const pair = (hostId: string | undefined, assetId: string | undefined, ip: string | undefined): string =>
    [hostId, assetId, ip].join();
  expect(assets.map((one) => pair(value(one, 'qwebHostId'), value(one, 'id'), value(one, 'address')))).toEqual(
    listed.map((one) => pair(value(one, 'ID'), value(one, 'ASSET_ID'), value(one, 'IP'))),
  );
  const known = new Set(listed.map((one) => value(one, 'ID')));
  for (const line of truth('webapps')) expect(known).toContain(line['host_id']);
});

test('an asset changes only with its modified date, over weeks', async () => {
  const living = await startSimulator({ hosts: 25, seed: 4 });
  const untimed = (node: Node): string => JSON.stringify(node.children.filter(({ name }) => name !== 'modified'));
  try {
    let before = new Map<string, { text: string; modified: string }>();
    let changes = 0;
    for (let day = 0; day < 20; day++) {
      const now = new Map<string, { text: string; modified: string }>();
      for (const node of objects(await qps(living, SEARCHES.host_assets, serviceRequest([], { limitResults: 1000 })))) {
        const id = value(node, 'id')!;
        now.set(id, { text: untimed(node), modified: value(node, 'modified')! });
        const old = before.get(id);
        if (old === undefined || old.text === untimed(node)) continue;
        changes++;
        expect(value(node, 'modified')! > old.modified, id).toBe(true);
      }
      before = now;
      living.advance(DAY);
    }
    expect(changes).toBeGreaterThan(50);
  } finally {
    await living.close();
  }
});

describe('around it', () => {
  test('portal/version and its refusal of wrong credentials', async () => {
    const root = parseXml((await qps(sim, 'portal/version')).text);
    expect(names(child(root, 'data'))).toEqual(['Portal-Version', 'QWeb-Version']);
    expect(names(child(child(root, 'data'), 'QWeb-Version'))).toEqual([
      'WEB-VERSION',
      'SCANNER-VERSION',
      'VULNSIGS-VERSION',
    ]);
    expect(names(child(child(root, 'data'), 'Portal-Version'))).toContain('QWEB__VM-VERSION');
    const wrong = await qps(sim, 'portal/version', undefined, { as: 'somebody:else' });
    expect(refusal(wrong)).toEqual([
      401,
      'INVALID_CREDENTIALS',
      'Authentication failed',
      'Verify both, user and password credentials.',
    ]);
  });

  test('an object that is not there is status 200 with OBJECT_NOT_FOUND', async () => {
    expect(refusal(await qps(sim, '2.0/get/am/hostasset/1')).slice(0, 2)).toEqual([200, 'OBJECT_NOT_FOUND']);
    expect(refusal(await qps(sim, '2.0/get/am/hostasset/x')).slice(0, 2)).toEqual([200, 'INVALID_REQUEST']);
  });

  test('users, but no other managers; assets in short', async () => {
    const users = objects(await search('2.0/search/am/user'));
    expect(users.length).toBeGreaterThan(5);
    expect(names(users[0])).toEqual(
      expect.arrayContaining(['id', 'username', 'firstName', 'lastName', 'emailAddress', 'title', 'roleList']),
    );
    expect(all(users[0]!, 'RoleData')).toHaveLength(1);
    expect(users.flatMap((user) => all(user, 'RoleData')).map((role) => value(role, 'name'))).not.toContain('Manager');
    const assets = await search('2.0/search/am/asset', [], { limitResults: 1000 });
    expect(idsOf(assets)).toEqual(truthIds('host_assets'));
    expect(all(parseXml(assets.text), 'qwebHostId')).toEqual([]);
  });

  test('no X-Requested-With is needed, and no limits hold', async () => {
    const limited = await startSimulator({ hosts: 2, limits: { limit: 1, windowSec: 60, concurrency: 1 } });
    try {
      for (let n = 0; n < 3; n++) {
        expect((await qps(limited, SEARCHES.tags, '', { requestedWith: false })).status).toBe(200);
      }
    } finally {
      await limited.close();
    }
  });
});
