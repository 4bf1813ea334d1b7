import { QuarryError } from '../core/errors.ts';

export interface Platform {
  readonly name: string;
  readonly api: string;
  readonly gateway: string;
  /** The character that logins of this platform have after their first five letters. */
  readonly loginMarks: readonly string[];
}

/**
 * The shared platforms. Source: the platform lists of public API clients; login marks from a partner's set-up page and,
 * for IN1 and CA1, from memory. Users may always type a URL instead.
 */
export const PLATFORMS: readonly Platform[] = [
  platform('US1', 'qualysapi.qualys.com', 'gateway.qg1.apps.qualys.com', '_'),
  platform('US2', 'qualysapi.qg2.apps.qualys.com', 'gateway.qg2.apps.qualys.com', '2'),
  platform('US3', 'qualysapi.qg3.apps.qualys.com', 'gateway.qg3.apps.qualys.com', '3'),
  platform('US4', 'qualysapi.qg4.apps.qualys.com', 'gateway.qg4.apps.qualys.com', '6'),
  platform('GOV1', 'qualysapi.gov1.qualys.us', 'gateway.gov1.qualys.us', ''),
  platform('EU1', 'qualysapi.qualys.eu', 'gateway.qg1.apps.qualys.eu', '-'),
  platform('EU2', 'qualysapi.qg2.apps.qualys.eu', 'gateway.qg2.apps.qualys.eu', '5!'),
  platform('EU3', 'qualysapi.qg3.apps.qualys.it', 'gateway.qg3.apps.qualys.it', ''),
  platform('IN1', 'qualysapi.qg1.apps.qualys.in', 'gateway.qg1.apps.qualys.in', '8'),
  platform('CA1', 'qualysapi.qg1.apps.qualys.ca', 'gateway.qg1.apps.qualys.ca', '9'),
  platform('AE1', 'qualysapi.qg1.apps.qualys.ae', 'gateway.qg1.apps.qualys.ae', ''),
  platform('UK1', 'qualysapi.qg1.apps.qualys.co.uk', 'gateway.qg1.apps.qualys.co.uk', ''),
  platform('AU1', 'qualysapi.qg1.apps.qualys.com.au', 'gateway.qg1.apps.qualys.com.au', ''),
  platform('KSA1', 'qualysapi.qg1.apps.qualysksa.com', 'gateway.qg1.apps.qualysksa.com', ''),
];

function platform(name: string, api: string, gateway: string, marks: string): Platform {
  return { name, api: `https://${api}`, gateway: `https://${gateway}`, loginMarks: [...marks] };
}

/** Where a connection's calls go. Both paths end in a slash; API paths are put behind them. */
export interface Address {
  readonly api: URL;
  readonly gateway: URL;
  /** Where `auth` is, when it is not on the gateway; ends in a slash, too. */
  readonly auth?: URL;
}

export interface AddressOptions {
  readonly platform?: string | undefined;
  /** With or without scheme, trailing slash, path prefix. Wins over the platform's. */
  readonly api_url?: string | undefined;
  readonly gateway_url?: string | undefined;
  /** A gateway or an API server, in place of `gateway_url`; `/fim` behind it is taken off. */
  readonly base_url?: string | undefined;
  /** Where tokens are asked for: with or without `/auth`. */
  readonly auth_url?: string | undefined;
  /** Plain http also beyond this machine, for tests behind a terminating proxy. */
  readonly allowPlainHttp?: boolean | undefined;
}

/**
 * Both servers of a connection. With one URL the other is the platform's that it belongs to, or that of a private
 * platform by its name; where neither tells, one address serves both. Throws QRY1010–QRY1015, each with what to write
 * instead.
 */
export function resolveAddress(options: AddressOptions): Address {
  const { auth_url, allowPlainHttp = false } = options;
  const known = options.platform === undefined ? undefined : platformNamed(options.platform);
  const named = (['gateway_url', 'base_url'] as const).find((name) => options[name] !== undefined);
  const other = named === undefined ? undefined : parse(options[named]!, named, allowPlainHttp);
  // What is called a base URL may be that of the API server: then the gateway is the one beside it.
  const isApi = named === 'base_url' && other !== undefined && gatewayOf(other) !== undefined;
  const gateway = isApi ? parse(gatewayOf(other)!, 'base_url', true) : other;
  const given =
    options.api_url ??
    known?.api ??
    (isApi ? other.href : undefined) ??
    (gateway === undefined ? undefined : (apiOf(gateway) ?? gateway.href));
  if (given === undefined) {
    throw new QuarryError('QRY1014', { what: 'The connection has neither platform nor api_url.' });
  }
  const api = parse(given, 'api_url', allowPlainHttp);
  notTheConsole(api);
  return {
    api,
    gateway: gateway ?? parse(gatewayOf(api) ?? known?.gateway ?? api.href, 'gateway_url', true),
    ...(auth_url === undefined ? {} : { auth: parse(auth_url, 'auth_url', allowPlainHttp) }),
  };
}

