import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { Address } from './platforms.ts';

/** One HTTP request, before credentials. */
export interface Request {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body: string | undefined;
  /** What it has besides those every request has. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer parameters go into the body: servers were seen to answer 414 to long id lists, some proxies cut at 2,000. */
const LONG = 1500;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** A path below a server, whose own path ends in a slash. */
export const below = (server: URL, path: string): URL => new URL(path, server);

/** `a=1&b=2`, in UTF-8; blanks as %20, which forms and queries both read. */
export function formOf(params: Readonly<Record<string, string>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** A form that is posted. */
export function formPost(
  url: URL,
  params: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Request {
  return { url, method: 'POST', body: formOf(params), headers: { ...FORM, ...headers } };
}

/**
 * A call with a body of its own keeps its parameters in the query. Else GET, unless the call says POST, its parameters
 * are long, or `post`. Qualys answers in JSON where both types ask for it; the gateway's default is JSON.
 */
export function requestFor(address: Address, call: Call, version: string | undefined, post: boolean): Request {
  const path = call.path.replace('{version}', version ?? '').replace(/^\//, '');
  const url = below(call.server === 'gateway' ? address.gateway : address.api, path);
  const query = formOf(call.params);
  const json = call.body === undefined ? call.server === 'gateway' : call.body.type === 'application/json';
  const accept = json ? { accept: 'application/json' } : {};
  if (call.body !== undefined) {
    url.search = query;
    const { type, text } = call.body;
    return { url, method: call.method, body: text, headers: { 'content-type': type, ...accept } };
  }
  if (post || call.method === 'POST' || query.length > LONG) {
    return { url, method: 'POST', body: query, headers: { ...FORM, ...accept } };
  }
  url.search = query;
  return { url, method: 'GET', body: undefined, headers: accept };
}

/**
 * The request a redirect asks for: same method, same body, same origin. Qualys redirects a path without its slash to
 * `http://host:443/…` (recorded in 2017): the slash is taken, the address never. Throws QRY2032 for everything else.
 */
export function redirected(
  request: Request,
  location: string | undefined,
  hops: number,
  most: number,
  where: string,
): Request {
  const refuse = (what: string) => new QuarryError('QRY2032', { what, where });
  if (hops >= most) throw refuse(`More than ${most} redirects.`);
  if (location === undefined || !URL.canParse(location, request.url.href))
    throw refuse('A redirect without an address.');
  const target = new URL(location, request.url);
  const slash = target.hostname === request.url.hostname && target.pathname === `${request.url.pathname}/`;
  if (target.origin !== request.url.origin && !slash) {
    throw refuse(`${request.url.origin} redirects to ${target.origin}.`);
  }
  const url = new URL(request.url);
  url.pathname = target.pathname;
  url.search = target.search === '' ? request.url.search : target.search;
  return { ...request, url };
}
