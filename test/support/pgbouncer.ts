import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { findPostgres } from './postgres-server.ts';

/** Debian's PgBouncer before a PostgreSQL of these tests, in transaction mode: no client keeps a session. */
export interface PgBouncer {
  /** The same database through it. */
  through(url: string): string;
  /** What it counts of a database, by its own word: transactions so far. */
  transactions(url: string): Promise<number>;
  stop(): Promise<void>;
}

export const hasPgBouncer = spawnSync('pgbouncer', ['--version']).status === 0;

/** `connections` is how many it opens to each database, however many clients there are. */
export async function startPgBouncer(server: URL, connections: number): Promise<PgBouncer> {
  const runnable = findPostgres();
  if (typeof runnable === 'string') throw new Error(runnable);
  const folder = await mkdtemp(join(tmpdir(), 'quarry-pgbouncer-'));
  const port = await freePort();
  const config = join(folder, 'pgbouncer.ini');
  const settings = {
    ...{ listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_type: 'any', admin_users: 'postgres' },
    ...{ pool_mode: 'transaction', default_pool_size: connections, max_client_conn: 500, max_prepared_statements: '' },
  };
  const lines = Object.entries(settings).flatMap(([name, value]) => (value === '' ? [] : [`${name} = ${value}`]));
  await writeFile(
    config,
    `[databases]\n* = host=127.0.0.1 port=${server.port} user=postgres\n[pgbouncer]\nunix_socket_dir =\n${lines.join('\n')}\n`,
  );
  // It refuses to run as root, as PostgreSQL does.
  if (runnable.as !== undefined) {
    await chown(folder, runnable.as.uid, runnable.as.gid);
    await chown(config, runnable.as.uid, runnable.as.gid);
  }
  const child: ChildProcess = spawn('pgbouncer', ['-q', config], { ...runnable.as, stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  const through = (url: string): string => {
    const same = new URL(url);
    same.port = String(port);
    return same.href;
  };
  const admin = async <T>(ask: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/pgbouncer` });
    client.on('error', () => {});
    await client.connect();
    try {
      return await ask(client);
    } finally {
      await client.end();
    }
  };
  for (let tries = 0; ; tries++) {
    try {
      await admin(async (client) => client.query('SHOW VERSION'));
      break;
    } catch (error) {
      if (tries > 100 || child.exitCode !== null) throw error;
      await sleep(50);
    }
  }
  return {
    through,
    transactions: (url) =>
      admin(async (client) => {
        const { rows } = await client.query<{ database: string; total_xact_count: string }>('SHOW STATS');
        return Number(rows.find(({ database }) => database === new URL(url).pathname.slice(1))?.total_xact_count ?? 0);
      }),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
