/** What one data set says of one machine, in the inventory's own words. */

/** Ids that Qualys, an agent or a cloud gives; 0 and '' for none. An address is none of them. */
export interface Ids {
  readonly host: number;
  readonly asset: number;
  /** UUID of the agent, or of agentless tracking (QG_HOSTID). */
  readonly agent: string;
  /** Provider and instance: `aws/i-01ec922139e3344bb`. */
  readonly cloud: string;
}

export interface Port {
  readonly port: number;
  readonly protocol: string;
  readonly service: string;
}

export interface Interface {
  readonly name: string;
  readonly mac: string;
  /** Addresses, apart by commas. */
  readonly ips: string;
  readonly gateway: string;
  readonly hostname: string;
}

export interface Software {
  readonly name: string;
  readonly version: string;
  readonly publisher: string;
  readonly category: string;
  /** GA, EOL, EOS … where Qualys knows. */
  readonly lifecycle: string;
}

export interface Tag {
  readonly tag: number;
  readonly name: string;
}

/** '' and 0 are nothing said; times are milliseconds since the epoch, UTC. */
export interface Facts {
  readonly name: string;
  readonly fqdn: string;
  readonly netbios: string;
  readonly domain: string;
  readonly ip: string;
  readonly ips: readonly string[];
  readonly macs: readonly string[];
  readonly gateway: string;
  readonly network: string;
  readonly os: string;
  readonly os_category: string;
  readonly os_lifecycle: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly hardware_uuid: string;
  readonly bios: string;
  readonly memory_mb: number;
  readonly cpus: number;
  readonly asset_type: string;
  readonly tracking_method: string;
  readonly cloud_provider: string;
  readonly cloud_account: string;
  readonly cloud_region: string;
  readonly cloud_type: string;
  readonly cloud_state: string;
  readonly public_ip: string;
  readonly criticality: number;
  readonly risk_score: number;
  readonly owner: string;
  readonly last_user: string;
  readonly agent_status: string;
  readonly agent_version: string;
  readonly comment: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly last_vuln_scan: number;
  readonly last_compliance_scan: number;
  readonly last_checked_in: number;
  readonly last_boot: number;
  /** When Qualys changed the asset last, by anything. */
  readonly modified: number;
  readonly accounts: readonly string[];
  readonly asset_groups: readonly string[];
  readonly tags: readonly Tag[];
  readonly ports: readonly Port[];
  readonly interfaces: readonly Interface[];
  readonly software: readonly Software[];
}

export type FieldName = keyof Facts;

/** Facts where a data set says only some. */
export const NOTHING: Facts = {
  ...{ name: '', fqdn: '', netbios: '', domain: '', ip: '', gateway: '', network: '', os: '', os_category: '' },
  ...{ os_lifecycle: '', manufacturer: '', model: '', serial: '', hardware_uuid: '', bios: '', memory_mb: 0, cpus: 0 },
  ...{ asset_type: '', tracking_method: '', cloud_provider: '', cloud_account: '', cloud_region: '', cloud_type: '' },
  ...{ cloud_state: '', public_ip: '', criticality: 0, risk_score: 0, owner: '', last_user: '', agent_status: '' },
  ...{ agent_version: '', comment: '', first_seen: 0, last_seen: 0, last_vuln_scan: 0, last_compliance_scan: 0 },
  ...{ last_checked_in: 0, last_boot: 0, modified: 0 },
  ...{ ips: [], macs: [], accounts: [], asset_groups: [], tags: [], ports: [], interfaces: [], software: [] },
};

/** A record of a data set as a machine; `id` is its own id there. */
export interface Reading {
  readonly id: number;
  readonly ids: Ids;
  readonly facts: Facts;
}

const NO_ID = /^[0-]*$/;

/** A UUID as all spell it; the empty one that some agents report is none. */
export const uuid = (said: string): string => (NO_ID.test(said) ? '' : said.toLowerCase());

/** `aws`, `azure`, `gcp` …, whatever a data set calls it. */
export function provider(said: string): string {
  const name = said.toLowerCase();
  if (/ec2|aws|amazon/.test(name)) return 'aws';
  if (/azure|microsoft/.test(name)) return 'azure';
  return /gcp|google/.test(name) ? 'gcp' : name;
}

export const cloudId = (of: string, instance: string): string =>
  instance === '' ? '' : `${of}/${instance.toLowerCase()}`;
