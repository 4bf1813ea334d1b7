/**
 * Bearer tokens of the gateway. A token carries its user and its end, signed with the simulator's own key, so that none
 * is held; only those revoked before their end are remembered, the last REMEMBERED of them.
 *
 * Claims are those of Qualys's sample; `iat` and `exp` (seconds) are inferred. Ends run on the limits' clock.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Principal } from './signin.ts';
import { HOUR } from './world/time.ts';

export const DEFAULT_TOKEN_MS = 4 * HOUR;
const REMEMBERED = 1000;

/** A client of Qualys's client management; `oidc` acts for a user, `oauth` for the subscription. */
export interface SimulatorClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export const DEFAULT_CLIENT: SimulatorClient = {
  clientId: 'a1b7c3e9-0000-4000-8000-00000000c11e',
  clientSecret: 'Kl1ent/Secret+19=',
};

export interface Tokens {
  /** A new token for `principal`, good until `now` + lifetime. */
  issue(principal: Principal, now: number): string;
  /** Undefined for anything but a token of ours that has neither ended nor been revoked, or the fixed OpenID token. */
  check(authorization: string | undefined, now: number): Principal | undefined;
  /** The token of this header ends here and now; the fixed OpenID token cannot. */
  revoke(authorization: string | undefined): void;
  issued(): number;
}

export function createTokens(lifetimeMs: number, openId?: { readonly token: string; readonly as: Principal }): Tokens {
  const key = randomBytes(32);
  const revoked = new Set<string>();
  let issued = 0;
  const sign = (text: string): string => createHmac('sha512', key).update(text).digest('base64url');
  return {
    issued: () => issued,
    issue(principal, now) {
      issued++;
      const head = encode({ alg: 'HS512', typ: 'JWT' });
      const text = `${head}.${encode(claims(principal, now, now + lifetimeMs, issued))}`;
      return `${text}.${sign(text)}`;
    },
    check(authorization, now) {
      const token = bearer(authorization);
      if (token === undefined) return undefined;
      if (openId !== undefined && token === openId.token) return openId.as;
      const [head, body, signature] = token.split('.');
      if (body === undefined || sign(`${head}.${body}`) !== signature || revoked.has(token)) return undefined;
      const said = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Record<string, unknown>;
      if (now >= Number(said['endsMs'])) return undefined;
      return { username: String(said['sub']), subscription: String(said['subscription']) };
    },
    revoke(authorization) {
      const token = bearer(authorization);
      if (token === undefined || token === openId?.token) return;
      revoked.add(token);
      for (const old of revoked) if (revoked.size > REMEMBERED) revoked.delete(old);
    },
  };
}

export function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
}

function claims({ username, subscription }: Principal, now: number, ends: number, serial: number): object {
  return {
    sub: username,
    iss: 'qas',
    aud: 'qas',
    loginResponse: 'SUCCESSFUL',
    successfulAuthenticationHandlers: ['QualysAuthenticationHandler'],
    credentialType: 'UsernamePasswordCredential',
    portalUserId: 17_729_931,
    qwebUserId: 1_234_567,
    usertype: 'fo',
    modulesAllowed: [
      'ADMIN',
      'ASSET INVENTORY',
      'CERT_VIEW',
      'PC SCANNER',
      'CA',
      'PORTAL TAGGING',
      'VM SCANNER',
      'FIM',
    ],
    subscription,
    iat: Math.floor(now / 1000),
    exp: Math.floor(ends / 1000),
    endsMs: ends,
    jti: `sim-${serial}`,
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
