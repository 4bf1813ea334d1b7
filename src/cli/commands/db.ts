import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openAccounts } from '../../accounts/accounts.ts';
import { continueNumbers, copyBodies, listWorkers, openOutbox } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { QuarryError } from '../../core/errors.ts';
import { copyTables, endCopy } from '../../store/copy.ts';
import { holdDirectory } from '../../store/lock.ts';
import { openSqlite } from '../../store/sqlite.ts';
import { print, printJson, table } from '../output.ts';
import { configuration, locationOf } from './configuration.ts';
import { openLook } from './look.ts';

interface DbOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Brings the schema of a database up to date, that of the people who sign in included. */
async function migrateAt(location: ReturnType<typeof locationOf> & Pick<Config, 'bodies'>): Promise<void> {
  await (await openOutbox(location, Date.now())).close();
  await (await openAccounts(location, Date.now(), false)).close();
}

export async function dbMigrate({ config }: DbOptions): Promise<number> {
  const wanted = configuration(config);
  const release = wanted.databaseUrl === undefined ? holdDirectory(join(wanted.dataDir, 'collector.lock')) : () => {};
  try {
    await migrateAt({ ...locationOf(wanted), bodies: wanted.bodies });
  } finally {
    release();
  }
  await print('the schema is up to date\n');
  return 0;
}

/** Who shares the work, and who holds what. Works beside a running collector. */
export async function dbStatus({ config, json }: DbOptions): Promise<number> {
  const outbox = await openLook(configuration(config));
  try {
    const { workers, leases } = await listWorkers(outbox);
    const kind = outbox.store.dialect.name;
    if (json === true) await printJson({ database: kind, workers, leases });
    else if (workers.length === 0)
      await print(`${kind}, schema up to date; ${kind === 'sqlite' ? 'one collector at a time' : 'no workers'}\n`);
    else {
      const time = (at: number): string => new Date(at).toISOString();
      const shown = workers.map(({ name, labels, version, started, seen, alive, lost }) => {
        const held = leases.filter(({ worker }) => worker === name).length;
        return [
          name,
          labels.join(','),
          version,
          time(started),
          alive ? 'alive' : `not seen since ${time(seen)}`,
          held,
          lost,
        ];
      });
      await print(`${kind}, schema up to date\n\n`);
      await print(table(['WORKER', 'LABELS', 'VERSION', 'STARTED', 'STATE', 'LEASES', 'LOST'], shown));
      const held = leases.map(({ resource, worker, fence, taken }) => [
        resource,
        worker ?? '-',
        fence,
        taken === 0 ? '-' : time(taken),
      ]);
      await print(`\n${table(['WORK', 'WORKER', 'FENCE', 'SINCE'], held)}`);
    }
    return 0;
  } finally {
    await outbox.close();
  }
}

/** Moves an installation from SQLite to PostgreSQL: tables and bodies, compared afterwards. The source stays as it is. */
export async function dbCopy({ config, to, json }: DbOptions & { readonly to: string }): Promise<number> {
  const { dataDir, databaseUrl } = configuration(config);
  if (!/^postgres(ql)?:\/\/./.test(to))
    throw new QuarryError('QRY6004', {
      what: 'That is no address of a PostgreSQL.',
      where: '--to',
      fix: 'Write postgres://user@host:5432/database.',
    });
  if (databaseUrl !== undefined) {
    const what = 'The configuration names a PostgreSQL already: what is copied is the SQLite file of a data directory.';
    throw new QuarryError('QRY4017', { what, fix: 'Leave database_url (and QUARRY_DATABASE_URL) out while copying.' });
  }
  const release = holdDirectory(join(dataDir, 'collector.lock'));
  try {
    await migrateAt({ dataDir, databaseUrl: undefined, bodies: undefined, env: process.env });
    // A spool of its own: what the new database does not name yet must not look like waste.
    const scratch = await mkdtemp(join(dataDir, 'copy-'));
    try {
      await migrateAt({ dataDir: scratch, databaseUrl: to, bodies: undefined, env: process.env });
      return await copyInto(to, { dataDir, scratch, json });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

async function copyInto(
  to: string,
  { dataDir, scratch, json }: { dataDir: string; scratch: string; json: boolean | undefined },
): Promise<number> {
  const source = await openSqlite<Record<string, never>>(join(dataDir, 'quarry.db'), { readOnly: true });
  try {
    const target = await openOutbox({ dataDir: scratch, databaseUrl: to }, Date.now());
    try {
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
      const tables = await copyTables(source, target.store, new Set(['meta']), ({ table: name, rows }) =>
        say(`${name}: ${rows} rows, the same`),
      );
      const bodies = await copyBodies(target.store, join(dataDir, 'spool'));
      say(`${bodies.segments} segments, ${bodies.missing.length} of which were not in the spool folder`);
      await continueNumbers(target.store);
      await endCopy(target.store);
      if (json === true) await printJson({ tables, bodies });
      else
        await print(
          `copied and compared: ${tables.reduce((sum, { rows }) => sum + rows, 0)} rows, ${bodies.segments} segments\n`,
        );
      return 0;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
