import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { cycles, parseSource, readSources, type SourceFile } from './support/imports.ts';

/**
 * The import table of docs/architecture.md §3, held.
 */
interface Room {
  /** Rooms, or single files of rooms, it may import. */
  readonly rooms: readonly string[];
  /** Packages it may import. */
  readonly packages: readonly string[];
  /** Built-ins it may use, where not all: what keeps a pure room pure. */
  readonly builtins?: readonly string[];
}

const ALL_BELOW = ['core', 'config', 'store', 'qualys', 'datasets', 'pipeline', 'outbox', 'sinks', 'inventory'];

/** Libraries of vendors, which are not installed with the product: src/sinks/libraries.test.ts does without. */
const OPTIONAL = Object.keys(manifest.peerDependencies);

const ROOMS: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: [] },
  config: { rooms: ['core'], packages: ['yaml', 'zod'] },
  store: { rooms: ['core'], packages: ['kysely', 'pg', 'pg-copy-streams', '@aws-sdk/client-s3'] },
  qualys: { rooms: ['core'], packages: ['undici'] },
  // Facts: whatever reads a clock, a file or a socket is not one.
  datasets: { rooms: ['core'], packages: ['zod'], builtins: [] },
  // Same input, same output.
  pipeline: { rooms: ['core'], packages: [], builtins: ['node:buffer', 'node:crypto'] },
  outbox: { rooms: ['core', 'store'], packages: ['kysely'] },
  // One file per sink, each importing its define.ts and no other; vendor libraries are loaded when the sink opens.
  sinks: {
    rooms: ['core'],
    packages: ['undici', 'zod', 'pg', 'pg-copy-streams', ...OPTIONAL],
  },
  inventory: { rooms: ['core', 'store'], packages: ['kysely'] },
  collector: { rooms: ALL_BELOW, packages: ['kysely', 'prom-client'] },
  accounts: { rooms: ['core', 'store'], packages: ['kysely', 'openid-client'] },
  api: {
    rooms: ['core', 'config', 'accounts', 'inventory', 'collector/port.ts'],
    packages: ['zod', 'fastify', 'fastify-type-provider-zod', '@fastify/swagger', '@fastify/static'],
  },
  simulator: { rooms: ['core', 'datasets'], packages: [] },
  cli: {
    rooms: ['core', 'config', 'store', 'accounts', 'inventory', 'collector', 'api', 'simulator'],
    packages: ['commander', 'pino', 'pino-pretty', 'zod'],
  },
};

/** Folders beside sinks that speak alike, for all of those. */
const SHARED_BY_SINKS = ['src/sinks/http/', 'src/sinks/syslog/'];

const MAX_LINES = 400;
/** Files that are longer, and why that is better than two files. */
const LONG: Readonly<Record<string, string>> = {
  'src/core/catalogue.ts': 'one table of every error code',
  'src/simulator/faults.test.ts': 'one table with a try for every fault, which the compiler demands',
};

const root = resolve(import.meta.dirname, '..');
const everything = readSources(root, 'src');
/** Tests, and fakes for them, stand beside what they test and may import anything. */
const isTest = (path: string) => path.endsWith('.test.ts') || /\/fake-[^/]*$/.test(path);
const product = everything.filter(({ path }) => !isTest(path));

const roomOf = (path: string): string => path.split('/')[1] ?? '';

/** What in these files breaks the table, in words. */
function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const room = ROOMS[roomOf(file.path)];
    if (room === undefined || file.path.split('/').length < 3) return [`${file.path} stands in no room of the table`];
    return [
      ...file.files
        .filter((target) => !mayImport(file.path, target, room))
        .map((target) => `${file.path} imports ${target}`),
      ...file.packages.filter((name) => !mayUse(name, room)).map((name) => `${file.path} imports ${name}`),
      ...(file.computed > 0 ? [`${file.path} imports something computed`] : []),
    ];
  });
}

function mayImport(from: string, target: string, room: Room): boolean {
  if (!target.startsWith('src/') || isTest(target)) return false;
  const own = roomOf(from) === roomOf(target);
  if (roomOf(from) === 'sinks' && own) {
    // A sink too large for one file has a folder of its name beside it.
    const folder = from.replace(/^(src\/sinks\/[^/]+?)(\.ts|\/.*)$/, '$1/');
    return (
      from === 'src/sinks/registry.gen.ts' ||
      target === 'src/sinks/define.ts' ||
      [folder, ...SHARED_BY_SINKS].some((one) => target.startsWith(one))
    );
  }
  return own || room.rooms.includes(roomOf(target)) || room.rooms.includes(target.slice('src/'.length));
}

