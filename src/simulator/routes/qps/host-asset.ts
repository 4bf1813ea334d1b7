/** `/qps/rest/2.0/{search,count,get}/am/hostasset` (reference, 3). Every listed host is a host asset; ids are ASSET_IDs. */
import { agentOf, isWindows, machineOf } from '../../world/asset.ts';
import { assetTimes } from '../../world/asset-time.ts';
import { assetIdOf, type Host, tagsOf } from '../../world/host.ts';
import { softwareOf } from '../../world/software.ts';
import { DAY, HOUR, stamp } from '../../world/time.ts';
import type { HostScan } from '../../world/world.ts';
import type { RestCall } from '../rest.ts';
import { sourceInfo } from './asset-source.ts';
import type { Fields } from './criteria.ts';
import type { QpsKind } from './object.ts';
import { listOf, type Tree } from './tree.ts';

/** A listed host at the time of a call. */
export interface ListedHost {
  /** Ordinal. */
  readonly n: number;
  readonly seed: number;
  readonly now: number;
  readonly scan: HostScan;
  /** Made when first asked for: a million hosts are passed over more often than shown. */
  readonly host: Host;
}

/** Listed hosts in ascending asset id. */
export function* listedHosts({ world, now }: Pick<RestCall, 'world' | 'now'>, id: number): Generator<ListedHost> {
  for (const n of world.ordinalsFromAsset(now, id)) {
    const scan = world.scanOf(n, now);
    if (scan !== undefined) yield listedHost(world, n, now, scan);
  }
}

function listedHost(world: RestCall['world'], n: number, now: number, scan: HostScan): ListedHost {
  let host: Host | undefined;
  return {
    n,
    seed: world.seed,
    now,
    scan,
    get host() {
      host ??= world.host(n);
      return host;
    },
  };
}

export const times = ({ seed, now, n, scan }: ListedHost): { created: number; modified: number } =>
  assetTimes(seed, n, scan, now);

const TRACKING: Readonly<Record<string, string>> = {
  AGENT: 'QAGENT',
  DNS: 'DNSNAME',
  EC2: 'INSTANCE_ID',
  AZURE: 'VIRTUAL_MACHINE_ID',
  GCP_COMPUTE_ENGINE: 'INSTANCE_ID',
};
const tracking = (host: Host): string => TRACKING[host.trackingMethod] ?? host.trackingMethod;
const nameOf = (host: Host): string => host.hostname ?? host.ip;
const agent = ({ seed, host }: ListedHost) => agentOf(seed, host);

export const ASSET_FIELDS: Fields<ListedHost> = {
  id: { kind: 'integer', of: ({ n }) => assetIdOf(n) },
  name: { kind: 'text', of: ({ host }) => nameOf(host) },
  created: { kind: 'date', of: (one) => times(one).created },
  updated: { kind: 'date', of: (one) => times(one).modified },
  type: { kind: 'keyword', of: () => 'HOST' },
  tagName: { kind: 'text', of: ({ seed, host, now }) => tagsOf(seed, host, now).map((tag) => tag.name) },
  tagId: { kind: 'integer', of: ({ seed, host, now }) => tagsOf(seed, host, now).map((tag) => tag.id) },
  activationKey: { kind: 'keyword', of: (one) => agent(one)?.activationId },
};

const FIELDS: Fields<ListedHost> = {
  ...ASSET_FIELDS,
  qwebHostId: { kind: 'integer', of: ({ host }) => host.id },
  os: { kind: 'text', of: ({ host }) => host.os },
  dnsHostName: { kind: 'text', of: ({ host }) => host.fqdn },
  address: { kind: 'text', of: ({ host }) => host.ip },
  netbiosName: { kind: 'text', of: ({ host }) => host.netbios },
  trackingMethod: { kind: 'keyword', of: ({ host }) => tracking(host) },
  port: { kind: 'integer', of: ({ seed, host }) => machineOf(seed, host).ports.map(({ port }) => port) },
  installedSoftware: {
    kind: 'text',
    of: ({ seed, host, scan }) => softwareOf(seed, host, scan.scanned).map(({ product }) => product),
  },
  lastVulnScan: { kind: 'date', of: ({ scan }) => scan.processed },
  vulnsUpdated: { kind: 'date', of: ({ scan }) => scan.processed },
  informationGatheredUpdated: { kind: 'date', of: ({ scan }) => scan.processed },
  lastComplianceScan: { kind: 'date', of: ({ host, scan }) => (host.compliance ? scan.scanned - 2 * HOUR : undefined) },
  lastCheckedIn: { kind: 'date', of: (one) => (agent(one) === undefined ? undefined : one.scan.scanned) },
  agentVersion: { kind: 'text', of: (one) => agent(one)?.version },
};

export const hostAsset: QpsKind<ListedHost> = {
  name: '2.0/am/hostasset',
  element: 'HostAsset',
  fields: FIELDS,
  from: listedHosts,
  idOf: ({ n }) => assetIdOf(n),
  truncated: insertNeighbours,
  tree: (call, one) => ({ ...assetTree(one), ...hostTree(call, one) }),
};

