import type { Fields, Value } from '../../core/words.ts';
import { at, firstText, isFields, items, latest, sorted, text, time, whole, words } from '../values.ts';
import { cloudId, type Facts, NOTHING, provider, type Reading, uuid } from './facts.ts';

/** An asset of the Global Asset Inventory (data set assets). Source: Qualys CSAM API, get details of all assets. */
export function readAsset(asset: Fields): Reading | undefined {
  const id = whole(asset['assetId']);
  if (id <= 0) return undefined;
  const list = (name: string, item: string): readonly Value[] => items(at(asset, name, item));
  const cloud = cloudOf(asset);
  const interfaces = list('networkInterfaceListData', 'networkInterface');
  const os = at(asset, 'operatingSystem');
  const sensor = at(asset, 'sensor');
  const checkedIn = time(at(asset, 'agent', 'lastCheckedIn'));
  const vulnScan = time(at(sensor, 'lastVMScan'));
  const facts: Facts = {
    ...NOTHING,
    name: firstText(asset['assetName'], asset['dnsName'], asset['netbiosName']),
    fqdn: text(asset['dnsName']),
    netbios: text(asset['netbiosName']),
    domain: isFields(asset['domain']) ? text(at(asset, 'domain', 'name')) : text(asset['domain']),
    ip: words(asset['address'])[0] ?? '',
    ips: sorted([...words(asset['address']), ...interfaces.flatMap(addresses)]),
    macs: sorted(interfaces.map((one) => text(at(one, 'macAddress')).toLowerCase())),
    gateway: firstText(...interfaces.map((one) => at(one, 'gatewayAddress'))),
    os: firstText(at(os, 'osName'), at(os, 'fullName')),
    os_category: text(at(os, 'category')),
    os_lifecycle: text(at(os, 'lifecycle', 'stage')),
    manufacturer: text(at(asset, 'hardware', 'manufacturer')),
    model: text(at(asset, 'hardware', 'model')),
    serial: text(asset['biosSerialNumber']),
    hardware_uuid: uuid(text(asset['hwUUID'])),
    bios: text(asset['biosDescription']),
    memory_mb: whole(asset['totalMemory']),
    cpus: whole(asset['cpuCount']),
    asset_type: text(asset['assetType']),
    tracking_method: text(at(asset, 'activity', 'source')),
    cloud_provider: cloud.provider,
    cloud_account: firstText(at(cloud.instance, 'accountId'), at(cloud.instance, 'subscriptionId')),
    cloud_region: firstText(
      at(cloud.instance, 'region', 'code'),
      at(cloud.instance, 'region'),
      at(cloud.instance, 'location'),
      at(cloud.instance, 'zone'),
    ),
    cloud_type: firstText(
      at(cloud.instance, 'instanceType'),
      at(cloud.instance, 'size'),
      at(cloud.instance, 'machineType'),
    ),
    cloud_state: firstText(at(cloud.instance, 'instanceState'), at(cloud.instance, 'state')),
    public_ip: firstText(at(cloud.instance, 'publicIpAddress')),
    criticality: whole(at(asset, 'criticality', 'score')),
    risk_score: whole(asset['riskScore']),
    owner: text(at(asset, 'businessInformation', 'ownedBy')),
    last_user: text(asset['lastLoggedOnUser']),
    agent_version: text(at(asset, 'agent', 'version')),
    first_seen: time(asset['createdDate']),
    last_seen: latest(
      ...[asset['createdDate'], asset['sensorLastUpdatedDate'], asset['lastModifiedDate'], checkedIn, vulnScan],
      ...[at(asset, 'inventory', 'lastUpdated'), at(asset, 'activity', 'lastScannedDate')],
      ...[at(sensor, 'lastComplianceScan'), at(sensor, 'lastFullScan')],
    ),
    last_vuln_scan: vulnScan,
    last_compliance_scan: time(at(sensor, 'lastComplianceScan')),
    last_checked_in: checkedIn,
    last_boot: time(asset['lastBoot']),
    modified: time(asset['lastModifiedDate']),
    accounts: sorted(list('userAccountListData', 'userAccount').map((one) => text(at(one, 'name')))),
    tags: list('tagList', 'tag').map((tag) => ({ tag: whole(at(tag, 'tagId')), name: text(at(tag, 'tagName')) })),
    ports: list('openPortListData', 'openPort').map((one) => ({
      port: whole(at(one, 'port')),
      protocol: text(at(one, 'protocol')).toLowerCase(),
      service: firstText(at(one, 'detectedService'), at(one, 'description')),
    })),
    interfaces: interfaces.map((one) => ({
      name: text(at(one, 'interfaceName')),
      mac: text(at(one, 'macAddress')).toLowerCase(),
      ips: sorted(addresses(one)).join(','),
      gateway: text(at(one, 'gatewayAddress')),
      hostname: text(at(one, 'hostname')),
    })),
    software: list('softwareListData', 'software').map((one) => ({
      name: firstText(at(one, 'productName'), at(one, 'fullName')),
      version: text(at(one, 'version')),
      publisher: text(at(one, 'publisher')),
      category: text(at(one, 'category')),
      lifecycle: text(at(one, 'lifecycle', 'stage')),
    })),
  };
  const agent = uuid(text(asset['agentId']));
  return { id, ids: { host: whole(asset['hostId']), asset: id, agent, cloud: cloud.id }, facts };
}

/** A field may hold several addresses. */
const addresses = (one: Value): string[] => [
  ...words(at(one, 'addressIpV4')),
  ...words(at(one, 'addressIpV6')),
  ...words(at(one, 'addresses')),
];

const INSTANCES = [
  ['aws', 'ec2', 'instanceId'],
  ['azure', 'vm', 'vmId'],
  ['gcp', 'compute', 'instanceId'],
] as const;

function cloudOf(asset: Fields): { provider: string; id: string; instance: Value | undefined } {
  for (const [name, kind, id] of INSTANCES) {
    const instance = at(asset, 'cloudProvider', name, kind);
    if (isFields(instance)) return { provider: name, id: cloudId(name, text(at(instance, id))), instance };
  }
  return { provider: provider(text(asset['provider'])), id: '', instance: undefined };
}
