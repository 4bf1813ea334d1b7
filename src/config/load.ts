import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { QuarryError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import { resolveBodies } from './bodies.ts';
import { checkTogether } from './checks.ts';
import type { Config, ConnectionConfig, LogFormat } from './config.ts';
import { devoRoot, isDevoLayout, readDevoLayout } from './devo/layout.ts';
import { databaseUrl, listen } from './fields.ts';
import { reasonOf } from './interpolate.ts';
import { applyPresets } from './presets.ts';
import { type Problem, pathText, problemsError } from './problems.ts';
import { resolveConnection, resolveInventory, resolveRoutes, resolveSink } from './resolve.ts';
import { configSchema, type Parts } from './schema.ts';
import { resolveServer } from './server.ts';
import { readTree, type Tree } from './tree.ts';
import { isObject } from './unknown-keys.ts';
import { type Report, validate } from './validate.ts';

export interface LoadOptions extends Parts {
  /** The file named on the command line. */
  readonly file?: string | undefined;
  /** The configuration itself, in place of a file; paths in it are relative to `cwd`. */
  readonly text?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Epoch ms: start times of a Devo layout must be in the past. */
  readonly now?: number | undefined;
  /** Connections kept elsewhere, by id, as sections of the file with everything filled in. */
  readonly stored?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/**
 * Finds, reads and checks the configuration. Throws one QuarryError: QRY1001 when no file is found (saying all places
 * tried), QRY1005 when it cannot be read, QRY1002 for syntax, and otherwise all problems at once (QRY1003, 1004, 1006;
 * QRY1020 to 1022 of a Devo layout), each with file:line:column; `problemsOf` has them as a list.
 */
export function loadConfig(options: LoadOptions): Config {
  const { env, cwd } = options;
  const file = options.text === undefined ? findConfig(options) : undefined;
  const text = options.text ?? readConfig(file!);
  const fileDir = file === undefined ? cwd : dirname(file);
  const label = file === undefined ? 'configuration' : shortest(file, cwd);

  const asWritten = readTree(text, label, undefined);
  const isDevo = isDevoLayout(asWritten.value);
  const source = isDevo ? asWritten : readTree(text, label, { env, baseDir: fileDir });
  const problems: Problem[] = [...source.problems];
  if (source.value === undefined) throw problemsError(problems);
  const layout = isDevo ? readDevo(source, label, fileDir, options, problems) : undefined;
  if (layout?.devo.inputs.size === 0) throw problemsError(inOrder(problems));
  const tree = layout?.tree ?? source;
  const report = reportTo(problems, tree, label);

  const baseDir = isDevo ? devoRoot(fileDir) : fileDir;
  addStored(tree.value, options.stored ?? {}, report);
  const presets = applyPresets(tree.value, options, report);
  const value = validate(configSchema(options), tree, report);
  checkTogether(tree.value, options, report);
  const overrides = readOverrides(env, cwd, problems);
  if (value === undefined || problems.length > 0) throw problemsError(inOrder(problems));

  const allowPrivateAddresses = value.server !== false && value.server.allow_private_addresses;
  const connections = new Map<string, ConnectionConfig>();
  for (const [id, connection] of Object.entries(value.connections)) {
    const resolved = resolveConnection(id, connection, options, baseDir, value.egress_addresses, report);
    if (resolved === undefined) continue;
    const publicOnly = id in (options.stored ?? {}) && !allowPrivateAddresses;
    connections.set(id, publicOnly ? { ...resolved, publicOnly } : resolved);
  }
  const databaseUrl = overrides.databaseUrl ?? value.database_url;
  if (value.bodies !== undefined && databaseUrl === undefined)
    report('QRY1003', ['bodies'], 'only with database_url: without it bodies are files of data_dir');
  if (problems.length > 0) throw problemsError(inOrder(problems));
  const sinks = new Map(Object.entries(value.sinks).map(([name, sink]) => [name, resolveSink(name, sink)]));
  return {
    file,
    baseDir,
    dataDir: overrides.dataDir ?? resolve(baseDir, value.data_dir),
    databaseUrl,
    bodies: value.bodies === undefined ? undefined : resolveBodies(value.bodies),
    server: resolveServer(value.server, overrides.listen),
    logFormat: overrides.logFormat,
    connections,
    stored: new Set(Object.keys(options.stored ?? {})),
    sinks,
    inventory: resolveInventory(value.inventory),
    obfuscationKey: value.obfuscation_key,
    routes: resolveRoutes(value.routes, [...sinks.keys()], options),
    positions: tree.positions,
    references: tree.references,
    presets,
    ...(layout === undefined ? {} : { devo: layout.devo }),
  };
}

function readDevo(tree: Tree, label: string, fileDir: string, options: LoadOptions, problems: Problem[]) {
  return readDevoLayout({
    ...{ tree, label, fileDir },
    datasets: [...options.datasets.keys()],
    listens: (options.env['QUARRY_LISTEN'] ?? '') !== '',
    report: reportTo(problems, tree, label),
    now: options.now ?? Date.now(),
  });
}

/** Notes problems with their place in the file, and with the name the file has for it. */
function reportTo(problems: Problem[], tree: Tree, label: string): Report {
  return (code, path, message) => {
    const name = pathText(path);
    if (tree.failed.has(name)) return;
    // What is missing stands nowhere: said at the nearest thing around it.
    let place = name;
    for (let depth = path.length - 1; !tree.positions.has(place) && depth > 0; depth--)
      place = pathText(path.slice(0, depth));
    const at = tree.positions.get(place);
    const where = at === undefined ? label : `${label}:${at.line}:${at.column}`;
    const origin = tree.origins?.get(place);
    problems.push({ code, where, path: origin === undefined ? name : `${origin}${name.slice(place.length)}`, message });
  };
}

/** Puts connections kept elsewhere beside those of the file; which has the word where both name one is not guessed. */
function addStored(value: unknown, stored: NonNullable<LoadOptions['stored']>, report: Report): void {
  const ids = Object.keys(stored);
  if (ids.length === 0 || !isObject(value)) return;
  const own = isObject(value['connections']) ? value['connections'] : {};
  for (const id of ids.filter((one) => one in own))
    report(
      'QRY1003',
      ['connections', id],
      'a connection of this id was made outside the file, too: remove or rename one',
    );
  value['connections'] = { ...stored, ...own };
}

/**
 * The first of: the file named, QUARRY_CONFIG, CONFIG_FILE (as Devo's collectors are told it: also below config/),
 * quarry.yaml and quarry.yml here, ~/.config/quarry/quarry.yaml.
 */
export function findConfig({ file, env, cwd }: Pick<LoadOptions, 'file' | 'env' | 'cwd'>): string {
  const named = file ?? (env['QUARRY_CONFIG'] || undefined);
  const devos = env['CONFIG_FILE'] || undefined;
  const usual = [
    join(cwd, 'quarry.yaml'),
    join(cwd, 'quarry.yml'),
    join(env['HOME'] ?? homedir(), '.config', 'quarry', 'quarry.yaml'),
  ];
  const below = devos === undefined ? [] : [resolve(cwd, devos), resolve(cwd, 'config', devos)];
  const places = named !== undefined ? [resolve(cwd, named)] : [...below, ...usual];
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false }) !== undefined);
  if (found !== undefined) return found;
  // The command line hands the variable over as if it had been typed.
  const by = file === undefined || file === env['QUARRY_CONFIG'] ? 'QUARRY_CONFIG' : '-c';
  const looked =
    named !== undefined
      ? [`${places[0]} (${by})`]
      : ['-c (not given)', 'QUARRY_CONFIG (not set)', ...below.map((place) => `${place} (CONFIG_FILE)`), ...usual];
  throw new QuarryError('QRY1001', { what: `No configuration found; looked at: ${looked.join(', ')}` });
}

