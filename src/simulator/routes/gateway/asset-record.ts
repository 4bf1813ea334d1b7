/**
 * One asset as the Global Asset Inventory tells it (reference, 7): names and types after the tree there, which comes
 * from other people's recorded-shape data. Most leaves may be null; dates are ISO text at the top and in life cycles,
 * epoch milliseconds with 0 for never elsewhere; software ids are beyond 2^53 and stand as bare numbers.
 */
import { type Agent, agentOf, machineOf } from '../../world/asset.ts';
import type { Host } from '../../world/host.ts';
import { tagsOf } from '../../world/host.ts';
import { softwareOf } from '../../world/software.ts';
import { DAY, HOUR } from '../../world/time.ts';
import type { HostScan } from '../../world/world.ts';
import { attribute } from '../qps/asset-source.ts';
import { type ListedHost, times } from '../qps/host-asset.ts';
import { hardware, iso, networkInterface, openPorts, operatingSystem, softwareRecord } from './asset-parts.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

export function assetRecord(one: ListedHost): Record<string, unknown> {
  const { seed, host, scan } = one;
  const { created, modified } = times(one);
  const machine = machineOf(seed, host);
  const known = host.authenticated ? machine : undefined;
  const agent = agentOf(seed, host);
  const software = softwareOf(seed, host, scan.scanned);
  return {
    assetId: host.assetId,
    assetUUID: machine.uuid,
    hostId: host.id,
    lastModifiedDate: iso(modified),
    agentId: agent?.id ?? null,
    createdDate: iso(created),
    sensorLastUpdatedDate: iso(scan.processed),
    assetType: 'HOST',
    address: host.ip,
    dnsName: host.fqdn ?? null,
    assetName: host.hostname ?? host.ip,
    netbiosName: host.netbios ?? null,
    timeZone: known?.timeZone ?? null,
    biosDescription: known?.bios ?? null,
    lastBoot: known === undefined ? null : iso(scan.firstFound - 3 * DAY),
    totalMemory: known?.memory ?? 0,
    cpuCount: known?.cpus ?? 0,
    lastLoggedOnUser: known?.lastUser ?? null,
    domainRole: null,
    hwUUID: known === undefined ? null : host.hardwareUuid,
    biosSerialNumber: known === undefined ? null : host.serial,
    biosAssetTag: known === undefined ? null : 'No Asset Tag',
    isContainerHost: false,
    operatingSystem: host.os === undefined ? null : operatingSystem(host.os),
    hardware: known === undefined ? null : hardware(known),
    userAccountListData: known === undefined ? null : { userAccount: known.accounts.map((name) => ({ name })) },
    openPortListData: { openPort: openPorts(machine, scan) },
    volumeListData:
      known === undefined ? null : { volume: known.volumes.map(({ name, free, size }) => ({ name, free, size })) },
    networkInterfaceListData: { networkInterface: [networkInterface(host, machine)] },
    softwareListData: software.length === 0 ? null : { software: software.map(softwareRecord) },
    softwareComponent: null,
    provider: host.cloud === undefined ? null : PROVIDER[host.cloud.provider],
    cloudProvider: cloudProvider(host),
    agent: agent === undefined ? null : agentRecord(agent, host, scan),
    sensor: sensor(host, scan),
    container: null,
    inventory: {
      source: agent === undefined ? 'VULNERABILITY_SCAN' : 'QAGENT',
      created: seconds(created),
      lastUpdated: scan.processed,
    },
    inventoryListData: {
      inventory: [
        {
          source: agent === undefined ? 'VULNERABILITY_SCAN' : 'QAGENT',
          created: seconds(created),
          lastUpdated: scan.processed,
        },
      ],
    },
    activity: { source: agent === undefined ? 'IP' : 'QAGENT', lastScannedDate: scan.scanned },
    tagList: tagList(one),
    serviceList: null,
    lastLocation:
      agent === undefined
        ? null
        : {
            city: 'Zürich',
            state: null,
            country: 'Switzerland',
            name: 'Zürich, Switzerland',
            continent: 'Europe',
            postal: null,
          },
    criticality: { score: host.criticality, isDefault: host.criticality === 2, lastUpdated: iso(created) },
    businessInformation: null,
    assignedLocation: null,
    businessAppListData: null,
    riskScore: host.truRisk,
    passiveSensor: null,
    domain: null,
    subdomain: null,
    whois: null,
    organizationName: null,
    isp: null,
    asn: null,
    easmTags: null,
    hostingCategory1: null,
    customAttributes: null,
    processor:
      known === undefined
        ? null
        : {
            description: known.processor,
            speed: known.speed,
            numCPUs: known.cpus,
            noOfSocket: 1,
            threadsPerCore: 1,
            coresPerSocket: known.cpus,
            multithreadingStatus: null,
          },
    missingSoftware: null,
    lparId: null,
  };
}

