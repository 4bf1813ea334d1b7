import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { Batch, OpenSink } from '../core/sink.ts';
import { defineSink, type SinkContext } from './define.ts';
import { credentialsFrom } from './syslog/credentials.ts';
import { bsdTime, type Header } from './syslog/messages.ts';
import { common, ownName, port, tlsFiles, tlsSettings } from './syslog/settings.ts';
import { streamSink } from './syslog/stream.ts';

const about = (description: string) => ({ description });

/** Two to six levels; the first two pick technology and brand. */
const TAG = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){1,5}$/;
const tag = z
  .string()
  .max(1024)
  .regex(TAG, { error: 'expected 2 to 6 levels with dots between them, such as vuln.qualys.hosts' });

/** Facility user, severity info: what Devo’s own clients send. */
const PRIORITY = 14;

const config = z.object({
  ...common,
  port: port.default(443).meta(about('Port of the endpoint.')),
  chain: z
    .string()
    .min(1)
    .meta(about('PEM file of the authorities the endpoint is checked against; without it, the usual ones.'))
    .optional(),
  ...tlsSettings,
  tag: z
    .union([tag, z.record(z.string(), tag)])
    .meta(about('The table in place of the data set’s own: one for all, or by data set.'))
    .optional(),
  compression: z
    .enum(['none', 'gzip'])
    .default('none')
    .meta(about('gzip: messages travel as members of a gzip stream, as Devo’s client can send them.')),
});

/**
 * Devo: syslog over TLS with a client certificate, the table as tag. Line form of Devo's own clients:
 * `<14>Nov 19 22:14:05 host vuln.qualys.hosts: payload`, one line an event; the time is the event's own, in UTC, and Devo
 * dates events by their arrival. With `octet-counted` a record's length, its line feed included, stands before it.
 */
export default defineSink({
  type: 'devo',
  title: 'Devo',
  about: 'Devo tables over TLS, with the certificate of a Devo domain.',
  config,
  capabilities: { guarantee: 'best-effort confirmation', formats: ['devo', 'raw'], batchBytes: 16 << 20 },
  libraries: [],
  testedAgainst: 'rsyslog 8.2302 (gtls) with client certificates; not run against Devo',
  open: async (settings, context) => open(settings, context),
});

function open(settings: z.output<typeof config>, { baseDir, onConnection }: SinkContext): OpenSink {
  const { address, port } = settings;
  const files = tlsFiles(settings, settings.chain, true, baseDir);
  const credentials = credentialsFrom(files);
  // Files that cannot be used are said at the start.
  credentials();
  return streamSink({
    receiver: {
      address,
      port,
      settleMs: settings.settle,
      awaitEnd: settings.confirm === 'end',
      timeoutMs: settings.timeout,
      tls: { credentials, verify: files.verify, serverName: files.serverName },
    },
    form: {
      header: headerOf(settings.hostname ?? ownName(), settings.tag),
      counted: settings.framing === 'octet-counted',
      end: '\n',
      longest: settings.max_message,
    },
    senders: settings.senders,
    onConnection,
    ...(settings.compression === 'gzip' && { encode: promisify<Buffer, Buffer>(gzip) }),
  });
}

function headerOf(hostname: string, own: z.output<typeof config>['tag']): Header {
  return (batch, i, route) => `<${PRIORITY}>${bsdTime(batch.time(i))} ${hostname} ${tagOf(batch, route, own)}: `;
}

/** What the configuration says, else what the format says of the line, else the data set's own table. */
function tagOf(batch: Batch, route: string | undefined, own: z.output<typeof config>['tag']): string {
  const configured = typeof own === 'string' ? own : own?.[batch.dataset];
  if (configured !== undefined) return configured;
  if (route !== undefined && TAG.test(route)) return route;
  return batch.destinations?.devo ?? `my.app.quarry.${batch.dataset}`;
}