function readConfig(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new QuarryError('QRY1005', { what: `${file} cannot be read: ${reasonOf(error)}`, where: file });
  }
}

/** A file below the working directory by its relative name, as people type it. */
function shortest(file: string, cwd: string): string {
  const name = relative(cwd, file);
  return name.startsWith('..') || isAbsolute(name) ? file : name;
}

interface Overrides {
  readonly dataDir?: string | undefined;
  readonly databaseUrl?: Secret | undefined;
  readonly listen?: z.output<typeof listen> | undefined;
  readonly logFormat?: LogFormat | undefined;
}

/** What the environment says in place of the file. Empty is the same as not set. */
function readOverrides(env: LoadOptions['env'], cwd: string, problems: Problem[]): Overrides {
  const read = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    const message = result.error.issues.map((issue) => issue.message).join('; ');
    problems.push({ code: 'QRY1003', where: name, path: '', message });
    return undefined;
  };
  const formats: readonly LogFormat[] = ['pretty', 'json', 'devo'];
  const dataDir = env['QUARRY_DATA_DIR'];
  return {
    dataDir: dataDir === undefined || dataDir === '' ? undefined : resolve(cwd, dataDir),
    databaseUrl: read('QUARRY_DATABASE_URL', databaseUrl),
    listen: read('QUARRY_LISTEN', listen),
    logFormat: read('QUARRY_LOG_FORMAT', z.enum(formats, { error: 'expected pretty, json or devo' })),
  };
}

/** As they stand in the file, so that a reader goes through it once. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const place = ({ where }: Problem): number => {
    const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? [];
    return line === undefined ? Number.POSITIVE_INFINITY : Number(line) * 10_000 + Number(column);
  };
  return problems.toSorted((a, b) => place(a) - place(b) || 0);
}
