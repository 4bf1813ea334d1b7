import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';

/** Files of PEM text by absolute path, and the rules they are used under. */
export interface TlsFiles {
  readonly ca: string | undefined;
  /** Trust the authorities in `ca` alone, and not the usual ones besides. */
  readonly onlyCa: boolean;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly passphrase: Secret | undefined;
  readonly verify: boolean;
  readonly serverName: string | undefined;
  readonly securityLevel: number | undefined;
}

/** What a connection needs, made from files. */
export interface Credentials {
  readonly context: SecureContext;
  /** What about the client certificate may be why a receiver refuses; '' when nothing is known. */
  readonly doubt: string;
}

/**
 * Credentials from files that are read each time, so that a certificate renewed on disk is used with the next
 * connection; the same object while the files are the same. Throws QRY5023 on files that cannot be used, naming them.
 */
export function credentialsFrom(files: TlsFiles): () => Credentials {
  let made: { readonly text: string; readonly context: SecureContext } | undefined;
  return () => {
    const ca = files.ca === undefined ? undefined : certificates(files.ca);
    const cert = files.cert === undefined ? undefined : certificates(files.cert);
    const key = files.key === undefined ? undefined : read(files.key);
    const text = [ca, cert, key].map((one) => one ?? '').join('\0');
    if (made?.text !== text) made = { text, context: contextOf(files, ca, cert, key) };
    return { context: made.context, doubt: doubtOf(cert) };
  };
}

function contextOf(
  files: TlsFiles,
  ca: string | undefined,
  cert: string | undefined,
  key: string | undefined,
): SecureContext {
  const [has, lacks] = key === undefined ? ['cert', 'key'] : ['key', 'cert'];
  if ((cert === undefined) !== (key === undefined))
    return unusable(files[has as 'cert' | 'key']!, `${has} is given and ${lacks} is not: both or neither are needed`);
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca: files.onlyCa ? ca : [...getCACertificates('default'), ca] }),
      // A file of authorities may hold an intermediate one alone.
      ...(ca !== undefined && { allowPartialTrustChain: true }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(files.passphrase !== undefined && { passphrase: reveal(files.passphrase) }),
      ...(files.securityLevel !== undefined && { ciphers: `DEFAULT@SECLEVEL=${files.securityLevel}` }),
    });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH')
      return unusable(files.key!, `the private key does not belong to the certificate ${files.cert}`, cause);
    if (/BAD_DECRYPT|PASSWORD|PASSPHRASE|INTERRUPTED_OR_CANCELLED/.test(code))
      return unusable(files.key!, 'the private key cannot be decrypted: passphrase is missing or wrong', cause);
    if (/TOO_SMALL|TOO_WEAK/.test(code))
      return unusable(files.cert!, 'the certificate is too weak for OpenSSL; security_level: 0 admits it', cause);
    return unusable(files.key ?? files.cert ?? files.ca!, `TLS cannot use it: ${(cause as Error).message}`, cause);
  }
}

/** The text of a file that holds certificates, each of them readable. */
function certificates(path: string): string {
  const pem = read(path);
  const blocks = pem.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END/g) ?? [];
  if (blocks.length === 0) return unusable(path, 'it holds no certificate in PEM form');
  try {
    for (const block of blocks) new X509Certificate(`${block} CERTIFICATE-----`);
  } catch (cause) {
    return unusable(path, 'a certificate in it cannot be read', cause);
  }
  return pem;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return unusable(
      path,
      missing ? 'the file does not exist' : `it cannot be read: ${(cause as Error).message}`,
      cause,
    );
  }
}

function unusable(path: string, what: string, cause?: unknown): never {
  throw new QuarryError('QRY5023', { what, where: path, cause });
}

function doubtOf(cert: string | undefined): string {
  if (cert === undefined) return 'no client certificate was given';
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const now = Date.now();
  if (validToDate.getTime() < now) return `the client certificate expired on ${validToDate.toISOString()}`;
  if (validFromDate.getTime() > now) return `the client certificate is valid from ${validFromDate.toISOString()} on`;
  return '';
}
