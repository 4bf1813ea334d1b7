/**
 * Delivery over connections. A connection is an epoch: up to 10 MB or 30 seconds of events, then it is closed and all of
 * them are delivered at once, or none (see connection.ts for what is waited for). A write ends its epochs, so nothing is
 * unconfirmed between writes and a sink holds no connection while it has nothing to send.
 *
 * After a failure no further epoch is begun; what was in the epoch that failed, and what was not sent, is to be tried
 * again. A receiver that is too slow to take an epoch within the time-out would get the same again and again: each time
 * the epoch gets smaller, and larger again with every one that settles.
 */
import { QuarryError } from '../../core/errors.ts';
import type { OpenSink } from '../../core/sink.ts';
import { answerOf, type Chunk, chunksOf, type Outcomes } from './chunks.ts';
import { connect, type Receiver } from './connection.ts';
import type { MessageForm } from './messages.ts';

const EPOCH_BYTES = 10_000_000;
const SMALLEST_EPOCH = 16 << 10;
const EPOCH_MS = 30_000;
const CHUNK_BYTES = 256 << 10;

export interface StreamOptions {
  readonly receiver: Receiver;
  readonly form: MessageForm;
  /** Connections at a time. */
  readonly senders: number;
  /** Applied to each chunk before it is sent. */
  readonly encode?: (bytes: Buffer) => Promise<Buffer>;
  /** How long an epoch takes more events, in milliseconds. */
  readonly epochMs?: number;
  readonly onConnection?: ((sender: number, open: boolean) => void) | undefined;
}

export function streamSink({
  receiver,
  form,
  senders,
  encode,
  epochMs = EPOCH_MS,
  onConnection,
}: StreamOptions): OpenSink {
  let epochBytes = EPOCH_BYTES;

  /** Sends chunks on one connection, the first one given, and has it settled. */
  async function epoch(
    first: Chunk,
    more: () => Chunk | undefined,
    signal: AbortSignal,
    number: number,
  ): Promise<readonly Chunk[]> {
    const connection = await connect(receiver, signal);
    onConnection?.(number, true);
    try {
      const sent: Chunk[] = [];
      const until = performance.now() + epochMs;
      let bytes = 0;
      for (let chunk: Chunk | undefined = first; chunk !== undefined; ) {
        sent.push(chunk);
        bytes += chunk.bytes.length;
        await connection.send(encode === undefined ? chunk.bytes : await encode(chunk.bytes));
        chunk = bytes < epochBytes && performance.now() < until ? more() : undefined;
      }
      await connection.finish();
      epochBytes = Math.min(epochBytes * 2, EPOCH_BYTES);
      return sent;
    } catch (error) {
      if (error instanceof QuarryError && error.code === 'QRY5025')
        epochBytes = Math.max(epochBytes >> 2, SMALLEST_EPOCH);
      throw error;
    } finally {
      connection.drop();
      onConnection?.(number, false);
    }
  }

  return {
    check: async () => {
      const connection = await connect(receiver, new AbortController().signal);
      try {
        await connection.finish();
      } finally {
        connection.drop();
      }
    },
    write: async (batches, signal) => {
      signal.throwIfAborted();
      const outcomes: Outcomes = batches.map(({ count }) => new Array(count));
      const chunks = chunksOf(batches, form, outcomes, () => Math.min(CHUNK_BYTES, epochBytes));
      let failure: { error: unknown } | undefined;
      const next = (): Chunk | undefined => {
        // A chunk of nothing but events that are too long has nothing to send.
        for (;;) {
          const { value } = failure === undefined ? chunks.next() : { value: undefined };
          if (!value || value.bytes.length > 0) return value ?? undefined;
        }
      };
      const sender = async (_: unknown, number: number): Promise<void> => {
        for (let first = next(); first !== undefined; first = next()) {
          try {
            for (const { batch, from, to } of await epoch(first, next, signal, number))
              for (let i = from; i < to; i++) outcomes[batch]![i] ??= 'delivered';
          } catch (error) {
            failure ??= { error };
          }
        }
      };
      await Promise.all(Array.from({ length: senders }, sender));
      signal.throwIfAborted();
      if (failure === undefined) return answerOf(outcomes, '');
      // Nothing is known of any event: the error says more than an outcome could.
      if (outcomes.every((all) => all.every((one) => one === undefined))) throw failure.error;
      return answerOf(outcomes, failure.error instanceof Error ? failure.error.message : String(failure.error));
    },
    close: async () => {},
  };
}
