import type { Host } from '../host.ts';
import { said, texts } from '../values.ts';

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/windows/i, 'windows'],
  [/mac ?os|os x|darwin/i, 'macos'],
  [/android/i, 'android'],
  [/\bios\b|iphone|ipad/i, 'ios'],
  [/solaris|aix|hp-?ux|unix|bsd/i, 'unix'],
  [/linux|ubuntu|debian|centos|red ?hat|rhel|suse|fedora|amazon/i, 'linux'],
];

/** `linux`, `windows` … from the name of a system. */
export const systemOf = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : SYSTEMS.find(([pattern]) => pattern.test(name))?.[1];

/** The fields `host`, `cloud`, `device`, `agent` and `related` of a machine. */
export function hostPart(host: Host | undefined): Record<string, unknown> {
  if (host === undefined) return {};
  const system = systemOf(host.os);
  return said({
    host: said({
      id: host.id ?? host.assetId,
      name: host.fqdn ?? host.hostname ?? host.name,
      hostname: host.hostname ?? host.name,
      domain: host.netbios ?? host.domain,
      ip: host.ips,
      mac: host.macs.map((mac) => mac.toUpperCase().replaceAll(':', '-')),
      os: said({ full: host.os, platform: system, type: system, version: host.osVersion }),
      type: host.kind,
      risk: said({ calculated_score: host.risk }),
    }),
    cloud: said({
      provider: host.cloud?.provider.toLowerCase(),
      service: said({ name: host.cloud?.service }),
      instance: said({ id: host.cloud?.instance }),
      region: host.region,
      account: said({ id: host.account }),
    }),
    device: said({
      manufacturer: host.manufacturer,
      model: said({ name: host.model }),
      serial_number: host.serial,
    }),
    agent: said({ id: host.agentId }),
    related: said({
      hosts: texts([host.id, host.assetId, host.agentId, host.fqdn, host.hostname, host.netbios, host.name]),
      ip: host.ips,
    }),
  });
}
