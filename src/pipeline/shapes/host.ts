import type { Fields, Value } from '../../core/words.ts';
import { at, integer, isFields, iso, list, number, text, textAt, texts } from './values.ts';

/** The machine a record is about, whatever the data set; addresses are texts as Qualys writes them. */
export interface Host {
  /** ID on the host list. */
  readonly id?: string | undefined;
  /** Id in the Qualys portal. */
  readonly assetId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly name?: string | undefined;
  readonly hostname?: string | undefined;
  readonly fqdn?: string | undefined;
  readonly domain?: string | undefined;
  readonly netbios?: string | undefined;
  readonly ips: readonly string[];
  readonly macs: readonly string[];
  readonly os?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly cpe?: string | undefined;
  readonly tags: readonly { readonly id?: string | undefined; readonly name?: string | undefined }[];
  readonly network?: string | undefined;
  readonly cloud?: {
    readonly provider: string;
    readonly service?: string | undefined;
    readonly instance?: string | undefined;
  };
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  /** ISO 8601 UTC. */
  readonly created?: string | undefined;
  readonly modified?: string | undefined;
  readonly seen?: string | undefined;
  readonly risk?: number | undefined;
  readonly criticality?: number | undefined;
  readonly serial?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly owner?: string | undefined;
  /** What kind of thing it is, in Qualys's words. */
  readonly kind?: string | undefined;
}

const HOSTS: ReadonlyMap<string, (record: Fields) => Host> = new Map([
  ['host_list', fromHostList],
  ['host_list_detection', (record) => fromHostList(fieldsAt(record, 'HOST'))],
  ['host_assets', fromHostAsset],
  ['assets', fromAsset],
  ['appliances', fromAppliance],
  [
    'ips',
    (record) => ({
      ...NOTHING,
      name: textAt(record, '#text'),
      ips: addresses(textAt(record, '#text')),
      network: textAt(record, '@network_id'),
    }),
  ],
  ['fim_events', fromFimEvent],
  ['compliance_posture', (record) => ({ ...NOTHING, id: textAt(record, 'HOST_ID') })],
  ['vm_scan_results', fromScanResult],
  ['tickets', fromTicket],
]);

/** The machine a record of this data set is about; undefined where it is about none. */
export function hostOf(dataset: string, record: Fields): Host | undefined {
  return HOSTS.get(dataset)?.(record);
}

const NOTHING = { ips: [], macs: [], tags: [] } as const;

const fieldsAt = (value: Value, ...path: readonly string[]): Fields => {
  const found = at(value, ...path);
  return isFields(found) ? found : {};
};

/** Several addresses may stand in one text; a range is none. */
function addresses(...found: readonly (string | undefined)[]): string[] {
  const all = found.flatMap((one) => one?.split(/[,;\s]+/) ?? []).filter(isAddress);
  return [...new Set(all)];
}

/** Whether a text is one address, of version 4 or 6. */
export const isAddress = (value: string): boolean =>
  VERSION_4.test(value) || (VERSION_6.test(value) && URL.canParse(`http://[${value}]/`));
const VERSION_4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const VERSION_6 = /^[0-9A-Fa-f:.]{2,45}$/;

/** The latest of some moments, ISO 8601 UTC. */
const latest = (...moments: readonly (Value | undefined)[]): string | undefined =>
  moments
    .map(iso)
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);

