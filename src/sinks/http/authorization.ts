import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';
import { basic } from './transport.ts';

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  /** Elasticsearch's: encoded, or `id:key`. */
  readonly api_key?: Secret | undefined;
}

/** The header for one way to sign in, or none. Throws QRY5032 for several, and for a password without a user name. */
export function authorization({ username, password, token, api_key }: Credentials): Record<string, string> {
  const ways = Object.entries({ username, token, api_key }).filter(([, value]) => value !== undefined);
  const names = ways.map(([name]) => name).join(' and ');
  if (ways.length > 1) throw new QuarryError('QRY5032', { what: `${names} are given, and only one is used` });
  if (password !== undefined && username === undefined)
    throw new QuarryError('QRY5032', { what: 'a password is given, and no username' });
  if (username !== undefined) return { authorization: `Basic ${basic(username, password)}` };
  if (token !== undefined) return { authorization: `Bearer ${reveal(token)}` };
  if (api_key === undefined) return {};
  const key = reveal(api_key);
  // Encoded keys have no colon; `id:key` is what is encoded.
  return { authorization: `ApiKey ${key.includes(':') ? Buffer.from(key).toString('base64') : key}` };
}
