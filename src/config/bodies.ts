import { z } from 'zod';
import type { BodyBucket } from '../core/s3.ts';
import { duration, secret, text } from './fields.ts';

/** Where large bodies go, beside a shared database. */

const about = (description: string) => ({ description });

export const bodiesSchema = z
  .object({
    bucket: z.string().min(3).meta(about('The bucket; it must exist.')),
    prefix: text
      .default('quarry')
      .meta(about('What names begin with; the installation and the name of the page follow.')),
    above: z
      .number()
      .int()
      .min(0)
      .default(1 << 20)
      .meta(about('Pages whose events take more than this, unpacked, go there: 1MiB.')),
    region: text.meta(about('Region; without it the environment or the profile names it.')).optional(),
    endpoint: z.url().meta(about('Address of a compatible store: https://minio.example.org:9000.')).optional(),
    path_style: z
      .boolean()
      .meta(about('Bucket in the path, not in the host name; true where endpoint is set.'))
      .optional(),
    access_key_id: text
      .meta(about('Key id; without it the standard chain: environment, profile, role of the machine.'))
      .optional(),
    secret_access_key: secret.meta(about('The secret of access_key_id.')).optional(),
    session_token: secret.meta(about('Session token of temporary credentials.')).optional(),
    timeout: duration.default(300_000).meta(about('How long one page may take: 5m.')),
  })
  .refine((value) => (value.access_key_id === undefined) === (value.secret_access_key === undefined), {
    error: 'access_key_id and secret_access_key go together',
    path: ['secret_access_key'],
  });

export const resolveBodies = (value: z.output<typeof bodiesSchema>): BodyBucket => ({
  above: value.above,
  bucket: value.bucket,
  prefix: value.prefix.replaceAll(/^\/+|\/+$/g, ''),
  region: value.region,
  endpoint: value.endpoint,
  pathStyle: value.path_style,
  accessKeyId: value.access_key_id,
  secretAccessKey: value.secret_access_key,
  sessionToken: value.session_token,
  timeout: value.timeout,
});
