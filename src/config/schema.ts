import { z } from 'zod';
import type { KeyPart } from '../core/dataset.ts';
import { bodiesSchema } from './bodies.ts';
import {
  addresses,
  cron,
  databaseUrl,
  duration,
  headerSecret,
  headerText,
  id,
  label,
  longSecret,
  proxyUrl,
  reserve,
  secret,
  text,
  time,
  timeZone,
} from './fields.ts';
import { serverSchema } from './server.ts';

/** What the configuration must know of a data set; a data set's file has it all. */
export interface DatasetOptionsSpec {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly options: z.ZodObject;
  /** Its key, and what else it is read by, where fields may be obfuscated; see `Dataset`. */
  readonly key?: readonly KeyPart[];
  readonly order?: 'id' | 'time' | 'none';
  readonly time?: readonly string[];
  readonly format?: { readonly kind: string; readonly inner?: { readonly as: string } };
  /** How often everything is read where the file says nothing, milliseconds. */
  readonly schedule?: { readonly every: number; readonly sweepFull?: number };
}

/** What the configuration must know of a kind of sink; a sink's file has it all. */
export interface SinkOptionsSpec {
  readonly type: string;
  readonly config: z.ZodObject;
  readonly capabilities: { readonly formats: readonly string[] };
}

/** Data sets by name, each with the options a preset gives it, as a file would write them. */
export type Preset = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Everything the product can be configured with. */
export interface Parts {
  readonly datasets: ReadonlyMap<string, DatasetOptionsSpec>;
  readonly sinks: ReadonlyMap<string, SinkOptionsSpec>;
  /** Choices of data sets with their options, by name. */
  readonly presets?: ReadonlyMap<string, Preset> | undefined;
}

const about = (description: string) => ({ description });

/** What is done to fields before anything is kept or sent. */
const obfuscate = z.array(
  z.object({
    path: text.meta(about('A field of the record, by its Qualys name: HOST.IP, RESULTS.')),
    how: z
      .enum(['mask', 'hash', 'drop'])
      .meta(about('mask: *** for every value; hash: a keyed hash, the same for the same value; drop: left out.')),
  }),
);

/** Options every data set has, whatever its own are. */
export const datasetCommon = {
  enabled: z.boolean().default(true).meta(about('Whether it is collected.')),
  every: duration.meta(about('How often changes are pulled: 15m, 1h.')).optional(),
  cron: cron.meta(about('When changes are pulled, in place of every: "0 3 * * 1-5".')).optional(),
  time_zone: timeZone.meta(about('Time zone of cron and of sweeps given so; UTC when not given.')).optional(),
  sweep: z
    .union([
      z.literal(false),
      z.object({
        ids: z
          .union([z.literal(false), duration, cron])
          .meta(about('How often, or by five cron fields when, the ids of everything are read.'))
          .optional(),
        full: z
          .union([z.literal(false), duration, cron])
          .meta(about('How often, or by five cron fields when, everything is read.'))
          .optional(),
      }),
    ])
    .meta(about('Complete readings, from which absence is concluded; false for none.'))
    .optional(),
  start_time_in_utc: time
    .meta(about('Where the first incremental pull begins; a change restarts the stream.'))
    .optional(),
  start_time_utc: time.meta(about('The same as start_time_in_utc.')).optional(),
  page_size: z.number().int().min(1).max(1_000_000).meta(about('Objects per answer of Qualys.')).optional(),
  obfuscate: obfuscate
    .meta(about('Fields made unreadable before anything is stored; a change restarts the stream.'))
    .optional(),
};

/** Settings every sink has, whatever its own are; `type` is added for each. */
export const sinkCommon = {
  enabled: z.boolean().default(true).meta(about('Whether events are sent there.')),
  tenants: z.array(label).min(1).meta(about('Whose events it may receive; needed with several tenants.')).optional(),
  max_backlog: z.number().int().min(1).meta(about('Bytes that may wait for it: 10GiB.')).optional(),
  when_full: z
    .enum(['pause', 'suspend'])
    .default('pause')
    .meta(about('At max_backlog: pause pulling, or suspend this sink and feed it later.')),
};

const eventFormat = z
  .enum(['xml', 'json'])
  .default('xml')
  .meta(about('Format devo: how records of the classic tables are written; the others are always JSON.'));
const environment = z
  .union([text, z.record(id, text)])
  .meta(about('Format devo: added to every event as @devo_environment; one for all, or by connection.'))
  .optional();
const severityIds = z
  .array(z.number().int().min(0).max(6))
  .length(5)
  .meta(about('Format ocsf: the severity_id of Qualys severities 1 to 5; 1, 2, 3, 4, 5 when not given.'))
  .optional();

