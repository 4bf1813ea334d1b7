import { systemOf } from '../ecs/host.ts';
import type { Host } from '../host.ts';
import { said } from '../values.ts';
import { ms } from './base.ts';

/** OCSF's ids of kinds of devices, by words in Qualys's; the first that fits. */
const KINDS: readonly (readonly [RegExp, number])[] = [
  [/server|appliance/i, 1],
  [/notebook|laptop/i, 3],
  [/tablet/i, 4],
  [/mobile|phone/i, 5],
  [/virtual/i, 6],
  [/iot|printer|camera/i, 7],
  [/firewall/i, 9],
  [/switch/i, 10],
  [/router/i, 12],
  [/desktop|workstation|computer/i, 2],
];

const SYSTEMS: ReadonlyMap<string, number> = new Map([
  ['windows', 100],
  ['linux', 200],
  ['android', 201],
  ['macos', 300],
  ['ios', 301],
  ['solaris', 400],
]);

const RISKS: readonly (readonly [number, number, string])[] = [
  [850, 4, 'Critical'],
  [700, 3, 'High'],
  [500, 2, 'Medium'],
  [1, 1, 'Low'],
];

/** A machine as OCSF's device; `key`: what it is called where the record does not say. */
export function deviceOf(host: Host | undefined, key: string): Record<string, unknown> {
  const kind = host?.kind;
  const score = host?.risk === undefined || Math.abs(host.risk) > 1_000_000 ? undefined : Math.round(host.risk);
  const risk = score === undefined ? undefined : RISKS.find(([least]) => score >= least);
  const version = host?.osVersion;
  return said({
    type_id: kind === undefined ? 0 : (KINDS.find(([pattern]) => pattern.test(kind))?.[1] ?? 99),
    type: kind,
    uid: host?.id ?? host?.assetId ?? host?.agentId ?? key,
    uid_alt: host?.id === undefined ? undefined : host.assetId,
    name: host?.name ?? host?.netbios,
    hostname: host?.fqdn ?? host?.hostname,
    domain: host?.domain,
    ip: host?.ips[0],
    mac: host?.macs[0],
    network_interfaces: (host?.ips ?? []).map((ip, i) => said({ name: ip, ip, mac: host?.macs[i], type_id: 0 })),
    os:
      host?.os === undefined
        ? undefined
        : said({ name: host.os, type_id: SYSTEMS.get(systemOf(host.os) ?? '') ?? 0, version, cpe_name: host.cpe }),
    agent_list:
      host?.agentId === undefined
        ? undefined
        : [{ uid: host.agentId, type_id: 5, name: 'Qualys Cloud Agent', vendor_name: 'Qualys' }],
    groups: (host?.tags ?? [])
      .filter(({ id, name }) => (id ?? name) !== undefined)
      .map(({ id, name }) => said({ uid: id, name })),
    hw_info: said({ serial_number: host?.serial }),
    vendor_name: host?.manufacturer,
    model: host?.model,
    instance_uid: host?.cloud?.instance,
    region: host?.region,
    owner: host?.owner === undefined ? undefined : { name: host.owner },
    created_time: ms(host?.created),
    first_seen_time: ms(host?.created),
    last_seen_time: ms(host?.seen),
    modified_time: ms(host?.modified),
    risk_score: score,
    risk_level_id: risk?.[1],
    risk_level: risk?.[2],
  });
}

/** A machine as a resource of a finding. */
export function resourceOf(host: Host | undefined, key: string): Record<string, unknown> {
  return said({
    uid: host?.id ?? host?.assetId ?? host?.ips[0] ?? key,
    uid_alt: host?.agentId,
    name: host?.name,
    hostname: host?.fqdn ?? host?.hostname,
    ip: host?.ips[0],
    type: 'host',
    criticality: host?.criticality === undefined ? undefined : String(host.criticality),
    labels: (host?.tags ?? []).flatMap(({ name }) => name ?? []),
  });
}