/** The `host-inserted` fault: a new host behind the cursor of a page, and one ahead. */
export function insertNeighbours({ world, faults }: RestCall, page: readonly ListedHost[]): void {
  const [first, last] = [page[0], page.at(-1)];
  if (!faults.has('host-inserted') || first === undefined || last === undefined) return;
  world.insertNear(first.n, 'before');
  world.insertNear(last.n, 'after');
}

/** What an Asset and a HostAsset have in common. */
export function assetTree(one: ListedHost): Tree {
  const { seed, now, host } = one;
  const { created, modified } = times(one);
  const tags = tagsOf(seed, host, now).map(({ id, name }) => ({ id, name }));
  return {
    id: host.assetId,
    name: nameOf(host),
    created: stamp(created),
    modified: stamp(modified),
    type: 'HOST',
    criticalityScore: host.criticality,
    tags: listOf('TagSimple', tags),
    sourceInfo: () => sourceInfo(seed, host, created, modified),
  };
}

function hostTree({ world }: RestCall, one: ListedHost): Tree {
  const { seed, host, scan, now } = one;
  const machine = machineOf(seed, host);
  const known = host.authenticated ? machine : undefined;
  return {
    qwebHostId: host.id,
    fqdn: host.fqdn,
    os: host.os,
    dnsHostName: host.fqdn,
    lastVulnScan: stamp(scan.processed),
    lastComplianceScan: host.compliance ? stamp(scan.scanned - 2 * HOUR) : undefined,
    vulnsUpdated: stamp(scan.processed),
    informationGatheredUpdated: stamp(scan.processed),
    lastSystemBoot: known && stamp(scan.firstFound - 3 * DAY),
    agentInfo: agentTree(one),
    netbiosName: host.netbios,
    address: host.ip,
    trackingMethod: tracking(host),
    manufacturer: known?.manufacturer,
    model: known?.model,
    biosDescription: known?.bios,
    timezone: known?.timeZone,
    totalMemory: known?.memory,
    lastLoggedOnUser: known?.lastUser,
    openPort: listOf(
      'HostAssetOpenPort',
      machine.ports.map(({ port, protocol, service }) => ({ port, protocol, serviceName: service })),
    ),
    software: () =>
      listOf(
        'HostAssetSoftware',
        softwareOf(seed, host, scan.scanned).map(({ product, version }) => ({ name: product, version })),
      ),
    vuln: () => listOf('HostAssetVuln', [...vulnerabilities(world, host, now)]),
    processor: listOf('HostAssetProcessor', known === undefined ? [] : [{ name: known.processor, speed: known.speed }]),
    volume: listOf(
      'HostAssetVolume',
      (known?.volumes ?? []).map(({ name, size, free }) => ({ name, size, free })),
    ),
    account: listOf(
      'HostAssetAccount',
      (known?.accounts ?? []).map((username) => ({ username })),
    ),
    networkInterface: listOf('HostAssetInterface', interfaces(one)),
    isDockerHost: 'false',
  };
}

/** Presence only, as at Qualys: severity, status and results are the detection list's to tell. */
function* vulnerabilities(world: RestCall['world'], host: Host, now: number): Generator<Tree> {
  for (const { uniqueId, vulnerability, status, firstFound, lastFound, disabled } of world.detections(host, now)) {
    if (status === 'Fixed' || disabled || vulnerability.type === 'Info') continue;
    const times = { firstFound: stamp(firstFound), lastFound: stamp(lastFound) };
    yield { hostInstanceVulnId: uniqueId, qid: vulnerability.qid, ...times };
  }
}

function agentTree(one: ListedHost): Tree | undefined {
  const found = agent(one);
  if (found === undefined) return undefined;
  return {
    agentVersion: found.version,
    agentId: found.id,
    status: 'STATUS_ACTIVE',
    lastCheckedIn: stamp(one.scan.scanned),
    connectedFrom: one.host.ip,
    location: 'Zürich, Switzerland',
    locationGeoLatitude: '47.3769',
    locationGeoLongtitude: '8.5417',
    chirpStatus: 'Manifest Downloaded',
    platform: found.platform,
    activatedModule: 'AGENT_VM,AGENT_PC,AGENT_FIM',
    agentConfiguration: { id: 8099, name: 'Initial Profile & Defaults' },
    activationKey: { activationId: found.activationId, title: 'servers <prod>' },
  };
}

/** Cards of a cloud host are told with id and kind, others with name and MAC address. */
function interfaces({ seed, host }: ListedHost): Tree[] {
  const { mac } = machineOf(seed, host);
  const { hostname, cloud, ip, ipv6 } = host;
  const interfaceName = isWindows(host) ? 'Intel(R) 82574L Gigabit Network Connection' : 'eth0';
  const plain: Tree =
    cloud === undefined
      ? { hostname, interfaceName, macAddress: mac }
      : { hostname, interfaceId: `eni-0${mac.replaceAll(':', '')}`, type: 'PRIVATE' };
  const second = ipv6 === undefined ? [] : [{ ...plain, address: ipv6 }];
  return [{ ...plain, address: ip }, ...second];
}
