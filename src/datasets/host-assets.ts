import { z } from 'zod';
import { qualysTime } from '../core/clock.ts';
import { defineDataset } from './define.ts';
import { byLastId } from './paging.ts';
import { changedSince, qpsCount, qpsFormat, qpsSearch, withoutTags } from './qps.ts';

const OBJECT = { version: '2.0', name: 'am/hostasset' };

const UNIT_MS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The oldest time of change an age limit (`90d`) leaves, whole seconds; undefined without one. */
function oldest(within: string | undefined, now: string | undefined): string | undefined {
  if (within === undefined || now === undefined) return undefined;
  const unit = within.at(-1) as keyof typeof UNIT_MS;
  return qualysTime(Date.parse(now) - Number(within.slice(0, -1)) * UNIT_MS[unit]);
}

/** The later of two times that may not be there. */
const latest = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && Date.parse(b) > Date.parse(a)) ? b : a;

/** A host without a time of change is kept: it is not known to be old. */
const isOlder = (modified: string | undefined, since: string): boolean =>
  modified !== undefined && Date.parse(modified.trim()) < Date.parse(since);

const FIELDS = [
  'id',
  'name',
  'created',
  'modified',
  'type',
  'criticalityScore',
  'tags',
  'sourceInfo',
  'qwebHostId',
  'lastVulnScan',
  'lastComplianceScan',
  'vulnsUpdated',
  'informationGatheredUpdated',
  'lastSystemBoot',
  'os',
  'dnsHostName',
  'fqdn',
  'netbiosName',
  'netbiosNetworkId',
  'networkGuid',
  'address',
  'domain',
  'hostname',
  'trackingMethod',
  'cloudProvider',
  'manufacturer',
  'model',
  'biosDescription',
  'timezone',
  'totalMemory',
  'lastLoggedOnUser',
  'isDockerHost',
  'dockerInfo',
  'agentInfo',
  'networkInterface',
  'openPort',
  'software',
  'processor',
  'volume',
  'account',
  'vuln',
];

