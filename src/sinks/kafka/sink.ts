/**
 * Events of a topic are sent in their order, in requests of `request_bytes`; the next one follows when all replicas in sync
 * have acknowledged. When a request fails, the later events of its topic are not tried, so that no event of an
 * object overtakes an earlier one; other topics go on where a broker has answered at all.
 *
 * A request that brokers refuse because of what is in it is sent again in halves until the event at fault stands alone;
 * only that one is rejected. Whatever was sent and not acknowledged may be there twice: its header `id` is the same.
 */
import type * as kafka from '@platformatic/kafka';
import { QuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { filled } from '../define.ts';
import { type Access, answered, makeProducer, type Producer, said } from './producer.ts';

export interface Settings extends Access {
  readonly topic: string;
  readonly request_bytes: number;
}

/** One event on its way; an event of several lines is several messages, which fare together. */
interface Sending {
  readonly messages: kafka.MessageToProduce<Buffer, Buffer, Buffer, Buffer>[];
  readonly bytes: number;
  settle(outcome: Outcome): void;
}

/** Answers that are about the content of a request. */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']);
/** Bytes of a message beside its key, its value and the values of its headers. */
const MESSAGE_BYTES = 80;

const HEADERS = {
  id: Buffer.from('id'),
  dataset: Buffer.from('dataset'),
  tenant: Buffer.from('tenant'),
  change: Buffer.from('change'),
};

/** Opens the sink; the first check or write connects. */
export function openKafka(settings: Settings, baseDir: string, library: typeof kafka): OpenSink {
  let held: Producer | undefined;

  function drop(): void {
    held?.close(true).catch(() => {});
    held = undefined;
  }

  /** Work with the producer, cut off by the signal. */
  async function within<T>(signal: AbortSignal, work: (producer: Producer) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    let stop = (): void => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      held ??= await makeProducer(settings, baseDir, library);
      return await Promise.race([work(held), stopped]);
    } catch (error) {
      drop();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Sends a request, or its halves where it is refused. Rejects when it is not known or not now. */
  async function send(producer: Producer, request: readonly Sending[]): Promise<void> {
    try {
      await producer.send({ messages: request.flatMap(({ messages }) => messages) });
      for (const one of request) one.settle('delivered');
    } catch (error) {
      const name = answered(error);
      if (name === undefined || !REFUSALS.has(name)) throw error;
      if (request.length === 1) return request[0]!.settle({ rejected: said(error), code: name });
      const middle = request.length >> 1;
      await send(producer, request.slice(0, middle));
      await send(producer, request.slice(middle));
    }
  }

  async function sendAll(producer: Producer, topics: Iterable<readonly Sending[]>, signal: AbortSignal): Promise<void> {
    for (const all of topics) {
      try {
        for (const request of requestsOf(all, settings.request_bytes)) {
          signal.throwIfAborted();
          await send(producer, request);
        }
      } catch (error) {
        if (signal.aborted) throw error;
        const topic = all[0]!.messages[0]!.topic;
        for (const one of all) one.settle({ retry: `${topic}: ${said(error)}` });
        if (answered(error) === undefined) throw error;
      }
    }
  }

  return {
    // Whether a topic may be written, Kafka says only to who writes.
    check: async () => {
      const stream = { tenant: 'quarry', subscription: 'quarry', connection: 'quarry', dataset: 'quarry_check' };
      const topic = topicOf(settings.topic, stream);
      const topics = topic === settings.topic ? [topic] : [];
      const late = AbortSignal.timeout(settings.timeout * 1000);
      await within(late, async (producer) => {
        await producer.metadata({ topics, forceUpdate: true });
        if (settings.idempotent) await producer.initIdempotentProducer({});
      }).catch((error: unknown) => {
        const code = answered(error) === undefined ? 'QRY5042' : 'QRY5043';
        const what = late.aborted ? `no answer within ${settings.timeout} s` : said(error);
        throw error instanceof QuarryError ? error : new QuarryError(code, { what, cause: error });
      });
    },
    write: async (batches, signal) => {
      const outcomes = batches.map((batch) => new Array<Outcome | undefined>(batch.count));
      const topics = Map.groupBy(
        batches.flatMap((batch, b) => sendingsOf(settings.topic, batch, outcomes[b]!)),
        ({ messages }) => messages[0]!.topic,
      );
      let failed = 'not tried';
      await within(signal, (producer) => sendAll(producer, topics.values(), signal)).catch((error: unknown) => {
        if (signal.aborted) throw error;
        failed = said(error);
      });
      return outcomes.map((all) => Array.from(all, (one): Outcome => one ?? { retry: failed }));
    },
    close: async () => {
      const producer = held;
      held = undefined;
      await producer?.close(true).catch(() => {});
    },
  };
}

/** Topics may hold letters, digits, dots, underscores and dashes. */
const topicOf = (template: string, stream: Parameters<typeof filled>[1]): string =>
  filled(template, stream, (value) => value.replaceAll(/[^A-Za-z0-9._-]/g, '_'));

/** A batch's events as messages, copied: the library may hold them longer than the write lasts. */
function sendingsOf(template: string, batch: Batch, outcomes: (Outcome | undefined)[]): Sending[] {
  const topic = topicOf(template, batch);
  const bytes = Buffer.from(batch.bytes);
  const dataset = Buffer.from(batch.dataset);
  const tenant = Buffer.from(batch.tenant);
  return Array.from({ length: batch.count }, (_, event) => {
    const key = Buffer.from(batch.key(event));
    const headers = new Map([
      [HEADERS.id, Buffer.from(batch.eventId(event))],
      [HEADERS.dataset, dataset],
      [HEADERS.tenant, tenant],
      [HEADERS.change, Buffer.from(batch.change(event))],
    ]);
    const messages: Sending['messages'] = [];
    let size = 0;
    for (let at = event === 0 ? 0 : batch.ends[event - 1]!; at < batch.ends[event]!; ) {
      const end = bytes.indexOf(10, at);
      messages.push({ topic, key, headers, value: bytes.subarray(at, end) });
      size += end - at + key.length + MESSAGE_BYTES + dataset.length + tenant.length;
      at = end + 1;
    }
    return {
      messages,
      bytes: size,
      settle: (outcome) => {
        outcomes[event] ??= outcome;
      },
    };
  });
}

/** Events in requests up to `most` bytes; a larger one stands alone. */
function* requestsOf(all: readonly Sending[], most: number): Generator<readonly Sending[]> {
  let from = 0;
  let bytes = 0;
  for (const [i, one] of all.entries()) {
    if (i > from && bytes + one.bytes > most) {
      yield all.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += one.bytes;
  }
  if (from < all.length) yield all.slice(from);
}
