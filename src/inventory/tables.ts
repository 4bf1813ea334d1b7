import type { Dialect } from '../store/store.ts';
import type { FindingRow, HistoryRow } from './finding/state.ts';

type Texts<Name extends string> = Record<Name, string>;
type Numbers<Name extends string> = Record<Name, number>;

/**
 * The tables of devices and findings. Rows lie in the order of their primary key, by host or device, so that what is
 * folded together lies together. No key begins with the space: SQLite, which guesses without statistics, would take the
 * primary key for every question that names a space, and read all of it. Numbers are whole and never null (0 is none), texts never null ('' is none),
 * times are milliseconds since the epoch, UTC.
 */
export interface DeviceTables {
  /** Numbers of tenant × subscription; `version` rises with everything that is folded into one. */
  space: Texts<'tenant' | 'subscription'> & Numbers<'id' | 'version'>;
  /** What one data set says of one machine: see `device/source.ts`. `facts` is JSON. */
  device_source: Texts<'dataset' | 'connection' | 'agent' | 'cloud' | 'removed' | 'device' | 'facts'> &
    Numbers<'space' | 'id' | 'seq' | 'accepted' | 'removed_at' | 'returned' | 'host' | 'asset'>;
  device: DeviceTable;
  /** Which device a host id of Qualys stands for: findings know their host alone. */
  device_host: Texts<'device'> & Numbers<'space' | 'host'>;
  device_tag: Texts<'device' | 'name'> & Numbers<'space' | 'tag'>;
  device_port: Texts<'device' | 'protocol' | 'service'> & Numbers<'space' | 'port'>;
  device_interface: Texts<'device' | 'name' | 'mac' | 'ips' | 'gateway' | 'hostname'> & Numbers<'space' | 'n'>;
  device_software: Texts<'device' | 'name' | 'version' | 'publisher' | 'category' | 'lifecycle'> & Numbers<'space'>;
  /** A reading that went from one device to another: merged, or come apart. */
  device_history: Texts<'device' | 'before' | 'dataset'> & Numbers<'space' | 'id' | 'at'>;
  finding: FindingRow & Numbers<'space'>;
  finding_history: HistoryRow & Numbers<'space'>;
  /** RESULTS of findings, where they are kept: see `finding/results.ts`. There is no row where there is no text. */
  finding_results: Texts<'place' | 'results'> & Numbers<'space' | 'host' | 'qid'>;
  /** Of the tables of objects, what is asked for by name here. */
  address_range: Texts<'addresses' | 'network' | 'removed'> & Numbers<'space'>;
  /** The CVEs of each QID, one row each: what a search by CVE and the edges of the exposure graph go by. */
  knowledge_cve: Texts<'cve'> & Numbers<'space' | 'qid'>;
}

export const DEVICE_TABLES = [
  ...(['space', 'device_source', 'device', 'device_host', 'device_tag', 'device_port', 'device_interface'] as const),
  ...(['device_software', 'device_history', 'finding', 'finding_history', 'finding_results', 'knowledge_cve'] as const),
] satisfies readonly (keyof DeviceTables)[];

/** Columns of a device that hold one value of its facts, in the words of `device/facts.ts`. */
export const DEVICE_TEXTS = [
  ...(['name', 'fqdn', 'netbios', 'domain', 'ip', 'gateway', 'network', 'os', 'os_category', 'os_lifecycle'] as const),
  ...(['manufacturer', 'model', 'serial', 'hardware_uuid', 'bios', 'asset_type', 'tracking_method'] as const),
  ...(['cloud_provider', 'cloud_account', 'cloud_region', 'cloud_type', 'cloud_state', 'public_ip', 'owner'] as const),
  ...(['last_user', 'agent_status', 'agent_version', 'comment'] as const),
] as const;
export const DEVICE_NUMBERS = [
  ...(['memory_mb', 'cpus', 'criticality', 'risk_score', 'first_seen', 'last_seen', 'last_vuln_scan'] as const),
  ...(['last_compliance_scan', 'last_checked_in', 'last_boot', 'modified'] as const),
] as const;
/** JSON lists of texts, in order. */
export const DEVICE_LISTS = ['ips', 'macs', 'accounts', 'asset_groups', 'tags', 'sources', 'hosts', 'agents'] as const;

/** `digest` and `parts` are hashes of what was folded, so that what has not changed is not written. */
export type DeviceTable = Texts<(typeof DEVICE_TEXTS)[number] | (typeof DEVICE_LISTS)[number]> &
  Numbers<(typeof DEVICE_NUMBERS)[number]> &
  Texts<'device' | 'cloud' | 'removed' | 'digest' | 'parts'> &
  Numbers<'space' | 'host' | 'asset' | 'ports' | 'softwares' | 'removed_at'>;

const columns = (type: string, ...names: readonly string[]): string =>
  names.map((name) => `${name} ${type} NOT NULL`).join(', ');

