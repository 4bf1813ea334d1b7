import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** A NATS server with JetStream for tests: Debian's `nats-server`, on a port of 127.0.0.1 that was free. */
export interface NatsServer {
  readonly port: number;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const hasNats = spawnSync('nats-server', ['--version']).status === 0;

/** `more` is added to its configuration. */
export async function startNats(more = ''): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-nats-'));
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  await writeFile(config, `listen: 127.0.0.1:${port}\njetstream { store_dir: "${folder}/store" }\n${more}\n`);
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn('nats-server', ['-c', config], { stdio: 'ignore' });
    for (let tries = 0; !(await accepts(port)); tries++) {
      if (tries > 200 || child.exitCode !== null) throw new Error('nats-server does not start');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child!.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  await start();
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    port,
    start,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether somebody listens. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
