import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Destination, sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { hasNats, type NatsServer, startNats } from '../../test/support/nats-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { startProxy } from '../../test/support/tcp-proxy.ts';
import type { OpenSink } from '../core/sink.ts';
import nats from './nats.ts';

const skip = skipUnless(hasNats, 'nats-server is not installed');
const never = new AbortController().signal;
const MINUTES = 60e9;
let server: NatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
beforeAll(async () => {
  if (hasNats) await begin(await startNats());
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

async function begin(started: NatsServer): Promise<void> {
  server = started;
  connection = await connect({ servers: `127.0.0.1:${server.port}` });
  manager = await jetstreamManager(connection);
}

let number = 0;
/** A stream of its own, and the subjects it takes. */
async function makeStream(more: object = {}): Promise<{ name: string; prefix: string }> {
  const name = `S${++number}`;
  const prefix = `s${number}`;
  await manager.streams.add({ name, subjects: [`${prefix}.>`], duplicate_window: 2 * MINUTES, ...more });
  return { name, prefix };
}
const open = (prefix: string, settings: object = {}, port = server.port): Promise<OpenSink> =>
  nats.open(
    nats.config.parse({ servers: [`127.0.0.1:${port}`], subject: `${prefix}.{connection}.{dataset}`, ...settings }),
    {
      name: 'bus',
      baseDir: '/',
      format: 'raw',
    },
  );

interface Message {
  readonly subject: string;
  readonly id: string;
  readonly events: readonly Payload[];
}

async function messagesIn(name: string): Promise<Message[]> {
  const { state } = await manager.streams.info(name);
  const all: Message[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await manager.streams.getMessage(name, { seq });
    if (message === null) continue;
    const events = message
      .string()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Payload);
    expect(message.header.get('Quarry-Events')).toBe(String(events.length));
    all.push({ subject: message.subject, id: message.header.get('Nats-Msg-Id'), events });
  }
  return all;
}
const idsIn = async (name: string): Promise<string[]> =>
  (await messagesIn(name)).flatMap(({ events }) => events.map(({ id }) => id));

const PUBLISH = (bytes: Buffer): boolean => bytes.includes('"text":');

async function destination(): Promise<Destination> {
  const { name, prefix } = await makeStream();
  const proxy = await startProxy(server.port, PUBLISH);
  return {
    behave: async (how) => {
      if (how === 'small') await manager.streams.update(name, { max_msg_size: 64 * 1024 });
      const ways = { transient: 'refuse', slow: 'hold', mute: 'lose', random: 'chance' } as const;
      proxy.behave(how in ways ? ways[how as keyof typeof ways] : 'pass');
    },
    open: () => open(prefix, { timeout: 5 }, proxy.port),
    received: async () => (await messagesIn(name)).flatMap(({ events }) => events),
    stop: () => proxy.stop(),
  };
}

describe('NATS', skip, () => {
  sinkContract({
    title: 'nats',
    guarantee: 'effectively once inside a window',
    can: ['transient', 'random', 'slow', 'mute', 'small'],
    start: destination,
  });

  test('events are gathered in messages, a subject per data set; what comes again makes the same messages [fault 70]', async () => {
    const { name, prefix } = await makeStream();
    const batches = [
      batchOf('b', payloads('b', 1000, 'x'.repeat(500))),
      batchOf('c', payloads('c', 10), 'tags.all *', 'd'),
    ];
    for (let round = 0; round < 3; round++) {
      const sink = await open(prefix);
      expect(await sink.write(batches, never)).toEqual(['delivered', 'delivered']);
      await sink.close();
    }
    const messages = await messagesIn(name);
    expect(messages.map(({ subject }) => subject)).toEqual([
      ...new Array(3).fill(`${prefix}.c.things`),
      `${prefix}.d.tags_all__`,
    ]);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
    expect(messages.flatMap(({ events }) => events)).toHaveLength(1010);
  });

  test('a write that was stopped while it signed in sends nothing afterwards', async () => {
    const { name, prefix } = await makeStream();
    const proxy = await startProxy(server.port, PUBLISH);
    proxy.behave('hold');
    const sink = await open(prefix, {}, proxy.port);
    const batch = batchOf('b', payloads('b', 3));
    const writing = sink.write([batch], AbortSignal.timeout(50));
    await expect(writing).rejects.toThrow();
    batch.bytes.fill('!');
    proxy.behave('pass');
    await sink.check();
    expect(await idsIn(name)).toEqual([]);
    expect(await sink.write([batchOf('b', payloads('b', 3))], never)).toEqual(['delivered']);
    expect(await idsIn(name)).toHaveLength(3);
    await sink.close();
    await proxy.stop();
  });

  test('past its duplicate window the stream keeps a repetition, with the ids inside [fault 81]', async () => {
    const { name, prefix } = await makeStream({ duplicate_window: 100e6 });
    const sink = await open(prefix);
    await sink.write([batchOf('b', payloads('b', 3))], never);
    await expect
      .poll(
        async () => {
          await sink.write([batchOf('b', payloads('b', 3))], never);
          return (await idsIn(name)).length;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBeGreaterThan(3);
    expect(new Set(await idsIn(name))).toEqual(new Set(['b.0', 'b.1', 'b.2']));
    await sink.close();
  });

  test('a batch of which a message was not taken waits whole, also its event that is too large', async () => {
    const { name, prefix } = await makeStream({ max_msg_size: 4096, max_msgs: 2, discard: 'new' });
    const sink = await open(prefix, { message_bytes: 1024 });
    const mixed = payloads('b', 30, 'y'.repeat(100)).map((one, i) =>
      i === 3 ? { ...one, text: 'z'.repeat(9000) } : one,
    );
    const batch = batchOf('b', mixed);
    expect(await sink.write([batch], never)).toEqual([{ retry: expect.stringContaining('maximum messages exceeded') }]);
    await manager.streams.update(name, { max_msgs: -1 });
    const [outcomes] = await sink.write([batch], never);
    expect((outcomes as unknown[]).flatMap((one, i) => (one === 'delivered' ? [] : [i]))).toEqual([3]);
    const ids = await idsIn(name);
    expect(ids).toHaveLength(29);
    expect(new Set(ids).size).toBe(29);
    await sink.close();
  });

  test('check says what is wrong with the stream, and without one events wait', async () => {
    const none = await open('nobody');
    await expect(none.check()).rejects.toMatchObject({
      code: 'QRY5043',
      message: 'no stream takes the subject nobody.*.*',
    });
    expect(await none.write([batchOf('b', payloads('b', 1))], never)).toEqual([
      { retry: 'no stream takes the subject nobody.c.things' },
    ]);
    const deaf = await makeStream({ no_ack: true });
    await expect((await open(deaf.prefix)).check()).rejects.toMatchObject({
      message: expect.stringContaining('no_ack'),
    });
    const { prefix } = await makeStream();
    await expect((await open(prefix, { stream: 'OTHER' })).check()).rejects.toMatchObject({
      message: expect.stringContaining('OTHER'),
    });
    const some = await makeStream({ subjects: ['part.c.things'] });
    const sink = await open('part', { stream: some.name });
    await sink.check();
    expect(await idsIn(some.name)).toEqual([]);
  });

  test('a server killed in the midst of writes has every event once when all is done', async () => {
    const { name, prefix } = await makeStream();
    const sink = await open(prefix, { timeout: 5 });
    const waiting = Array.from({ length: 20 }, (_, i) => batchOf(`k${i}`, payloads(`k${i}`, 200, 'k'.repeat(300))));
    for (let round = 0; waiting.length > 0; round++) {
      const writing = sink.write(waiting.slice(0, 5), never).catch(() => []);
      if (round < 2) {
        await server.kill();
        await server.start();
      }
      const answered = await writing;
      if (answered.length > 0 && answered.every((one) => one === 'delivered')) waiting.splice(0, 5);
    }
    await sink.close();
    await connection.close();
    await begin(server);
    const ids = await idsIn(name);
    expect(ids).toHaveLength(4000);
    expect(new Set(ids).size).toBe(4000);
  }, 60_000);

  test('sign-in by user and password; a wrong one is said, without the password [fault 91]', async () => {
    const guarded = await startNats('authorization { user: quarry, password: right }');
    try {
      const wrong = await open('x', { user: 'quarry', password: 'canary' }, guarded.port);
      const error = await wrong.check().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'QRY5042', message: expect.stringMatching(/authorization/i) });
      expect(String((error as Error).stack)).not.toContain('canary');
      const sealed = await open('x', {
        user: 'quarry',
        password: 'right',
        servers: [`tls://127.0.0.1:${guarded.port}`],
      });
      await expect(sealed.check()).rejects.toMatchObject({ code: 'QRY5042', message: expect.stringContaining('tls') });
      const right = await open('x', { user: 'quarry', password: 'right' }, guarded.port);
      await expect(right.check()).rejects.toMatchObject({ code: 'QRY5043' });
      await right.close();
    } finally {
      await guarded.stop();
    }
  });
});
