import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  judge,
  readReport,
  readRequirements,
  requirementLines,
  strangers,
  type Tested,
} from './support/requirements.ts';

/**
 * `npm run requirements`: which requirement of docs/requirements.md neither a test proves nor a decision answers. It runs
 * all tests; `-- --report FILE` takes a report that `vitest run --reporter=json --outputFile=FILE` wrote, and
 * `-- --named` runs nothing and takes every test that names an id for one that passes. Fails while any is open.
 */
const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { report: { type: 'string' }, named: { type: 'boolean', default: false } } });

const vitest = (...args: string[]): void => {
  const { error } = spawnSync(join(root, 'node_modules', '.bin', 'vitest'), args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (error !== undefined) throw error;
};

function tests(): Tested[] {
  if (values.report !== undefined) return readReport(readFileSync(values.report, 'utf8'));
  const dir = mkdtempSync(join(tmpdir(), 'quarry-requirements-'));
  const file = join(dir, 'tests.json');
  try {
    if (!values.named) {
      vitest('run', '--reporter=json', `--outputFile=${file}`);
      return readReport(readFileSync(file, 'utf8'));
    }
    vitest('list', '--staticParse=false', `--json=${file}`);
    const listed = JSON.parse(readFileSync(file, 'utf8')) as { name: string }[];
    return listed.map(({ name }) => ({ name, state: 'passed' as const }));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const requirements = readRequirements(readFileSync(join(root, 'docs/requirements.md'), 'utf8'));
const tested = tests();
const judged = judge(requirements, tested);
const unknown = strangers(requirements, tested).map((id) => `UNKNOWN  ${id} is named by a test and stands in no list`);
process.stdout.write(`${[...unknown, ...requirementLines(judged)].join('\n')}\n`);
if (values.named) process.stdout.write('nothing was run: "proven" means named by a test\n');
if (unknown.length > 0 || judged.some(({ standing }) => standing === 'open')) process.exitCode = 1;