function fromHostList(host: Fields): Host {
  const provider = textAt(host, 'CLOUD_PROVIDER');
  return {
    id: textAt(host, 'ID'),
    assetId: textAt(host, 'ASSET_ID'),
    agentId: textAt(host, 'QG_HOSTID'),
    name: textAt(host, 'DNS') ?? textAt(host, 'NETBIOS') ?? textAt(host, 'IP'),
    hostname: textAt(host, 'DNS_DATA', 'HOSTNAME'),
    fqdn: textAt(host, 'DNS_DATA', 'FQDN') ?? textAt(host, 'DNS'),
    domain: textAt(host, 'DNS_DATA', 'DOMAIN'),
    netbios: textAt(host, 'NETBIOS'),
    ips: addresses(textAt(host, 'IP'), textAt(host, 'IPV6')),
    macs: [],
    os: textAt(host, 'OS'),
    cpe: textAt(host, 'OS_CPE'),
    tags: list(host, 'TAGS', 'TAG').map((tag) => ({ id: textAt(tag, 'TAG_ID'), name: textAt(tag, 'NAME') })),
    network: textAt(host, 'NETWORK_ID'),
    ...(provider === undefined
      ? {}
      : {
          cloud: {
            provider,
            service: textAt(host, 'CLOUD_SERVICE'),
            instance: textAt(host, 'CLOUD_RESOURCE_ID') ?? textAt(host, 'EC2_INSTANCE_ID'),
          },
        }),
    created: iso(host['FIRST_FOUND_DATE']),
    seen: latest(host['LAST_VULN_SCAN_DATETIME'], host['LAST_SCAN_DATETIME'], host['LAST_ACTIVITY']),
    risk: number(host['TRURISK_SCORE']),
    criticality: integer(host['ASSET_CRITICALITY_SCORE']),
    serial: textAt(host, 'SERIAL_NUMBER'),
    owner: textAt(host, 'OWNER'),
  };
}

function fromHostAsset(asset: Fields): Host {
  const interfaces = list(asset, 'networkInterface', 'list', 'HostAssetInterface');
  const ec2 = at(asset, 'sourceInfo', 'list', 'Ec2AssetSourceSimple');
  const provider = textAt(asset, 'cloudProvider') ?? (ec2 === undefined ? undefined : 'aws');
  return {
    id: textAt(asset, 'qwebHostId'),
    assetId: textAt(asset, 'id'),
    agentId: textAt(asset, 'agentInfo', 'agentId'),
    name: textAt(asset, 'name'),
    hostname: textAt(asset, 'dnsHostName') ?? textAt(asset, 'hostname'),
    fqdn: textAt(asset, 'fqdn'),
    domain: textAt(asset, 'domain'),
    netbios: textAt(asset, 'netbiosName'),
    ips: addresses(textAt(asset, 'address'), ...interfaces.map((one) => textAt(one, 'address'))),
    macs: texts(interfaces.map((one) => at(one, 'macAddress'))),
    os: textAt(asset, 'os'),
    tags: list(asset, 'tags', 'list', 'TagSimple').map((tag) => ({ id: textAt(tag, 'id'), name: textAt(tag, 'name') })),
    ...(provider === undefined ? {} : { cloud: { provider, instance: textAt(ec2, 'instanceId') } }),
    region: textAt(ec2, 'region'),
    account: textAt(ec2, 'accountId'),
    created: iso(asset['created']),
    modified: iso(asset['modified']),
    seen: latest(asset['lastVulnScan'], at(asset, 'agentInfo', 'lastCheckedIn')),
    criticality: integer(asset['criticalityScore']),
    manufacturer: textAt(asset, 'manufacturer'),
    model: textAt(asset, 'model'),
    owner: textAt(asset, 'lastLoggedOnUser'),
    kind: textAt(asset, 'type'),
  };
}

