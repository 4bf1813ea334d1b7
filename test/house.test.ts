import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { datasetCommon, sinkCommon } from '../src/config/schema.ts';
import { datasets } from '../src/datasets/registry.gen.ts';
import { sinks } from '../src/sinks/registry.gen.ts';
import { skipUnless } from './support/skip.ts';

const root = resolve(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const run = (command: string, args: readonly string[], cwd = root) =>
  spawnSync(command, args, { cwd, encoding: 'utf8' });

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'quarry-house-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the compiler', () => {
  it('refuses what the house rules refuse, with the flags as they are really set', () => {
    const options = (JSON.parse(run(bin('tsc'), ['-p', '.', '--showConfig']).stdout) as { compilerOptions: object })
      .compilerOptions;
    const config = { compilerOptions: { ...options, types: [], isolatedModules: true }, files: ['x.ts', 'y.ts'] };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(join(scratch, 'package.json'), '{"type":"module"}');
    writeFileSync(join(scratch, 'y.ts'), 'export interface Y { readonly y?: string }\n');
    const wrong: Readonly<Record<string, string>> = {
      TS7006: 'export const implicit = (x) => x;',
      TS2532: 'export const unchecked = ([] as string[])[0].length;',
      TS2375: 'export const exact: Y = { y: undefined };',
      TS1484: "import { Y } from './y.ts';",
      TS1294: 'export enum Erased { A }',
      TS4114: 'class A { m() {} }\nexport class B extends A { m() {} }',
      TS7030: 'export function returns(x: boolean) { if (x) return 1; }',
      TS7029: 'export function falls(x: number) { switch (x) { case 1: x++; case 2: x--; } return x; }',
      TS6133: 'export function unused(x: number) {}',
    };
    writeFileSync(join(scratch, 'x.ts'), `${Object.values(wrong).reverse().join('\n')}\n`);
    const { stdout } = run(bin('tsc'), ['-p', scratch]);
    expect(Object.keys(wrong).filter((code) => !stdout.includes(code))).toEqual([]);
  });

  it('and the linter refuses `any`, floating promises and imports without `node:`', () => {
    const { vcs: _vcs, $schema: _schema, ...config } = JSON.parse(read('biome.json')) as Record<string, unknown>;
    const folder = mkdtempSync(join(scratch, 'lint-'));
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(config));
    writeFileSync(
      join(folder, 'x.ts'),
      "import { readFile } from 'fs';\nasync function f(): Promise<void> {}\nexport function g(x: any): void {\n  f();\n  readFile(x, () => {});\n}\n",
    );
    const { stderr, stdout } = run(bin('biome'), ['lint', '--colors=off', '.'], folder);
    const rules = ['noExplicitAny', 'noFloatingPromises', 'useNodejsImportProtocol'];
    expect(rules.filter((rule) => !`${stdout}${stderr}`.includes(rule))).toEqual([]);
  });
});

const tracked = run('git', ['ls-files', '-z']);
const inGit = tracked.status === 0;

describe('tracked files', skipUnless(inGit, 'not a git checkout'), () => {
  const files = tracked.stdout.split('\0').filter((path) => path !== '');
  const offending = (pattern: RegExp) =>
    files.filter((path) => existsSync(join(root, path)) && pattern.test(read(path)));

  it('name no package registry and no place on somebody’s machine', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(offending(/registry\.(npmjs|yarnpkg|npmmirror)\.|\bpypi\.(org|python)|\bcrates\.io/)).toEqual([]);
    expect(offending(/(^|[\s"'`(=])\/(work|root|home|Users)\/[\w.-]/m)).toEqual([]);
  });

  it('hold no build output and no data', () => {
    expect(
      files.filter((path) => /^(dist|node_modules|coverage|quarry-data)\//.test(path) || path.endsWith('.tgz')),
    ).toEqual([]);
  });
});

describe('the package', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
  };
  it('locks every dependency by its content and none by an address', () => {
    const entries = Object.entries(lock.packages).filter(
      ([path, { link }]) => path !== '' && path !== 'web' && link !== true,
    );
    expect(entries.length).toBeGreaterThan(50);
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
  });

  it('ships the command, what was built, and the documents; no sources, no tests', () => {
    expect(manifest.files.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist']);
    expect(manifest.bin.quarry).toBe('./bin/quarry.js');
  });

  it('stays within its budget of dependencies', () => {
    // Eight for the collector; the server, its document, metrics, single sign-on and COPY add one each.
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(15);
  });

  it('says on an older Node.js in one line which one it needs, and runs on the one it names', () => {
    const oldest = manifest.engines.node.replace('>=', '');
    const under = (version: string, code: string) => {
      const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
      return spawnSync(process.execPath, ['--import', pretend, join(root, 'bin', 'quarry.js'), ...code.split(' ')], {
        encoding: 'utf8',
      });
    };
    for (const version of ['14.21.3', '20.20.2', '22.17.1']) {
      expect(under(version, 'version')).toMatchObject({
        status: 1,
        stdout: '',
        stderr: `quarry needs Node.js ${oldest} or newer; this is ${version}\n`,
      });
    }
    expect(under(`${oldest}.0`, 'version').stderr).not.toContain('needs Node.js');
  });
});

it('everything generated is up to date', () => {
  const { status, stdout, stderr } = run(process.execPath, ['scripts/generate.ts', '--check']);
  expect(`${stdout}${stderr}`).toBe('everything generated is up to date\n');
  expect(status).toBe(0);
});

describe('words', () => {
  it('have one meaning: each word of the core stands in the glossary of docs/architecture.md', () => {
    const header = read('src/core/words.ts').split('*/')[0] ?? '';
    const words = [...header.matchAll(/^ \* ([a-z][a-z ]*?) {2,}\S/gm)].map(([, word]) => word!);
    const glossary = [...read('docs/architecture.md').matchAll(/^\| ([a-z][a-z, ]*?) \|/gm)].flatMap(([, cell]) =>
      cell!.split(', '),
    );
    expect(words).toContain('fingerprint');
    expect(words.filter((word) => !glossary.includes(word))).toEqual([]);
  });

  it('of data sets and sinks do not collide with those all have', () => {
    for (const { name, aliases, options } of datasets.values()) {
      expect([name, ...aliases].filter((word) => !/^[a-z][a-z0-9_]*$/.test(word))).toEqual([]);
      expect(Object.keys(options.shape).filter((option) => option in datasetCommon)).toEqual([]);
    }
    const names = [...datasets.values()].flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const { config } of sinks.values()) {
      expect(Object.keys(config.shape).filter((key) => key in sinkCommon || ['type', 'format'].includes(key))).toEqual(
        [],
      );
    }
  });
});

describe('documents', () => {
  it('name only npm scripts that exist', () => {
    for (const path of ['README.md', 'CONTRIBUTING.md']) {
      const named = [...read(path).matchAll(/npm run ([a-z:]+)/g)].map(([, script]) => script!);
      expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
    }
  });
  it('lead nowhere that does not exist', () => {
    for (const path of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/architecture.md']) {
      const targets = [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target!);
      const missing = targets.filter((target) => !existsSync(join(root, path, '..', target)));
      expect({ path, missing }).toEqual({ path, missing: [] });
    }
  });
});
