import { z } from 'zod';
import type { OpenSink } from '../core/sink.ts';
import { defineSink, type SinkContext } from './define.ts';
import { credentialsFrom } from './syslog/credentials.ts';
import { datagramSink } from './syslog/datagrams.ts';
import { type Names, rfc3164, rfc5424 } from './syslog/messages.ts';
import { common, ownName, port, tlsFiles, tlsSettings } from './syslog/settings.ts';
import { streamSink } from './syslog/stream.ts';

const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp'],
  ...['audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
] as const;
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
const USUAL_PORT = { udp: 514, tcp: 514, tls: 6514 } as const;

const about = (description: string) => ({ description });

const config = z.object({
  ...common,
  port: port.meta(about('Port of the receiver; 6514 for tls, else 514.')).optional(),
  transport: z
    .enum(['tls', 'tcp', 'udp'])
    .default('tls')
    .meta(about('How messages travel. Over udp nothing at all is confirmed.')),
  rfc: z.enum(['5424', '3164']).default('5424').meta(about('The form of a message.')),
  facility: z.enum(FACILITIES).default('user').meta(about('Facility of every message.')),
  severity: z.enum(SEVERITIES).default('info').meta(about('Severity of every message.')),
  app_name: z
    .string()
    .regex(/^[A-Za-z0-9_./-]{1,32}$/, { error: 'expected 1 to 32 letters, digits, _, ., / and -' })
    .default('quarry')
    .meta(about('Name of the program in every message.')),
  structured_data: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,20}@\d{1,10}$/, { error: 'expected name@number, the number an enterprise number' })
    .default('quarry@32473')
    .meta(about('Name of the structured data that holds id, seq, change, tenant and connection (RFC 5424).')),
  tls: z
    .object({
      ca: z.string().min(1).meta(about('PEM file of authorities to trust besides the usual ones.')).optional(),
      ...tlsSettings,
    })
    .prefault({})
    .meta(about('Certificates; for transport tls.')),
});

/** Syslog messages, one for each line of an event: RFC 5424 or 3164 over TLS, TCP or UDP. */
export default defineSink({
  type: 'syslog',
  title: 'Syslog',
  about: 'Syslog messages over TLS, TCP or UDP. Over UDP nothing at all is confirmed.',
  config,
  capabilities: {
    guarantee: 'best-effort confirmation',
    formats: ['raw', 'ecs', 'ocsf', 'interflow', 'devo'],
    batchBytes: 16 << 20,
  },
  libraries: [],
  testedAgainst: 'rsyslog 8.2302 (gtls) with client certificates',
  open: async (settings, context) => open(settings, context),
});

function open(settings: z.output<typeof config>, { baseDir }: SinkContext): OpenSink {
  const { address, transport, framing } = settings;
  const names: Names = {
    priority: FACILITIES.indexOf(settings.facility) * 8 + SEVERITIES.indexOf(settings.severity),
    hostname: settings.hostname ?? ownName(),
    app: settings.app_name,
  };
  const header = settings.rfc === '3164' ? rfc3164(names) : rfc5424(names, settings.structured_data);
  const at = { address, port: settings.port ?? USUAL_PORT[transport] };
  const times = { settleMs: settings.settle, timeoutMs: settings.timeout, awaitEnd: settings.confirm === 'end' };
  const longest = settings.max_message;
  if (transport === 'udp') return datagramSink({ ...at, ...times, header, longest });
  const files = tlsFiles(settings.tls, settings.tls.ca, false, baseDir);
  const credentials = credentialsFrom(files);
  // Files that cannot be used are said at the start.
  if (transport === 'tls') credentials();
  const counted = framing === 'octet-counted';
  return streamSink({
    receiver: {
      ...at,
      ...times,
      ...(transport === 'tls' && { tls: { credentials, verify: files.verify, serverName: files.serverName } }),
    },
    form: { header, counted, end: counted ? '' : '\n', longest },
    senders: settings.senders,
  });
}
