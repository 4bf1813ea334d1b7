import { QuarryError } from '../core/errors.ts';
import { reveal } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { basicOf, encoded, type ProviderSource, tokenUrlOf } from './credentials.ts';
import { answerMeans, asJson, type ShortBody } from './error-body.ts';
import type { Address } from './platforms.ts';
import { below, formPost, type Request } from './request.ts';
import type { Proof } from './sign-in.ts';

/*
 * How a token is asked for, and how the answer is read. Source: API guides "Fetch authentication token" (POST /auth:
 * a form; 201 with the token as text, four hours), "Auth ID client management" (/auth/oidc, /auth/oauth: clientId and
 * clientSecret as headers), RFC 6749 (identity providers). An error may come where a token is due, with any status.
 */

/** What a token is asked for with. */
export type TokenAsk =
  | { readonly kind: 'login'; readonly username: string; readonly password: string }
  | { readonly kind: 'oidc' | 'oauth'; readonly clientId: string; readonly clientSecret: string }
  | { readonly kind: 'identity_provider'; readonly source: ProviderSource };

export interface TokenRequest {
  readonly request: Request;
  /** The endpoint, for limits and errors. */
  readonly where: string;
  /** What to do when it is refused; absent: the catalogue's advice. */
  readonly fix?: string;
}

export function tokenRequest(ask: TokenAsk, address: Address, allowPlainHttp: boolean): TokenRequest {
  if (ask.kind === 'login') {
    // `permissions` is required by some products' guides and ignored by the others.
    const { username, password } = ask;
    const form = { username, password, token: 'true', permissions: 'true' };
    return { where: 'auth', request: formPost(below(address.auth ?? address.gateway, 'auth'), form) };
  }
  if (ask.kind !== 'identity_provider') {
    const { clientId, clientSecret } = ask;
    const where = `auth/${ask.kind}`;
    const fix = `Check ${ask.kind}.client_id and client_secret; a client ends with the user it belongs to. Quarry does not try again by itself.`;
    return {
      where,
      fix,
      request: formPost(below(address.auth ?? address.gateway, where), {}, { clientId, clientSecret }),
    };
  }
  return providerRequest(ask.source, allowPlainHttp);
}

function providerRequest(source: ProviderSource, allowPlainHttp: boolean): TokenRequest {
  const { clientId, clientSecret, username, password, scope, audience } = source;
  const url = tokenUrlOf(source, allowPlainHttp);
  const client = { username: clientId, password: clientSecret === undefined ? '' : reveal(clientSecret) };
  const byHeader = source.clientAuth === 'header' && clientSecret !== undefined;
  const form = {
    grant_type: username === undefined ? 'client_credentials' : 'password',
    ...(username !== undefined && { username, password: password === undefined ? '' : reveal(password) }),
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
    ...(!byHeader && { client_id: clientId }),
    ...(!byHeader && clientSecret !== undefined && { client_secret: client.password }),
  };
  const headers = {
    accept: 'application/json',
    ...(byHeader && { authorization: `Basic ${basicOf(encoded(client))}` }),
  };
  const fix = `Check the settings of identity_provider against those of ${url.host}. Quarry does not try again by itself.`;
  return { where: url.host, fix, request: formPost(url, form, headers) };
}

const FOUR_HOURS_MS = 4 * 3_600_000;
const JWT = /^[\w=+/-]+\.[\w=+/-]+\.[\w=+/-]+$/;
/** The name of a Java exception has dots, too. */
const EXCEPTION = /exception/i;
/** What may stand in a header. */
const PRINTABLE = /^[\x21-\x7e]+$/;
/** Errors of RFC 6749 §5.2 that asking again cannot change. */
const FINAL =
  /^(invalid_(request|client|grant|scope|target)|unauthorized_client|unsupported_grant_type|access_denied)$/;
const ABOUT_CREDENTIALS =
  /authenticat|loginexception|credential|log ?in|password|unauthori[sz]ed|locked|disabled|expired/i;

/** Reads the answer to a token request. Rejects with QRY2010 where it is a refusal, else with what the answer means. */
export function readToken(answer: Answer, body: ShortBody, { where, fix }: TokenRequest, now: number): Proof {
  const { status } = answer;
  if (status === 200 || status === 201) {
    const found = tokenIn(body, answer.serverTime ?? now);
    if (found !== undefined) return found;
  }
  const error = answerMeans(answer, body, where);
  if (!isRefused(error, body)) throw error;
  const { message: what, qualys } = error;
  throw new QuarryError(error.code === 'QRY2011' ? 'QRY2011' : 'QRY2010', {
    what,
    where,
    ...(fix !== undefined && { fix }),
    ...(qualys !== undefined && { qualys }),
  });
}

/** Once too often locks the account, so in doubt what speaks of credentials is a refusal. */
function isRefused(error: QuarryError, { text }: ShortBody): boolean {
  if (error.code === 'QRY2010' || error.code === 'QRY2011') return true;
  if (error.next === 'retry' && error.code !== 'QRY2034') return false;
  const status = error.qualys?.status ?? 0;
  const oauth = fieldsOf(asJson(text))['error'];
  if (typeof oauth === 'string' && FINAL.test(oauth)) return true;
  if (/<html/i.test(text)) return false;
  if (status === 400 || status === 401 || status === 403) return true;
  return (status < 300 || status === 404) && ABOUT_CREDENTIALS.test(text);
}

const fieldsOf = (json: unknown): Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};

function tokenIn({ text }: ShortBody, now: number): Proof | undefined {
  const json = asJson(text);
  const fields = fieldsOf(json);
  const member = ['access_token', 'id_token', 'token'].map((name) => fields[name]).find((one) => one !== undefined);
  const plain = typeof json === 'string' ? json : text.trim();
  const token =
    typeof member === 'string' && PRINTABLE.test(member)
      ? member
      : JWT.test(plain) && !EXCEPTION.test(plain)
        ? plain
        : undefined;
  if (token === undefined) return undefined;
  const seconds = Number(fields['expires_in'] ?? Number.NaN);
  const said = seconds > 0 ? seconds * 1000 : lifeOf(token, now);
  return { authorization: `Bearer ${token}`, lifeMs: said ?? FOUR_HOURS_MS };
}

/** How long a JWT holds by its own claims, where it has them; all else about it is Qualys's own affair. */
function lifeOf(token: string, now: number): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as unknown;
    const { exp, iat } = claims as { exp?: unknown; iat?: unknown };
    if (typeof exp !== 'number') return undefined;
    const life = exp * 1000 - (typeof iat === 'number' ? iat * 1000 : now);
    return life > 0 ? life : undefined;
  } catch {
    return undefined;
  }
}