function mayUse(name: string, room: Room): boolean {
  if (!name.startsWith('node:')) return room.packages.includes(name);
  return room.builtins === undefined || room.builtins.includes(name);
}

describe('the house', () => {
  it('keeps to the import table', () => {
    expect(product.length).toBeGreaterThan(50);
    expect(violations(product)).toEqual([]);
  });

  it('has no circle of imports, types included', () => {
    expect(cycles(everything)).toEqual([]);
  });

  it(`has no file over ${MAX_LINES} lines but those with a reason`, () => {
    const long = [...everything, ...['test', 'scripts', 'bench'].flatMap((folder) => readSources(root, folder))]
      .filter(({ path, lines }) => lines > MAX_LINES && !(path in LONG))
      .map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  it('uses in the product only what is installed with it, or is asked for by name', () => {
    const used = new Set(product.flatMap(({ packages }) => packages).filter((name) => !name.startsWith('node:')));
    expect([...used].filter((name) => !(name in manifest.dependencies) && !OPTIONAL.includes(name))).toEqual([]);
  });
});

describe('the test itself sees', () => {
  const file = (path: string, text: string) => parseSource(path, text);
  it.each([
    ["import { x } from '../store/store.ts';", 'src/qualys/a.ts', 'src/qualys/a.ts imports src/store/store.ts'],
    ["import type { X } from '../store/store.ts';", 'src/qualys/a.ts', 'src/qualys/a.ts imports src/store/store.ts'],
    ["export * from '../store/store.ts';", 'src/qualys/a.ts', 'src/qualys/a.ts imports src/store/store.ts'],
    ["type X = import('../store/store.ts').X;", 'src/qualys/a.ts', 'src/qualys/a.ts imports src/store/store.ts'],
    ["await import('../../qualys/b.ts')", 'src/cli/commands/a.ts', 'src/cli/commands/a.ts imports src/qualys/b.ts'],
    [
      "import {\n  a,\n  b,\n} from '../datasets/x.ts';",
      'src/outbox/a.ts',
      'src/outbox/a.ts imports src/datasets/x.ts',
    ],
    [
      "new Worker(new URL('../outbox/w.ts', import.meta.url))",
      'src/store/a.ts',
      'src/store/a.ts imports src/outbox/w.ts',
    ],
    ["import './file.ts';", 'src/sinks/stdout.ts', 'src/sinks/stdout.ts imports src/sinks/file.ts'],
    ["import x from '../../test/support/skip.ts';", 'src/core/a.ts', 'src/core/a.ts imports test/support/skip.ts'],
    ["import x from '../../bench/run.ts';", 'src/cli/a.ts', 'src/cli/a.ts imports bench/run.ts'],
    ["import x from '../collector/collector.ts';", 'src/api/a.ts', 'src/api/a.ts imports src/collector/collector.ts'],
    ["import { readFile } from 'node:fs/promises';", 'src/pipeline/a.ts', 'src/pipeline/a.ts imports node:fs/promises'],
    ["import x from '@scope/pack/deep';", 'src/core/a.ts', 'src/core/a.ts imports @scope/pack'],
    ["import x from './fake-b.ts';", 'src/core/a.ts', 'src/core/a.ts imports src/core/fake-b.ts'],
    ['await import(name);', 'src/core/a.ts', 'src/core/a.ts imports something computed'],
    ['', 'src/loose.ts', 'src/loose.ts stands in no room of the table'],
    ['', 'src/attic/a.ts', 'src/attic/a.ts stands in no room of the table'],
  ])('%s in %s', (text, path, violation) => {
    expect(violations([file(path, text)])).toEqual([violation]);
  });

  it('what is allowed, and what only stands in a comment', () => {
    const text = `
      // import { x } from '../outbox/outbox.ts';
      /** see import('../outbox/outbox.ts') */
      const url = 'https://example.com'; // from '../outbox/outbox.ts'
      import { port } from '../collector/port.ts';`;
    expect(violations([file('src/api/a.ts', text)])).toEqual([]);
  });

  it('a circle through three files, one link a type', () => {
    const files = [
      file('src/core/a.ts', "import './b.ts';"),
      file('src/core/b.ts', "import type { C } from './c.ts';"),
      file('src/core/c.ts', "export { a } from './a.ts';"),
    ];
    expect(cycles(files)).toEqual([['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts', 'src/core/a.ts']]);
  });
});
