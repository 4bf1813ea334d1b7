/**
 * One connection to a receiver. Syslog acknowledges nothing: that bytes were taken, that TLS is up, that a write came
 * back without an error says nothing about messages. A receiver that demands a client certificate lets a TLS 1.3 client
 * without one finish its handshake and write, and throws all of it away. What can be known is less, and is all that is
 * used here:
 *
 *   connecting ──▶ settling ──▶ sending ──▶ finishing ──▶ over
 *
 * settling   nothing is sent; a receiver that refuses closes now. As long as asked for, and as long again as connecting
 *            took, since the refusal of a far receiver is under way as long as that.
 * sending    reading goes on; anything the receiver ends now was ended early.
 * finishing  our side is closed. The receiver's end of the stream, coming after it, is the only sign that it read to
 *            the last byte.
 *
 *            A receiver said never to end a connection is watched instead, as in settling: its silence is all there is.
 *
 * Every other end, in every state, is a failure, and everything sent on the connection counts as not delivered.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Credentials } from './credentials.ts';
import { type Circumstances, endedEarly, type Phase, silent, socketFault } from './faults.ts';

export interface Receiver {
  readonly address: string;
  readonly port: number;
  /** Absent for a connection in the clear. */
  readonly tls?: {
    readonly credentials: () => Credentials;
    readonly verify: boolean;
    readonly serverName: string | undefined;
  };
  /** How long a new connection is watched, in milliseconds. */
  readonly settleMs: number;
  /** Whether its end of the stream is waited for; false for receivers that never end a connection. */
  readonly awaitEnd: boolean;
  /** How long the receiver may do nothing, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Connection {
  /** Resolves when the bytes were taken; the buffer may then be used again. One call at a time. */
  send(bytes: Buffer): Promise<void>;
  /** Says that nothing more comes; resolves when the receiver has ended the connection after that, where it does. */
  finish(): Promise<void>;
  /** Drops the connection, whatever its state. */
  drop(): void;
}

/**
 * Connects and settles. Rejects with QRY5020 to QRY5025, or with the signal's reason; so do the calls of the connection,
 * which ends when the signal is aborted.
 */
export async function connect(receiver: Receiver, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const credentials = receiver.tls?.credentials();
  const where = `${receiver.address}:${receiver.port}`;
  const began = performance.now();
  const socket = open(receiver, credentials);
  let phase: Phase = 'connecting';
  let over = false;
  let failure: Error | undefined;
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;

  const now = (): Circumstances => ({ phase, where, doubt: credentials?.doubt });
  const fail = (error: Error): void => {
    if (over) return;
    failure ??= error;
    drop();
    waiting?.reject(failure);
  };
  const stop = (): void => fail(signal.reason as Error);
  const drop = (): void => {
    over = true;
    signal.removeEventListener('abort', stop);
    socket.destroy();
  };
  /** One step at a time is waited for; what ends the connection ends the step. */
  const step = (next: Phase, begin: (done: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      if (over) {
        reject(failure ?? endedEarly(now()));
        return;
      }
      phase = next;
      socket.setTimeout(next === 'settling' ? 0 : receiver.timeoutMs);
      waiting = { resolve, reject };
      begin(resolve);
    });

  signal.addEventListener('abort', stop, { once: true });
  socket.setKeepAlive(true, 15_000);
  socket.on('timeout', () => fail(silent(now(), receiver.timeoutMs)));
  socket.on('error', (error) => fail(socketFault(error, now())));
  socket.on('close', () => fail(endedEarly(now())));
  socket.on('end', () => {
    if (phase !== 'finishing' || !socket.writableFinished) {
      fail(endedEarly(now()));
      return;
    }
    drop();
    waiting?.resolve();
  });
  // Whatever a receiver says is read and thrown away, so that its end is seen.
  socket.resume();

  await step('connecting', (done) => {
    socket.once(receiver.tls === undefined ? 'connect' : 'secureConnect', done);
  });
  const watched = receiver.settleMs + (performance.now() - began);
  let timer: NodeJS.Timeout | undefined;
  const watch = (done: () => void): void => {
    timer = setTimeout(done, watched);
  };
  await step('settling', watch).finally(() => clearTimeout(timer));

  return {
    send: (bytes) =>
      step('sending', (done) => {
        socket.write(bytes, (error) => {
          if (error == null) done();
        });
      }),
    finish: () =>
      step('finishing', (done) => {
        socket.end(() => {
          if (!receiver.awaitEnd) watch(done);
        });
      }).finally(() => clearTimeout(timer)),
    drop,
  };
}

function open(receiver: Receiver, credentials: Credentials | undefined): Socket {
  const { address, port, tls } = receiver;
  if (tls === undefined || credentials === undefined) return connectTcp({ host: address, port });
  return connectTls({
    host: address,
    port,
    secureContext: credentials.context,
    rejectUnauthorized: tls.verify,
    // An address that is a number cannot be asked for by name; the certificate is checked for it all the same.
    servername: tls.serverName ?? (isIP(address) === 0 ? address : ''),
  });
}