/** The platform whose logins look like this one (`abcde3fg`: US3); undefined where the login does not tell. */
export function platformByLogin(username: string): Platform | undefined {
  const mark = /^[a-z]{5}([^a-z])[a-z]{2}\d*$/i.exec(username)?.[1];
  return mark === undefined ? undefined : PLATFORMS.find((one) => one.loginMarks.includes(mark));
}

/** The platform with this API server, gateway or console (`qualysguard.qg2.apps.qualys.eu`); undefined for any other. */
export function platformByUrl(text: string): Platform | undefined {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const host = (URL.parse(whole)?.hostname ?? '').replace(/^(?:qualysguard|qualysgateway)\./, 'qualysapi.');
  return PLATFORMS.find((one) => [one.api, one.gateway].some((url) => new URL(url).hostname === host));
}

function platformNamed(text: string): Platform {
  const name = text.trim().toUpperCase();
  const found = PLATFORMS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = PLATFORMS.map((one) => one.name);
  const isPrivate = name === 'PCP' || name.startsWith('PRIVATE');
  const near = isPrivate ? [] : similar(name, names);
  throw new QuarryError('QRY1010', {
    what: isPrivate
      ? `A private platform (${text.trim()}) has an address of its own.`
      : `There is no platform ${text.trim()}.${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}`,
    where: 'platform',
    fix: isPrivate
      ? 'Leave platform out and set api_url: https://qualysapi.<your domain>.'
      : `Platforms are ${names.join(', ')}; for any other set api_url.`,
  });
}

/** Names with the same letters, else those one character away. */
function similar(name: string, names: readonly string[]): string[] {
  const letters = (text: string) => text.replace(/[^A-Z]/g, '');
  const same = names.filter((one) => letters(one) === letters(name));
  return same.length > 0 ? same : names.filter((one) => oneApart(one, name) || oneApart(letters(one), letters(name)));
}

function oneApart(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  return short.slice(long.length === short.length ? at + 1 : at) === long.slice(at + 1);
}

function parse(text: string, where: string, allowPlainHttp: boolean): URL {
  const trimmed = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || url.hostname === '' || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new QuarryError('QRY1011', { what: `This is not a web address: ${shown(trimmed)}`, where });
  }
  if (url.username !== '' || url.password !== '') {
    throw new QuarryError('QRY1015', { what: `The address of ${url.host} holds credentials.`, where });
  }
  if (url.protocol === 'http:' && !allowPlainHttp && !isLoopback(url.hostname)) {
    throw new QuarryError('QRY1012', { what: `http://${url.host} would send the password unencrypted.`, where });
  }
  // A pasted API path (…/api/2.0/fo/, …/fim, …/auth) is no prefix.
  const prefix = url.pathname.replace(/\/(?:api\/\d|msp\/|msp$|qps\/|fo\/|fim(?:\/|$)|auth(?:\/|$)).*$/, '');
  url.pathname = prefix.endsWith('/') ? prefix : `${prefix}/`;
  url.search = '';
  url.hash = '';
  return url;
}

/** A text that may hold credentials, safe to show. */
function shown(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//[redacted]@').replace(/^[^/@]*@/, '[redacted]@');
}

export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The console's host is qualysguard.<domain>, the API's qualysapi.<domain>. Source: platform page of Qualys. */
function notTheConsole(api: URL): void {
  const host = api.hostname;
  const server = host.startsWith('qualysguard.')
    ? `https://qualysapi.${host.slice('qualysguard.'.length)}`
    : apiOf(api);
  if (server === undefined) return;
  throw new QuarryError('QRY1013', {
    what: `${host} is not an API server. The API server there is ${server}`,
    where: 'api_url',
    fix: `Set api_url: ${server}`,
  });
}

/** The API server beside a gateway. */
function apiOf(gateway: URL): string | undefined {
  const host = gateway.hostname;
  return host.startsWith('qualysgateway.')
    ? `https://qualysapi.${host.slice('qualysgateway.'.length)}`
    : PLATFORMS.find((one) => new URL(one.gateway).hostname === host)?.api;
}

function gatewayOf(api: URL): string | undefined {
  const known = PLATFORMS.find((one) => new URL(one.api).hostname === api.hostname);
  if (known !== undefined) return known.gateway;
  return api.hostname.startsWith('qualysapi.')
    ? `https://qualysgateway.${api.hostname.slice('qualysapi.'.length)}`
    : undefined;
}
