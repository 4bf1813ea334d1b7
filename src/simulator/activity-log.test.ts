import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ActivityRow, createActivityLog } from './activity-log.ts';
import { createWorld, DEFAULT_EPOCH } from './index.ts';
import { DAY, HOUR, MINUTE, SECOND } from './world/time.ts';

const seed = Date.now() % 2 ** 31;

test(`read in pages, every row comes once, in descending id, whatever arrives meanwhile (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(0, 7 * MINUTE, 5 * HOUR, 3 * DAY),
      fc.array(fc.integer({ min: 0, max: 2 * HOUR }), { maxLength: 20 }),
      (world, size, lateness, steps) => {
        const log = createActivityLog(createWorld({ hosts: 30, seed: world, churn: 0.05 }));
        log.setLateness(lateness);
        let now = DEFAULT_EPOCH;
        for (const step of steps) {
          now += step;
          log.request(now, 'quarry_sim', '/msp/about.php');
        }
        const since = now - 4 * DAY;
        const expected = [...log.rows(now, { since })];
        const read: ActivityRow[] = [];
        let idMax = expected[0]?.id ?? 0;
        for (;;) {
          const page: ActivityRow[] = [];
          let next: ActivityRow | undefined;
          for (const row of log.rows(now, { since, idMax })) {
            if (page.length === size) {
              next = row;
              break;
            }
            page.push(row);
          }
          read.push(...page);
          if (next === undefined) break;
          idMax = next.id;
          now += 7 * MINUTE;
          log.request(now, 'acme_cd2', '/api/2.0/fo/activity_log/');
        }
        expect(read).toEqual(expected);
        for (const [n, row] of read.entries()) if (n > 0) expect(row.id).toBeLessThan(read[n - 1]!.id);
      },
    ),
    { seed, numRuns: 25 },
  );
});

test(`what has been seen stays, and what comes later comes above it (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom(0, 45 * MINUTE, 2 * DAY),
      fc.array(fc.integer({ min: 0, max: 9 * HOUR }), { minLength: 1, maxLength: 6 }),
      (world, lateness, steps) => {
        const log = createActivityLog(createWorld({ hosts: 30, seed: world, churn: 0.05 }));
        log.setLateness(lateness);
        let now = DEFAULT_EPOCH + 500;
        let before = [...log.rows(now)];
        for (const step of steps) {
          now += step;
          log.request(now, 'quarry_sim', '/msp/about.php');
          const after = [...log.rows(now)];
          expect(after.slice(after.length - before.length)).toEqual(before);
          expect(after.every(({ at }) => at <= now && at % SECOND === 0)).toBe(true);
          before = after;
        }
      },
    ),
    { seed, numRuns: 15 },
  );
});
