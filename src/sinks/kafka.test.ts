import { describe, expect, test } from 'vitest';
import { type Behaviour, type Destination, sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { type KafkaBroker, startKafka, whyNoKafka } from '../../test/support/kafka-broker.ts';
import { skipUnless } from '../../test/support/skip.ts';
import type { OpenSink } from '../core/sink.ts';
import kafka from './kafka.ts';

const never = new AbortController().signal;
const NOT_ENOUGH_REPLICAS = 19;
const MESSAGE_TOO_LARGE = 10;
const TIMEOUT_MS = 1000;
/** How often the library sends a request that is not answered, or answered by an error that may pass. */
const TRIES = 3;

const open = (broker: KafkaBroker, settings: object = {}): Promise<OpenSink> =>
  kafka.open(kafka.config.parse({ brokers: [broker.address], topic: '{dataset}', timeout: 10, ...settings }), {
    name: 'stream',
    baseDir: '/',
    format: 'raw',
  });

/** Topics that the contract's batches go to, of one partition each: an order to compare with. */
const TOPICS = ['things', 'a', 'b'];

async function destination(settings: object): Promise<Destination> {
  const broker = await startKafka();
  for (const topic of TOPICS) await broker.tell(`topic ${topic} 1`);
  let chance: NodeJS.Timeout | undefined;
  const behave = async (how: Behaviour): Promise<void> => {
    clearInterval(chance);
    await broker.tell(how === 'transient' ? 'down' : 'up');
    await broker.tell('clear');
    // As often as the library tries; an answer that comes after it has stopped waiting is a lost one.
    if (how === 'mute') await broker.tell(`late ${2 * TIMEOUT_MS} ${TRIES}`);
    if (how === 'slow') await broker.tell(`late ${TIMEOUT_MS / 2} 4`);
    if (how === 'random') {
      const some = ['error 19 1', 'error 20 2', 'error 7 4', 'clear', `late ${TIMEOUT_MS / 2} 1`];
      const misbehave = (): void => {
        broker.tell(some[Math.floor(Math.random() * some.length)]!).catch(() => {});
      };
      misbehave();
      misbehave();
      chance = setInterval(misbehave, 50);
    }
  };
  return {
    behave,
    open: () => open(broker, settings),
    received: async () => {
      const messages = await Promise.all(TOPICS.map((topic) => broker.read(topic)));
      return messages.flat().map(({ id, value }) => {
        const payload = JSON.parse(value) as Payload;
        expect(id).toBe(payload.id);
        return payload;
      });
    },
    stop: async () => {
      clearInterval(chance);
      await broker.stop();
    },
  };
}

const why = whyNoKafka();
describe('Kafka', skipUnless(why === undefined, why ?? ''), () => {
  for (const idempotent of [true, false])
    sinkContract({
      title: `kafka, ${idempotent ? 'idempotent' : 'not idempotent'}`,
      guarantee: 'at least once',
      can: ['transient', 'random', 'slow', 'mute'],
      // Compressed, so that the mock's memory holds the largest case.
      start: () => destination({ idempotent, compression: 'gzip', timeout: TIMEOUT_MS / 1000 }),
    });

  async function withBroker(work: (broker: KafkaBroker) => Promise<void>): Promise<void> {
    const broker = await startKafka();
    try {
      await work(broker);
    } finally {
      await broker.stop();
    }
  }

  test('a message has the key of its event; every way to compress is read by another consumer', () =>
    withBroker(async (broker) => {
      for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
        await broker.tell(`topic q.t.${compression} 4`);
        const sink = await open(broker, { compression, topic: 'q.{tenant}.{dataset}' });
        const batch = batchOf('b', payloads('b', 20, 'x'.repeat(200)), compression);
        expect(await sink.write([batch], never)).toEqual([new Array(20).fill('delivered')]);
        await sink.close();
        const messages = await broker.read(`q.t.${compression}`);
        expect(messages.map(({ key }) => key).sort()).toEqual(
          payloads('b', 20)
            .map(({ id }) => JSON.stringify([id]))
            .sort(),
        );
      }
    }));

  test('what brokers find too large is sent in halves; too large alone is rejected alone [fault 69] [fault 80]', () =>
    withBroker(async (broker) => {
      await broker.tell('topic things 1');
      const sink = await open(broker);
      // Refused: the whole, its first half, and the first quarter's half, which is one event.
      await broker.tell(`error ${MESSAGE_TOO_LARGE} 3`);
      const [outcomes] = await sink.write([batchOf('b', payloads('b', 4))], never);
      expect(outcomes).toEqual([
        { rejected: expect.stringContaining('larger than'), code: 'MESSAGE_TOO_LARGE' },
        'delivered',
        'delivered',
        'delivered',
      ]);
      expect((await broker.read('things')).map(({ id }) => id)).toEqual(['b.1', 'b.2', 'b.3']);
      await sink.close();
    }));

  test('too few replicas: nothing of the topic is tried after what failed, other topics go on [fault 80]', () =>
    withBroker(async (broker) => {
      await broker.tell('topic things 1');
      await broker.tell('topic others 1');
      const sink = await open(broker, { request_bytes: 1000 });
      await broker.tell(`error ${NOT_ENOUGH_REPLICAS} ${TRIES}`);
      const batches = [batchOf('b', payloads('b', 30)), batchOf('c', payloads('c', 2), 'others')];
      const [first, second] = await sink.write(batches, never);
      expect(first).toEqual(new Array(30).fill({ retry: expect.stringContaining('things: ') }));
      expect(second).toEqual(['delivered', 'delivered']);
      expect(await sink.write(batches.slice(0, 1), never)).toEqual([new Array(30).fill('delivered')]);
      expect((await broker.read('things')).map(({ id }) => id)).toEqual(payloads('b', 30).map(({ id }) => id));
      await sink.close();
    }));

  test('stored, but the answer came too late: not delivered, and there again with the same ids [fault 70]', () =>
    withBroker(async (broker) => {
      await broker.tell('topic things 1');
      const sink = await open(broker, { timeout: TIMEOUT_MS / 1000 });
      await broker.tell(`late ${2 * TIMEOUT_MS} ${TRIES}`);
      const batch = batchOf('b', payloads('b', 2));
      expect(await sink.write([batch], never)).toEqual([
        new Array(2).fill({ retry: expect.stringContaining('things') }),
      ]);
      const ids = async () => new Set((await broker.read('things')).map(({ id }) => id));
      expect(await ids()).toEqual(new Set(['b.0', 'b.1']));
      expect(await sink.write([batch], never)).toEqual([['delivered', 'delivered']]);
      expect(await ids()).toEqual(new Set(['b.0', 'b.1']));
      await sink.close();
    }));

  test('no broker where one should be: check says so', () =>
    withBroker(async (broker) => {
      await broker.tell('down');
      const sink = await open(broker, { timeout: 2 });
      await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5042' });
      expect(await sink.write([batchOf('b', payloads('b', 1))], never)).toEqual([[{ retry: expect.any(String) }]]);
      await broker.tell('up');
      await sink.check();
      await sink.close();
    }));
});
