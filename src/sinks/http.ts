import { z } from 'zod';
import { defineSink, secret } from './define.ts';
import { basicAuth, headerSecret, httpUrl, requestSize, transportSettings } from './http/settings.ts';
import { openWebhook } from './http/webhook.ts';

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Set by the sink or by HTTP itself. */
const OWN = /^(content-(type|length|encoding)|host|connection|transfer-encoding|webhook-.*|quarry-.*)$/i;
const headers = z.record(
  z
    .string()
    .regex(HEADER_NAME)
    .refine((name) => !OWN.test(name), { error: 'this header is set by the sink itself' }),
  z
    .string()
    .regex(/^[\t\x20-\x7e]*$/)
    .pipe(secret)
    .meta({ secret: true }),
);

/**
 * Any HTTP service: events by POST, signed as the Standard Webhooks specification says (docs/guide/webhooks.md has an
 * example to check a receiver with). A 2xx is for all events of the request. `webhook-id` is made of the ids of the
 * events: the same events in one request have the same, so that a receiver can leave out what it has had.
 */
export default defineSink({
  type: 'http',
  title: 'HTTP (webhook)',
  about: 'Events by POST to any service: NDJSON, a JSON array, or one event a request; signed.',
  config: z.object({
    url: z
      .union([httpUrl, z.array(httpUrl).min(1)])
      .meta({ description: 'Where events are sent: an address, or several that take turns.' }),
    method: z.enum(['POST', 'PUT']).default('POST'),
    body: z
      .enum(['ndjson', 'json', 'single'])
      .default('ndjson')
      .meta({ description: 'A line per event, a JSON array of events, or a request for each event.' }),
    query: z
      .record(z.string().min(1), secret)
      .default({})
      .meta({ description: 'Parameters behind the address (?key=…); their values are kept secret.' }),
    headers: headers.default({}).meta({ description: 'Headers of every request; their values are kept secret.' }),
    ...basicAuth,
    token: headerSecret.meta({ secret: true, description: 'A bearer token.' }).optional(),
    sign: z
      .union([secret, z.array(secret).min(1)])
      .optional()
      .meta({ description: 'Key of the signature: whsec_… (base64) or any text; several while a key is changed.' }),
    max_events: z.number().int().positive().default(1000).meta({ description: 'Events of one request.' }),
    compress: z.boolean().default(false).meta({ description: 'Bodies travel as gzip.' }),
    max_request: requestSize(1 << 20, '1MiB'),
    ...transportSettings,
  }),
  capabilities: {
    guarantee: 'at least once',
    formats: ['raw', 'ocsf', 'ecs', 'interflow', 'cim'],
    batchBytes: 4 << 20,
  },
  libraries: [],
  testedAgainst: 'a strict fake of a receiver',
  open: async (config, context) => openWebhook(config, context),
});
