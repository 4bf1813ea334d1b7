import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';
import { guardedLookup } from './link-local.ts';

export interface TlsSettings {
  readonly verify: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly server_name?: string | undefined;
}

export interface ProxySettings {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
}

export interface TransportSettings {
  readonly tls?: TlsSettings | undefined;
  readonly proxy?: ProxySettings | undefined;
}

/** Certificates as they are on disk now. */
interface Pem {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const CONNECT_MS = 10_000;

/**
 * Connections to one destination, HTTP/1.1. The certificate files are read again before each request, so that renewed
 * ones count without a restart. Throws QRY5032 for files that cannot be read or do not fit together.
 */
export async function openTransport(
  { tls, proxy }: TransportSettings,
  baseDir: string,
): Promise<{ dispatcher(): Dispatcher; close(): Promise<void> }> {
  const { Agent, ProxyAgent } = await import('undici');
  let used = readPem(tls, baseDir);
  let current = build(used);

  function build(pem: Pem): Dispatcher {
    const secure = {
      // Always said, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing.
      rejectUnauthorized: tls?.verify !== false,
      ...(pem.ca !== undefined && { ca: [...getCACertificates('default'), pem.ca] }),
      ...(pem.cert !== undefined && { cert: pem.cert }),
      ...(pem.key !== undefined && { key: pem.key }),
      ...(tls?.server_name !== undefined && { servername: tls.server_name }),
      timeout: CONNECT_MS,
      lookup: guardedLookup,
    };
    // The whole request has a deadline of its own.
    const pool = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
    if (proxy === undefined) return new Agent({ ...pool, connect: secure });
    const { rejectUnauthorized } = secure;
    return new ProxyAgent({
      ...pool,
      uri: proxy.url,
      ...(proxy.username !== undefined && { token: `Basic ${basic(proxy.username, proxy.password)}` }),
      // Plain http goes through a tunnel too: the proxy never sees the credentials of the destination.
      proxyTunnel: true,
      requestTls: secure,
      proxyTls: { rejectUnauthorized, ...(secure.ca !== undefined && { ca: secure.ca }), timeout: CONNECT_MS },
    });
  }

  return {
    dispatcher() {
      const now = readPem(tls, baseDir);
      if (now.ca !== used.ca || now.cert !== used.cert || now.key !== used.key) {
        const next = build(now);
        current.close().catch(() => undefined); // requests under way end on the old connections
        used = now;
        current = next;
      }
      return current;
    },
    close: async () => {
      await current.destroy();
    },
  };
}

export const basic = (username: string, password: Secret | undefined): string =>
  Buffer.from(`${username}:${password === undefined ? '' : reveal(password)}`).toString('base64');

function readPem(tls: TlsSettings | undefined, baseDir: string): Pem {
  const read = (path: string | undefined, setting: string): string | undefined => {
    if (path === undefined) return undefined;
    const file = resolve(baseDir, path);
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw unfit(error, `${setting}: ${file}`);
    }
  };
  const pem = { ca: read(tls?.ca, 'tls.ca'), cert: read(tls?.cert, 'tls.cert'), key: read(tls?.key, 'tls.key') };
  if ((pem.cert === undefined) !== (pem.key === undefined))
    throw unfit('a client certificate needs both cert and key', 'tls');
  try {
    // A key that is not the certificate's is refused here, and text that is no certificate.
    createSecureContext({
      ...(pem.ca !== undefined && { ca: pem.ca }),
      ...(pem.cert !== undefined && { cert: pem.cert }),
      ...(pem.key !== undefined && { key: pem.key }),
    });
  } catch (error) {
    throw unfit(error, `tls: ${[tls?.ca, tls?.cert, tls?.key].filter((path) => path !== undefined).join(', ')}`);
  }
  if (pem.ca !== undefined && !pem.ca.includes('-----BEGIN CERTIFICATE-----'))
    throw unfit('the file holds no certificate', `tls.ca: ${tls?.ca}`);
  return pem;
}

const unfit = (cause: unknown, where: string): QuarryError =>
  new QuarryError('QRY5032', { what: cause instanceof Error ? cause.message : String(cause), where, cause });

/** What a URL is called in messages; never more of it, since a path may hold a token. */
export const hostOf = (url: string): string => new URL(url).host;