const filter = z.object({
  field: text.meta(about('A field of the record, by its Qualys name: SEVERITY, HOST.IP.')),
  op: z.enum(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'matches', 'exists']),
  value: z
    .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))])
    .meta(about('What the field is compared with; `exists` needs none, or false.'))
    .optional(),
});

const connection = z.object({
  tenant: label.meta(about("Whose data it is; the connection's id when not given.")).optional(),
  subscription: label.meta(about("The Qualys account; the connection's id when not given.")).optional(),
  platform: text.meta(about('The Qualys platform: US1 … or the URL you sign in at.')).optional(),
  api_url: text.meta(about('The API server, in place of a platform.')).optional(),
  gateway_url: text
    .meta(about('The API gateway, where it cannot be told from platform or api_url; alone, it serves both.'))
    .optional(),
  base_url: text.meta(about('The same as gateway_url, as collectors of FIM name it; with or without /fim.')).optional(),
  auth_url: text.meta(about('Where tokens are asked for, where that is not the gateway: https://…/auth.')).optional(),
  allow_plain_http: z.boolean().default(false).meta(about('Let credentials travel unencrypted.')),
  username: text.meta(about('A Qualys user; serves every data set where Qualys allows Basic sign-in.')).optional(),
  password: secret.optional(),
  token: headerSecret
    .meta(about('A bearer token that you renew yourself, in place of user name and password or beside them.'))
    .optional(),
  oidc: z
    .object({ client_id: headerText, client_secret: headerSecret })
    .meta(about('A user client of the Qualys gateway (/auth/oidc), in place of a password or beside it.'))
    .optional(),
  oauth: z
    .object({ client_id: headerText, client_secret: headerSecret })
    .meta(about('A subscription client of the Qualys gateway (/auth/oauth), in place of a password or beside it.'))
    .optional(),
  identity_provider: z
    .object({
      token_url: text.meta(about('Its token endpoint: https://login.example.com/oauth2/v1/token.')),
      client_id: text,
      client_secret: secret.optional(),
      username: text.meta(about('With a user, the grant is password; else client_credentials.')).optional(),
      password: secret.optional(),
      scope: text.meta(about('What is asked for, such as openid profile.')).optional(),
      audience: text.meta(about('The audience Qualys was told to expect, where the provider asks for it.')).optional(),
      client_auth: z
        .enum(['header', 'form'])
        .default('header')
        .meta(about('Where client id and secret go: a Basic header, or the form.')),
    })
    .meta(about('Your own identity provider, whose tokens Qualys was told to accept.'))
    .optional(),
  tls: z
    .object({
      verify: z.boolean().default(true).meta(about("Check the server's certificate.")),
      ca: text.meta(about('A PEM file of certificate authorities to trust besides the usual ones.')).optional(),
    })
    .optional(),
  proxy: z.object({ url: proxyUrl, username: text.optional(), password: secret.optional() }).optional(),
  tags_include: z
    .array(text)
    .min(1)
    .meta(about('Only hosts with one of these tags, on every data set that takes tags by name.'))
    .optional(),
  requests_per_hour: z
    .number()
    .int()
    .min(1)
    .meta(about('Calls in any sixty minutes of the Global Asset Inventory API alone; then this connection waits.'))
    .optional(),
  reserve: reserve
    .meta(about("Calls of each of Qualys's limits left to other users of the subscription: 50, or 10%."))
    .optional(),
  egress_addresses: addresses
    .meta(about('Addresses Qualys sees this connection come from; shown where it refuses them.'))
    .optional(),
});

/** What stands for one data set once checked: common options and its own together. */
export type DatasetValue = { readonly [Key in keyof typeof datasetCommon]?: z.output<(typeof datasetCommon)[Key]> } & {
  readonly [own: string]: unknown;
};
export type DatasetsValue = 'all' | readonly string[] | Readonly<Record<string, DatasetValue | null | undefined>>;
export type SinkValue = { readonly type: string; readonly format?: string } & {
  readonly [Key in keyof typeof sinkCommon]: z.output<(typeof sinkCommon)[Key]>;
} & { readonly [own: string]: unknown };

const thresholds = z.object({
  devices: duration.optional(),
  users: duration.optional(),
});

/** What the inventory keeps and shows, and how long findings may stay open. */
const inventory = z
  .object({
    sla: z
      .object({
        ...{ 1: duration.optional(), 2: duration.optional(), 3: duration.optional() },
        ...{ 4: duration.optional(), 5: duration.optional() },
      })
      .default({})
      .meta(about('By severity: how long a finding may stay open: { 5: 7d, 4: 30d }.')),
    ignore_not_seen: thresholds
      .default({})
      .meta(about('Not shown when Qualys has not seen them for so long; users: since their last login.')),
    delete_not_returned: thresholds
      .default({})
      .meta(about('Not shown when no pull and no complete reading has returned them for so long.')),
    delete_not_returned_by_success: thresholds
      .default({})
      .meta(about('Shown for so long after a complete reading found them missing; at once, when not given.')),
    results: z
      .boolean()
      .default(false)
      .meta(about('Keep RESULTS of findings, to be searched and shown: about as much disk as Qualys sends.')),
  })
  .prefault({});

