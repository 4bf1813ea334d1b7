import { z } from 'zod';
import { defineDataset, flag, params } from './define.ts';
import {
  HOST_API_VERSIONS,
  hostFilterParams,
  hostFilters,
  hostIds,
  hostPageParams,
  hostScope,
  ranges,
} from './host-filters.ts';
import hostList from './host-list.ts';
import { byWarning } from './paging.ts';

const STATUSES = ['New', 'Active', 'Re-Opened', 'Fixed'] as const;

export default defineDataset({
  name: 'host_list_detection',
  aliases: [],
  title: 'Host list detection',
  about: 'Every vulnerability detection on every host, one event each, with the host as context.',
  kind: 'entity',
  options: z.object({
    ...hostFilters,
    statuses: z
      .array(z.enum(STATUSES))
      .min(1)
      .default([...STATUSES])
      .meta({ description: 'Detection states to read; Fixed comes only when asked for.' }),
    types: z
      .array(z.enum(['confirmed', 'potential']))
      .min(1)
      .meta({ description: 'Only these kinds of vulnerabilities.' })
      .optional(),
    severities: ranges(/[1-5](-[1-5])?/)
      .meta({ description: 'Only these severities: 3-5, 4,5 or [4, 5].' })
      .optional(),
    qids: ranges(/\d+(-\d+)?/)
      .meta({ description: 'Only these QIDs: 38170,90000-90099; or a list.' })
      .optional(),
    show_igs: z
      .boolean()
      .default(true)
      .meta({ description: 'Information gathered (installed software, open ports and the like).' }),
    include_ignored: z
      .boolean()
      .default(true)
      .meta({ description: 'Detections ignored in Qualys, marked IS_IGNORED.' }),
    include_disabled: z
      .boolean()
      .default(true)
      .meta({ description: 'Detections of disabled QIDs, marked IS_DISABLED.' }),
    filter_superseded_qids: z
      .boolean()
      .default(false)
      .meta({ description: 'Leave out QIDs that a newer patch supersedes.' }),
    results: z
      .union([z.enum(['full', 'none']), z.number().int().positive()])
      .default('full')
      .meta({ description: 'The RESULTS text: full, none, or at most so many bytes (64KiB).' }),
  }),
  format: {
    kind: 'xml',
    root: 'HOST_LIST_VM_DETECTION_OUTPUT',
    record: 'RESPONSE/HOST_LIST/HOST',
    inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
    lists: [
      'QDS_FACTORS/QDS_FACTOR',
      'TAGS/TAG',
      'METADATA/EC2/ATTRIBUTE',
      'METADATA/GOOGLE/ATTRIBUTE',
      'METADATA/AZURE/ATTRIBUTE',
      'CLOUD_PROVIDER_TAGS/CLOUD_TAG',
    ],
    verbatim: ['RESULTS'],
    fields: [
      'UNIQUE_VULN_ID',
      'QID',
      'TYPE',
      'SEVERITY',
      'PORT',
      'PROTOCOL',
      'FQDN',
      'SSL',
      'INSTANCE',
      'RESULTS',
      'STATUS',
      'FIRST_FOUND_DATETIME',
      'LAST_FOUND_DATETIME',
      'QDS',
      'QDS_FACTORS',
      'TIMES_FOUND',
      'LAST_TEST_DATETIME',
      'LAST_UPDATE_DATETIME',
      'LAST_FIXED_DATETIME',
      'FIRST_REOPENED_DATETIME',
      'LAST_REOPENED_DATETIME',
      'TIMES_REOPENED',
      'SERVICE',
      'IS_IGNORED',
      'IS_DISABLED',
      'AFFECT_RUNNING_KERNEL',
      'AFFECT_RUNNING_SERVICE',
      'AFFECT_EXPLOITABLE_CONFIG',
      'LAST_PROCESSED_DATETIME',
      'ASSET_CVE',
      'LATEST_VULNERABILITY_DETECTION_SOURCE',
      'VULNERABILITY_DETECTION_SOURCES',
      'TRURISK_ELIMINATION_STATUS',
    ],
    contextFields: [...hostList.format.fields, 'ASSET_GROUP_LIST', 'LAST_SCAN_DATETIME', 'LAST_PC_SCANNED_DATE'],
  },
  key: [
    { from: 'context', field: 'ID' },
    { from: 'record', field: 'QID' },
    { from: 'record', field: 'PORT' },
    { from: 'record', field: 'PROTOCOL' },
    { from: 'record', field: 'SSL' },
    { from: 'record', field: 'FQDN' },
    { from: 'record', field: 'INSTANCE' },
  ],
  order: 'id',
  paging: byWarning,
  incremental: true,
  noise: ['LAST_PROCESSED_DATETIME'],
  heavy: { field: 'RESULTS', cut: ({ results }) => (typeof results === 'number' ? results : undefined) },
  version: 'LAST_UPDATE_DATETIME',
  time: ['LAST_UPDATE_DATETIME', 'LAST_FOUND_DATETIME'],
  records: (options, ask) => ({
    api: 'asset/host/vm/detection',
    path: '/api/{version}/fo/asset/host/vm/detection/',
    versions: HOST_API_VERSIONS,
    method: 'POST',
    params: params({
      action: 'list',
      status: options.statuses.join(','),
      include_vuln_type: options.types?.length === 1 ? options.types[0] : undefined,
      severities: options.severities,
      qids: options.qids,
      show_igs: flag(options.show_igs),
      include_ignored: flag(options.include_ignored),
      include_disabled: flag(options.include_disabled),
      filter_superseded_qids: options.filter_superseded_qids ? '1' : undefined,
      show_results: flag(options.results !== 'none' && ask.withoutResults !== true),
      show_reopened_info: '1',
      show_asset_id: '1',
      show_tags: '1',
      show_qds: '1',
      show_qds_factors: '1',
      host_metadata: 'all',
      show_cloud_tags: '1',
      detection_processed_after: ask.since,
      ...hostFilterParams(options),
      ...hostPageParams(ask),
    }),
  }),
  // Hosts without a detection are left out of detection answers, so the ids in scope are those of the host list.
  ids: hostIds,
  idsFormat: hostList.format,
  // Processing times appear with a delay of minutes; agents report every few hours, so a longer overlap would read
  // most of a large subscription at every pull. What comes later still is found by the full sweep.
  overlapMs: 3_600_000,
  scope: (options) =>
    JSON.stringify([
      hostScope(options),
      options.statuses,
      options.types,
      options.severities,
      options.qids,
      options.show_igs,
      options.include_ignored,
      options.include_disabled,
      options.filter_superseded_qids,
    ]),
  schedule: { every: 15 * 60_000, sweepIds: 86_400_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
  fields: {
    UNIQUE_VULN_ID: { type: 'integer', about: 'Qualys id of this detection; older bodies lack it.' },
    QID: { type: 'integer', about: 'Qualys id of the vulnerability.' },
    TYPE: { type: 'text', about: 'Confirmed, Potential or Info.' },
    SEVERITY: { type: 'integer', about: '1 to 5.' },
    PORT: { type: 'integer', about: 'Port, absent for host-level detections.' },
    PROTOCOL: { type: 'text', about: 'tcp or udp.' },
    SSL: { type: 'boolean', about: '1 when found over SSL.' },
    FQDN: { type: 'text', about: 'Name asked for, where it matters.' },
    INSTANCE: { type: 'text', about: 'Instance on the host, such as a database name.' },
    RESULTS: { type: 'text', about: 'What the scan saw, as Qualys escapes it; white space kept.', sensitive: true },
    STATUS: { type: 'text', about: 'New, Active, Re-Opened or Fixed.' },
    QDS: { type: 'object', about: 'Qualys detection score 1 to 100, with its band as @severity.' },
    FIRST_FOUND_DATETIME: { type: 'date-time', about: 'First found, UTC.' },
    LAST_FOUND_DATETIME: { type: 'date-time', about: 'Last found, UTC; may lie before the first.' },
    LAST_UPDATE_DATETIME: { type: 'date-time', about: 'Last change of the detection, UTC.' },
    LAST_PROCESSED_DATETIME: { type: 'date-time', about: 'When Qualys processed it last, UTC.' },
    TIMES_FOUND: { type: 'integer', about: 'How often it was found.' },
    IS_IGNORED: { type: 'boolean', about: '1 when ignored in Qualys.' },
    IS_DISABLED: { type: 'boolean', about: '1 when its QID is disabled.' },
    HOST: { type: 'object', about: 'The host the detection was found on, as on the host list.' },
  },
  permission: {
    roles: 'Managers all; Unit Managers their business unit; Scanners and Readers their own. Auditors have no access.',
    licence: 'VM or VMDR with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.hostdetections',
    interflow: 'qualys_vulnerabilities',
    elastic: 'qualys_vmdr.asset_host_detection',
    ocsf: 'vulnerability_finding',
  },
  example: { QID: '38170', SEVERITY: '3', STATUS: 'Active', HOST: { ID: '7', IP: '10.0.0.7' } },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-assets/host_lists/host_detection.htm'],
});
