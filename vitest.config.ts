import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** A quick run waits much: for processes that start, for leases, for one another. Figures of a full run want quiet. */
const quick = process.env['QUARRY_FULL'] !== '1' && process.env['QUARRY_SOAK'] !== '1';

export default defineConfig({
  test: {
    include: ['{src,test,scripts,bench}/**/*.test.ts'],
    // Sockets, databases, child processes and memory figures: files must not share a process. Two cores is what the
    // smallest machine these tests are meant for has.
    pool: 'forks',
    maxWorkers: quick ? Math.min(8, Math.max(3, availableParallelism())) : 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A test that says nothing proves nothing.
    expect: { requireAssertions: true },
    unstubEnvs: true,
  },
});
