import type { Fields, Value } from '../../core/words.ts';
import { at, firstText, items, latest, sorted, text, time, whole } from '../values.ts';
import { cloudId, type Facts, NOTHING, provider, type Reading, uuid } from './facts.ts';

/** A HostAsset of the asset management API (data set host_assets). Source: Qualys Asset Management and Tagging API guide. */
export function readHostAsset(asset: Fields): Reading | undefined {
  const id = whole(asset['id']);
  if (id <= 0) return undefined;
  const list = (name: string, item: string): readonly Value[] => items(at(asset, name, 'list', item));
  const cloud = cloudOf(asset);
  const interfaces = list('networkInterface', 'HostAssetInterface');
  const name = firstText(asset['name'], asset['dnsHostName'], asset['netbiosName']);
  const checkedIn = time(at(asset, 'agentInfo', 'lastCheckedIn'));
  const facts: Facts = {
    ...NOTHING,
    name,
    fqdn: firstText(asset['fqdn'], asset['dnsHostName']),
    netbios: text(asset['netbiosName']),
    domain: text(asset['domain']),
    ip: text(asset['address']),
    ips: sorted([text(asset['address']), ...interfaces.map((one) => text(at(one, 'address')))]),
    macs: sorted(interfaces.map((one) => text(at(one, 'macAddress')).toLowerCase())),
    gateway: firstText(...interfaces.map((one) => at(one, 'gatewayAddress'))),
    network: text(asset['netbiosNetworkId']),
    os: text(asset['os']),
    manufacturer: text(asset['manufacturer']),
    model: text(asset['model']),
    bios: text(asset['biosDescription']),
    memory_mb: whole(asset['totalMemory']),
    asset_type: text(asset['type']),
    tracking_method: text(asset['trackingMethod']),
    cloud_provider: cloud.provider,
    cloud_account: firstText(
      at(cloud.source, 'accountId'),
      at(cloud.source, 'subscriptionId'),
      at(cloud.source, 'projectId'),
    ),
    cloud_region: firstText(at(cloud.source, 'region'), at(cloud.source, 'location'), at(cloud.source, 'zone')),
    cloud_type: firstText(
      at(cloud.source, 'instanceType'),
      at(cloud.source, 'vmSize'),
      at(cloud.source, 'machineType'),
    ),
    cloud_state: firstText(at(cloud.source, 'instanceState'), at(cloud.source, 'state')),
    public_ip: firstText(at(cloud.source, 'publicIpAddress')),
    criticality: whole(asset['criticalityScore']),
    last_user: text(asset['lastLoggedOnUser']),
    agent_status: text(at(asset, 'agentInfo', 'status')),
    agent_version: text(at(asset, 'agentInfo', 'agentVersion')),
    first_seen: time(asset['created']),
    last_seen: latest(
      asset['lastVulnScan'],
      asset['lastComplianceScan'],
      asset['lastSystemBoot'],
      asset['modified'],
      checkedIn,
    ),
    last_vuln_scan: time(asset['lastVulnScan']),
    last_compliance_scan: time(asset['lastComplianceScan']),
    last_checked_in: checkedIn,
    last_boot: time(asset['lastSystemBoot']),
    modified: time(asset['modified']),
    accounts: sorted(list('account', 'HostAssetAccount').map((one) => text(at(one, 'username')))),
    tags: list('tags', 'TagSimple').map((tag) => ({ tag: whole(at(tag, 'id')), name: text(at(tag, 'name')) })),
    ports: list('openPort', 'HostAssetOpenPort').map((one) => ({
      port: whole(at(one, 'port')),
      protocol: text(at(one, 'protocol')).toLowerCase(),
      service: text(at(one, 'serviceName')),
    })),
    interfaces: interfaces.map((one) => ({
      name: firstText(at(one, 'interfaceName'), at(one, 'interfaceId')),
      mac: text(at(one, 'macAddress')).toLowerCase(),
      ips: text(at(one, 'address')),
      gateway: text(at(one, 'gatewayAddress')),
      hostname: text(at(one, 'hostname')),
    })),
    software: list('software', 'HostAssetSoftware').map((one) => ({
      ...{ name: text(at(one, 'name')), version: text(at(one, 'version')), publisher: '', category: '', lifecycle: '' },
    })),
  };
  const agent = uuid(text(at(asset, 'agentInfo', 'agentId')));
  return { id, ids: { host: whole(asset['qwebHostId']), asset: id, agent, cloud: cloud.id }, facts };
}

const SOURCES = [
  ['aws', 'Ec2AssetSourceSimple', 'instanceId'],
  ['azure', 'AzureAssetSourceSimple', 'vmId'],
  ['gcp', 'GcpAssetSourceSimple', 'instanceId'],
] as const;

function cloudOf(asset: Fields): { provider: string; id: string; source: Value | undefined } {
  for (const [name, element, id] of SOURCES) {
    const source = items(at(asset, 'sourceInfo', 'list', element))[0];
    if (source !== undefined) return { provider: name, id: cloudId(name, text(at(source, id))), source };
  }
  return { provider: provider(text(asset['cloudProvider'])), id: '', source: undefined };
}