export default defineDataset({
  name: 'host_assets',
  aliases: [],
  title: 'Host assets',
  about: 'Every host of the asset inventory: agent, cloud source, interfaces, ports, software, accounts and tags.',
  kind: 'entity',
  options: z.object({
    tags_include: z
      .array(z.string().min(1))
      .min(1)
      .meta({ description: 'Only hosts with one of these asset tags (by name).' })
      .optional(),
    tags_exclude: z
      .array(z.string().min(1))
      .min(1)
      .meta({ description: 'No hosts with one of these asset tags (by name).' })
      .optional(),
    modified_within: z
      .string()
      .regex(/^[1-9]\d{0,4}[hdw]$/, { error: 'expected hours, days or weeks, such as 90d' })
      .meta({ description: 'Only hosts that changed within so long, by their field modified: 90d.' })
      .optional(),
  }),
  format: qpsFormat('HostAsset', FIELDS, [
    'tags/list/TagSimple',
    'sourceInfo/list/Ec2AssetSourceSimple',
    'sourceInfo/list/Ec2AssetSourceSimple/ec2InstanceTags/tags/list/EC2Tags',
    'sourceInfo/list/AzureAssetSourceSimple',
    'sourceInfo/list/AzureAssetSourceSimple/azureVmTags/tags/list/AzureTags',
    'sourceInfo/list/GcpAssetSourceSimple',
    'sourceInfo/list/GcpAssetSourceSimple/gcpInstanceTags/tags/list/GCPTags',
    'sourceInfo/list/AssetSource',
    'networkInterface/list/HostAssetInterface',
    'openPort/list/HostAssetOpenPort',
    'software/list/HostAssetSoftware',
    'processor/list/HostAssetProcessor',
    'volume/list/HostAssetVolume',
    'account/list/HostAssetAccount',
    'vuln/list/HostAssetVuln',
  ]),
  key: [{ from: 'record', field: 'id' }],
  order: 'id',
  paging: byLastId,
  incremental: true,
  noise: [],
  unordered: ['tags', 'sourceInfo', 'networkInterface', 'openPort', 'software', 'volume', 'account', 'vuln'],
  version: 'modified',
  time: ['modified', 'created'],
  // One tag is Qualys's to find; any of several is not (`withoutTags`).
  records: ({ tags_include: tags, modified_within: within }, ask) =>
    qpsSearch(OBJECT, ask, [
      changedSince('updated', latest(ask.since, oldest(within, ask.now))),
      tags?.length === 1 ? { field: 'tagName', operator: 'EQUALS', value: tags[0]! } : undefined,
    ]),
  skips: ({ tags_include: include, tags_exclude: exclude, modified_within: within }, _, now) => {
    const untagged = withoutTags('TagSimple', include, exclude);
    const since = oldest(within, now);
    if (since === undefined) return untagged;
    return (view) => isOlder(view.text('modified'), since) || untagged?.(view) === true;
  },
  count: ({ tags_include: include, tags_exclude: exclude, modified_within: within }, since) =>
    [include, exclude, within].some((option) => option !== undefined)
      ? undefined
      : qpsCount(OBJECT, [changedSince('updated', since)]),
  agesOut: ({ modified_within: within }) => within !== undefined,
  // Tags and connectors change hosts minutes after the fact; agents report every few hours.
  overlapMs: 3_600_000,
  scope: ({ tags_include: include, tags_exclude: exclude, modified_within: within }) =>
    JSON.stringify(within === undefined ? [include, exclude] : [include, exclude, within]),
  // What was purged shows only in a full reading: this interface has no short list of ids.
  schedule: { every: 3_600_000, sweepFull: 7 * 86_400_000 },
  // Answers with software and vulnerability lists are slow above 100 to 250 hosts.
  pageSize: 250,
  fields: {
    id: { type: 'integer', about: 'Asset id of the Qualys portal, ascending in answers.' },
    name: { type: 'text', about: 'Name of the asset.', sensitive: true },
    created: { type: 'date-time', about: 'When the asset appeared, UTC.' },
    modified: { type: 'date-time', about: 'Last change of the asset by anything, UTC; the time changes are asked by.' },
    criticalityScore: { type: 'integer', about: 'Criticality 1 to 5.' },
    tags: { type: 'object', about: 'Asset tags: list.TagSimple of id and name.' },
    sourceInfo: { type: 'object', about: 'Cloud sources by kind: list.Ec2AssetSourceSimple and the like.' },
    qwebHostId: { type: 'integer', about: 'ID on the host list; absent until the asset was scanned.' },
    lastVulnScan: { type: 'date-time', about: 'Last vulnerability scan, UTC.' },
    vulnsUpdated: { type: 'date-time', about: 'Last change of its detections, UTC.' },
    os: { type: 'text', about: 'Operating system as Qualys found it.' },
    dnsHostName: { type: 'text', about: 'DNS name.', sensitive: true },
    fqdn: { type: 'text', about: 'Full DNS name.', sensitive: true },
    netbiosName: { type: 'text', about: 'NetBIOS name.', sensitive: true },
    address: { type: 'text', about: 'First address.', sensitive: true },
    trackingMethod: { type: 'text', about: 'IP, DNSNAME, NETBIOS, INSTANCE_ID, QAGENT, VIRTUAL_MACHINE_ID …' },
    totalMemory: { type: 'integer', about: 'Memory in MB.' },
    lastLoggedOnUser: { type: 'text', about: 'Last user seen.', sensitive: true },
    agentInfo: { type: 'object', about: 'Cloud agent: id, version, status, last check-in, modules, activation key.' },
    networkInterface: {
      type: 'object',
      about: 'Interfaces: list.HostAssetInterface; an address may come several times.',
    },
    openPort: { type: 'object', about: 'Open ports: list.HostAssetOpenPort of port, protocol, service.' },
    software: { type: 'object', about: 'Installed software: list.HostAssetSoftware of name and version.' },
    volume: { type: 'object', about: 'Volumes: list.HostAssetVolume of name, size and free, in bytes.' },
    account: { type: 'object', about: 'Local accounts: list.HostAssetAccount of username.', sensitive: true },
    vuln: {
      type: 'object',
      about: 'Detections present: list.HostAssetVuln of QID and times, without status or results.',
    },
  },
  permission: {
    roles:
      'Managers see all assets; others, with API Access and Asset Management “Read Asset”, those in their tag scope.',
    licence: 'Any subscription with AssetView or Global AssetView.',
  },
  signIn: ['basic', 'token'],
  probe: () => qpsCount(OBJECT, []),
  destinations: {
    devo: 'my.app.qualys.host_assets',
    interflow: 'qualys_hosts',
    elastic: 'qualys.host_asset',
    ocsf: 'inventory_info',
  },
  example: {
    id: '84047683',
    name: 'srv-7',
    created: '2020-09-25T00:50:27Z',
    modified: '2020-09-25T00:51:39Z',
    type: 'HOST',
    tags: { list: { TagSimple: [{ id: '7517812', name: 'Production' }] } },
    qwebHostId: '107800671',
    os: 'Linux',
    address: '172.31.66.126',
    trackingMethod: 'INSTANCE_ID',
  },
  links: ['https://cdn2.qualys.com/docs/qualys-asset-management-tagging-api-v2-user-guide.pdf'],
});
