/**
 * Delivery by UDP, one message a datagram. Nothing is confirmed, by anyone: what is answered as delivered was handed to
 * the network. A receiver that does not run is noticed where its machine says so in time, and nowhere else.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { QuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { answerOf, type Outcomes } from './chunks.ts';
import { type MessageForm, messagesOf, tooLong } from './messages.ts';

/** The largest payload of a datagram over IPv4. */
const LONGEST = 65_507;
/** After so many the receiver gets a moment to read: its buffer is not large. */
const BURST = 50;

export interface DatagramOptions {
  readonly address: string;
  readonly port: number;
  readonly header: MessageForm['header'];
  readonly longest: number;
  /** How long a refusal is waited for, in milliseconds. */
  readonly settleMs: number;
}

export function datagramSink({ address, port, header, longest, settleMs }: DatagramOptions): OpenSink {
  const form: MessageForm = { header, end: '', counted: false, longest: Math.min(longest, LONGEST) };
  const where = `${address}:${port} (UDP)`;
  const fault = (cause: unknown): QuarryError =>
    new QuarryError('QRY5020', { what: cause instanceof Error ? cause.message : String(cause), where, cause });

  async function opened(): Promise<{ socket: Socket; refused: () => Error | undefined }> {
    const target = await lookup(address).catch((cause: unknown) => {
      throw fault(cause);
    });
    const socket = createSocket(target.family === 6 ? 'udp6' : 'udp4');
    let error: Error | undefined;
    socket.on('error', (one) => {
      error ??= one;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, target.address, () => resolve());
    }).catch((cause: unknown) => {
      throw fault(cause);
    });
    return { socket, refused: () => error };
  }

  const send = (socket: Socket, bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(bytes, (error) => (error == null ? resolve() : reject(fault(error))));
    });

  /** Sends what an event is made of; a datagram is header and payload in one. */
  async function sendEvent(socket: Socket, batch: Batch, i: number): Promise<Outcome> {
    const pieces = messagesOf(batch, i, form);
    if (typeof pieces === 'number') return tooLong(pieces, form.longest);
    for (let at = 0; at < pieces.length; at += 2) await send(socket, Buffer.concat(pieces.slice(at, at + 2)));
    return 'delivered';
  }

  return {
    check: async () => {
      const { socket } = await opened();
      socket.close();
    },
    write: async (batches, signal) => {
      signal.throwIfAborted();
      if (batches.length === 0) return [];
      const { socket, refused } = await opened();
      const outcomes: Outcomes = batches.map(({ count }) => new Array(count));
      try {
        let sent = 0;
        for (const [b, batch] of batches.entries())
          for (let i = 0; i < batch.count; i++) {
            outcomes[b]![i] = await sendEvent(socket, batch, i);
            if (++sent % BURST === 0) await wait(1, undefined, { signal });
          }
        await wait(settleMs, undefined, { signal });
        const error = refused();
        if (error !== undefined) throw fault(error);
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        socket.close();
      }
      return answerOf(outcomes, '');
    },
    close: async () => {},
  };
}
