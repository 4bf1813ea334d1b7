import type { Recurrence } from '../core/cron.ts';
import type { Config, ConnectionConfig, DatasetConfig, InventoryConfig, RouteConfig, SinkConfig } from './config.ts';
import { durationText } from './units.ts';

/** One value in force. */
export interface Setting {
  /** As the file would name it: `connections.acme.datasets.host_list.every`. */
  readonly path: string;
  /** As the file would spell it; secrets are `[redacted]`. */
  readonly value: unknown;
  /** `quarry.yaml:14`, with the references it was filled in from; `QUARRY_DATA_DIR`; `made here`; `default`. */
  readonly origin: string;
}

/** What a data set does where the configuration says nothing; its file knows. */
export interface DatasetDefaults {
  readonly aliases: readonly string[];
  readonly schedule: { readonly every: number; readonly sweepIds?: number; readonly sweepFull?: number };
  readonly pageSize: number;
}

export interface OriginOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly datasets: ReadonlyMap<string, DatasetDefaults>;
  /** Paths of what was set through the API: `connections.acme.username`. */
  readonly stored?: ReadonlySet<string>;
}

type Say = (path: string, value: unknown, ...elsewhere: readonly string[]) => void;

/** Every value of a configuration in force with where it comes from, in the order of the file's parts. */
export function settings(config: Config, { env, datasets, stored }: OriginOptions): Setting[] {
  const found: Setting[] = [];
  const file = config.file?.split('/').at(-1) ?? 'configuration';
  // A value may stand in the file under another path: an alias, or a setting of the connection that its data sets take over.
  const say: Say = (path, value, ...elsewhere) => {
    if (value === undefined) return;
    const places = [path, ...elsewhere];
    const at = places.map((place) => config.positions.get(place)).find((position) => position !== undefined);
    const references = places.flatMap((place) => config.references.get(place) ?? []);
    const filled = references.length === 0 ? '' : ` from ${references.join(' ')}`;
    const preset = places.map((place) => config.presets.get(place)).find((name) => name !== undefined);
    const isStored = places.some((place) => stored?.has(place));
    const otherwise = isStored ? 'made here' : preset === undefined ? 'default' : `preset ${preset}`;
    found.push({ path, value: shown(value), origin: at === undefined ? otherwise : `${file}:${at.line}${filled}` });
  };
  const orEnvironment = (path: string, value: unknown, variable: string): void => {
    if (value === undefined) return;
    if (env[variable]) found.push({ path, value: shown(value), origin: variable });
    else say(path, value);
  };
  orEnvironment('data_dir', config.dataDir, 'QUARRY_DATA_DIR');
  orEnvironment('database_url', config.databaseUrl, 'QUARRY_DATABASE_URL');
  for (const [name, value] of Object.entries(config.bodies ?? {})) say(`bodies.${snake(name)}`, value);
  if (config.server === false) say('server', false);
  else {
    orEnvironment('server.listen', addressText(config.server.listen), 'QUARRY_LISTEN');
    say('server.allow_private_addresses', config.server.allowPrivateAddresses);
    for (const [name, value] of Object.entries(config.server.oidc ?? {})) say(`server.oidc.${snake(name)}`, value);
  }
  orEnvironment('log_format', config.logFormat, 'QUARRY_LOG_FORMAT');
  say('obfuscation_key', config.obfuscationKey);
  sayInventory(config.inventory, say);
  for (const connection of config.connections.values()) sayConnection(connection, datasets, say);
  for (const sink of config.sinks.values()) saySink(sink, say);
  config.routes.forEach((route, i) => {
    sayRoute(route, `routes[${i}]`, say);
  });
  return found;
}

/** Secrets print themselves as [redacted]; maps have become objects. */
const shown = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

