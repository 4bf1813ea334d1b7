/**
 * Asks an identity provider (OpenID Connect) who somebody is: authorization code, PKCE, state and nonce.
 *
 * One ticket of 256 random bits stands for one try: state, nonce and the verifier of PKCE are keyed hashes of it, so that
 * the browser keeps the ticket (a cookie), the database its hash, and nobody anything else. What the provider is
 * found out by (discovery) is kept for an hour, and no longer than until something fails.
 */
import { createHmac } from 'node:crypto';
import type { ClientAuth, Configuration } from 'openid-client';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { GroupRole } from './words.ts';

/** A provider as it is configured. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly title: string;
  readonly redirectUrl: string | undefined;
  readonly scopes: readonly string[];
  /** A claim's name; dots lead into objects. */
  readonly groupsClaim: string;
  readonly roles: readonly GroupRole[];
  readonly allowInsecure: boolean;
}

/** Who the provider says it is. */
export interface Person {
  /** Issuer and subject: nobody else ever has both. */
  readonly subject: string;
  readonly name: string | undefined;
  /** What they may be called, best first; none need be free or fit to be a login. */
  readonly logins: readonly string[];
  readonly groups: readonly string[];
}

export interface Asking {
  /** Where the browser goes. Throws QRY8040 where the provider cannot be asked. */
  start(ticket: Secret, redirectUrl: string): Promise<string>;
  /** Who came back to the redirect URL, by the query they brought. Throws QRY8040, and QRY8041 where the query is not good. */
  finish(ticket: Secret, redirectUrl: string, query: string): Promise<Person>;
}

const DISCOVERED_MS = 3_600_000;
const TIMEOUT_S = 10;

/** `now`: epoch ms. */
export function identityProvider(provider: IdentityProvider, now: () => number): Asking {
  let found: { readonly at: number; readonly configuration: Promise<Configuration> } | undefined;
  const configuration = async (): Promise<Configuration> => {
    if (found !== undefined && now() - found.at < DISCOVERED_MS && now() >= found.at) return await found.configuration;
    const mine = { at: now(), configuration: discover(provider) };
    found = mine;
    try {
      return await mine.configuration;
    } catch (thrown) {
      if (found === mine) found = undefined;
      throw unavailable(provider, thrown);
    }
  };
  return {
    start: async (ticket, redirectUrl) => {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client');
      return buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUrl,
        scope: provider.scopes.join(' '),
        state: derived(ticket, 'state'),
        nonce: derived(ticket, 'nonce'),
        code_challenge: await calculatePKCECodeChallenge(derived(ticket, 'verifier')),
        code_challenge_method: 'S256',
      }).href;
    },
    finish: async (ticket, redirectUrl, query) => {
      const { authorizationCodeGrant, fetchUserInfo } = await import('openid-client');
      const known = await configuration();
      const url = new URL(redirectUrl);
      url.search = query;
      try {
        const tokens = await authorizationCodeGrant(known, url, {
          expectedState: derived(ticket, 'state'),
          expectedNonce: derived(ticket, 'nonce'),
          pkceCodeVerifier: derived(ticket, 'verifier'),
          idTokenExpected: true,
        });
        const own: Claims = tokens.claims()!;
        const asked =
          at(own, provider.groupsClaim) === undefined && known.serverMetadata().userinfo_endpoint !== undefined;
        const more: Claims = asked ? await fetchUserInfo(known, tokens.access_token, String(own['sub'])) : {};
        return personOf({ ...more, ...own }, provider);
      } catch (thrown) {
        // It may have changed what was found out about it.
        found = undefined;
        throw isAway(thrown) ? unavailable(provider, thrown) : refused(provider, thrown);
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecret, allowInsecure }: IdentityProvider): Promise<Configuration> {
  const { allowInsecureRequests, ClientSecretBasic, ClientSecretPost, discovery } = await import('openid-client');
  const secret = reveal(clientSecret);
  const [header, form] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  // Every provider takes the header, unless it says what it takes and the form is among that.
  const authenticate: ClientAuth = (server, ...more) =>
    (server.token_endpoint_auth_methods_supported?.includes('client_secret_post') === true ? form : header)(
      server,
      ...more,
    );
  return await discovery(new URL(issuer), clientId, secret, authenticate, {
    timeout: TIMEOUT_S,
    ...(allowInsecure ? { execute: [allowInsecureRequests] } : {}),
  });
}

const derived = (ticket: Secret, use: string): string =>
  createHmac('sha256', reveal(ticket)).update(use).digest('base64url');

type Claims = Readonly<Record<string, unknown>>;

function personOf(claims: Claims, { issuer, groupsClaim }: IdentityProvider): Person {
  const text = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const groups = at(claims, groupsClaim);
  const listed = Array.isArray(groups) ? groups : [groups];
  return {
    subject: `${text('iss') ?? issuer} ${text('sub')}`,
    name: text('name'),
    logins: [text('preferred_username'), text('email')].filter((one) => one !== undefined),
    groups: listed.filter((one) => typeof one === 'string'),
  };
}

/** A claim by its name, which may have dots itself, or else by the steps the dots part. */
function at(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Claims)[step];
  }
  return value;
}

interface Failure {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly error?: unknown;
  readonly cause?: unknown;
}

const failureOf = (thrown: unknown): Failure => (typeof thrown === 'object' && thrown !== null ? thrown : {});

/** Not reached, too slow, or in trouble itself: nothing that was brought is wrong. */
function isAway(thrown: unknown): boolean {
  const { code, status, cause } = failureOf(thrown);
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return true;
  const answered = status ?? failureOf(cause).status;
  if (typeof answered === 'number') return answered >= 500 || answered === 429;
  return thrown instanceof TypeError && typeof code !== 'string';
}

const unavailable = ({ issuer }: IdentityProvider, thrown: unknown): QuarryError =>
  new QuarryError('QRY8040', { what: `The identity provider cannot be asked: ${reasonOf(thrown)}.`, where: issuer });

const refused = ({ issuer }: IdentityProvider, thrown: unknown): QuarryError =>
  new QuarryError('QRY8041', { what: `The sign-in did not come to its end: ${reasonOf(thrown)}.`, where: issuer });

/** In words, and never what was sent or answered: a code or a token may stand there. */
function reasonOf(thrown: unknown): string {
  const { error, status, cause } = failureOf(thrown);
  if (typeof error === 'string' && /^[\w.-]{1,60}$/.test(error)) return `it answered ${error}`;
  const { code, status: answered = status } = failureOf(cause);
  if (typeof answered === 'number') return `it answered status ${answered}`;
  if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(code)) return code;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return thrown instanceof Error ? thrown.message : 'for no reason that was given';
}
