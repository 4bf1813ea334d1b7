import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Recurrence } from '../core/cron.ts';
import type {
  ConnectionConfig,
  DatasetConfig,
  InventoryConfig,
  InventoryThresholds,
  ProxyConfig,
  RouteConfig,
  SignInConfig,
  SinkConfig,
  TokenConfig,
} from './config.ts';
import { reasonOf } from './interpolate.ts';
import type { Path } from './problems.ts';
import {
  type ConfigValue,
  type DatasetOptionsSpec,
  type DatasetsValue,
  type DatasetValue,
  datasetCommon,
  datasetSchema,
  type Parts,
  type SinkValue,
  sinkCommon,
} from './schema.ts';
import type { Report } from './validate.ts';

type ConnectionValue = ConfigValue['connections'][string];

/** The checked values of the file as the rest of Quarry takes them. What turns out wrong here goes to `report`. */
export function resolveConnection(
  id: string,
  value: ConnectionValue,
  parts: Parts,
  baseDir: string,
  egress: readonly string[] | undefined,
  report: Report,
): ConnectionConfig | undefined {
  const signIn = resolveSignIn(value);
  if (signIn === undefined) return undefined;
  const path = ['connections', id];
  const datasets = resolveDatasets(value.datasets, value.tags_include, parts, [...path, 'datasets'], report);
  const ca = value.tls?.ca === undefined ? undefined : readPem(value.tls.ca, baseDir, [...path, 'tls', 'ca'], report);
  return {
    id,
    tenant: value.tenant ?? id,
    subscription: value.subscription ?? id,
    platform: value.platform,
    apiUrl: value.api_url,
    gatewayUrl: value.gateway_url,
    baseUrl: value.base_url,
    authUrl: value.auth_url,
    allowPlainHttp: value.allow_plain_http,
    signIn,
    tls: { verify: value.tls?.verify ?? true, ca: ca?.pem, caFile: ca?.file },
    proxy: resolveProxy(value.proxy),
    tagsInclude: value.tags_include,
    requestsPerHour: value.requests_per_hour,
    reserve: value.reserve,
    egressAddresses: value.egress_addresses ?? egress,
    preset: value.preset,
    datasets,
  };
}

/** With the thresholds by what they are about. */
export function resolveInventory(value: ConfigValue['inventory']): InventoryConfig {
  const {
    sla,
    results,
    ignore_not_seen: seen,
    delete_not_returned: returned,
    delete_not_returned_by_success: success,
  } = value;
  const of = (kind: 'devices' | 'users'): InventoryThresholds => ({
    ...(seen[kind] === undefined ? {} : { ignoreNotSeen: seen[kind] }),
    ...(returned[kind] === undefined ? {} : { deleteNotReturned: returned[kind] }),
    ...(success[kind] === undefined ? {} : { deleteNotReturnedBySuccess: success[kind] }),
  });
  return {
    sla: Object.fromEntries(Object.entries(sla).filter(([, ms]) => ms !== undefined)),
    devices: of('devices'),
    users: of('users'),
    results,
  };
}

/** Undefined when there is no way to sign in, which `checkTogether` has said. */
function resolveSignIn(value: ConnectionValue): SignInConfig | undefined {
  const { username, password } = value;
  const token = resolveToken(value);
  return username !== undefined && password !== undefined ? { kind: 'basic', username, password, token } : token;
}

function resolveToken({ token, oidc, oauth, identity_provider: own }: ConnectionValue): TokenConfig | undefined {
  if (token !== undefined) return { kind: 'token', token };
  const client = oidc ?? oauth;
  if (client !== undefined) {
    const kind = oidc === undefined ? 'oauth' : 'oidc';
    return { kind, clientId: client.client_id, clientSecret: client.client_secret };
  }
  if (own === undefined) return undefined;
  return {
    kind: 'identity_provider',
    tokenUrl: own.token_url,
    clientId: own.client_id,
    clientSecret: own.client_secret,
    username: own.username,
    password: own.password,
    scope: own.scope,
    audience: own.audience,
    clientAuth: own.client_auth,
  };
}

function resolveProxy(proxy: ConnectionValue['proxy']): ProxyConfig | undefined {
  if (proxy === undefined) return undefined;
  const { url, username, password } = proxy.url;
  return { url, username: proxy.username ?? username, password: proxy.password ?? password };
}

function readPem(
  value: string,
  baseDir: string,
  path: Path,
  report: Report,
): { readonly pem: string; readonly file: string | undefined } | undefined {
  const isPem = (text: string) => text.includes('-----BEGIN CERTIFICATE-----');
  if (isPem(value)) return { pem: value, file: undefined };
  const file = resolve(baseDir, value);
  try {
    const pem = readFileSync(file, 'utf8');
    if (isPem(pem)) return { pem, file };
    report('QRY1004', path, 'the file holds no PEM certificate');
  } catch (error) {
    report('QRY1004', path, `the file cannot be read: ${reasonOf(error)}`);
  }
  return undefined;
}

