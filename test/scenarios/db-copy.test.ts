import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCollector } from '../../src/collector/collector.ts';
import { silentObserver } from '../../src/collector/observer.ts';
import { listStreams, openOutbox } from '../../src/collector/port.ts';
import { wire } from '../../src/collector/wire.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Log } from '../../src/core/log.ts';
import { presets } from '../../src/datasets/presets.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { sinks } from '../../src/sinks/registry.gen.ts';
import { copyTables } from '../../src/store/copy.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { cli } from '../support/cli.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => quiet };

describe('quarry db copy', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
  });
  afterAll(() => server.stop());

  it('moves an installation that goes on where it was: no key is new again, what waited is delivered', async () => {
    const rig = await startRig({ hosts: 12, datasets: { host_list: {}, host_list_detection: {}, user_activity: {} } });
    try {
      await rig.run();
      const before = await rig.state();
      const url = await server.createDatabase();
      const file = join(rig.dir, 'quarry.json');
      const config = JSON.stringify(rig.config);
      await writeFile(file, config);
      const copied = await cli(['db', 'copy', '-c', file, '--to', url, '--json']);
      expect(copied.stderr).toContain('the same');
      expect(copied.code, copied.stderr).toBe(0);
      const { bodies, tables } = JSON.parse(copied.stdout) as {
        bodies: { segments: number; missing: string[] };
        tables: { table: string; rows: number }[];
      };
      expect(bodies).toMatchObject({ missing: [] });
      expect(bodies.segments).toBeGreaterThan(0);
      expect(tables.find(({ table }) => table === 'known_key')!.rows).toBeGreaterThan(100);

      // Once more is refused: the copy is complete, and a database like any other.
      const again = await cli(['db', 'copy', '-c', file, '--to', url]);
      expect(again.code).not.toBe(0);
      expect(again.stderr).toContain('QRY4017');

      // The spool folder stays behind: bodies come from the new database, for a sink that was not there before.
      const moved = {
        ...(rig.config as { connections: object }),
        data_dir: join(rig.dir, 'elsewhere'),
        database_url: url,
        sinks: { table: { type: 'postgres', url } },
      };
      const text = JSON.stringify(moved);
      const wired = await wire({
        config: loadConfig({ text, env: {}, cwd: rig.dir, datasets, sinks, presets }),
        clock: rig.clock,
        log: quiet,
        observer: silentObserver,
        version: 'test',
      });
      const never = new AbortController().signal;
      await runCollector(wired.parts, { once: true, sweep: true, timeout: 43_200_000, finish: never, now: never });
      await wired.close();
      const outbox = await openOutbox({ dataDir: rig.dir, databaseUrl: url, readOnly: true }, Date.now());
      const after = (await listStreams(outbox.store)).find(({ dataset }) => dataset === 'host_list_detection')!;
      await outbox.close();
      expect(after.received).toBeGreaterThan(before.received);
      expect(after.emitted).toBe(before.emitted);
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const count = async (table: string): Promise<number> =>
        Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]!.n);
      expect(await count('quarry.host_list_detection')).toBe(before.emitted);
      // What was copied goes with its day, as what is collected does.
      expect(await count('segment_body')).toBeGreaterThanOrEqual(bodies.segments);
      expect(await count('segment_body_rest')).toBe(0);
      // No number is given out a second time.
      const numbers = await client.query<{ name: string; given: string; next: string }>(
        `SELECT name, value AS given, nextval('number_' || name) AS next FROM counter`,
      );
      expect(numbers.rows.map(({ name }) => name)).toContain('batch');
      for (const { name, given, next } of numbers.rows)
        expect({ name, again: Number(next) <= Number(given) }).toEqual({ name, again: false });
      await client.end();
    } finally {
      await rig.close();
    }
  }, 300_000);

  it('goes on where it was stopped, and says when the copy is another than what was copied', async () => {
    const rig = await startRig({ hosts: 2 });
    try {
      interface Schema {
        thing: { id: number; name: string | null };
        other: { id: number };
      }
      const source = await openSqlite<Schema>(join(rig.dir, 'a.db'));
      const target = await openPostgres<Schema>(await server.createDatabase());
      for (const store of [source, target] as Store<Schema>[]) {
        const { text } = store.dialect;
        await sql.raw(`CREATE TABLE thing (id bigint PRIMARY KEY, name ${text})`).execute(store.db);
        await sql.raw('CREATE TABLE other (id bigint PRIMARY KEY)').execute(store.db);
      }
      const id = Array.from({ length: 7000 }, (_, i) => i * 3);
      const name = id.map((i) => (i % 2 === 0 ? null : `é"\\ ${i} 𝒳`));
      await source.transaction(async (tx) => {
        await tx.insertMany('thing', { id, name });
        await tx.insertMany('other', { id });
      });
      let writes = 0;
      const failing: Store<Schema> = {
        ...target,
        transaction: (work) => {
          if (++writes > 4) throw new Error('stopped here');
          return target.transaction(work);
        },
      };
      await expect(copyTables(source, failing, new Set())).rejects.toThrow('stopped here');
      const copied = await copyTables(source, target, new Set());
      expect(copied.map(({ table, rows }) => [table, rows])).toEqual([
        ['other', 7000],
        ['thing', 7000],
      ]);
      expect((await target.db.selectFrom('thing').selectAll().orderBy('id').execute()).at(1)).toEqual({
        id: 3,
        name: name[1],
      });
      await target.db.updateTable('thing').set({ name: 'changed' }).where('id', '=', 9).execute();
      await expect(copyTables(source, target, new Set())).rejects.toMatchObject({ code: 'QRY4016', message: /thing/ });
      await source.close();
      await target.close();
    } finally {
      await rig.close();
    }
  }, 120_000);
});
