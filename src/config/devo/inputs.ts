import { nearest } from '../suggest.ts';
import { parseTime } from '../units.ts';
import { type DevoInput, datasetOfService } from './names.ts';
import type { Native } from './native.ts';
import type { Reading, Section } from './section.ts';

/** The services of Devo's two collectors for Qualys. */
const CLASSIC = ['vm_scans', 'host_list', 'host_list_detection', 'user_activity'] as const;
const FIM = ['fim_events', 'fim_incidents'] as const;

/** What both collectors pull by where nothing else is said. */
const PERIOD_SECONDS = 60;
/** As the collectors' documents name it. */
const TIME_FORMAT = '%Y-%m-%dT%H:%M:%SZ';
/** One label for everything a layout collects: it names no tenants. */
const TENANT = 'devo';

export interface Inputs {
  /** Connection → what the file calls it. */
  readonly inputs: ReadonlyMap<string, DevoInput>;
  /** Data sets read by any of them. */
  readonly datasets: ReadonlySet<string>;
  /** Data set → the table it goes to in place of its own. */
  readonly tags: ReadonlyMap<string, string>;
  /** Connection → what its events carry as `@devo_environment`. */
  readonly environments: ReadonlyMap<string, string>;
}

/** `inputs`: each becomes a connection, each of its services a data set. `known`: the data sets there are. */
export function readInputs(
  inputs: Section,
  reading: Reading,
  native: Native,
  known: readonly string[],
  now: number,
): Inputs {
  const found = new Map<string, DevoInput>();
  const datasets = new Set<string>();
  const tags = new Map<string, string>();
  const environments = new Map<string, string>();
  for (const [name, input] of inputs.sections()) {
    const services = input.section('services');
    const isQualys =
      /^qualys/i.test(name) || (services?.sections() ?? []).some(([one]) => known.includes(datasetOfService(one)));
    if (input.flag('enabled') === false) continue;
    if (!isQualys) {
      reading.warn(input.path, 'is not read: Quarry reads Qualys alone');
      continue;
    }
    const id = input.text('id') ?? name;
    const connection = connectionId(name, id);
    if (found.has(connection)) {
      reading.report('QRY1006', input.path, `the same input and id as another one (${connection})`);
      continue;
    }
    const read = readInput({ input, services, name, connection }, reading, native, known, now);
    found.set(connection, { name, id, limited: input.at('requests_limits') !== undefined, services: read.services });
    if (read.environment !== undefined) environments.set(connection, read.environment);
    for (const dataset of read.services.keys()) datasets.add(dataset);
    for (const [dataset, { tag, at }] of read.tags) {
      if ((tags.get(dataset) ?? tag) !== tag) reading.report('QRY1006', at, `another input sends ${dataset} elsewhere`);
      tags.set(dataset, tag);
    }
  }
  return { inputs: found, datasets, tags, environments };
}

/** Fit for a connection's id, and the same whatever stands around it in the file. */
const connectionId = (name: string, id: string): string =>
  [name, ...(id === name ? [] : [id])]
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '_')
    .slice(0, 64);

interface Given {
  readonly input: Section;
  readonly services: Section | undefined;
  readonly name: string;
  readonly connection: string;
}

function readInput(given: Given, reading: Reading, native: Native, known: readonly string[], now: number) {
  const { input, services, name, connection } = given;
  const path = ['connections', connection];
  const credentials = input.section('credentials');
  /** Devo's documents leave open whether these stand in the input or in its credentials. */
  const put = (key: string, as: string): boolean => {
    const holder = input.at(key) !== undefined ? input : credentials;
    const value = holder?.text(key);
    if (value === undefined) return false;
    native.put([...path, as], value, holder!.at(key)!);
    return true;
  };
  native.put([...path, 'tenant'], TENANT, input.path);
  for (const key of ['username', 'password'])
    if (!put(key, key)) reading.report('QRY1003', [...input.path, key], 'required; expected a text');
  const addressed = [put('hostname', 'api_url'), put('base_url', 'base_url')].some((one) => one);
  put('auth_url', 'auth_url');
  if (!addressed) reading.report('QRY1003', input.path, 'expected hostname (or base_url for FIM)');
  const fim = /fim/i.test(name) || (!has(input, credentials, 'hostname') && has(input, credentials, 'base_url'));
  const environment = input.text('environment');
  const used = services === undefined ? undefined : services.sections();
  if (used === undefined)
    for (const service of fim ? FIM : CLASSIC)
      native.put(
        [...path, 'datasets', datasetOfService(service), 'every'],
        `${input.count('request_period_in_seconds') ?? PERIOD_SECONDS}s`,
        input.path,
      );
  const tags = new Map<string, { tag: string; at: Section['path'] }>();
  const taken = new Map<string, string>(
    used === undefined ? (fim ? FIM : CLASSIC).map((service) => [datasetOfService(service), service]) : [],
  );
  for (const [service, section] of used ?? []) {
    if (section.flag('enabled') === false) continue;
    const dataset = datasetOfService(service);
    if (!known.includes(dataset)) {
      const meant = nearest(service, [...CLASSIC, 'fim_alerts', ...FIM]);
      const hint =
        meant === undefined
          ? `there is ${[...CLASSIC, 'fim_alerts', 'fim_incidents'].join(', ')}`
          : `did you mean "${meant}"?`;
      reading.report('QRY1003', section.path, `no service of this name; ${hint}`);
      continue;
    }
    if (taken.has(dataset)) {
      reading.report('QRY1006', section.path, `the same as ${taken.get(dataset)}; keep one`);
      continue;
    }
    taken.set(dataset, service);
    const tag = readService({ input, section, path: [...path, 'datasets', dataset] }, reading, native, now);
    if (tag !== undefined) tags.set(dataset, tag);
  }
  if (services !== undefined && taken.size === 0) reading.report('QRY1003', services.path, 'no service is enabled');
  input.unused(
    'the limits are those Qualys names in its answers',
    'requests_limits',
    'requests_per_second',
    'rate_limiter',
  );
  for (const key of [
    'request_period_in_seconds',
    'obfuscation_data',
    'obfuscation',
    'tag',
    'start_time_in_utc',
    'start_time_utc',
  ])
    input.at(key);
  credentials?.rest();
  input.rest();
  return { services: taken, tags, environment };
}

