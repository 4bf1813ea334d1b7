import { checkFilters, checkRules } from './check-fields.ts';
import type { Path } from './problems.ts';
import type { DatasetOptionsSpec, Parts } from './schema.ts';
import { nearest } from './suggest.ts';
import { isObject } from './unknown-keys.ts';
import type { Report } from './validate.ts';

/**
 * What no single value shows: parts that need or exclude each other, and names that must exist elsewhere in the file.
 * Looks at the values as written, so that these problems are told together with those of the schema; whatever has the
 * wrong form is passed over here.
 */
export function checkTogether(
  value: unknown,
  { datasets, stored }: Parts & { readonly stored?: object | undefined },
  report: Report,
): void {
  const root = isObject(value) ? value : {};
  const keyed = 'obfuscation_key' in root;
  const connections = objects(root['connections']);
  const sinks = objects(root['sinks']);
  const routes = Array.isArray(root['routes']) ? root['routes'].map((route) => (isObject(route) ? route : {})) : [];
  const none = root['connections'] === undefined || root['connections'] === null;
  // Where some may be kept elsewhere, the first may still be to come.
  if (stored === undefined && (none || (isObject(root['connections']) && connections.length === 0))) {
    report('QRY1003', ['connections'], 'expected at least one connection');
  }
  for (const [name, connection] of connections) {
    checkAddress(connection, ['connections', name], report);
    checkSignIn(connection, ['connections', name], report);
    checkAliases(connection['datasets'], datasets, ['connections', name, 'datasets'], report);
    for (const [dataset, options] of objects(connection['datasets'])) {
      const path = ['connections', name, 'datasets', dataset, 'obfuscate'];
      checkRules(options['obfuscate'], { specs: named(datasets, [dataset]), keyed, mayHash: true }, path, report);
    }
  }

  const tenantOf = ([name, connection]: Entry) =>
    typeof connection['tenant'] === 'string' ? connection['tenant'] : name;
  const tenants = [...new Set(connections.map(tenantOf))];
  const known = { connections: connections.map(([name]) => name), sinks: sinks.map(([name]) => name), tenants };
  routes.forEach((route, i) => {
    for (const part of ['sinks', 'connections', 'tenants'] as const) {
      checkNames(route[part], known[part], part.slice(0, -1), ['routes', i, part], report);
    }
    for (const part of ['include', 'exclude']) checkFilters(route[part], ['routes', i, part], report);
    const specs = Array.isArray(route['datasets']) ? named(datasets, route['datasets']) : [...datasets.values()];
    checkRules(route['obfuscate'], { specs, keyed, mayHash: false }, ['routes', i, 'obfuscate'], report);
  });
  for (const [name, sink] of sinks) {
    checkNames(sink['tenants'], tenants, 'tenant', ['sinks', name, 'tenants'], report);
    const leading = routes.filter(({ sinks: names }) => Array.isArray(names) && names.includes(name));
    const routed = leading.length > 0 && leading.every((route) => 'tenants' in route || 'connections' in route);
    if (tenants.length > 1 && !('tenants' in sink) && !routed) {
      const message = `with several tenants every sink names those it serves; add tenants: [${tenants.join(', ')}] or fewer`;
      report('QRY1006', ['sinks', name], message);
    }
  }
}

const named = (datasets: Parts['datasets'], names: readonly unknown[]): DatasetOptionsSpec[] =>
  [...datasets.values()].filter(({ name, aliases }) => [name, ...aliases].some((one) => names.includes(one)));

type Entry = readonly [string, Record<string, unknown>];

const objects = (value: unknown): Entry[] =>
  isObject(value)
    ? Object.entries(value).filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1]))
    : [];

function checkAddress(connection: Record<string, unknown>, path: Path, report: Report): void {
  const both = 'platform' in connection && 'api_url' in connection;
  if ('gateway_url' in connection && 'base_url' in connection) {
    report('QRY1006', [...path, 'base_url'], 'the same as gateway_url; keep one');
  }
  const none = !['platform', 'api_url', 'gateway_url', 'base_url'].some((part) => part in connection);
  if (both) report('QRY1006', [...path, 'api_url'], 'platform and api_url exclude each other; keep one');
  if (none) report('QRY1006', path, 'expected platform (US1, EU2 …) or api_url');
}

const TOKENS = ['token', 'oidc', 'oauth', 'identity_provider'] as const;

/** A user with a password, one source of tokens, or both: Qualys takes one here, the other there. */
function checkSignIn(connection: Record<string, unknown>, path: Path, report: Report): void {
  const [first, second] = TOKENS.filter((way) => way in connection);
  if (!('username' in connection) && !('password' in connection) && first === undefined) {
    report('QRY1006', path, 'expected username and password, or token, oidc, oauth or identity_provider');
  }
  checkLogin(connection, path, report);
  if (second !== undefined) {
    report('QRY1006', [...path, second], `${first} and ${second} exclude each other; keep one source of tokens`);
  }
  const provider = connection['identity_provider'];
  if (isObject(provider)) checkLogin(provider, [...path, 'identity_provider'], report);
}

function checkLogin(holder: Record<string, unknown>, path: Path, report: Report): void {
  for (const [one, other] of [
    ['username', 'password'],
    ['password', 'username'],
  ] as const) {
    if (one in holder && !(other in holder)) report('QRY1006', [...path, one], `expected a ${other} beside ${one}`);
  }
}

/** A data set under its name and its alias, or an option under both, would leave open which one counts. */
function checkAliases(value: unknown, datasets: Parts['datasets'], path: Path, report: Report): void {
  const names = Array.isArray(value) ? value : Object.keys(isObject(value) ? value : {});
  for (const { name, aliases } of datasets.values()) {
    const used = names.filter((used: unknown) => used === name || aliases.includes(String(used)));
    if (used.length < 2) continue;
    const at = Array.isArray(value) ? names.lastIndexOf(used[1]) : String(used[1]);
    report('QRY1006', [...path, at], `the data set ${name} stands here twice`);
  }
  for (const [name, options] of objects(value)) {
    if ('start_time_in_utc' in options && 'start_time_utc' in options) {
      report('QRY1006', [...path, name, 'start_time_utc'], 'the same as start_time_in_utc; keep one');
    }
    if ('every' in options && 'cron' in options) {
      report('QRY1006', [...path, name, 'cron'], 'every and cron exclude each other; keep one');
    }
  }
}

function checkNames(value: unknown, known: readonly string[], what: string, path: Path, report: Report): void {
  if (!Array.isArray(value)) return;
  value.forEach((name: unknown, i) => {
    if (typeof name !== 'string' || known.includes(name)) return;
    const meant = nearest(name, known);
    const hint = meant !== undefined ? `did you mean "${meant}"?` : `there is ${known.join(', ') || 'none'}`;
    report('QRY1006', [...path, i], `no ${what} of this name; ${hint}`);
  });
}
