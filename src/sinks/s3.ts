import { z } from 'zod';
import { defineSink, library, secret } from './define.ts';
import { openS3 } from './s3/sink.ts';

const about = (description: string) => ({ description });
const LIBRARIES = ['@aws-sdk/client-s3'] as const;

/** Objects of a bucket: `<prefix>/<dataset>/dt=2026-11-21/<batch>.ndjson.gz`, one per batch, written once. */
export default defineSink({
  type: 's3',
  title: 'S3 and compatible stores',
  about: 'Compressed NDJSON objects, one per batch under a name of its own, a folder per data set and day.',
  config: z.object({
    bucket: z.string().min(3).meta(about('The bucket; it must exist.')),
    prefix: z
      .string()
      .default('quarry/{tenant}')
      .meta(about('What names begin with; may hold {tenant}, {subscription}, {connection} and {dataset}.')),
    region: z.string().min(1).optional().meta(about('Region; without it the environment or the profile names it.')),
    endpoint: z.url().optional().meta(about('Address of a compatible store: https://minio.example.org:9000.')),
    path_style: z
      .boolean()
      .optional()
      .meta(about('Bucket in the path, not in the host name; true where endpoint is set.')),
    access_key_id: z
      .string()
      .min(1)
      .optional()
      .meta(about('Key id; without it the standard chain: environment, profile, role of the machine.')),
    secret_access_key: secret.optional().meta(about('The secret of access_key_id.')),
    session_token: secret.optional().meta(about('Session token of temporary credentials.')),
    compression: z.enum(['gzip', 'zstd', 'none']).default('gzip').meta(about('How objects are compressed.')),
    if_none_match: z
      .boolean()
      .default(true)
      .meta(
        about('Never write over an object. A store without conditional writes needs false: the same is written again.'),
      ),
    parallel: z.number().int().min(1).max(64).default(4).meta(about('Objects written at the same time.')),
    timeout: z.number().positive().default(120).meta(about('Seconds one object may take.')),
  }),
  capabilities: { guarantee: 'effectively once', formats: ['raw', 'ocsf', 'ecs', 'interflow'], batchBytes: 32 << 20 },
  libraries: LIBRARIES,
  testedAgainst: 'Ceph radosgw 16',
  open: async (config) => openS3(config, await library(LIBRARIES, () => import('@aws-sdk/client-s3'))),
});
