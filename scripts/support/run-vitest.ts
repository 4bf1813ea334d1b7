import type { TestCase, TestModule, TestSuite } from 'vitest/node';
import { startVitest } from 'vitest/node';
import type {} from '../../test/support/skip.ts';

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** What a run came to. A failure is a test, a hook, a file that cannot be loaded, or an error nobody caught. */
export interface Tally {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly skipped: readonly Skipped[];
}

export interface RunOptions {
  readonly root: string;
  /** Parts of file names; none means all files. */
  readonly filters: readonly string[];
  readonly namePattern?: string | undefined;
}

/** Runs the tests below `root`, printing each as it ends, and counts them. */
export async function runVitest({ root, filters, namePattern }: RunOptions): Promise<Tally> {
  let tally: Tally = { passed: 0, failures: ['the test run did not come to its end'], skipped: [] };
  const counter = {
    onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: string }[], reason: string): void {
      tally = count(modules, unhandled, reason);
    },
  };
  const options = {
    root,
    watch: false,
    allowOnly: false,
    // A snapshot that is missing is a failure, not a new truth.
    update: 'none' as const,
    reporters: ['verbose', counter],
    ...(namePattern === undefined ? {} : { testNamePattern: namePattern }),
  };
  const vitest = await startVitest('test', [...filters], options);
  // The exit code is ours to set.
  process.exitCode = 0;
  await vitest.close();
  return tally;
}

function count(modules: readonly TestModule[], unhandled: readonly { message?: string }[], reason: string): Tally {
  let passed = 0;
  const failures: string[] = unhandled.map(({ message }) => `unhandled error: ${message ?? 'without a message'}`);
  const skipped: Skipped[] = [];
  for (const module of modules) {
    for (const error of module.errors()) failures.push(`${module.relativeModuleId}: ${error.message}`);
    for (const suite of module.children.allSuites()) failures.push(...suiteFailures(suite));
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (state === 'passed') passed++;
      else if (state === 'skipped') skipped.push({ name, reason: reasonOf(test) });
      else failures.push(state === 'failed' ? name : `${name}: did not end`);
    }
  }
  if (reason === 'interrupted') failures.push('the test run was interrupted');
  return { passed, failures, skipped };
}

/** What went wrong in hooks; a suite is not blamed for its tests. */
const suiteFailures = (suite: TestSuite): string[] =>
  suite.errors().map((error) => `${suite.module.relativeModuleId} > ${suite.fullName}: ${error.message}`);

function reasonOf(test: TestCase): string {
  const result = test.result();
  const said = result.state === 'skipped' ? result.note : undefined;
  if (said !== undefined && said !== '') return said;
  const { skipped } = test.meta();
  if (skipped !== undefined) return skipped;
  if (test.options.mode === 'todo') return 'not written yet';
  return test.options.mode === 'skip'
    ? 'no reason given'
    : 'not reached: something around it failed, or it was not asked for';
}
