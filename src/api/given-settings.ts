import { X509Certificate } from 'node:crypto';
import type { Settings } from '../accounts/connection-secrets.ts';
import { QuarryError } from '../core/errors.ts';
import { refusePrivate } from './addresses.ts';
import { type Api, privateAddresses } from './context.ts';

/** What somebody sends as the settings of a connection, before it is looked at any further. Throws QRY8023 and QRY8024. */
export function checkGiven(api: Pick<Api, 'service'>, settings: Settings): void {
  refusePrivate(settings, privateAddresses(api));
  refusePaths(settings);
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/**
 * `tls.ca` is the text of the certificates here. In the file it may also be a path; from outside, a path would have the
 * server read a file of its own choosing, on whichever worker the connection runs. Throws QRY8024.
 */
function refusePaths({ tls }: Settings): void {
  const ca = (tls as { readonly ca?: unknown } | undefined | null)?.ca;
  if (typeof ca !== 'string') return;
  const wrong = (what: string) => new QuarryError('QRY8024', { what, where: 'tls.ca' });
  const blocks = [...ca.matchAll(BLOCK)];
  if (blocks.length === 0) throw wrong('It holds no PEM certificate; paths of files are not taken here.');
  for (const [text, label] of blocks) {
    if (label !== 'CERTIFICATE') throw wrong(`It holds a ${label?.toLowerCase()}, which must not be sent here.`);
    try {
      new X509Certificate(text);
    } catch {
      throw wrong('One of its certificates cannot be read.');
    }
  }
}