const addressText = ({ host, port }: { host: string; port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What is not set is said, too: these decide what people see. */
function sayInventory({ sla, devices, users, results }: InventoryConfig, say: Say): void {
  const tell = (path: string, ms: number | undefined): void =>
    say(`inventory.${path}`, ms === undefined ? null : durationText(ms));
  for (const severity of [1, 2, 3, 4, 5] as const) tell(`sla.${severity}`, sla[severity]);
  for (const name of ['ignoreNotSeen', 'deleteNotReturned', 'deleteNotReturnedBySuccess'] as const) {
    tell(`${snake(name)}.devices`, devices[name]);
    tell(`${snake(name)}.users`, users[name]);
  }
  say('inventory.results', results);
}

function sayConnection(connection: ConnectionConfig, datasets: OriginOptions['datasets'], say: Say): void {
  const { id, signIn, tls, proxy, datasets: own, publicOnly: _, ...plain } = connection;
  const path = `connections.${id}`;
  for (const [name, value] of Object.entries(plain))
    say(`${path}.${snake(name)}`, value, ...(name === 'egressAddresses' ? ['egress_addresses'] : []));
  const { token, ...login } = signIn.kind === 'basic' ? signIn : { token: signIn };
  for (const { kind, ...parts } of [login, token ?? {}] as readonly { kind?: string }[]) {
    const flat = kind === 'basic' || kind === 'token';
    for (const [name, value] of Object.entries(parts)) say(`${path}.${flat ? '' : `${kind}.`}${snake(name)}`, value);
  }
  say(`${path}.tls.verify`, tls.verify);
  if (tls.ca !== undefined) say(`${path}.tls.ca`, '(PEM)');
  if (proxy !== undefined)
    for (const [name, value] of Object.entries(proxy)) say(`${path}.proxy.${name}`, value, `${path}.proxy.url`);
  for (const dataset of own.values()) sayDataset(dataset, `${path}.datasets`, path, datasets.get(dataset.name), say);
}

function sayDataset(
  dataset: DatasetConfig,
  list: string,
  connection: string,
  usual: DatasetDefaults | undefined,
  say: Say,
): void {
  const { name, enabled, every, sweepIds, sweepFull, startTime, pageSize, obfuscate, options } = dataset;
  const names = [name, ...(usual?.aliases ?? [])];
  const tell = (part: string, value: unknown, ...elsewhere: string[]): void => {
    const [first, ...aliases] = names.map((one) => `${list}.${one}.${part}`);
    say(first!, value, ...aliases, ...elsewhere);
  };
  tell('enabled', enabled);
  if (!enabled) return;
  const time = (chosen: Recurrence | false | undefined, fallback: number | undefined): string | false | undefined => {
    const rule = chosen ?? fallback;
    if (rule === false || rule === undefined) return rule;
    return typeof rule === 'number' ? durationText(rule) : `${rule.cron} (${rule.timeZone})`;
  };
  const sweep = names.map((one) => `${list}.${one}.sweep`);
  if (typeof every === 'object') tell('cron', time(every, undefined));
  else tell('every', time(every, usual?.schedule.every));
  tell('sweep.ids', time(sweepIds, usual?.schedule.sweepIds), ...sweep);
  tell('sweep.full', time(sweepFull, usual?.schedule.sweepFull), ...sweep);
  tell('start_time_in_utc', startTime, ...names.map((one) => `${list}.${one}.start_time_utc`));
  tell('page_size', pageSize ?? usual?.pageSize);
  if (obfuscate.length > 0) tell('obfuscate', obfuscate);
  for (const [option, value] of Object.entries(options)) {
    const shared = option === 'tags_include' ? [`${connection}.tags_include`] : [];
    tell(option, value, ...shared);
  }
}

function saySink({ name, maxBacklogBytes, options, ...plain }: SinkConfig, say: Say): void {
  const path = `sinks.${name}`;
  say(`${path}.type`, plain.type);
  for (const [key, value] of Object.entries(plain)) if (key !== 'type') say(`${path}.${snake(key)}`, value);
  say(`${path}.max_backlog`, maxBacklogBytes);
  for (const [key, value] of Object.entries(options)) say(`${path}.${key}`, value);
}

function sayRoute(route: RouteConfig, path: string, say: Say): void {
  for (const [key, value] of Object.entries(route)) {
    const empty = Array.isArray(value) && value.length === 0;
    if (!empty)
      say(`${path}.${snake(key)}`, key === 'resend' && typeof value === 'number' ? durationText(value) : value);
  }
}
