import { z } from 'zod';
import { defineSink, library, secret } from './define.ts';
import { openNats } from './nats/sink.ts';

const about = (description: string) => ({ description });
const LIBRARIES = ['@nats-io/transport-node', '@nats-io/jetstream'] as const;

/** Messages of a JetStream stream, several events each. */
export default defineSink({
  type: 'nats',
  title: 'NATS JetStream',
  about: 'Messages of several events each, a line per event, into a stream that exists.',
  config: z.object({
    servers: z
      .array(
        z.string().regex(/^((nats|tls):\/\/)?[^@\s/]+$/, { error: 'expected host:port, without user and password' }),
      )
      .min(1)
      .meta(about('Servers: nats://host:4222, or tls://host:4222 to demand TLS.')),
    subject: z
      .string()
      .min(1)
      .default('quarry.{tenant}.{dataset}')
      .meta(about('Subject; may hold {tenant}, {subscription}, {connection} and {dataset}.')),
    stream: z.string().min(1).optional().meta(about('Name of the stream; another that takes the subject is refused.')),
    message_bytes: z
      .number()
      .int()
      .positive()
      .default(256 << 10)
      .meta(about('Events are gathered in messages up to this size (256 KiB), and never above what the server takes.')),
    user: z.string().min(1).optional().meta(about('User name.')),
    password: secret.optional().meta(about('Password of the user.')),
    token: secret.optional().meta(about('Token, in place of a user.')),
    creds: z.string().min(1).optional().meta(about('File of credentials (.creds), in place of a user.')),
    tls: z
      .object({
        ca: z.string().min(1).optional().meta(about('File of the certificate authority.')),
        cert: z.string().min(1).optional().meta(about('File of the client certificate.')),
        key: z.string().min(1).optional().meta(about('File of its key.')),
      })
      .optional()
      .meta(about('Demands TLS of the server.')),
    timeout: z.number().positive().default(30).meta(about('Seconds to wait for the acknowledgement of a message.')),
  }),
  capabilities: {
    guarantee: 'effectively once inside a window',
    formats: ['raw', 'ocsf', 'ecs', 'interflow'],
    batchBytes: 8 << 20,
  },
  libraries: LIBRARIES,
  testedAgainst: 'nats-server 2.9',
  open: async (config, { baseDir }) =>
    openNats(config, baseDir, {
      ...(await library(LIBRARIES, () => import('@nats-io/transport-node'))),
      ...(await library(LIBRARIES, () => import('@nats-io/jetstream'))),
    }),
});
