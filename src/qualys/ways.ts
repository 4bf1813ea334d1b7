import type { Call, SignInWay } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { header } from './limit-headers.ts';

/** The ways a call may be signed, the usual one first: the data set's own, else Basic on the API server and tokens on the gateway. */
export function waysFor(call: Call, accepted: readonly SignInWay[] | undefined): readonly SignInWay[] {
  return accepted ?? (call.server === 'gateway' ? ['token'] : ['basic', 'token']);
}

const NAMES: Readonly<Record<SignInWay, string>> = {
  basic: 'a user name and password',
  token: 'a token',
};

/** Nothing the connection has is taken there. */
export function noWay(api: string, accepted: readonly SignInWay[]): QuarryError {
  const needed = accepted.map((way) => NAMES[way]).join(' or ');
  return new QuarryError('QRY2013', {
    what: `${api} is read with ${needed}, which this connection does not have.`,
    where: api,
    fix: accepted.includes('basic')
      ? 'Add username and password to the connection; they may stand beside its token.'
      : 'Add token, oidc, oauth or identity_provider to the connection, or username and password.',
  });
}

/** A good token that this API does not take. */
export function tokenNotTaken(error: QuarryError): QuarryError {
  const what = `A token that was got just now is refused: ${error.message}`;
  return new QuarryError('QRY2013', { what, ...placeOf(error) });
}

/** A token that nobody but the user can renew. */
export function tokenRefused(error: QuarryError): QuarryError {
  const fix = 'The token has ended or is not of this platform: give a new one in `token`, then start again.';
  return new QuarryError('QRY2010', { what: error.message, fix, ...placeOf(error) });
}

const placeOf = ({ where, qualys }: QuarryError) => ({
  ...(where !== undefined && { where }),
  ...(qualys !== undefined && { qualys }),
});

const NOT = String.raw`\b(?:(?:not|isn't|never|no longer) (?:\w+ )?(?:enabled|supported|allowed|accepted|permitted|available)|unsupported|disabled)\b`;
const BASIC = String.raw`\bbasic\b`;
const TOKEN = String.raw`\b(?:bearer|(?:access |auth\w* )?tokens?|jwt|openid|oidc|oauth2?)\b`;
const ONLY = String.raw`\b(?:requires?|required|use|only)\b`;
/** A client that belongs to another subscription's product: reported of Global Asset Inventory and client tokens. */
const FOREIGN_CLIENT = /invalid subscription id/i;

const SAYS_SO: Readonly<Record<SignInWay, readonly RegExp[]>> = {
  basic: [new RegExp(`${BASIC}[^.]*${NOT}`, 'i'), new RegExp(`${ONLY}[^.]*${TOKEN}`, 'i')],
  token: [new RegExp(`${TOKEN}[^.]*${NOT}`, 'i'), new RegExp(`${ONLY}[^.]*${BASIC}`, 'i'), FOREIGN_CLIENT],
};

/** Whether a refusal (400, 401, 403) says that the way was wrong, and not the password or the request. */
export function refusesWay(way: SignInWay, { status, headers }: Answer, text: string): boolean {
  const wanted = header(headers, 'www-authenticate')?.toLowerCase();
  if (status === 401 && wanted !== undefined) {
    const [basic, bearer] = [/\bbasic\b/.test(wanted), /\bbearer\b/.test(wanted)];
    if (basic !== bearer) return way === 'basic' ? bearer : basic;
  }
  return SAYS_SO[way].some((pattern) => pattern.test(text));
}
