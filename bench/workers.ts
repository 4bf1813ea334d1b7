/**
 * What more workers on one PostgreSQL bring: leases claimed in a second, and events read, kept, folded and delivered in a
 * second. The tests that hold it to be right measure it; this runs them, and reads what they say.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const MEASURES = 'test/scenarios/workers-throughput.test.ts';

export interface WorkerFigures {
  readonly workers: number;
  readonly claims: number;
  readonly events: number;
}

/** One row for each number of workers; a text says why this machine cannot measure it. Throws when a test fails. */
export function workerFigures(): readonly WorkerFigures[] | string {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { stdout, status } = spawnSync(process.execPath, [vitest, 'run', MEASURES], {
    ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    env: { ...process.env, QUARRY_SOAK: '1', NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(`${MEASURES} failed:\n${stdout}`);
  const said = (pattern: RegExp): Map<number, number> =>
    new Map([...stdout.matchAll(pattern)].map(([, workers, figure]) => [Number(workers), Number(figure)]));
  const claims = said(/scale: (\d+) workers claim (\d+) leases a second/g);
  const events = said(/scale: (\d+) workers take in (\d+) events a second/g);
  if (claims.size === 0) return 'many workers: no PostgreSQL to start';
  return [...claims].map(([workers, count]) => ({ workers, claims: count, events: events.get(workers) ?? Number.NaN }));
}

export const workerTable = (figures: readonly WorkerFigures[]): string[] => [
  '## Many workers on one PostgreSQL, all on this machine',
  '',
  'Workers, database, simulated subscriptions and destination share its processors: more workers than processors show what',
  'sharing costs, not what machines would add.',
  '',
  '| workers | leases claimed in a second | events in a second, from Qualys to the destination and the inventory |',
  '|---|---|---|',
  ...figures.map(
    ({ workers, claims, events }) =>
      `| ${workers} | ${claims.toLocaleString('en-US')} | ${events.toLocaleString('en-US')} |`,
  ),
  '',
];
