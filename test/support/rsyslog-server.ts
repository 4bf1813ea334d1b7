import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { KeyPair } from '../../src/qualys/fake-certificates.ts';

const BINARY = '/usr/sbin/rsyslogd';
const DRIVERS = ['/usr/lib/x86_64-linux-gnu/rsyslog', '/usr/lib/aarch64-linux-gnu/rsyslog', '/usr/lib/rsyslog'];

/** Whether rsyslog and its GnuTLS driver are installed. */
export const hasRsyslog = (): boolean =>
  existsSync(BINARY) && DRIVERS.some((folder) => existsSync(join(folder, 'lmnsd_gtls.so')));

/**
 * A real rsyslog on a port of 127.0.0.1: TLS by its gtls driver, demanding a client certificate for `devo-client`. It
 * writes every message as it came, a line each, and has written it before it ends the connection (no queue between).
 */
export interface Rsyslog {
  readonly port: number;
  /** Starts again on the same port and file. */
  start(): Promise<void>;
  /** Kills it as a power cut would, but for the page cache. */
  kill(): Promise<void>;
  /** Stands still, and goes on. */
  freeze(): void;
  thaw(): void;
  /** Messages so far, in order of arrival. */
  messages(): Promise<string[]>;
  /** How many bytes it has written so far. */
  size(): Promise<number>;
  runs(): boolean;
  stop(): Promise<void>;
}

export async function rsyslog(folder: string, ca: string, server: KeyPair): Promise<Rsyslog> {
  await mkdir(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  const port = await freePort();
  await writeFile(file('ca.crt'), ca);
  await writeFile(file('server.crt'), server.cert);
  await writeFile(file('server.key'), server.key);
  await writeFile(
    file('rsyslog.conf'),
    `global(workDirectory="${folder}" maxMessageSize="2m" parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${file('ca.crt')}"
  defaultNetstreamDriverCertFile="${file('server.crt')}" defaultNetstreamDriverKeyFile="${file('server.key')}")
main_queue(queue.type="Direct")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer=["devo-client"] maxSessions="500" maxFrameSize="2000000")
input(type="imtcp" port="${port}" address="127.0.0.1" supportOctetCountedFraming="on")
template(name="raw" type="string" string="%rawmsg%\\n")
action(type="omfile" file="${file('messages')}" template="raw" flushOnTXEnd="on")
`,
  );
  let child: ChildProcess | undefined;
  let said = '';

  const start = async (): Promise<void> => {
    await rm(file('pid'), { force: true });
    child = spawn(BINARY, ['-n', '-i', file('pid'), '-f', file('rsyslog.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
    for (let i = 0; !(await accepts(port)); i++) {
      if (child.exitCode !== null || i > 300) throw new Error(`rsyslog did not start: ${said}`);
      await wait(50);
    }
  };
  const runs = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!runs()) return;
    const ended = once(child!, 'exit');
    child!.kill(signal);
    await ended;
  };

  await start();
  const atExit = (): void => void child?.kill('SIGKILL');
  process.once('exit', atExit);
  return {
    port,
    start,
    kill: () => end('SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    messages: async () => {
      const text = existsSync(file('messages')) ? await readFile(file('messages'), 'utf8') : '';
      return text.split('\n').filter((line) => line !== '');
    },
    size: async () => (existsSync(file('messages')) ? (await stat(file('messages'))).size : 0),
    runs,
    stop: () => {
      process.off('exit', atExit);
      return end('SIGKILL');
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
