/**
 * A FAKE syslog receiver on a real socket, written from RFC 5424, 3164, 5425 and 6587 and strict about them: a message
 * that none of its grammar fits ends the connection and is told by `received`. It can behave as badly as real ones do.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { OpenSink } from '../../src/core/sink.ts';
import type { Behaviour, Destination } from '../contracts/sink.ts';
import type { Payload } from './batches.ts';

/** `half`: the first half of what comes is read, then the connection is reset. `endless`: connections are never ended. */
export type How = Behaviour | 'half' | 'endless';

export interface FakeSyslogOptions {
  readonly form: 'rfc5424' | 'rfc3164';
  readonly framing: 'newline' | 'octet-counted';
  readonly gzip?: boolean;
  /** TLS, with what the receiver shows and demands; in the clear without it. */
  readonly tls?: TlsOptions;
  readonly random?: () => number;
  /** How connection n behaves, counted from 1, whatever `behave` said. */
  readonly plan?: (n: number) => How | undefined;
  readonly open: (port: number) => Promise<OpenSink>;
}

export interface FakeSyslog extends Destination {
  readonly port: number;
  /** Headers of all messages, in order of arrival. */
  headers(): readonly string[];
  /** Connections so far that went on past their beginning. */
  connections(): number;
}

// PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA (RFC 5424, section 6).
const NAME = '[!#-<>-\\\\^-~]{1,32}';
const HEADERS = {
  rfc5424: new RegExp(
    `^<(?:0|[1-9]\\d{0,2})>1 (?:-|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?(?:Z|[+-]\\d\\d:\\d\\d)) [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} (?:-|(?:\\[${NAME}(?: ${NAME}="(?:[^"\\\\\\]]|\\\\["\\\\\\]])*")*\\])+) `,
  ),
  // PRI TIMESTAMP HOSTNAME TAG (RFC 3164, section 4.1): a day below ten has a blank before it.
  rfc3164:
    /^<(?:0|[1-9]\d{0,2})>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?: [1-9]|[12]\d|3[01]) \d\d:\d\d:\d\d [!-~]+ [A-Za-z0-9_./-]+: /,
};

export async function fakeSyslog(options: FakeSyslogOptions): Promise<FakeSyslog> {
  const payloads: Payload[] = [];
  const headers: string[] = [];
  const sockets = new Set<Socket>();
  /** TCP connections by the port at the other side; under TLS they are not what is served. */
  const wires = new Map<number | undefined, Socket>();
  let behaviour: How = 'accept';
  let connections = 0;
  let violation: Error | undefined;

  function store(message: string): void {
    const header = HEADERS[options.form].exec(message)?.[0];
    if (header === undefined) throw new Error(`no message of ${options.form}: ${message.slice(0, 200)}`);
    headers.push(header);
    payloads.push(JSON.parse(message.slice(header.length)) as Payload);
  }

  function chance(): How {
    const ways = ['accept', 'accept', 'transient', 'mute', 'half'] as const;
    return ways[Math.floor((options.random?.() ?? 0) * ways.length)]!;
  }

  function serve(socket: Socket): void {
    const how = options.plan?.(connections + 1) ?? (behaviour === 'random' ? chance() : behaviour);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    if (how === 'transient') {
      socket.end();
      return;
    }
    connections++;
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    socket.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const all = options.gzip === true && bytes.length > 0 ? gunzipSync(bytes) : bytes;
      try {
        const messages = options.framing === 'newline' ? lines(all) : counted(all);
        for (const message of how === 'half' ? messages.slice(0, messages.length / 2) : messages) store(message);
      } catch (error) {
        violation ??= error as Error;
        socket.destroy();
        return;
      }
      if (how === 'accept' || how === 'slow') socket.end();
      // Everything was taken, and the sender is not told so in order.
      else if (how !== 'endless') wires.get(socket.remotePort)?.resetAndDestroy();
    });
    if (how === 'slow') socket.pause();
  }

  const server: Server =
    options.tls === undefined
      ? createServer({ allowHalfOpen: true }, serve)
      : createTlsServer({ ...options.tls, allowHalfOpen: true }, serve);
  server.on('tlsClientError', () => {});
  server.on('connection', (wire: Socket) => {
    const { remotePort } = wire;
    wires.set(remotePort, wire);
    wire.on('close', () => wires.delete(remotePort));
    wire.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    headers: () => headers,
    connections: () => connections,
    behave: async (how) => {
      behaviour = how;
      if (how === 'accept') for (const socket of sockets) socket.resume();
    },
    open: () => options.open(port),
    received: async () => {
      if (violation !== undefined) throw violation;
      return payloads;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const wire of wires.values()) wire.destroy();
      }),
  };
}

function lines(bytes: Buffer): string[] {
  const all = bytes.toString('utf8').split('\n');
  if (all.pop() !== '') throw new Error('the last message has no line feed');
  return all;
}

/** MSG-LEN SP SYSLOG-MSG; a line feed that ends a message is part of it and not of its text. */
function counted(bytes: Buffer): string[] {
  const all: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = /^([1-9]\d*) /.exec(bytes.toString('latin1', at, at + 12))?.[1];
    if (length === undefined) throw new Error(`no length before a message: ${bytes.toString('utf8', at, at + 60)}`);
    const start = at + length.length + 1;
    at = start + Number(length);
    if (at > bytes.length) throw new Error('a message is shorter than its length');
    all.push(bytes.toString('utf8', start, at).replace(/\n$/, ''));
  }
  return all;
}
