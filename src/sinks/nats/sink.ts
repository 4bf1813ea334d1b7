/**
 * Events of a batch are gathered, in order, into messages: as many lines as fit into `message_bytes`. A message is named
 * by its batch and its first and last event (`Nats-Msg-Id`), so one name never stands for two contents, and a batch
 * that comes again makes the same messages, which the stream drops inside its duplicate window.
 *
 * For that reason a batch of which anything is not known comes again whole: the rest of it would be another batch, cut
 * into other messages under other names. A message that the stream finds too large is cut in halves, in the same way
 * each time; an event too large alone is rejected, once everything else of its batch is acknowledged.
 */
import { QuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { filled } from '../define.ts';
import { type Access, type Connection, type Libraries, openConnection, said } from './connection.ts';
import { subjectOf, takes } from './subjects.ts';
import { messagesOf, type Room, roomFor } from './window.ts';

export interface Settings extends Access {
  readonly subject: string;
  readonly stream?: string | undefined;
  readonly message_bytes: number;
}

/** Messages, and bytes of them, that may wait for their acknowledgement. */
const WINDOW = { messages: 256, bytes: 8 << 20 };
/** Names of headers and what the library adds, beside our values. */
const HEADER_BYTES = 256;
/** JetStream: the message is larger than the stream takes; the last sequence is not the one expected. */
const TOO_LARGE = 10_054;
const WRONG_LAST_SEQUENCE = 10_071;

/** Opens the sink; the first check or write signs in. */
export function openNats(settings: Settings, baseDir: string, libraries: Libraries): OpenSink {
  let held: Connection | undefined;

  async function connected(): Promise<Connection> {
    if (held?.usable !== true) held = await openConnection(settings, baseDir, libraries);
    return held;
  }

  async function publish(to: Connection, batch: Batch, from: number, end: number): Promise<void> {
    const start = from === 0 ? 0 : batch.ends[from - 1]!;
    // A copy: the library may hold it longer than the write lasts.
    const payload = Buffer.from(batch.bytes.subarray(start, batch.ends[end - 1]!));
    const headers = libraries.headers();
    headers.set('Quarry-Dataset', batch.dataset);
    headers.set('Quarry-Events', String(end - from));
    await to.client.publish(subjectOf(settings.subject, batch), payload, {
      msgID: `${batch.id}:${from}-${end - 1}`,
      timeout: settings.timeout * 1000,
      headers,
      ...(settings.stream !== undefined && { expect: { streamName: settings.stream } }),
    });
  }

  /** Publishes events [from, end) as one message, or as halves where that is too large; those too large alone. */
  async function send(to: Connection, batch: Batch, from: number, end: number): Promise<number[]> {
    try {
      await publish(to, batch, from, end);
      return [];
    } catch (error) {
      if (codeOf(error) !== TOO_LARGE) throw error;
      if (end - from === 1) return [from];
      const middle = (from + end) >> 1;
      return [...(await send(to, batch, from, middle)), ...(await send(to, batch, middle, end))];
    }
  }

  /** Sends a batch as messages; resolves when all are on their way, to what its outcome will be. */
  async function begin(
    to: Connection,
    batch: Batch,
    room: Room,
    signal: AbortSignal,
  ): Promise<() => Promise<Outcome | Outcome[]>> {
    const header = HEADER_BYTES + Buffer.byteLength(batch.id + batch.dataset + (settings.stream ?? ''));
    const most = to.maxPayload - header;
    const tooLarge: number[] = [];
    const sends: Promise<void>[] = [];
    let failed: unknown;
    for (const [from, end] of messagesOf(batch, Math.min(settings.message_bytes, most))) {
      const bytes = batch.ends[end - 1]! - (from === 0 ? 0 : batch.ends[from - 1]!);
      if (bytes > most) {
        tooLarge.push(from);
        continue;
      }
      await room.enter(bytes);
      signal.throwIfAborted();
      sends.push(
        Promise.race([send(to, batch, from, end), to.lost])
          .then(
            (alone) => {
              tooLarge.push(...alone);
            },
            (error: unknown) => {
              failed ??= error;
            },
          )
          .finally(() => room.leave(bytes)),
      );
      if (failed !== undefined) break;
    }
    return async () => {
      await Promise.all(sends);
      if (failed !== undefined) return { retry: reason(failed, to, subjectOf(settings.subject, batch)) };
      if (tooLarge.length === 0) return 'delivered';
      const rejected: Outcome = { rejected: `larger than a message may be (${most} bytes)`, code: 'too_large' };
      return Array.from({ length: batch.count }, (_, i) => (tooLarge.includes(i) ? rejected : 'delivered'));
    };
  }

  async function sendAll(batches: readonly Batch[], signal: AbortSignal): Promise<(Outcome | Outcome[])[]> {
    const to = await connected();
    // The batches' bytes are used again once the write has ended.
    signal.throwIfAborted();
    const room = roomFor(WINDOW);
    const begun: (() => Promise<Outcome | Outcome[]>)[] = [];
    // One after another, so that the stream has them in their order; their acknowledgements are waited for together.
    for (const batch of batches) begun.push(await begin(to, batch, room, signal));
    return Promise.all(begun.map((outcome) => outcome()));
  }

  async function check(to: Connection): Promise<void> {
    const stream = { tenant: 'quarry', subscription: 'quarry', connection: 'quarry', dataset: 'quarry_check' };
    const every = filled(settings.subject, stream, () => '*');
    const manager = await to.manager();
    const names = await manager.streams.names(every).next();
    const name = settings.stream ?? names[0];
    if (name === undefined || !names.includes(name))
      throw wrong(`${name ?? 'no stream'} takes the subject ${every}`, to);
    const { config } = await manager.streams.info(name);
    if (config.no_ack === true) throw wrong(`stream ${name} acknowledges nothing (no_ack)`, to);
    if (config.sealed) throw wrong(`stream ${name} is sealed`, to);
    // A message that the stream must refuse, once it has found that it could take it.
    const subject = subjectOf(settings.subject, stream);
    const expect = { streamName: name, lastSequence: Number.MAX_SAFE_INTEGER };
    await to.client.publish(subject, '', { expect }).catch((error: unknown) => {
      const taken = codeOf(error) === WRONG_LAST_SEQUENCE;
      // A stream may take the subjects of some data sets alone.
      const elsewhere = subject !== settings.subject && !takes(config.subjects ?? [], subject);
      if (!taken && !elsewhere) throw wrong(reason(error, to, subject), to);
    });
  }

  return {
    check: async () => {
      const to = await connected();
      await Promise.race([check(to), to.lost]).catch((error: unknown) => {
        if (error instanceof QuarryError) throw error;
        throw wrong(reason(error, to, settings.subject), to);
      });
    },
    write: async (batches, signal) => {
      signal.throwIfAborted();
      let stop = (): void => {};
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason as Error);
        signal.addEventListener('abort', stop, { once: true });
      });
      try {
        return await Promise.race([sendAll(batches, signal), stopped]);
      } catch (error) {
        // What is under way ends with the connection.
        held?.close().catch(() => {});
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    close: async () => {
      await held?.close();
      held = undefined;
    },
  };
}

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

function reason(error: unknown, to: Connection, subject: string): string {
  if (error instanceof Error && error.name === 'JetStreamNotEnabled') return `no stream takes the subject ${subject}`;
  return to.complaint === undefined ? said(error) : `${said(error)}: ${to.complaint}`;
}

const wrong = (what: string, to: Connection): QuarryError =>
  new QuarryError(to.usable ? 'QRY5043' : 'QRY5042', { what });
