/**
 * Compares readers on one file: `compare.ts FILE [ROUNDS] [NAME …]`. Runs them one after the other, round by round, as
 * processes of their own; prints medians, spread and the ratio to Quarry's reader of the same kind. Different checksums
 * are an error: then no figure counts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const [file = '', rounds = '5', ...only] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'quarry-bench-'));
const expat = join(scratch, 'expat-count');
let compiled = true;
try {
  execFileSync('cc', ['-O2', '-o', expat, join(here, 'expat-count.c'), '-lexpat']);
} catch {
  compiled = false;
  console.error('expat-count left out: no C compiler, or no libexpat headers');
}
const node = (name: string): string[] => [process.execPath, join(here, name)];
const programs = new Map<string, string[]>([
  ['read: quarry', node('quarry-read.ts')],
  ['read: saxes', node('saxes-read.ts')],
  ...(compiled ? [['read: libexpat, counting', [expat]] as [string, string[]]] : []),
  ['ndjson: quarry', node('quarry-ndjson.ts')],
  ['ndjson: saxes', node('saxes-ndjson.ts')],
  ['ndjson: python iterparse', ['python3', join(here, 'python-iterparse.py')]],
]);

interface Run {
  readonly records: number;
  readonly checksum: string;
  readonly cpu_s: number;
  readonly rss_mb: number;
}

const runs = new Map<string, Run[]>();
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, [program = '', ...parameters]] of programs) {
    if (only.length > 0 && !only.some((wanted) => name.includes(wanted))) continue;
    const run = JSON.parse(execFileSync(program, [...parameters, file], { encoding: 'utf8' })) as Run;
    runs.set(name, [...(runs.get(name) ?? []), run]);
  }
}
rmSync(scratch, { recursive: true });

const checksums = new Set([...runs.values()].flat().map(({ checksum }) => checksum));
if (checksums.size !== 1) {
  console.error('the readers disagree:', [...runs].map(([name, [run]]) => `${name} ${run?.checksum}`).join('; '));
  process.exit(1);
}
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
console.log(`checksum ${[...checksums][0]}, ${rounds} rounds, CPU seconds of the whole process`);
for (const [name, all] of runs) {
  const own = runs.get(`${name.split(':')[0]}: quarry`) ?? all;
  const cpu = all.map(({ cpu_s }) => cpu_s);
  const ratios = all.map(({ cpu_s }, round) => cpu_s / (own[round]?.cpu_s ?? Number.NaN));
  const spread = `${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)}`;
  const rss = Math.max(...all.map(({ rss_mb }) => rss_mb)).toFixed(0);
  console.log(
    `${name.padEnd(26)} ${median(cpu).toFixed(2).padStart(6)} s (${spread})  × ${median(ratios).toFixed(2)}  RSS ${rss} MB`,
  );
}
