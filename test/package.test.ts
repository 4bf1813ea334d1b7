import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { skipUnless } from './support/skip.ts';

const root = resolve(import.meta.dirname, '..');
const asked = process.env['QUARRY_PACKAGE'] === '1';
const TEN_MINUTES = 600_000;

/** What npm says when the registry is out of reach. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/;

describe(
  'the published package',
  skipUnless(asked, 'takes minutes and the npm registry; QUARRY_PACKAGE=1 runs it'),
  () => {
    let dir = '';
    let packed: { filename: string; files: { path: string }[] };
    let installed: { status: number | null; output: string };

    /** A command in a folder that is nobody's clone, with the Node.js that runs this test. */
    function run(command: string, args: readonly string[], cwd: string) {
      const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV$)/.test(name));
      const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
      const env = { ...Object.fromEntries(kept), PATH: path, NO_COLOR: '1' };
      return spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 28 });
    }

    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), 'quarry-package-'));
      // From a copy: packing builds anew, and other tests look at the page that is built here.
      const copy = join(dir, 'clone');
      const isLeftOut = (path: string): boolean => /^(node_modules|dist|\.git)$/.test(relative(root, path));
      cpSync(root, copy, { recursive: true, filter: (path) => !isLeftOut(path) && !path.endsWith('web/node_modules') });
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      const pack = run('npm', ['pack', '--json', '--pack-destination', dir], copy);
      if (pack.status !== 0) throw new Error(`npm pack failed:\n${pack.stderr}`);
      const said = JSON.parse(pack.stdout.slice(pack.stdout.search(/^[[{]/m))) as unknown;
      packed = (Array.isArray(said) ? said[0] : Object.values(said as object)[0]) as typeof packed;
      writeFileSync(join(dir, 'package.json'), '{"name":"somebody-elses","private":true}');
      const { status, stdout, stderr } = run(
        'npm',
        ['install', '--no-audit', '--no-fund', join(dir, packed.filename)],
        dir,
      );
      installed = { status, output: `${stdout}${stderr}` };
    }, TEN_MINUTES);
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    it('holds the command, the built product and the documents, and nothing else', () => {
      const paths = packed.files.map(({ path }) => path);
      expect(paths).toContain('bin/quarry.js');
      expect(paths).toContain('dist/cli/main.js');
      expect(
        paths.filter((path) => !/^(bin|dist)\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/.test(path)),
      ).toEqual([]);
      expect(paths.filter((path) => /\.test\.|fake-/.test(path))).toEqual([]);
    });

    it(
      'installs in an empty folder, runs, and collects a simulated subscription completely',
      ({ skip }) => {
        if (installed.status !== 0 && UNREACHABLE.test(installed.output)) skip('the npm registry cannot be reached');
        expect(installed).toMatchObject({ status: 0 });

        const version = run('npx', ['--no-install', 'quarry', 'version'], dir);
        expect(version).toMatchObject({ status: 0, stdout: expect.stringContaining(`quarry ${manifest.version}`) });

        const demo = run(
          'npx',
          ['--no-install', 'quarry', 'demo', '--hosts', '5', '--once', '--data-dir', 'demo'],
          dir,
        );
        expect({ status: demo.status, said: demo.stderr }).toMatchObject({ status: 0 });
        const lines = (path: string) =>
          readFileSync(path, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Row);
        const written = readdirSync(join(dir, 'demo', 'out'), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ndjson'))
          .flatMap((file) => lines(join(dir, 'demo', 'out', file)));
        const truth = lines(join(dir, 'demo', 'truth.ndjson'));
        const keys = (rows: readonly Row[]) => rows.map(({ dataset, key }) => JSON.stringify([dataset, key])).sort();
        expect(truth.length).toBeGreaterThan(5);
        expect(keys(written)).toEqual(keys(truth));
      },
      TEN_MINUTES,
    );
  },
);

interface Row {
  readonly dataset: string;
  readonly key: readonly string[];
}
