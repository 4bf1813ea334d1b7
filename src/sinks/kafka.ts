import { z } from 'zod';
import { defineSink, library, secret } from './define.ts';
import { openKafka } from './kafka/sink.ts';

const about = (description: string) => ({ description });
const LIBRARIES = ['@platformatic/kafka'] as const;

/** One message per event: its key is the event's key, its headers hold the event's id. */
export default defineSink({
  type: 'kafka',
  title: 'Kafka',
  about: 'One message per event, keyed by the object it is about, acknowledged by all replicas in sync.',
  config: z.object({
    brokers: z
      .array(z.string().regex(/^\S+:\d+$/, { error: 'expected host:port' }))
      .min(1)
      .meta(about('Brokers to begin with: host:9092.')),
    topic: z
      .string()
      .min(1)
      .default('qualys.{dataset}')
      .meta(about('Topic; may hold {tenant}, {subscription}, {connection} and {dataset}.')),
    create_topics: z
      .boolean()
      .default(false)
      .meta(about('Ask brokers to make a topic that is missing, if they are set so.')),
    idempotent: z
      .boolean()
      .default(true)
      .meta(about('Brokers drop what the library itself sends twice; needs the right to write idempotently.')),
    compression: z
      .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
      .default('none')
      .meta(about('How messages are compressed.')),
    request_bytes: z
      .number()
      .int()
      .positive()
      .default(900_000)
      .meta(about('Messages are sent together up to this size, below message.max.bytes of the brokers.')),
    tls: z
      .object({
        ca: z.string().min(1).optional().meta(about('File of the certificate authority.')),
        cert: z.string().min(1).optional().meta(about('File of the client certificate.')),
        key: z.string().min(1).optional().meta(about('File of its key.')),
        verify: z.boolean().default(true).meta(about('Whether the brokers’ certificates are checked.')),
      })
      .optional()
      .meta(about('TLS to the brokers.')),
    sasl: z
      .object({
        mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']).meta(about('How to sign in.')),
        username: z.string().min(1).optional().meta(about('User name.')),
        password: secret.optional().meta(about('Password of the user.')),
        token: secret.optional().meta(about('Token, for OAUTHBEARER.')),
      })
      .optional()
      .meta(about('Sign-in to the brokers.')),
    timeout: z.number().positive().default(30).meta(about('Seconds to wait for the acknowledgement of a request.')),
  }),
  capabilities: { guarantee: 'at least once', formats: ['raw', 'ocsf', 'ecs', 'interflow'], batchBytes: 4 << 20 },
  libraries: LIBRARIES,
  testedAgainst: 'the mock broker of librdkafka 2.0 (its own log and wire protocol, no Kafka); TLS and SASL not run',
  open: async (config, { baseDir }) =>
    openKafka(config, baseDir, await library(LIBRARIES, () => import('@platformatic/kafka'))),
});
