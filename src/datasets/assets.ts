import { z } from 'zod';
import type { Ask } from '../core/dataset.ts';
import { defineDataset, params } from './define.ts';
import { gatewaySearch } from './gateway.ts';
import { byLastSeen } from './paging.ts';
import { secondBefore } from './qps.ts';

/** Assets per answer at the most: 416 above. */
const MAX_PAGE = 300;
const API = 'am/asset';

const options = z.object({
  tags_include: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'Only assets with one of these tags (by name).' })
    .optional(),
  tags_exclude: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'No assets with one of these tags (by name).' })
    .optional(),
  include_fields: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'Only these top-level fields; Qualys sends the others as null, ids excepted.' })
    .optional(),
  exclude_fields: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'Without these top-level fields: softwareListData saves most.' })
    .optional(),
});
type Options = z.output<typeof options>;

/** The filter as Qualys takes it in the body; undefined: everything. Operators have underscores here. */
function filterBody({ tags_include: include, tags_exclude: exclude }: Options, since: string | undefined) {
  const filters = [
    ...(since === undefined
      ? []
      : [{ field: 'asset.lastUpdatedDate', operator: 'GREATER', value: secondBefore(since) }]),
    ...(include === undefined ? [] : [{ field: 'tags.name', operator: 'IN', value: include.join(',') }]),
    ...(exclude ?? []).map((value) => ({ field: 'tags.name', operator: 'NOT_EQUALS', value })),
  ];
  return filters.length === 0 ? undefined : { filters, operation: 'AND' };
}

const records = (chosen: Options, { range, since, pageSize }: Ask) =>
  gatewaySearch(
    API,
    '/rest/2.0/search/am/asset',
    filterBody(chosen, since),
    params({
      pageSize: String(Math.min(pageSize, MAX_PAGE)),
      lastSeenAssetId: range === undefined ? undefined : String(range.first - 1),
      includeFields: chosen.include_fields?.join(','),
      excludeFields: chosen.exclude_fields?.join(','),
    }),
  );

