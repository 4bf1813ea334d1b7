import { z } from 'zod';
import { secret } from '../define.ts';

/** Settings that every sink which speaks HTTP has. */

const about = (description: string) => ({ description });

/** `https://host/path`, kept as it is written; credentials and parameters have settings of their own. */
export const httpUrl = z.string().refine(isHttpUrl, {
  error: 'expected http(s)://host:port without user name and password, query or fragment',
});

/** Where a service stands, behind a path or not: `https://host:9200`. */
export const baseUrl = httpUrl.transform((value) => value.replace(/\/+$/, ''));

function isHttpUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return `${url.username}${url.password}${url.search}${url.hash}` === '';
}

/** A text that travels in a header as it is. */
const headerText = z.string().regex(/^[\x21-\x7e]+$/, { error: 'expected letters, digits and signs without blanks' });
export const headerSecret = headerText.pipe(secret).meta({ secret: true });

export const basicAuth = {
  username: z.string().min(1).meta(about('User name for Basic sign-in.')).optional(),
  password: secret.meta({ secret: true, description: 'Password for Basic sign-in.' }).optional(),
};

export const transportSettings = {
  tls: z
    .object({
      verify: z.boolean().default(true).meta(about('False takes any certificate: whoever stands between reads all.')),
      ca: z.string().min(1).meta(about('File of authorities (PEM), besides those of the system.')).optional(),
      cert: z.string().min(1).meta(about('File of the client certificate and its chain (PEM).')).optional(),
      key: z.string().min(1).meta(about("File of the client certificate's key (PEM).")).optional(),
      server_name: z
        .string()
        .min(1)
        .meta(about('Name expected in the certificate, where it is not the host.'))
        .optional(),
    })
    .optional(),
  proxy: z
    .object({
      url: httpUrl.meta(about('http://proxy:3128')),
      username: z.string().min(1).optional(),
      password: secret.optional(),
    })
    .meta(about('A forward proxy; there is no way around it.'))
    .optional(),
  timeout: z
    .number()
    .int()
    .positive()
    .max(3_600_000)
    .default(60_000)
    .meta(about('How long one request may take, until its reply has been read (60s).')),
};

/** How much one request carries, before compression. A single event above it goes alone. */
export const requestSize = (usual: number, text: string) =>
  z
    .number()
    .int()
    .min(1024)
    .default(usual)
    .meta(about(`Bytes of one request before compression (${text}).`));

/** A name made of text and of these placeholders; another one is a mistake. */
export const template = (...names: readonly string[]) =>
  z
    .string()
    .min(1)
    .refine((text) => [...text.matchAll(/\{(.*?)\}/g)].every(([, name]) => names.includes(name ?? '')), {
      error: `expected no other placeholders than ${names.map((name) => `{${name}}`).join(', ')}`,
    });

const name = template('tenant', 'subscription', 'connection', 'dataset');

/** One name for all data sets, or one each, with `default` for those not named. */
export const perDataset = z.union([name, z.record(z.string(), name)]);
export type PerDataset = z.output<typeof perDataset>;

/** What `perDataset` says of a data set. */
export const forDataset = (given: PerDataset | undefined, dataset: string): string | undefined =>
  typeof given === 'object' ? (given[dataset] ?? given['default']) : given;
