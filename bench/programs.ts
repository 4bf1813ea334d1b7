import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that reads a detection answer and prints one line of figures. */
export interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

/** What every program says of itself: CPU seconds (user and system) and peak RSS (MiB) of its process, start-up included. */
export interface Run {
  readonly records: number;
  readonly checksum: string;
  readonly cpu_s: number;
  readonly rss_mb: number;
}

const here = import.meta.dirname;
const quarry = (...parameters: string[]): string[] => [
  process.execPath,
  join(here, '..', 'bin', 'quarry.js'),
  'bench',
  ...parameters,
  '--json',
];
const reader = (name: string): string[] => [process.execPath, join(here, 'readers', name)];

export interface Programs {
  readonly read: readonly Program[];
  readonly ndjson: readonly Program[];
  readonly collect: readonly Program[];
  /** These read a KnowledgeBase answer. */
  readonly knowledge: readonly Program[];
  /** These read pages of file-integrity events. */
  readonly fim: readonly Program[];
  /** What this machine has not got, with why. */
  readonly leftOut: readonly string[];
}

/** The programs this machine can run; the C counter is compiled into `scratch`. The first of each list is Quarry's. */
export function programs(scratch: string): Programs {
  const leftOut: string[] = [];
  const expat = join(scratch, 'expat-count');
  const read: Program[] = [
    { name: 'quarry bench read', command: quarry('read') },
    { name: 'saxes to records', command: reader('saxes-read.ts') },
  ];
  if (works('cc', ['-O2', '-o', expat, join(here, 'readers', 'expat-count.c'), '-lexpat']))
    read.push({ name: 'C libexpat, counting callbacks', command: [expat] });
  else leftOut.push('C libexpat: no C compiler or no libexpat headers');
  const saxes: Program = { name: 'saxes and JSON.stringify', command: reader('saxes-ndjson.ts') };
  const ndjson: Program[] = [{ name: 'quarry bench ndjson', command: quarry('ndjson') }, saxes];
  if (works('python3', ['--version']))
    ndjson.push({ name: 'Python iterparse', command: ['python3', join(here, 'readers', 'python-iterparse.py')] });
  else leftOut.push('Python iterparse: no python3');
  if (works('python3', ['-c', 'import xmltodict; xmltodict.parse']))
    ndjson.push({ name: 'Python xmltodict', command: ['python3', join(here, 'references', 'python-xmltodict.py')] });
  else leftOut.push('Python xmltodict: python3 has no xmltodict');
  return {
    read,
    ndjson,
    collect: [
      { name: 'quarry bench collect', command: quarry('collect') },
      { name: 'quarry bench collect --no-inventory', command: quarry('collect', '--no-inventory') },
      saxes,
    ],
    knowledge: [
      { name: 'quarry, KnowledgeBase to entries', command: reader('quarry-knowledge.ts') },
      { name: 'saxes, KnowledgeBase to entries', command: reader('saxes-knowledge.ts') },
      { name: 'quarry, KnowledgeBase into its table', command: reader('quarry-knowledge-table.ts') },
    ],
    fim: [
      { name: 'quarry, JSON pages to lines', command: reader('json-quarry.ts') },
      { name: 'JSON.parse and JSON.stringify', command: reader('json-parse.ts') },
    ],
    leftOut,
  };
}

function works(program: string, parameters: readonly string[]): boolean {
  return spawnSync(program, parameters, { stdio: 'ignore' }).status === 0;
}

/** What Node.js has compiled once it keeps, as it does for the `quarry` command: no program's sources are read anew each time. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'quarry-bench-compiled');

/** Runs a program once on a file. */
export function run({ command: [program = '', ...parameters] }: Program, file: string): Run {
  const text = execFileSync(program, [...parameters, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_COMPILE_CACHE },
  });
  return JSON.parse(text) as Run;
}

export type Rounds = ReadonlyMap<string, readonly Run[]>;

/**
 * Runs programs one after the other, round by round, so that a busy minute falls on all of them. Throws when two of
 * them disagree on what the file holds: then no figure counts.
 */
export function rounds(list: readonly Program[], file: string, count: number, onRun: (line: string) => void): Rounds {
  const runs = new Map<string, Run[]>(list.map(({ name }) => [name, []]));
  for (let round = 1; round <= count; round++) {
    for (const program of list) {
      const one = run(program, file);
      runs.get(program.name)!.push(one);
      onRun(`round ${round}: ${program.name} ${one.cpu_s.toFixed(2)} CPU s, ${one.rss_mb.toFixed(0)} MiB`);
    }
  }
  const checksums = new Set([...runs.values()].flat().map(({ records, checksum }) => `${records} ${checksum}`));
  if (checksums.size !== 1) {
    const said = [...runs].map(([name, [one]]) => `${name}: ${one?.records} ${one?.checksum}`);
    throw new Error(`the programs disagree:\n${said.join('\n')}`);
  }
  return runs;
}