export default defineDataset({
  name: 'assets',
  aliases: [],
  title: 'Global asset inventory',
  about: 'Every asset of the Global Asset Inventory: system, hardware, software with life cycle, cloud, business data.',
  kind: 'entity',
  options,
  format: {
    kind: 'json',
    records: 'assetListData/asset',
    fields: [
      'assetId',
      'assetUUID',
      'hostId',
      'agentId',
      'createdDate',
      'lastModifiedDate',
      'sensorLastUpdatedDate',
      'assetType',
      'assetName',
      'dnsName',
      'netbiosName',
      'address',
      'timeZone',
      'biosDescription',
      'biosSerialNumber',
      'biosAssetTag',
      'hwUUID',
      'lastBoot',
      'totalMemory',
      'cpuCount',
      'lastLoggedOnUser',
      'domainRole',
      'isContainerHost',
      'riskScore',
      'passiveSensor',
      'lparId',
      'operatingSystem',
      'hardware',
      'processor',
      'userAccountListData',
      'openPortListData',
      'volumeListData',
      'networkInterfaceListData',
      'softwareListData',
      'softwareComponent',
      'missingSoftware',
      'provider',
      'cloudProvider',
      'agent',
      'sensor',
      'container',
      'inventory',
      'inventoryListData',
      'activity',
      'tagList',
      'serviceList',
      'lastLocation',
      'assignedLocation',
      'criticality',
      'businessInformation',
      'businessAppListData',
      'domain',
      'subdomain',
      'whois',
      'organizationName',
      'isp',
      'asn',
      'easmTags',
      'hostingCategory1',
      'customAttributes',
    ],
  },
  key: [{ from: 'record', field: 'assetId' }],
  order: 'id',
  paging: byLastSeen,
  incremental: true,
  // Any event of the platform moves it, a connector's synchronisation too; the inventory time does not.
  noise: ['lastModifiedDate'],
  unordered: [
    'userAccountListData',
    'openPortListData',
    'volumeListData',
    'networkInterfaceListData',
    'softwareListData',
    'inventoryListData',
    'tagList',
    'serviceList',
  ],
  version: 'lastModifiedDate',
  time: ['lastModifiedDate', 'sensorLastUpdatedDate', 'createdDate'],
  records,
  count: (chosen, since) => gatewaySearch(API, '/rest/2.0/count/am/asset', filterBody(chosen, since)),
  overlapMs: 3_600_000,
  scope: (chosen) =>
    JSON.stringify([chosen.tags_include, chosen.tags_exclude, chosen.include_fields, chosen.exclude_fields]),
  schedule: { every: 3_600_000, sweepFull: 7 * 86_400_000 },
  pageSize: MAX_PAGE,
  fields: {
    assetId: { type: 'integer', about: 'Asset id of the Qualys portal, ascending in answers.' },
    assetUUID: { type: 'text', about: 'UUID of the asset.' },
    hostId: { type: 'integer', about: 'ID on the host list, where it was scanned.' },
    agentId: { type: 'text', about: 'UUID of its cloud agent.' },
    createdDate: { type: 'date-time', about: 'When the asset appeared, UTC.' },
    lastModifiedDate: { type: 'date-time', about: 'Last event of any kind, UTC; the time changes are asked by.' },
    sensorLastUpdatedDate: { type: 'date-time', about: 'Last inventory by a sensor, UTC.' },
    assetType: { type: 'text', about: 'HOST and others.' },
    assetName: { type: 'text', about: 'Name.', sensitive: true },
    dnsName: { type: 'text', about: 'DNS name.', sensitive: true },
    netbiosName: { type: 'text', about: 'NetBIOS name.', sensitive: true },
    address: { type: 'text', about: 'Address; several may stand in one text.', sensitive: true },
    totalMemory: { type: 'integer', about: 'Memory in MB.' },
    lastLoggedOnUser: { type: 'text', about: 'Last user seen.', sensitive: true },
    riskScore: { type: 'integer', about: 'TruRisk score, 0 to 1000.' },
    operatingSystem: { type: 'object', about: 'Name, category, version, life cycle; dates may be words.' },
    hardware: { type: 'object', about: 'Manufacturer, model, category, life cycle.' },
    userAccountListData: { type: 'object', about: 'Local accounts: userAccount of name.', sensitive: true },
    openPortListData: { type: 'object', about: 'Open ports: openPort of port, protocol, service.' },
    networkInterfaceListData: { type: 'object', about: 'Interfaces: networkInterface; addressIpV4 may hold several.' },
    softwareListData: { type: 'object', about: 'Installed software: software with publisher, version, life cycle.' },
    cloudProvider: { type: 'object', about: 'Cloud data by provider: aws, azure, gcp, oci …' },
    agent: { type: 'object', about: 'Cloud agent; times in epoch milliseconds, 0 for never.' },
    sensor: { type: 'object', about: 'Last scans by kind of sensor; times in epoch milliseconds, 0 for never.' },
    tagList: { type: 'object', about: 'Tags: tag of id, name, colours, criticality.' },
    criticality: { type: 'object', about: 'Criticality score 1 to 5, and whether it is the default.' },
    businessInformation: { type: 'object', about: 'Company, department, owners, environment.' },
    customAttributes: { type: 'list', about: 'Key, value and connector of each custom attribute.' },
  },
  permission: {
    roles: 'Managers see all assets; others, with API Access, those in their tag scope.',
    licence: 'CyberSecurity Asset Management (CSAM); Global AssetView alone gives less.',
  },
  signIn: ['token'],
  probe: (chosen) => gatewaySearch(API, '/rest/2.0/count/am/asset', filterBody(chosen, undefined)),
  destinations: {
    devo: 'my.app.qualys.assets',
    interflow: 'qualys_hosts',
    elastic: 'qualys_gav.asset',
    ocsf: 'inventory_info',
  },
  example: {
    assetId: 20032549,
    assetUUID: 'bda51f1d-13cf-49ad-a3a0-9f83debbe5a9',
    hostId: 15855913,
    createdDate: '2026-01-10T11:58:40.980Z',
    lastModifiedDate: '2026-11-19T22:14:05.000Z',
    assetType: 'HOST',
    assetName: 'srv-7',
    address: '10.0.0.7',
    riskScore: 412,
    operatingSystem: { osName: 'Amazon Linux 2', category1: 'Linux' },
  },
  links: ['https://docs.qualys.com/en/csam/api/asset_host_data/get_host_details_of_all_assets.htm'],
});
