import type { ConnectionConfig } from '../../config/config.ts';
import { type Address, resolveAddress } from '../../qualys/platforms.ts';

/** Where a connection's calls go. Throws QRY1010–QRY1015; `addressKey` says which part of the configuration is meant. */
export const addressOf = (connection: ConnectionConfig): Address =>
  resolveAddress({
    platform: connection.platform,
    api_url: connection.apiUrl,
    gateway_url: connection.gatewayUrl,
    base_url: connection.baseUrl,
    auth_url: connection.authUrl,
    allowPlainHttp: connection.allowPlainHttp,
  });

/** The part of the connection its address comes from. */
export function addressKey({ platform, apiUrl, gatewayUrl }: ConnectionConfig): string {
  if (platform !== undefined) return 'platform';
  if (apiUrl !== undefined) return 'api_url';
  return gatewayUrl === undefined ? 'base_url' : 'gateway_url';
}
