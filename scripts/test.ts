import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runVitest, type Tally } from './support/run-vitest.ts';
import { exitCode, lastLine, missedServers, scaledLines, skippedLines } from './support/summary.ts';
import { folderInMemory } from './support/test-folders.ts';

/**
 * `npm test`: types, style, then every test; `npm test -- src/config` takes only the files whose path holds that text,
 * `-t TEXT` only the tests whose name does. Ends with what was skipped and why, and one line that counts.
 *
 * Counts are small, and temporary files are in memory where there is room. QUARRY_FULL=1 (`npm run test:full`, `.ci/run`)
 * runs the same tests with the counts that the promises name, on the disk; QUARRY_SOAK=1 (`npm run test:soak`) those of hours.
 *
 * QUARRY_CI_SERVERS names servers installed on purpose (`postgres`): tests skipped for want of one are failures then.
 */
const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    testNamePattern: { type: 'string', short: 't' },
  },
});
if (values.full) process.env['QUARRY_FULL'] = '1';
if (values.soak) process.env['QUARRY_SOAK'] = '1';
// Threads and child processes, of which tests start thousands, read what was compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'quarry-test-compile-cache');
const quick = process.env['QUARRY_FULL'] !== '1' && process.env['QUARRY_SOAK'] !== '1';
const inMemory = quick && process.env['TMPDIR'] === undefined ? folderInMemory() : undefined;
if (inMemory !== undefined) process.env['TMPDIR'] = inMemory;
/** What tests ran with smaller counts write down. */
const notes = mkdtempSync(join(tmpdir(), 'quarry-scaled-'));
const scaled = join(notes, 'scaled');
writeFileSync(scaled, '');
process.env['QUARRY_SCALED'] = scaled;

const checks = [
  { what: 'types (tsc)', command: 'tsc', args: ['-p', '.', '--noEmit'] },
  { what: 'types of the web page (tsc)', command: 'tsc', args: ['-p', 'web', '--noEmit'] },
  { what: 'style (biome)', command: 'biome', args: ['check', '.'] },
];
const failedChecks = checks.filter(({ what, command, args }) => {
  const { status, error } = spawnSync(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
  });
  process.stdout.write(
    `${status === 0 ? 'ok' : 'FAILED'}  ${what}${error === undefined ? '' : `: ${error.message}`}\n`,
  );
  return status !== 0;
});

const tests = await runVitest({ root, filters: positionals, namePattern: values.testNamePattern });
const failures = [
  ...failedChecks.map(({ what }) => what),
  ...tests.failures,
  ...missedServers(tests.skipped, process.env['QUARRY_CI_SERVERS']),
];
const tally: Tally = { ...tests, failures };

const lines = [
  ...scaledLines(readFileSync(scaled, 'utf8')),
  ...(inMemory === undefined ? [] : ['QUICK    temporary files in memory (/dev/shm)']),
  ...skippedLines(tally.skipped),
  ...failures.map((failure) => `FAILED   ${failure}`),
  lastLine(tally),
];
rmSync(notes, { recursive: true });
process.stdout.write(`\n${lines.join('\n')}\n`);
process.exitCode = exitCode(tally);