const PROVIDER = { AWS: 'AWS', Azure: 'AZURE', GCP: 'GCP' } as const;

function cloudProvider({ cloud, ip }: Host): object | null {
  if (cloud === undefined) return null;
  const tags = cloud.tags.map(({ name, value }) => ({ key: name, value }));
  const code = attribute(cloud, 'region') ?? null;
  switch (cloud.provider) {
    case 'AWS': {
      const launchdate = Number(attribute(cloud, 'pendingTime') ?? 0);
      const ec2 = {
        accountId: attribute(cloud, 'accountId'),
        availabilityZone: `${code}a`,
        hasAgent: false,
        hostname: null,
        imageId: null,
        instanceId: cloud.resourceId,
        instanceState: 'RUNNING',
        instanceType: attribute(cloud, 'instance-type'),
        qualysScanner: false,
        kernelId: null,
        launchdate,
        privateDNS: null,
        privateIpAddress: ip,
        publicDNS: null,
        publicIpAddress: null,
        region: { code, name: null },
        spotInstance: false,
        subnetId: null,
        vpcId: null,
      };
      return { aws: { ec2, tags } };
    }
    case 'Azure': {
      const location = attribute(cloud, 'location');
      const resourceGroupName = attribute(cloud, 'resourceGroupName');
      return {
        azure: {
          vm: { vmId: cloud.resourceId, location, resourceGroupName, privateIpAddress: ip, state: 'SUCCEEDED' },
          tags,
        },
      };
    }
    case 'GCP':
      return {
        gcp: {
          compute: { instanceId: cloud.resourceId, machineType: attribute(cloud, 'machineType'), state: 'RUNNING' },
          tags,
        },
      };
  }
}

function agentRecord(agent: Agent, { ip }: Host, scan: HostScan): object {
  return {
    version: agent.version,
    configurationProfile: 'Initial Profile & Defaults',
    activations: [{ key: agent.activationId, status: 'ACTIVE' }],
    connectedFrom: ip,
    lastActivity: scan.processed,
    lastCheckedIn: scan.scanned,
    lastInventory: scan.processed,
    udcManifestAssigned: false,
    errorStatus: false,
  };
}

/** Epoch milliseconds; 0 is never. */
function sensor(host: Host, scan: HostScan): object {
  return {
    activatedForModules: host.agent ? ['VM', 'PC', 'FIM', 'GAV'] : ['VM'],
    pendingActivationForModules: null,
    lastVMScan: scan.processed,
    lastComplianceScan: host.compliance ? scan.scanned - 2 * HOUR : 0,
    lastFullScan: scan.scanned,
    lastVmScanDateScanner: host.agent ? 0 : scan.scanned,
    lastVmScanDateAgent: host.agent ? scan.scanned : 0,
    lastPcScanDateScanner: 0,
    lastPcScanDateAgent: 0,
    firstEasmScanDate: 0,
    lastEasmScanDate: 0,
  };
}

function tagList({ seed, host, now }: ListedHost): object | null {
  const tags = tagsOf(seed, host, now);
  if (tags.length === 0) return null;
  return {
    tag: tags.map(({ id, name }) => ({
      tagId: id,
      tagName: name,
      foregroundColor: 0,
      backgroundColor: 0,
      businessImpact: null,
      criticalityScore: null,
    })),
  };
}
