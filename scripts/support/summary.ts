import type { Skipped, Tally } from './run-vitest.ts';

/** Skipped tests by reason, the most frequent first: `SKIPPED  reason  2 tests: a, b`. */
export function skippedLines(skipped: readonly Skipped[]): string[] {
  const groups = Map.groupBy(skipped, ({ reason }) => reason);
  return [...groups]
    .sort(([a, as], [b, bs]) => bs.length - as.length || a.localeCompare(b))
    .map(([reason, tests]) => {
      const names = tests.map(({ name }) => name).join(', ');
      return `SKIPPED  ${reason}  ${tests.length} ${tests.length === 1 ? 'test' : 'tests'}: ${names}`;
    });
}

/** What tests wrote of their counts, one `kills 30 of 100` a line: `QUICK    quick counts; …`. */
export function scaledLines(notes: string): string[] {
  const counts = [...new Set(notes.split('\n'))].filter((line) => line !== '').sort();
  if (counts.length === 0) return [];
  return [`QUICK    quick counts; \`npm run test:full\` runs them all: ${counts.join(', ')}`];
}

/** Servers this machine was given for the tests, whose tests were skipped all the same: a gap that looks like success. */
export function missedServers(skipped: readonly Skipped[], servers: string | undefined): string[] {
  const names = (servers ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return names.flatMap((server) => {
    const missed = skipped.filter(({ reason }) => reason.toLowerCase().includes(server.toLowerCase()));
    return missed.length === 0 ? [] : [`${server} is installed here, but ${missed.length} of its tests were skipped`];
  });
}

/** The last line of every run. */
export const lastLine = ({ passed, failures, skipped }: Tally): string =>
  `${passed} passed, ${failures.length} failed, ${skipped.length} skipped`;

/** A run in which no test ran has shown nothing. */
export const exitCode = ({ passed, failures }: Tally): 0 | 1 => (failures.length > 0 || passed === 0 ? 1 : 0);