function fromAsset(asset: Fields): Host {
  const interfaces = list(asset, 'networkInterfaceListData', 'networkInterface');
  const ec2 = at(asset, 'cloudProvider', 'aws', 'ec2');
  const clouds = fieldsAt(asset, 'cloudProvider');
  const provider = Object.keys(clouds).find((name) => isFields(clouds[name]));
  return {
    id: textAt(asset, 'hostId'),
    assetId: textAt(asset, 'assetId'),
    agentId: textAt(asset, 'agentId'),
    name: textAt(asset, 'assetName'),
    hostname: textAt(asset, 'dnsName'),
    fqdn: textAt(asset, 'dnsName'),
    domain: texts(list(asset, 'domain'))[0],
    netbios: textAt(asset, 'netbiosName'),
    ips: addresses(
      textAt(asset, 'address'),
      ...interfaces.flatMap((one) => [textAt(one, 'addressIpV4'), textAt(one, 'addressIpV6')]),
    ),
    macs: texts(interfaces.map((one) => at(one, 'macAddress'))),
    os: textAt(asset, 'operatingSystem', 'fullName') ?? textAt(asset, 'operatingSystem', 'osName'),
    osVersion: textAt(asset, 'operatingSystem', 'version'),
    cpe: textAt(asset, 'operatingSystem', 'cpe'),
    tags: list(asset, 'tagList', 'tag').map((tag) => ({ id: textAt(tag, 'tagId'), name: textAt(tag, 'tagName') })),
    ...(provider === undefined ? {} : { cloud: { provider, instance: textAt(ec2, 'instanceId') } }),
    region: textAt(ec2, 'region', 'code'),
    account: textAt(ec2, 'accountId'),
    created: iso(asset['createdDate']),
    modified: iso(asset['lastModifiedDate']),
    seen: latest(
      asset['sensorLastUpdatedDate'],
      at(asset, 'agent', 'lastCheckedIn'),
      at(asset, 'sensor', 'lastVMScan'),
    ),
    risk: number(asset['riskScore']),
    criticality: integer(at(asset, 'criticality', 'score')),
    serial: textAt(asset, 'biosSerialNumber'),
    manufacturer: textAt(asset, 'hardware', 'manufacturer'),
    model: textAt(asset, 'hardware', 'model'),
    owner: textAt(asset, 'lastLoggedOnUser'),
    kind: textAt(asset, 'hardware', 'category1') ?? textAt(asset, 'assetType'),
  };
}

function fromAppliance(appliance: Fields): Host {
  const interfaces = list(appliance, 'INTERFACE_SETTINGS');
  return {
    ...NOTHING,
    assetId: textAt(appliance, 'ID'),
    name: textAt(appliance, 'NAME'),
    ips: addresses(...interfaces.map((one) => textAt(one, 'IP_ADDRESS'))),
    network: textAt(appliance, 'NETWORK_ID'),
    seen: iso(appliance['LAST_UPDATED_DATE']),
    serial: textAt(appliance, 'SERIAL_NUMBER'),
    model: textAt(appliance, 'MODEL_NUMBER'),
    manufacturer: 'Qualys',
    kind: 'Scanner appliance',
  };
}

function fromFimEvent(record: Fields): Host {
  const asset = fieldsAt(record, 'asset');
  const interfaces = list(asset, 'interfaces');
  return {
    ...NOTHING,
    id: textAt(asset, 'hostId'),
    agentId: textAt(asset, 'agentId'),
    name: textAt(asset, 'name'),
    hostname: texts(interfaces.map((one) => at(one, 'hostname')))[0],
    netbios: textAt(asset, 'netbiosName'),
    ips: addresses(...interfaces.map((one) => textAt(one, 'address'))),
    macs: texts(interfaces.map((one) => at(one, 'macAddress'))),
    os: textAt(asset, 'operatingSystem') ?? textAt(record, 'platform'),
    tags: list(asset, 'tags').map((tag) => ({ id: text(tag) })),
    created: iso(asset['created']),
    modified: iso(asset['updated']),
    seen: iso(asset['lastCheckedIn']),
    owner: textAt(asset, 'lastLoggedOnUser'),
    kind: textAt(asset, 'assetType'),
  };
}

function fromScanResult(row: Fields): Host {
  return {
    ...NOTHING,
    name: textAt(row, 'dns') ?? textAt(row, 'netbios') ?? textAt(row, 'ip'),
    fqdn: textAt(row, 'dns'),
    netbios: textAt(row, 'netbios'),
    ips: addresses(textAt(row, 'ip')),
  };
}

function fromTicket(ticket: Fields): Host {
  return {
    ...NOTHING,
    id: textAt(ticket, 'DETECTION', 'HOST_ID'),
    name: textAt(ticket, 'DETECTION', 'DNSNAME') ?? textAt(ticket, 'DETECTION', 'IP'),
    fqdn: textAt(ticket, 'DETECTION', 'DNSNAME'),
    netbios: textAt(ticket, 'DETECTION', 'NBHNAME'),
    ips: addresses(textAt(ticket, 'DETECTION', 'IP')),
  };
}
