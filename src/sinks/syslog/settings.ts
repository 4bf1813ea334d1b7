import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Secret } from '../../core/secret.ts';
import { secret } from '../define.ts';
import type { TlsFiles } from './credentials.ts';

/** Settings that both kinds of syslog sink have. */

const about = (description: string) => ({ description });
const path = z.string().min(1);

export const address = z.string().regex(/^[^\s/]+$/, { error: 'expected a host name or an IP address' });
export const port = z.number().int().min(1).max(65_535);

/** A field of a header: what is not printable, or blank, would end it, and could forge a message. */
const PRINTABLE = /^[\x21-\x7e]{1,255}$/;
export const header = z
  .string()
  .regex(PRINTABLE, { error: 'expected 1 to 255 letters, digits and signs without blanks' });

/** The machine's own name, fit for a header. */
export const ownName = (): string =>
  hostname()
    .replaceAll(/[^\x21-\x7e]/g, '-')
    .slice(0, 255) || 'localhost';

export const common = {
  address: address.meta(about('Host name or IP address of the receiver.')),
  hostname: header.meta(about('The host name in every message; this machine’s when not given.')).optional(),
  framing: z
    .enum(['newline', 'octet-counted'])
    .default('newline')
    .meta(about('How messages are told apart: a line feed after each, or its length before it (RFC 6587).')),
  senders: z
    .number()
    .int()
    .min(1)
    .max(32)
    .default(1)
    .meta(about('Connections at a time. With more than one, messages arrive in no order.')),
  max_message: z
    .number()
    .int()
    .min(1024)
    .max(64 << 20)
    .default(1 << 20)
    .meta(
      about('Longest message (1MiB); a longer one is parked, never cut. The receiver’s own limit must be as high.'),
    ),
  timeout: z
    .number()
    .int()
    .min(100)
    .default(30_000)
    .meta(about('How long the receiver may do nothing: connect, take bytes, end the connection (30s).')),
  confirm: z
    .enum(['end', 'written'])
    .default('end')
    .meta(
      about(
        'When events count as delivered: once the receiver has ended the connection; or, for one that never does, once they are written and nothing is refused.',
      ),
    ),
  settle: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(500)
    .meta(about('How long a new connection is watched for a refusal before anything is sent (500ms).')),
};

/** Files and rules of TLS; relative paths are relative to the configuration file. */
export const tlsSettings = {
  cert: path.meta(about('PEM file of the client certificate, intermediate ones after it.')).optional(),
  key: path.meta(about('PEM file of its private key.')).optional(),
  passphrase: secret.meta({ secret: true, ...about('Password of the private key.') }).optional(),
  verify: z.boolean().default(true).meta(about('Whether the receiver’s certificate and name are checked.')),
  server_name: z
    .string()
    .regex(PRINTABLE)
    .meta(about('The name the receiver’s certificate must carry, where it is not the address.'))
    .optional(),
  security_level: z
    .number()
    .int()
    .min(0)
    .max(5)
    .meta(about('OpenSSL’s security level; 1 or 0 admits old, weak certificates.'))
    .optional(),
};

interface TlsValues {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: Secret | undefined;
  readonly verify: boolean;
  readonly server_name?: string | undefined;
  readonly security_level?: number | undefined;
}

/** What the settings say, with paths made absolute. `only` trusts nothing but the authorities in the file. */
export function tlsFiles(values: TlsValues, authorities: string | undefined, only: boolean, baseDir: string): TlsFiles {
  const file = (name: string | undefined) => (name === undefined ? undefined : resolve(baseDir, name));
  return {
    ca: file(authorities),
    onlyCa: only,
    cert: file(values.cert),
    key: file(values.key),
    passphrase: values.passphrase,
    verify: values.verify,
    serverName: values.server_name,
    securityLevel: values.security_level,
  };
}