function resolveDatasets(
  value: DatasetsValue,
  tags: readonly string[] | undefined,
  { datasets }: Parts,
  path: Path,
  report: Report,
): ReadonlyMap<string, DatasetConfig> {
  const specOf = (used: string) =>
    [...datasets.values()].find(({ name, aliases }) => name === used || aliases.includes(used));
  const listed: readonly string[] | undefined =
    value === 'all' ? [...datasets.keys()] : isList(value) ? value : undefined;
  const given: readonly (readonly [string, DatasetValue | null])[] =
    listed !== undefined
      ? listed.map((name) => [name, null] as const)
      : Object.entries(value).map(([name, options]) => [name, (options as DatasetValue | undefined) ?? null] as const);
  const resolved = new Map<string, DatasetConfig>();
  for (const [used, options] of given) {
    const spec = specOf(used);
    if (spec === undefined) continue;
    const checked = options ?? defaults(spec, listed === undefined ? [...path, used] : path, report);
    if (checked !== undefined) resolved.set(spec.name, resolveDataset(spec, checked, tags));
  }
  return resolved;
}

const isList = (value: DatasetsValue): value is readonly string[] => Array.isArray(value);

/** The options of a data set that is named and no more. */
function defaults(spec: DatasetOptionsSpec, path: Path, report: Report): DatasetValue | undefined {
  const result = datasetSchema(spec).safeParse({});
  if (result.success) return result.data as DatasetValue;
  const needed = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
  report('QRY1003', path, `the data set ${spec.name} needs options: ${needed}`);
  return undefined;
}

function resolveDataset(
  spec: DatasetOptionsSpec,
  value: DatasetValue,
  tags: readonly string[] | undefined,
): DatasetConfig {
  const options = without(value, Object.keys(datasetCommon));
  if (tags !== undefined && 'tags_include' in spec.options.shape) options['tags_include'] ??= tags;
  const { sweep } = value;
  const timeZone = value.time_zone ?? 'UTC';
  const recurrence = <T>(given: T | string): T | Recurrence =>
    typeof given === 'string' ? { cron: given, timeZone } : given;
  return {
    name: spec.name,
    enabled: value.enabled ?? true,
    every: value.cron === undefined ? value.every : { cron: value.cron, timeZone },
    sweepIds: recurrence(sweep === false ? false : sweep?.ids),
    sweepFull: recurrence(sweep === false ? false : sweep?.full),
    startTime: value.start_time_in_utc ?? value.start_time_utc,
    pageSize: value.page_size,
    obfuscate: value.obfuscate ?? [],
    options,
  };
}

export function resolveSink(name: string, value: SinkValue): SinkConfig {
  return {
    name,
    type: value.type,
    enabled: value.enabled,
    format: value.format ?? 'raw',
    tenants: value.tenants,
    maxBacklogBytes: value.max_backlog,
    whenFull: value.when_full,
    options: without(value, [...Object.keys(sinkCommon), 'type', 'format']),
  };
}

const without = (value: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

/** The routes of the file, and one more for the sinks that none of them names. */
export function resolveRoutes(
  routes: ConfigValue['routes'],
  sinks: readonly string[],
  { datasets }: Parts,
): readonly RouteConfig[] {
  const nameOf = (used: string) => [...datasets.values()].find(({ aliases }) => aliases.includes(used))?.name ?? used;
  const resolved = (routes ?? []).map(
    (route): RouteConfig => ({
      sinks: route.sinks,
      datasets: route.datasets?.map(nameOf),
      connections: route.connections,
      tenants: route.tenants,
      include: (route.include ?? []).map((filter) => ({ ...filter, value: filter.value })),
      exclude: (route.exclude ?? []).map((filter) => ({ ...filter, value: filter.value })),
      fields: route.fields,
      removals: route.removals,
      obfuscate: route.obfuscate ?? [],
      resend: route.resend,
      qidChanged: route.qid_changed,
    }),
  );
  const routed = new Set(resolved.flatMap((route) => route.sinks));
  const others = sinks.filter((name) => !routed.has(name));
  return others.length === 0 ? resolved : [...resolved, everythingTo(others)];
}

function everythingTo(sinks: readonly string[]): RouteConfig {
  const open = { datasets: undefined, connections: undefined, tenants: undefined, fields: undefined };
  return { sinks, ...open, include: [], exclude: [], removals: true, obfuscate: [], resend: 'never' };
}
