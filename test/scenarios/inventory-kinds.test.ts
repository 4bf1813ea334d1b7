import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { truthLines } from '../../src/simulator/index.ts';
import { type Row, viewRows } from '../support/inventory.ts';
import { difference, hostQids, type Rig, SAME, startRig } from '../support/rig.ts';

/** Every kind of thing the inventory has, against the generator of the simulated world. */
const DATASETS = [
  ...['host_list', 'host_list_detection', 'host_assets', 'assets', 'users'],
  ...['tickets', 'certificates', 'knowledge_base'],
];
let rig: Rig;
beforeAll(async () => {
  const wanted = Object.fromEntries(DATASETS.map((name) => [name, { every: '1d' }]));
  rig = await startRig({ hosts: 30, hostQids, datasets: wanted });
  const { stopped, imbalances } = await rig.run();
  expect([...stopped.values()].map(String)).toEqual([]);
  expect(imbalances).toEqual([]);
});
afterAll(() => rig.close());

type Truth = Record<string, unknown> & { readonly dataset: string; readonly key: string[] };
const truthOf = (dataset: string): Truth[] =>
  [...truthLines(rig.simulator.world, rig.simulator.now(), rig.simulator.activity, new Set([dataset]))].map(
    (text) => JSON.parse(text) as Truth,
  );
const texts = (rows: readonly Row[], column: string): string[] => rows.map((row) => String(row[column]));
const filled = (rows: readonly Row[], column: string): number =>
  rows.filter((row) => row[column] !== null && row[column] !== '[]').length;

interface Port {
  readonly port: string | number;
  readonly protocol: string;
}

describe('devices', () => {
  it('[A11, M11] have names, addresses, MAC, operating system, criticality, interfaces and last users', async () => {
    const rows = await viewRows(rig, 'devices');
    const hosts = new Map(truthOf('host_list').map((host) => [host.key[0]!, host]));
    expect(difference(texts(rows, 'host_id'), hosts.keys())).toEqual(SAME);
    for (const row of rows) {
      const host = hosts.get(String(row['host_id']))!;
      expect([row['ip'], row['os']]).toEqual([host['ip'], host['os'] ?? null]);
    }
    for (const column of ['fqdn', 'macs', 'os_category', 'criticality', 'last_user', 'accounts'])
      expect(filled(rows, column), column).toBeGreaterThan(rows.length / 4);
    const interfaces = await viewRows(rig, 'interfaces');
    expect(filled(interfaces, 'mac')).toBe(interfaces.length);
    const macs = new Set(rows.flatMap((row) => JSON.parse(String(row['macs'])) as string[]));
    for (const mac of texts(interfaces, 'mac')) expect(macs).toContain(mac);
  });

  it('[A6] have their software, each installation once', async () => {
    const installed = Map.groupBy(await viewRows(rig, 'installations'), (row) => String(row['device']));
    const assets = truthOf('assets');
    expect(assets.length).toBeGreaterThan(0);
    for (const { key, software_ids } of assets)
      expect(installed.get(key[0]!)?.length ?? 0, key[0]).toBe((software_ids as string[]).length);
    const software = await viewRows(rig, 'software');
    const counted = software.reduce((sum, row) => sum + Number(row['devices']), 0);
    expect(counted).toBe([...installed.values()].flat().length);
  });

  it('[A56] have the ports and services that Qualys sent', async () => {
    const have = (await viewRows(rig, 'ports')).map((row) => `${row['device']} ${row['port']}/${row['protocol']}`);
    const sent = (await rig.lines('host_assets')).flatMap(({ key, record }) => {
      const list = (record['openPort'] as { list?: { HostAssetOpenPort?: Port[] } } | undefined)?.list;
      return (list?.HostAssetOpenPort ?? []).map(({ port, protocol }) => `${key[0]} ${port}/${protocol}`.toLowerCase());
    });
    expect(sent.length).toBeGreaterThan(0);
    expect(difference(have, sent)).toEqual(SAME);
    expect(filled(await viewRows(rig, 'ports'), 'service')).toBeGreaterThan(0);
  });
});

it('[A3] users are those of the account, [A4] roles those that they have', async () => {
  const users = await viewRows(rig, 'users');
  expect(
    difference(
      texts(users, 'login'),
      truthOf('users').map(({ key }) => key[0]!),
    ),
  ).toEqual(SAME);
  const roles = await viewRows(rig, 'roles');
  expect(new Set(texts(roles, 'role'))).toEqual(new Set(truthOf('users').map(({ role }) => String(role))));
});

it('[A8] tickets and [A9] certificates are all there, on their devices', async () => {
  const tickets = await viewRows(rig, 'tickets');
  const truth = truthOf('tickets');
  expect(
    difference(
      texts(tickets, 'number'),
      truth.map(({ key }) => key[0]!),
    ),
  ).toEqual(SAME);
  const hosts = new Map(truth.map(({ key, host_id }) => [key[0], host_id]));
  for (const row of tickets) expect(String(row['host_id'])).toBe(hosts.get(String(row['number'])));
  const certificates = await viewRows(rig, 'certificates');
  expect(
    difference(
      texts(certificates, 'hash'),
      truthOf('certificates').map(({ certhash }) => String(certhash)),
    ),
  ).toEqual(SAME);
});
