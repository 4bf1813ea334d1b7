import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tally } from './run-vitest.ts';
import { exitCode, lastLine, missedServers, scaledLines, skippedLines } from './summary.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quarry-runner-'));
  mkdirSync(join(dir, 'tests'));
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Runs these files as a test suite of its own, in a process of its own. */
function tallyOf(files: Readonly<Record<string, string>>, filters: readonly string[] = []): Tally {
  const head = `import { afterAll, beforeAll, describe, expect, it } from 'vitest';\nimport { skipUnless } from ${JSON.stringify(resolve('test/support/skip.ts'))};\n`;
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'tests', `${name}.test.ts`), head + text);
  const script = `
    import { writeFileSync } from 'node:fs';
    import { runVitest } from ${JSON.stringify(resolve('scripts/support/run-vitest.ts'))};
    const tally = await runVitest({ root: ${JSON.stringify(dir)}, filters: ${JSON.stringify(filters)} });
    writeFileSync(3, JSON.stringify(tally));`;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: dir,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  return JSON.parse(String(run.output[3])) as Tally;
}

describe('a run counts', () => {
  it('what passed, failed and was skipped, each with its reason', () => {
    const tally = tallyOf({
      a: `
        it('one', () => expect(1).toBe(1));
        it('two', () => expect(1).toBe(2));
        it('three', skipUnless(false, 'no PostgreSQL here'), () => expect(1).toBe(1));
        describe('four', skipUnless(false, 'no PostgreSQL here'), () => { beforeAll(() => { throw 1; }); it('five', () => {}); });
        it('six', ({ skip }) => skip('said at run time'));
        it.skip('seven', () => {});
        it.todo('eight');
        it('nine', skipUnless(true, 'never said'), () => expect(1).toBe(1));`,
    });
    expect(tally).toEqual({
      passed: 2,
      failures: ['tests/a.test.ts > two'],
      skipped: [
        { name: 'tests/a.test.ts > three', reason: 'no PostgreSQL here' },
        { name: 'tests/a.test.ts > four > five', reason: 'no PostgreSQL here' },
        { name: 'tests/a.test.ts > six', reason: 'said at run time' },
        { name: 'tests/a.test.ts > seven', reason: 'no reason given' },
        { name: 'tests/a.test.ts > eight', reason: 'not written yet' },
      ],
    });
  });

  it('files that do not load, hooks that throw, errors nobody caught, and `only`', () => {
    const tally = tallyOf({
      load: "import './absent.ts';",
      hook: "describe('d', () => { beforeAll(() => { throw new Error('hook broke'); }); it('t', () => expect(1).toBe(1)); });",
      late: "it('t', () => { expect(1).toBe(1); void Promise.reject(new Error('nobody caught me')); });",
      only: "it.only('t', () => expect(1).toBe(1)); it('u', () => expect(1).toBe(1));",
    });
    const failures = tally.failures.join('\n');
    expect(failures).toContain('tests/load.test.ts');
    expect(failures).toContain('hook broke');
    expect(failures).toContain('unhandled error: nobody caught me');
    expect(failures).toContain('tests/only.test.ts');
  });

  it('a process that dies as a failure', () => {
    const tally = tallyOf({ dies: "it('t', () => { process.kill(process.pid, 'SIGKILL'); });" });
    expect(tally.passed).toBe(0);
    expect(tally.failures).not.toEqual([]);
  });

  it('only the files asked for; none is not a success', () => {
    const files = { a: "it('t', () => expect(1).toBe(1));", b: "it('u', () => expect(1).toBe(2));" };
    expect(tallyOf(files, ['tests/a'])).toEqual({ passed: 1, failures: [], skipped: [] });
    expect(exitCode(tallyOf(files, ['nowhere']))).toBe(1);
  });
});

describe('the end of a run', () => {
  const skipped = [
    { name: 'a', reason: 'x' },
    { name: 'b', reason: 'no postgres server' },
    { name: 'c', reason: 'no postgres server' },
  ];
  it('lists what was skipped by reason, then counts in one line', () => {
    expect(skippedLines(skipped)).toEqual(['SKIPPED  no postgres server  2 tests: b, c', 'SKIPPED  x  1 test: a']);
    expect(lastLine({ passed: 7, failures: ['f'], skipped })).toBe('7 passed, 1 failed, 3 skipped');
  });
  it('says what ran with small counts, each once', () => {
    expect(scaledLines('kills 30 of 100\ndays 14 of 30\nkills 30 of 100\n')).toEqual([
      'QUICK    quick counts; `npm run test:full` runs them all: days 14 of 30, kills 30 of 100',
    ]);
    expect(scaledLines('')).toEqual([]);
  });
  it('is a failure when something failed or nothing ran', () => {
    expect(exitCode({ passed: 1, failures: [], skipped })).toBe(0);
    expect(exitCode({ passed: 1, failures: ['x'], skipped: [] })).toBe(1);
    expect(exitCode({ passed: 0, failures: [], skipped })).toBe(1);
  });
  it('names servers that were installed for tests which were skipped all the same', () => {
    expect(missedServers(skipped, 'postgres,nats')).toEqual([
      'postgres is installed here, but 2 of its tests were skipped',
    ]);
    expect(missedServers(skipped, 'nats')).toEqual([]);
    expect(missedServers(skipped, undefined)).toEqual([]);
  });
});