/** The schema of `quarry.yaml` for these data sets and sinks. */
export function configSchema({ datasets, sinks, presets }: Parts) {
  const names = [...datasets.values()].flatMap(({ name, aliases }) => [name, ...aliases]);
  return z.object({
    data_dir: text.default('./quarry-data').meta(about('Folder for the database and the spool.')),
    database_url: databaseUrl.meta(about('PostgreSQL in place of SQLite in data_dir.')).optional(),
    bodies: bodiesSchema
      .meta(
        about('An S3-compatible bucket for large bodies, so that the database stays small; only with database_url.'),
      )
      .optional(),
    server: z
      .union([z.literal(false), serverSchema])
      .prefault({})
      .meta(about('The HTTP server, or false for none.')),
    obfuscation_key: longSecret.meta(about('What the hashes of obfuscated fields are keyed with.')).optional(),
    connections: z
      .record(
        id,
        connection.extend({
          preset: z
            .enum([...(presets ?? new Map()).keys()])
            .meta(about('Data sets and options for a kind of consumer; those under datasets go before it.'))
            .optional(),
          datasets: datasetsSchema(datasets, names).default('all'),
        }),
      )
      .default({}),
    egress_addresses: addresses.meta(about('The same for all connections that have none of their own.')).optional(),
    inventory: inventory.meta(about('What the inventory keeps and shows, and how long findings may stay open.')),
    sinks: z.record(id, sinkSchema(sinks)).default({}),
    routes: z
      .array(
        z.object({
          datasets: z.array(z.enum(names)).min(1).optional(),
          connections: z.array(id).min(1).optional(),
          tenants: z.array(label).min(1).optional(),
          sinks: z.array(id).min(1),
          include: z.array(filter).meta(about('Only events that fit all of these.')).optional(),
          exclude: z.array(filter).meta(about('No event that fits one of these.')).optional(),
          fields: z.array(text).min(1).meta(about('Only these fields of the record.')).optional(),
          obfuscate: obfuscate
            .meta(about('Fields made unreadable on this route, beside those of the data set.'))
            .optional(),
          removals: z.boolean().default(true).meta(about('Whether the sinks are told what is gone.')),
          resend: z
            .union([z.enum(['never', 'each_sweep']), duration])
            .default('never')
            .meta(about('Send unchanged records again: never, each_sweep, or so often.')),
          qid_changed: z
            .boolean()
            .default(false)
            .meta(
              about('Send findings (host_list_detection) again when the KnowledgeBase entry of their QID changes.'),
            ),
        }),
      )
      .meta(about('What goes where; a sink that no route names receives everything.'))
      .optional(),
  });
}

/** One data set's options: its own and those all have. */
export const datasetSchema = (spec: DatasetOptionsSpec): z.ZodObject => spec.options.safeExtend(datasetCommon);

function datasetsSchema(specs: Parts['datasets'], names: readonly string[]): z.ZodType<DatasetsValue> {
  const entries = [...specs.values()].flatMap((spec) => {
    const schema = datasetSchema(spec).nullable().optional();
    return [spec.name, ...spec.aliases].map((name) => [name, schema] as const);
  });
  const schema = z.union([z.literal('all'), z.array(z.enum(names)).min(1), z.object(Object.fromEntries(entries))]);
  return schema.meta(about('`all`, a list of names, or options by name.')) as unknown as z.ZodType<DatasetsValue>;
}

function sinkSchema(specs: Parts['sinks']): z.ZodType<SinkValue> {
  const kinds = [...specs.values()].map(({ type, config, capabilities: { formats } }) => {
    const format = z.enum(formats).meta(about('How events are written.'));
    return config.safeExtend({
      ...sinkCommon,
      ...(formats.includes('devo') ? { event_format: eventFormat, environment } : {}),
      ...(formats.includes('ocsf') ? { severity_ids: severityIds } : {}),
      type: z.literal(type),
      format: format.default(formats[0] ?? 'raw'),
    });
  });
  const [first, ...rest] = kinds;
  const schema = first === undefined ? z.never() : z.discriminatedUnion('type', [first, ...rest]);
  return schema as unknown as z.ZodType<SinkValue>;
}

export type ConfigValue = z.output<ReturnType<typeof configSchema>>;
