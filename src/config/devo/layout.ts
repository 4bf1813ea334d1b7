import { basename, dirname, join, resolve } from 'node:path';
import { type Path, pathText } from '../problems.ts';
import type { Tree } from '../tree.ts';
import { isObject } from '../unknown-keys.ts';
import type { Report } from '../validate.ts';
import { readInputs } from './inputs.ts';
import type { DevoLayout } from './names.ts';
import { nativeOf } from './native.ts';
import { readOutputs } from './outputs.ts';
import { type Reading, type Section, sectionAt } from './section.ts';

/** Whether a file has the layout of a Devo collector: `inputs`, which `quarry.yaml` does not know, and what goes with it. */
export const isDevoLayout = (value: unknown): boolean =>
  isObject(value) && 'inputs' in value && ['globals', 'outputs', 'global_overrides'].some((part) => part in value);

/** The collector's folder, which holds certs/ and state/: around config/, or where the file stands. */
export const devoRoot = (fileDir: string): string => (basename(fileDir) === 'config' ? dirname(fileDir) : fileDir);

export interface DevoOptions {
  /** The file, read without filling in `${…}`: a Devo collector takes its text as it is. */
  readonly tree: Tree;
  /** `config/config.yaml`, as positions name it. */
  readonly label: string;
  readonly fileDir: string;
  readonly datasets: readonly string[];
  /** Whether the environment names an address for the HTTP server, which a Devo collector has not. */
  readonly listens: boolean;
  readonly report: Report;
  readonly now: number;
}

/**
 * A Devo layout as the tree that `quarry.yaml` would have given. What is wrong goes to `report` with the path in the
 * layout; what does nothing becomes a warning.
 */
export function readDevoLayout(options: DevoOptions): { readonly tree: Tree; readonly devo: DevoLayout } {
  const { tree, label, fileDir, report } = options;
  const warnings: string[] = [];
  const warn = (path: Path, why: string): void => {
    const at = tree.positions.get(pathText(path)) ?? tree.positions.get(pathText(path.slice(0, -1)));
    warnings.push(`${at === undefined ? label : `${label}:${at.line}:${at.column}`}  ${pathText(path)}: ${why}`);
  };
  const reading: Reading = { tree, report, warn };
  const native = nativeOf(tree);
  const root = devoRoot(fileDir);
  const globals = [sectionAt(reading, ['global_overrides']), sectionAt(reading, ['globals'])].filter(
    (one): one is Section => one !== undefined,
  );
  const said = <T>(read: (section: Section) => T | undefined): T | undefined =>
    globals.map(read).find((value) => value !== undefined);
  const collector = said((one) => one.text('name')) ?? 'qualys_collector';
  const debug = said((one) => one.flag('debug')) ?? false;
  native.put(['data_dir'], join(stateDir(globals, root, reading), 'quarry'), globals[0]?.path ?? []);
  if (!options.listens) native.put(['server'], false, []);
  for (const one of globals) {
    one.text('id');
    one.rest();
  }
  const inputs = sectionAt(reading, ['inputs']);
  if (inputs !== undefined) {
    const read = readInputs(inputs, reading, native, options.datasets, options.now);
    if (read.inputs.size === 0) report('QRY1020', ['inputs'], 'expected an input of Qualys that is enabled');
    const outputs = sectionAt(reading, ['outputs']);
    if (outputs === undefined)
      warn(['outputs'], 'the file names no outputs: events are collected and kept, and sent nowhere');
    else readOutputs(outputs, read, root, reading, native);
    sectionAtTop(reading, warn);
    return { tree: native.tree(), devo: { collector, debug, inputs: read.inputs, warnings } };
  }
  report('QRY1003', ['inputs'], 'expected inputs by name');
  return { tree: native.tree(), devo: { collector, debug, inputs: new Map(), warnings } };
}

/** `persistence`: state/ beside config/, unless another folder is named. */
function stateDir(globals: readonly Section[], root: string, { report, warn }: Reading): string {
  let folder = 'state';
  for (const one of globals) {
    const persistence = one.section('persistence');
    if (persistence === undefined) continue;
    const type = persistence.text('type');
    if (type !== undefined && type !== 'filesystem')
      warn(persistence.at('type')!, 'state is kept in files; a database is named with QUARRY_DATABASE_URL');
    const config = persistence.section('config');
    const name = config?.text('directory_name');
    if (name === '') report('QRY1003', config!.at('directory_name')!, 'expected the name of a folder');
    else if (name !== undefined) folder = name;
    config?.rest();
    persistence.rest();
  }
  return resolve(root, folder);
}

function sectionAtTop({ tree }: Reading, warn: Reading['warn']): void {
  for (const key of Object.keys(isObject(tree.value) ? tree.value : {}))
    if (!['globals', 'global_overrides', 'inputs', 'outputs'].includes(key)) warn([key], 'not a setting Quarry knows');
}
