import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway, signIn, truthOf } from '../../../../test/support/rest-client.ts';
import type { Reply } from '../../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from '../../index.ts';

const V2 = '/certview/v2/certificates';

let sim: Simulator;
let token: string;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 400, seed: 3 });
  token = (await signIn(sim)).text;
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Certificate = Record<string, unknown> & {
  readonly id: number;
  readonly assets: readonly Record<string, unknown>[];
};

const post = (path: string, body: object = {}): Promise<Reply> => gateway(sim, token, path, body);
const list = async (path: string, body: object = {}): Promise<Certificate[]> =>
  JSON.parse((await post(path, body)).text) as Certificate[];
const idsOf = (found: readonly { id: number }[]): number[] => found.map(({ id }) => id);

async function everything(path: string, body: object, pageSize: number): Promise<Certificate[]> {
  const found: Certificate[] = [];
  for (let pageNumber = 0; ; pageNumber++) {
    const page = await list(path, { ...body, pageNumber, pageSize });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

const truthIds = (): number[] => truthOf(sim, 'certificates').map(({ key }) => Number(key[0]));

test('pages from 0 until an empty array are exactly the truth, in v1, v2 and its successors', async () => {
  expect(truthIds().length).toBeGreaterThan(50);
  for (const path of [V2, '/certview/v2.1/certificates', '/certview/v2.2/certificates', '/certview/v1/certificates']) {
    expect(idsOf(await everything(path, {}, 9)), path).toEqual(truthIds());
  }
});

test('10 by default, 200 at most', async () => {
  expect(await list(V2)).toHaveLength(10);
  expect((await post(V2, { pageSize: 200 })).status).toBe(200);
  expect((await post(V2, { pageSize: 201 })).status).toBe(400);
});

test('have the fields of the documentation in the order of its list; names of hosts only when asked for', async () => {
  const all = await everything(V2, {}, 200);
  const leaf = all.find((one) => one['type'] === 'Leaf')!;
  expect(Object.keys(leaf)).toEqual([
    ...[
      'id',
      'certhash',
      'keySize',
      'serialNumber',
      'validToDate',
      'validTo',
      'validFromDate',
      'validFrom',
      'signatureAlgorithm',
    ],
    ...[
      'extendedValidation',
      'createdDate',
      'dn',
      'subject',
      'updateDate',
      'lastFound',
      'imported',
      'selfSigned',
      'issuer',
    ],
    ...['rootissuer', 'issuerCategory', 'instanceCount', 'assetCount', 'sources', 'type', 'assets'],
  ]);
  expect(Object.keys(leaf['issuer'] as object)).toEqual([
    'organization',
    'organizationUnit',
    'name',
    'country',
    'state',
    'certhash',
    'locality',
  ]);
  expect(leaf['certhash']).toMatch(/^[0-9a-f]{64}$/);
  expect(Date.parse(String(leaf['validToDate']))).toBe(leaf['validTo']);
  expect(new Set(all.map((one) => one['certhash'])).size).toBe(all.length);
  const includes = ['ASSET_INTERFACES', 'ASSET_TAGS', 'EXTENSIVE_CERTIFICATE_INFO'];
  const extensive = (await everything(V2, { includes }, 200)).find(({ id }) => id === leaf.id)!;
  expect(extensive['subjectAlternativeNames']).toEqual({ 'DNS Name': [(leaf['subject'] as { name: string }).name] });
  expect(Object.keys(extensive.assets[0]!)).toEqual(expect.arrayContaining(['assetInterfaces', 'tags']));
  expect(Object.keys(leaf.assets[0]!)).not.toContain('tags');
});

test('are on hosts of the world, under their asset ids', async () => {
  const known = new Map(truthOf(sim, 'assets').map((line) => [Number(line.key[0]), line['uuid']]));
  const assets = (await everything(V2, {}, 200)).flatMap((one) => one.assets);
  expect(assets.length).toBeGreaterThan(50);
  for (const asset of assets) expect(known.get(Number(asset['id']))).toBe(asset['uuid']);
});

describe('filters', () => {
  test('of v2 compare and choose', async () => {
    const all = await everything(V2, {}, 200);
    const middle = all.map((one) => String(one['validToDate'])).sort()[Math.floor(all.length / 2)]!;
    const filtered = (field: string, operator: string, value: unknown) =>
      everything(V2, { filter: { filters: [{ field, operator, value }], operation: 'AND' } }, 200);
    const before = all.filter((one) => String(one['validToDate']) < middle);
    expect(await filtered('certificate.validToDate', 'LESSER', middle)).toEqual(before);
    expect(before.length).toBeGreaterThan(5);
    const one = all[20]!;
    expect(await filtered('certificate.certhash', 'EQUALS', one['certhash'])).toEqual([one]);
    expect((await filtered('certificate.type', 'EQUALS', 'Root')).map((root) => root['type'])).toEqual([
      'Root',
      'Root',
    ]);
    const filter = { filters: [{ field: 'certificate.noField', operator: 'EQUALS', value: 1 }] };
    expect((await post(V2, { filter })).status).toBe(400);
  });

  test('of v1 are queries, with a sort', async () => {
    const all = await everything(V2, {}, 200);
    const path = '/certview/v1/certificates';
    const roots = await list(path, { filter: "certificate.type:'Root' AND keySize:4096" });
    expect(roots).toEqual(all.filter((one) => one['type'] === 'Root'));
    const found = (await everything(path, { sort: '[{"lastFound":"desc"}]' }, 200)).map((one) =>
      Number(one['lastFound']),
    );
    expect(found).toEqual([...found].sort((a, b) => b - a));
    expect((await post(path, { sort: 'lastFound' })).status).toBe(400);
  });
});

test('instances: one per certificate and host, with filterRequest', async () => {
  const all = await everything(V2, {}, 200);
  const instances = await everything('/certview/v2/instances', {}, 50);
  expect(instances).toHaveLength(all.reduce((sum, one) => sum + Number(one['instanceCount']), 0));
  const { certificate } = instances[0]! as unknown as { certificate: { id: number; certhash: string } };
  const filters = [{ field: 'certificate.certhash', operator: 'EQUALS', value: certificate.certhash }];
  const some = await list('/certview/v2/instances', { filterRequest: { filters, operation: 'AND' } });
  for (const one of some) expect(one['certificate']).toMatchObject({ id: certificate.id });
  expect(some).toHaveLength(Number(all.find(({ id }) => id === certificate.id)!['instanceCount']));
});
