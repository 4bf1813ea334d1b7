import type { SignInWay } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import { isLoopback } from './platforms.ts';

/**
 * What a connection signs in with: a user and password, a source of tokens, or both. A user alone has both ways, since
 * the gateway gives a token for it (`POST /auth`). Source: API guides "Authentication", "Auth ID client management".
 */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly token?: TokenSource | undefined;
}

export type TokenSource =
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'oidc' | 'oauth'; readonly clientId: string; readonly clientSecret: Secret }
  | ProviderSource;

/** A customer's identity provider whose tokens Qualys was told to accept. */
export interface ProviderSource {
  readonly kind: 'identity_provider';
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  /** With a user the grant is `password`, else `client_credentials`. */
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  /** Where id and secret go: Basic header (RFC 6749 §2.3.1) or the form. */
  readonly clientAuth: 'header' | 'form';
}

/** User and password, where there are both. */
export function loginOf({ username, password }: Credentials): { username: string; password: string } | undefined {
  return username === undefined || password === undefined ? undefined : { username, password: reveal(password) };
}

export function waysOf(credentials: Credentials): readonly SignInWay[] {
  if (loginOf(credentials) !== undefined) return ['basic', 'token'];
  return credentials.token === undefined ? [] : ['token'];
}

/** What must never be seen of them. */
export function secretsOf(credentials: Credentials): string[] {
  const login = loginOf(credentials);
  const { token } = credentials;
  const secrets = login === undefined ? [] : [login.password, basicOf(login)];
  if (token === undefined) return secrets;
  if (token.kind === 'token') return [...secrets, reveal(token.token)];
  if (token.kind !== 'identity_provider') return [...secrets, reveal(token.clientSecret)];
  if (token.password !== undefined) secrets.push(reveal(token.password));
  if (token.clientSecret === undefined) return secrets;
  const client = { username: token.clientId, password: reveal(token.clientSecret) };
  return [...secrets, client.password, basicOf(client), basicOf(encoded(client))];
}

/** `user:password` in UTF-8 and base64. */
export function basicOf({ username, password }: { username: string; password: string }): string {
  return Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
}

/** Client id and secret as RFC 6749 wants them in a Basic header: form-encoded first. */
export function encoded(client: { username: string; password: string }): { username: string; password: string } {
  const form = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return { username: form(client.username), password: form(client.password) };
}

/**
 * The token endpoint of a provider. Throws QRY1011 for what is no web address, QRY1012 for plain http beyond this
 * machine, QRY1015 for credentials inside.
 */
export function tokenUrlOf({ tokenUrl }: ProviderSource, allowPlainHttp: boolean): URL {
  const where = 'identity_provider.token_url';
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined;
  if (url === undefined || url.hostname === '' || !['https:', 'http:'].includes(url.protocol)) {
    throw new QuarryError('QRY1011', {
      what: 'The token endpoint is no web address.',
      where,
      fix: 'Write it like https://login.example.com/oauth2/v1/token.',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new QuarryError('QRY1015', { what: `The address of ${url.host} holds credentials.`, where });
  }
  refusePlainHttp(url, where, allowPlainHttp);
  return url;
}

export function refusePlainHttp(url: URL, where: string, allowPlainHttp: boolean): void {
  if (url.protocol !== 'http:' || allowPlainHttp || isLoopback(url.hostname)) return;
  throw new QuarryError('QRY1012', { what: `http://${url.host} would send the password unencrypted.`, where });
}
