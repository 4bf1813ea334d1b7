import type { Fields } from '../../core/words.ts';
import { at, commas, firstText, items, latest, sorted, text, time, whole, words } from '../values.ts';
import { cloudId, type Facts, NOTHING, provider, type Reading, uuid } from './facts.ts';

/**
 * The HOST element of the host list, and of host list detection, which says less. Sources: Qualys's host list and host
 * detection output; METADATA's attribute names as AWS, Azure and Google document them.
 */
export function readHost(host: Fields): Reading | undefined {
  const id = whole(host['ID']);
  if (id <= 0) return undefined;
  const of = provider(text(host['CLOUD_PROVIDER']));
  const instance = firstText(host['CLOUD_RESOURCE_ID'], host['EC2_INSTANCE_ID']);
  const metadata = metadataOf(host);
  const ip = text(host['IP']);
  const lastSeen = latest(
    host['LAST_VULN_SCAN_DATETIME'],
    host['LAST_SCAN_DATETIME'],
    host['LAST_VM_SCANNED_DATE'],
    host['LAST_COMPLIANCE_SCAN_DATETIME'],
    host['LAST_PC_SCANNED_DATE'],
    host['LAST_ACTIVITY'],
    host['LAST_BOOT'],
  );
  const facts: Facts = {
    ...NOTHING,
    name: firstText(at(host, 'DNS_DATA', 'HOSTNAME'), host['NETBIOS'], host['DNS']),
    fqdn: firstText(at(host, 'DNS_DATA', 'FQDN'), host['DNS']),
    netbios: text(host['NETBIOS']),
    domain: text(at(host, 'DNS_DATA', 'DOMAIN')),
    ip: ip !== '' ? ip : text(host['IPV6']),
    ips: sorted([...words(host['IP']), ...words(host['IPV6'])]),
    network: firstText(host['NETWORK_NAME'], host['NETWORK_ID']),
    os: text(host['OS']),
    serial: text(host['SERIAL_NUMBER']),
    hardware_uuid: uuid(text(host['HARDWARE_UUID'])),
    tracking_method: text(host['TRACKING_METHOD']),
    cloud_provider: of,
    cloud_account: metadata('accountId') || metadata('subscriptionId') || metadata('projectId'),
    cloud_region: metadata('region') || metadata('location') || metadata('zone'),
    cloud_type: metadata('instance-type') || metadata('vmSize') || metadata('machineType'),
    public_ip: metadata('public-ipv4'),
    criticality: whole(host['ASSET_CRITICALITY_SCORE'] ?? host['ACS']),
    risk_score: whole(host['TRURISK_SCORE'] ?? host['ARS']),
    owner: text(host['OWNER']),
    agent_status: text(host['AGENT_STATUS']),
    comment: text(host['COMMENTS']),
    first_seen: time(host['FIRST_FOUND_DATE']),
    last_seen: lastSeen,
    last_vuln_scan: latest(host['LAST_VM_SCANNED_DATE'], host['LAST_VULN_SCAN_DATETIME'], host['LAST_SCAN_DATETIME']),
    last_compliance_scan: latest(host['LAST_COMPLIANCE_SCAN_DATETIME'], host['LAST_PC_SCANNED_DATE']),
    last_checked_in: time(host['LAST_ACTIVITY']),
    last_boot: time(host['LAST_BOOT']),
    asset_groups: sorted([
      ...commas(host['ASSET_GROUP_IDS']),
      ...items(at(host, 'ASSET_GROUP_LIST', 'ASSET_GROUP')).map((group) => text(at(group, 'ID'))),
    ]),
    tags: items(at(host, 'TAGS', 'TAG')).map((tag) => ({
      tag: whole(at(tag, 'TAG_ID')),
      name: text(at(tag, 'NAME')),
    })),
  };
  const asset = whole(host['ASSET_ID']);
  return { id, ids: { host: id, asset, agent: uuid(text(host['QG_HOSTID'])), cloud: cloudId(of, instance) }, facts };
}

/** The value of a METADATA attribute by the last part of its name, whatever the provider. */
function metadataOf(host: Fields): (name: string) => string {
  const values = new Map<string, string>();
  for (const kind of ['EC2', 'AZURE', 'GOOGLE']) {
    for (const attribute of items(at(host, 'METADATA', kind, 'ATTRIBUTE'))) {
      const name = text(at(attribute, 'NAME')).split('/').at(-1)!;
      values.set(name, text(at(attribute, 'VALUE')));
    }
  }
  return (name) => values.get(name) ?? '';
}
