import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import { publicLookup } from './public-lookup.ts';

export interface TlsOptions {
  /** True by default. False is for tests: whoever stands in between reads the password. */
  readonly verify?: boolean | undefined;
  /** PEM, added to the authorities the system knows. A function is asked before each call, so that a renewed file counts. */
  readonly ca?: string | (() => string) | undefined;
}

export interface ProxyOptions {
  /** `http://proxy:3128`; credentials inside are taken out and used where the fields below are absent. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
}

export interface Transport {
  dispatcher(): Dispatcher;
  /** Host of the proxy, where there is one; never its credentials. */
  readonly proxy: string | undefined;
  /** What must not be seen of the proxy's credentials. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** Calls at once over all APIs of one connection; Premium allows ten for each. */
const CONNECTIONS = 64;

/**
 * One pool of connections per client, HTTP/1.1: Qualys's limits count calls, and one broken connection then breaks one
 * call. Throws QRY1016 for authorities that are no certificates, QRY1011 for a proxy that is no address.
 */
export function createTransport(options: {
  readonly tls?: TlsOptions | undefined;
  readonly proxy?: ProxyOptions | undefined;
  readonly connectMs: number;
  /** Refuses names that lead to this machine or its network. */
  readonly publicOnly?: boolean | undefined;
}): Transport {
  const { tls, connectMs } = options;
  const guarded = options.publicOnly === true ? { lookup: publicLookup } : {};
  const proxy = options.proxy === undefined ? undefined : readProxy(options.proxy);
  const pem = () => (typeof tls?.ca === 'function' ? tls.ca() : tls?.ca);
  let used = pem();
  let current = build(used);

  function build(ca: string | undefined): Dispatcher {
    if (ca !== undefined) checkPem(ca);
    // `rejectUnauthorized` is always said, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing.
    const secure = {
      rejectUnauthorized: tls?.verify !== false,
      ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
    };
    const pool = { connections: CONNECTIONS, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
    if (proxy === undefined) return new Agent({ ...pool, connect: { ...secure, ...guarded, timeout: connectMs } });
    return new ProxyAgent({
      ...pool,
      uri: proxy.uri,
      ...(proxy.token !== undefined && { token: proxy.token }),
      // Plain http goes through a tunnel too: the proxy then never sees Qualys credentials, and its refusals look alike.
      proxyTunnel: true,
      requestTls: { ...secure, timeout: connectMs },
      proxyTls: { ...secure, ...guarded, timeout: connectMs },
    });
  }

  return {
    proxy: proxy?.host,
    secrets: proxy?.secrets ?? [],
    dispatcher() {
      const now = pem();
      if (now !== used) {
        const next = build(now);
        current.close().catch(() => undefined); // calls under way end on the old pool
        used = now;
        current = next;
      }
      return current;
    },
    close: () => current.destroy(),
  };
}

/** Throws QRY1016. */
export function checkPem(pem: string): void {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0) return;
  } catch (cause) {
    throw new QuarryError('QRY1016', { what: 'A certificate of tls.ca cannot be read.', where: 'tls.ca', cause });
  }
  throw new QuarryError('QRY1016', { what: 'tls.ca holds no certificate.', where: 'tls.ca' });
}

/** A part of a URL as typed; one with a bare % was not encoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function readProxy(options: ProxyOptions) {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(options.url) ? options.url : `http://${options.url}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new QuarryError('QRY1011', { what: 'The proxy is not given as http://host:port.', where: 'proxy.url' });
  }
  const username = options.username ?? decoded(url.username);
  const password = options.password === undefined ? decoded(url.password) : reveal(options.password);
  url.username = '';
  url.password = '';
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    uri: url.href,
    host: url.host,
    token: username === '' && password === '' ? undefined : `Basic ${basic}`,
    secrets: [password, basic].filter((secret) => secret !== ''),
  };
}
