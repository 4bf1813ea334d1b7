import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A quick run waits much: for processes that start, for leases, for one another. Figures of a full run want quiet. */
const quick = process.env['QUARRY_FULL'] !== '1' && process.env['QUARRY_SOAK'] !== '1';

/** Files of minutes, longest first: begun last, they would be waited for alone. */
const LONG = [
  'scenarios/kill.',
  'scenarios/workers.',
  'web/page.',
  'scenarios/workers-',
  'scenarios/command-line.',
  'scenarios/check.',
  'scenarios/kill-',
  'scenarios/limits.',
  'scenarios/devo-collector.',
  'scenarios/stopping.',
  'scenarios/poison.',
  'scenarios/memory.',
  'web/',
  'scenarios/',
  'contracts/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((part) => moduleId.includes(`/test/${part}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['{src,test,scripts,bench}/**/*.test.ts'],
    // Sockets, databases, child processes and memory figures: files must not share a process. Two cores is what the
    // smallest machine these tests are meant for has.
    pool: 'forks',
    maxWorkers: quick ? Math.min(8, Math.max(4, availableParallelism())) : 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A test that says nothing proves nothing.
    expect: { requireAssertions: true },
    unstubEnvs: true,
  },
});
