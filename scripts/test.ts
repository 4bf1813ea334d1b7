import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runVitest, type Tally } from './support/run-vitest.ts';
import { exitCode, lastLine, missedServers, skippedLines } from './support/summary.ts';

/**
 * `npm test`: types, style, then every test; `npm test -- src/config` takes only the files whose path holds that text,
 * `-t TEXT` only the tests whose name does. Ends with what was skipped and why, and one line that counts.
 *
 * QUARRY_CI_SERVERS names servers installed on purpose (`postgres`): tests skipped for want of one are failures then.
 */
const root = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { soak: { type: 'boolean', default: false }, testNamePattern: { type: 'string', short: 't' } },
});
if (values.soak) process.env['QUARRY_SOAK'] = '1';

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

const lines = [...skippedLines(tally.skipped), ...failures.map((failure) => `FAILED   ${failure}`), lastLine(tally)];
process.stdout.write(`\n${lines.join('\n')}\n`);
process.exitCode = exitCode(tally);