const has = (input: Section, credentials: Section | undefined, key: string): boolean =>
  (input.at(key) ?? credentials?.at(key)) !== undefined;

interface Service {
  readonly input: Section;
  readonly section: Section;
  readonly path: readonly string[];
}

/** One service; what it does not say itself, its input says for all of them. Answers the table it is sent to. */
function readService({ input, section, path }: Service, reading: Reading, native: Native, now: number) {
  const holder = (key: string): Section => (section.at(key) === undefined ? input : section);
  const seconds = holder('request_period_in_seconds').count('request_period_in_seconds') ?? PERIOD_SECONDS;
  const from = holder('request_period_in_seconds').at('request_period_in_seconds') ?? section.path;
  native.put([...path, 'every'], `${seconds}s`, from);
  const names = ['start_time_in_utc', 'start_time_utc'].filter((key) => section.at(key) !== undefined);
  if (names.length > 1)
    reading.report('QRY1006', section.at('start_time_utc')!, 'the same as start_time_in_utc; keep one');
  const [start] =
    names.length > 0 ? names : ['start_time_in_utc', 'start_time_utc'].filter((key) => input.at(key) !== undefined);
  if (start !== undefined) readStart(holder(start), start, [...path, 'start_time_in_utc'], reading, native, now);
  for (const key of ['obfuscation_data', 'obfuscation']) {
    const hidden = holder(key).list(key);
    if (hidden !== undefined) hide(hidden, holder(key).at(key)!, [...path, 'obfuscate'], reading, native);
  }
  section.unused(
    'the limits are those Qualys names in its answers',
    'requests_limits',
    'requests_per_second',
    'rate_limiter',
  );
  const tag = holder('tag').text('tag');
  const at = holder('tag').at('tag');
  section.unused('is read at the input, for all its services', 'environment');
  section.rest();
  return tag === undefined || at === undefined ? undefined : { tag, at };
}

/** InitVariablesError 2 and 3 of the collectors. */
function readStart(
  section: Section,
  key: string,
  path: readonly string[],
  reading: Reading,
  native: Native,
  now: number,
): void {
  const value = section.text(key);
  if (value === undefined) return;
  const at = section.at(key)!;
  const time = parseTime(value);
  if (time === undefined)
    reading.report(
      'QRY1021',
      at,
      `InitVariablesError 2: start_time_utc value: ${value} does not comply with required format: ${TIME_FORMAT}`,
    );
  else if (Date.parse(time) >= now)
    reading.report(
      'QRY1022',
      at,
      `InitVariablesError 3: Invalid start_time_in_utc: ${new Date(now).toISOString()}. Must be in the past.`,
    );
  else native.put(path, time, at);
}

/** `[{ name: [HOST, IP], value: "*****" }]`: the field's values are hidden before anything is stored. */
function hide(
  rules: readonly unknown[],
  at: Section['path'],
  path: readonly string[],
  reading: Reading,
  native: Native,
): void {
  const obfuscate = rules.map((rule, i) => {
    const { name, value } = (typeof rule === 'object' && rule !== null ? rule : {}) as {
      name?: unknown;
      value?: unknown;
    };
    const steps = Array.isArray(name) ? name : typeof name === 'string' ? [name] : [];
    if (steps.length === 0 || steps.some((step) => typeof step !== 'string'))
      reading.report('QRY1003', [...at, i], 'expected name, the way to a field: [HOST, IP]');
    if (value !== undefined && value !== '***') reading.warn([...at, i, 'value'], 'hidden values read ***');
    return { path: steps.join('.'), how: 'mask' };
  });
  native.put(path, obfuscate, at);
}