/** Migration 5: devices and findings; the index by QID comes later, see `finding/by-qid.ts`. */
export function deviceStatements({ text, clustered }: Dialect): string[] {
  const texts = (...names: readonly string[]): string => columns(text, ...names);
  const numbers = (...names: readonly string[]): string => columns('bigint', ...names);
  return [
    `CREATE TABLE space (id bigint PRIMARY KEY, ${texts('tenant', 'subscription')}, version bigint NOT NULL, UNIQUE (tenant, subscription))`,
    `CREATE TABLE device_source (space bigint NOT NULL, ${texts('dataset')}, ${numbers('id', 'seq', 'accepted', 'removed_at', 'host', 'asset')},
      ${texts('connection', 'agent', 'cloud', 'removed', 'device', 'facts')}, PRIMARY KEY (id, dataset, space)) ${clustered}`,
    'CREATE INDEX device_source_host ON device_source (host, space)',
    'CREATE INDEX device_source_asset ON device_source (asset, space)',
    'CREATE INDEX device_source_agent ON device_source (agent, space)',
    'CREATE INDEX device_source_cloud ON device_source (cloud, space)',
    `CREATE TABLE device (space bigint NOT NULL, ${texts('device', ...DEVICE_TEXTS, ...DEVICE_LISTS, 'cloud', 'removed', 'digest', 'parts')},
      ${numbers(...DEVICE_NUMBERS, 'host', 'asset', 'ports', 'softwares', 'removed_at')}, PRIMARY KEY (device, space)) ${clustered}`,
    `CREATE TABLE device_host (${numbers('space', 'host')}, ${texts('device')}, PRIMARY KEY (host, space)) ${clustered}`,
    'CREATE INDEX device_host_device ON device_host (device, space)',
    `CREATE TABLE device_tag (space bigint NOT NULL, ${texts('device')}, ${numbers('tag')}, ${texts('name')}, PRIMARY KEY (device, space, tag, name)) ${clustered}`,
    'CREATE INDEX device_tag_name ON device_tag (name, space)',
    `CREATE TABLE device_port (space bigint NOT NULL, ${texts('device')}, ${numbers('port')}, ${texts('protocol', 'service')},
      PRIMARY KEY (device, space, port, protocol)) ${clustered}`,
    `CREATE TABLE device_interface (space bigint NOT NULL, ${texts('device')}, ${numbers('n')}, ${texts('name', 'mac', 'ips', 'gateway', 'hostname')},
      PRIMARY KEY (device, space, n)) ${clustered}`,
    `CREATE TABLE device_software (space bigint NOT NULL, ${texts('device', 'name', 'version', 'publisher', 'category', 'lifecycle')},
      PRIMARY KEY (device, space, name, version, publisher)) ${clustered}`,
    'CREATE INDEX device_software_name ON device_software (name, version, space)',
    `CREATE TABLE device_history (space bigint NOT NULL, ${texts('device', 'before', 'dataset')}, ${numbers('id', 'at')},
      PRIMARY KEY (device, space, at, dataset, id)) ${clustered}`,
    `CREATE TABLE finding (${numbers('space', 'host', 'qid')}, ${texts('place', 'connection')}, ${numbers('seq', 'accepted', 'port')},
      ${texts('protocol')}, ${numbers('ssl')}, ${texts('fqdn', 'instance')}, ${numbers('status', 'type', 'severity', 'qds', 'ignored', 'disabled')},
      ${numbers('first_found', 'last_found', 'last_fixed', 'times_found', 'opened', 'reopened', 'reopenings', 'closed', 'closed_reason', 'removed')},
      PRIMARY KEY (host, space, qid, place)) ${clustered}`,
    `CREATE TABLE finding_history (${numbers('space', 'host', 'qid')}, ${texts('place')}, ${numbers('at', 'what', 'reason')},
      PRIMARY KEY (host, space, qid, place, at, what)) ${clustered}`,
    'CREATE INDEX finding_history_at ON finding_history (at, space)',
    `CREATE TABLE knowledge_cve (${numbers('space')}, ${texts('cve')}, ${numbers('qid')}, PRIMARY KEY (qid, space, cve)) ${clustered}`,
    'CREATE INDEX knowledge_cve_cve ON knowledge_cve (cve, space)',
  ];
}

/**
 * Migration 61. Not clustered: rows of a kilobyte cost a clustered table of SQLite twice the disk, since each has a page of
 * its own beside the shared ones, and 1.4 times the CPU time of writing.
 */
export const resultsStatements = ({ text }: Dialect): string[] => [
  `CREATE TABLE finding_results (${columns('bigint', 'space', 'host', 'qid')}, ${columns(text, 'place', 'results')},
    PRIMARY KEY (host, space, qid, place))`,
];

/**
 * Migration 62: when what is gone was returned last. Of what went before nobody knows: it counts from its removal, as it
 * did then.
 */
export const returnedStatements = (objects: readonly string[]): string[] => [
  ...['device_source', ...objects].map((table) => `ALTER TABLE ${table} ADD COLUMN returned bigint NOT NULL DEFAULT 0`),
  ...['device_source', 'qualys_user'].map((table) => `UPDATE ${table} SET returned = accepted WHERE removed <> ''`),
];
