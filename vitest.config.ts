import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,scripts,bench}/**/*.test.ts'],
    // Sockets, databases, child processes and memory figures: files must not share a process. Two cores is what the
    // smallest machine these tests are meant for has.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A test that says nothing proves nothing.
    expect: { requireAssertions: true },
    unstubEnvs: true,
  },
});
