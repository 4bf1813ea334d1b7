import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startKeyedReceiver } from '../support/keyed-receiver.ts';
import { killAgainAndAgain } from '../support/kill/harness.ts';
import { told } from '../support/kill/verdict.ts';
import { findPostgres, startPostgres } from '../support/postgres-server.ts';
import { readLines } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';
import { skipUnless } from '../support/skip.ts';

const soak = process.env['QUARRY_SOAK'] === '1';
const kills = scaled('kills with three sinks', { quick: 8, full: 30, soak: 400 });
const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000);
const runnable = findPostgres();

const DATASETS = ['host_list', 'host_list_detection'];

describe(
  'a collector with three sinks, killed again and again',
  skipUnless(typeof runnable !== 'string', String(runnable)),
  () => {
    it(
      '[fault 5] [fault 70] files, PostgreSQL and a receiver that loses one reply in 17 hold the same events, each once',
      async () => {
        const receiver = await startKeyedReceiver(17);
        const server = await startPostgres(runnable as Exclude<typeof runnable, string>);
        try {
          const database = await server.createDatabase();
          const counted: Record<string, number> = {};
          const report = await killAgainAndAgain({
            kills,
            seed,
            hosts: 60,
            aims: ['send', 'settle', 'commit'],
            unaimed: 0.1,
            // Three sinks take longer to open.
            patience: 20_000,
            datasets: {
              host_list: { page_size: 10, every: '5m', sweep: { full: '1h' } },
              host_list_detection: { page_size: 5, every: '5m', sweep: { full: '1h' } },
            },
            advanceUpTo: 5 * 3_600_000,
            thorough: false,
            sinks: {
              table: { type: 'postgres', url: database, max_backlog: 20_000_000 },
              receiver: { type: 'http', url: receiver.url, max_events: 50 },
            },
            inspect: async (out) => {
              const client = new pg.Client({ connectionString: database });
              await client.connect();
              try {
                for (const dataset of DATASETS) {
                  const written = (await readLines(join(out, dataset))).map(({ id }) => id).sort();
                  counted[dataset] = written.length;
                  expect(new Set(written).size).toBe(written.length);
                  expect([...(receiver.ids.get(dataset) ?? [])].sort()).toEqual(written);
                  const { rows } = await client.query<{ id: string }>(`SELECT id FROM quarry.${dataset}`);
                  expect(rows.map(({ id }) => id).sort()).toEqual(written);
                }
              } finally {
                await client.end();
              }
            },
          });
          console.log(
            `kills, three sinks: seed ${seed}, ${kills} kills (${JSON.stringify(report.hits)}), ${JSON.stringify(counted)}; ` +
              `${receiver.lost()} replies lost, ${receiver.repeated()} events on the wire again; ${report.seconds.toFixed(0)} s`,
          );
          expect(report.errors).toEqual([]);
          expect(told(report.first)).toBe('');
          for (const phase of ['send', 'settle', 'commit'] as const)
            expect(report.hits[phase], `kills in ${phase}`).toBeGreaterThanOrEqual(kills / 20);
          expect(receiver.lost()).toBeGreaterThan(0);
          expect(receiver.repeated()).toBeGreaterThan(0);
        } finally {
          await receiver.stop();
          await server.stop();
        }
      },
      soak ? 3_600_000 : 900_000,
    );
  },
);
