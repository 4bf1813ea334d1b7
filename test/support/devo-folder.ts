/**
 * A FAKE Devo: an endpoint of node:tls that demands the certificate of a domain and keeps what it reads, and the folder a
 * Devo collector would be run from: certs/, config/config.yaml, state/. Written from the public documents of both.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { fakeAuthority } from '../../src/qualys/fake-certificates.ts';

/** An event as it arrived. */
export interface Arrived {
  readonly table: string;
  readonly message: string;
}

/** `take`: reads everything and ends connections in order. `reset`: reads everything, and then the connection breaks. */
type How = 'take' | 'reset';

export interface DevoFolder {
  readonly dir: string;
  readonly config: string;
  /** Events in order of arrival. Throws on a line that is no event of a Devo client. */
  arrived(): Arrived[];
  /** Resolves when so many bytes have arrived. */
  arrivedBytes(least: number): Promise<void>;
  behave(how: How): void;
  forget(): void;
  /** Writes config.yaml with these inputs, and the one output devo_1. */
  write(inputs: Record<string, unknown>): Promise<void>;
  close(): Promise<void>;
}

const LINE = /^<14>(?:[A-Z][a-z]{2}) [ \d]\d \d\d:\d\d:\d\d \S+ ([a-z_]+(?:\.[a-z_]+)+): (.*)$/s;

export async function devoFolder(): Promise<DevoFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'quarry-devo-folder-'));
  for (const name of ['certs', 'config', 'state']) await mkdir(join(dir, name));
  const authority = fakeAuthority();
  const server = authority.issue('DNS:localhost');
  const domain = authority.issue('DNS:devo-client');
  await writeFile(join(dir, 'certs', 'chain.crt'), authority.ca);
  await writeFile(join(dir, 'certs', 'domain.crt'), domain.cert);
  await writeFile(join(dir, 'certs', 'domain.key'), domain.key);

  const chunks: Buffer[] = [];
  /** TCP connections by the port at the other side; under TLS they are not what is served. */
  const wires = new Map<number | undefined, Socket>();
  let how: How = 'take';
  let bytes = 0;
  const waiting = new Set<() => void>();
  const tls = { ca: authority.ca, cert: server.cert, key: server.key, requestCert: true, rejectUnauthorized: true };
  const endpoint = createServer({ ...tls, allowHalfOpen: true }, (socket: TLSSocket) => {
    const own: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      own.push(chunk);
      bytes += chunk.length;
      for (const look of waiting) look();
    });
    socket.on('end', () => {
      if (how === 'reset') {
        wires.get(socket.remotePort)?.resetAndDestroy();
        return;
      }
      chunks.push(...own);
      socket.end();
    });
    socket.on('error', () => {});
    // What was read of a connection that broke has been read all the same.
    socket.on('close', (failed) => {
      if (failed) chunks.push(...wholeLines(own));
    });
  });
  endpoint.on('connection', (wire: Socket) => {
    const { remotePort } = wire;
    wires.set(remotePort, wire);
    wire.on('close', () => wires.delete(remotePort));
    wire.on('error', () => {});
  });
  endpoint.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => {
    endpoint.listen(0, '127.0.0.1', resolve);
  });
  const address = endpoint.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = join(dir, 'config', 'config.yaml');
  return {
    dir,
    config,
    arrived: () =>
      Buffer.concat(chunks)
        .toString('utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const [, table, message] = LINE.exec(line) ?? [];
          if (table === undefined || message === undefined) throw new Error(`no event: ${line.slice(0, 200)}`);
          return { table, message };
        }),
    arrivedBytes: (least) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (bytes < least) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    behave: (next) => {
      how = next;
    },
    forget: () => {
      chunks.length = 0;
      bytes = 0;
    },
    write: async (inputs) => {
      const files = { chain: 'chain.crt', cert: 'domain.crt', key: 'domain.key' };
      const output = { address: 'localhost', port, type: 'SSL', ...files };
      const layout = {
        globals: {
          ...{ debug: false, id: 'not_used', name: 'example_collector' },
          persistence: { type: 'filesystem', config: { directory_name: 'state' } },
        },
        outputs: { devo_1: { type: 'devo_platform', config: output } },
        inputs,
      };
      // JSON is YAML.
      await writeFile(config, JSON.stringify(layout, null, 2));
    },
    close: async () => {
      endpoint.close();
      for (const wire of wires.values()) wire.destroy();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function wholeLines(own: readonly Buffer[]): Buffer[] {
  const all = Buffer.concat(own);
  return [all.subarray(0, all.lastIndexOf(10) + 1)];
}
