import { BlockList, isIP } from 'node:net';
import type { Settings } from '../accounts/connection-secrets.ts';
import { QuarryError } from '../core/errors.ts';

/** Networks nobody outside this machine and its neighbours can mean: RFC 1918, 4193, 3927, 4291, 5735, 6598. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
  ['64:ff9b::', 96],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** Whether an address is of this machine or its own network; IPv4 inside IPv6 counts as what it is. */
export function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  const family = isIP(plain);
  return family === 0 ? false : PRIVATE.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

const URLS = ['api_url', 'gateway_url', 'base_url', 'auth_url'] as const;

/**
 * Addresses that people type into the page lead the server somewhere: not to itself and not into its network, unless
 * whoever runs it allows that. Names are looked up when they are connected to. Throws QRY8023.
 */
export function refusePrivate(section: Settings, allowed: boolean): void {
  if (allowed) return;
  const provider = section['identity_provider'] as { token_url?: unknown } | undefined;
  const proxy = section['proxy'] as { url?: unknown } | undefined;
  const given = [
    ...URLS.map((name) => [name, section[name]] as const),
    ['identity_provider.token_url', provider?.token_url] as const,
    ['proxy.url', proxy?.url] as const,
  ];
  for (const [name, value] of given) {
    if (typeof value !== 'string') continue;
    const host = hostOf(value);
    if (host === 'localhost' || host.endsWith('.localhost') || isPrivate(host))
      throw new QuarryError('QRY8023', { what: `${name} leads to ${host}.`, where: name });
  }
}

function hostOf(text: string): string {
  try {
    // The form URLs give to every spelling of an address: 0x7f.1 is 127.0.0.1.
    return new URL(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`).hostname
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
  } catch {
    return '';
  }
}
