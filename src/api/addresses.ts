import type { Settings } from '../accounts/connection-secrets.ts';
import { QuarryError } from '../core/errors.ts';
import { isPrivate } from '../core/private-addresses.ts';

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
