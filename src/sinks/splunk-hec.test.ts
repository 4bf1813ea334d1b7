import { afterEach, describe, expect, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { type FakeSplunk, fakeSplunk, hecReply } from '../../test/support/fake-splunk.ts';
import type { Batch, OpenSink, Outcome } from '../core/sink.ts';
import hec from './splunk-hec.ts';

const seed = Date.now() % 1_000_000;
const never = new AbortController().signal;
const open = (url: string | string[], settings: object = {}): Promise<OpenSink> =>
  hec.open(hec.config.parse({ url, token: 't0ken', ...settings }), { name: 's', baseDir: '.', format: 'raw' });

for (const ack of [true, false])
  sinkContract({
    title: `splunk_hec ${ack ? 'with' : 'without'} acknowledgement, against a FAKE (seed ${seed})`,
    guarantee: 'at least once',
    can: ['transient', 'refuse', 'random', 'slow', 'mute', 'small'],
    start: async () => {
      const fake = await fakeSplunk(chanceFrom(seed));
      fake.acknowledges = ack;
      // Acknowledged when first asked for, so that only answers that are lost wait for the end of this time.
      fake.polls = 0;
      return { ...fake, open: () => open(fake.url, { ack, ack_timeout: 300 }), received: async () => fake.received() };
    },
  });

let fake: FakeSplunk;
let sink: OpenSink;
let stop = async (): Promise<void> => {};
const start = async (settings: object = {}): Promise<void> => {
  fake = await fakeSplunk();
  sink = await open(fake.url, settings);
  stop = async () => {
    await sink.close();
    await fake.stop();
  };
};
afterEach(async () => {
  await stop();
  stop = async () => {};
});

const one = (id: string, more: Partial<Batch> = {}): Batch => ({ ...batchOf('b', [{ id, text: id }]), ...more });
const write = async (...batches: Batch[]): Promise<Outcome[]> =>
  (await sink.write(batches, never)).flatMap((outcome) => outcome as Outcome[]);

describe('an event', () => {
  test('is the record as it is, with its time, id and the names that searches for Qualys use', async () => {
    await start({ index: 'main', host: 'quarry' });
    expect(await write(one('a', { dataset: 'host_list_detection', time: () => '2026-11-19T22:14:05.123Z' }))).toEqual([
      'delivered',
    ]);
    expect(fake.envelopes).toEqual([
      {
        time: String(Date.UTC(2026, 10, 19, 22, 14, 5, 123) / 1000),
        host: 'quarry',
        source: 'qualys:c',
        sourcetype: 'qualys:hostDetection',
        index: 'main',
        event: { id: 'a', text: 'a' },
        fields: { event_id: 'a' },
      },
    ]);
  });

  test('index, source and sourcetype are set for all data sets or for each', async () => {
    await start({ sourcetype: { things: 'x:{dataset}', default: 'y' }, source: '{tenant}/{connection}' });
    await write(one('a'), one('b', { dataset: 'tags' }), one('c', { connection: 'd' }));
    expect(fake.envelopes.map(({ source, sourcetype }) => [source, sourcetype])).toEqual([
      ['t/c', 'x:things'],
      ['t/c', 'y'],
      ['t/d', 'x:things'],
    ]);
  });
});

describe('[fault 84] acknowledgement', () => {
  test('an event is delivered when the indexer has it, however often that is asked', async () => {
    await start();
    fake.polls = 3;
    expect(await write(one('a'))).toEqual(['delivered']);
    expect(fake.requests.filter(({ url }) => url.pathname.endsWith('/ack'))).toHaveLength(4);
  });

  test('what was taken and lost before it was indexed is sent again, until it is there', async () => {
    await start({ ack_timeout: 300, max_request: 1024 });
    fake.lose = 1;
    fake.polls = 0;
    const two = batchOf('b', payloads('b', 2, 'x'.repeat(800)));
    const [lost, kept] = await write(two);
    expect(lost).toEqual({ retry: expect.stringContaining('not acknowledged') as string });
    expect(kept).toBe('delivered');
    expect(await write(two)).toEqual(['delivered', 'delivered']);
  });

  test('an answer about it that is lost is not taken for a delivery', async () => {
    await start({ ack_timeout: 300 });
    fake.polls = 0;
    fake.next.push(hecReply(0, { ackId: 77 }), 'reset');
    expect(await write(one('a'))).toEqual([{ retry: expect.stringContaining('not acknowledged') as string }]);
    expect(await write(one('a'))).toEqual(['delivered']);
  });

  test('a token that acknowledges nothing is named, and so is what to do', async () => {
    await start();
    fake.acknowledges = false;
    expect(await write(one('a'))).toEqual([{ retry: expect.stringContaining('ack: false') as string }]);
    await expect(sink.check()).rejects.toThrow('ACK is disabled (code 14)');
  });

  test('is asked for at the node that took the events', async () => {
    await start({ max_request: 1024 });
    const other = await fakeSplunk();
    const both = await open([fake.url, other.url], { max_request: 1024 });
    const outcomes = await both.write([batchOf('b', payloads('b', 4, 'x'.repeat(800)))], never);
    expect(outcomes.flat()).toEqual(new Array(4).fill('delivered'));
    expect([fake.envelopes.length, other.envelopes.length]).toEqual([2, 2]);
    await both.close();
    await other.stop();
  });
});

describe('codes', () => {
  test('an index the token may not write to leaves its own events waiting, the others go on', async () => {
    await start({ index: { default: 'main', tags: 'secret' } });
    expect(await write(one('a'), one('b', { dataset: 'tags' }), one('c'))).toEqual([
      'delivered',
      { retry: 'Incorrect index (code 7)' },
      'delivered',
    ]);
    fake.indices.add('secret');
    expect(await write(one('b', { dataset: 'tags' }))).toEqual(['delivered']);
  });

  test.each([6, 12, 13, 15])('%i is about the event it numbers', async (code) => {
    await start();
    fake.next.push(hecReply(code, { 'invalid-event-number': 1 }));
    const [a, b, c] = await write(one('a'), one('b'), one('c'));
    expect([a, c]).toEqual(['delivered', 'delivered']);
    expect(b).toEqual({ rejected: expect.stringContaining(`(code ${code})`) as string, code: `${code}` });
  });

  test.each([1, 2, 3, 4, 9, 10, 11, 14])('%i is about token, channel or server: everything waits', async (code) => {
    await start({ max_request: 1024 });
    fake.next.push(hecReply(code));
    const outcomes = await write(batchOf('b', payloads('b', 4, 'x'.repeat(800))));
    for (const outcome of outcomes) expect(outcome).toHaveProperty('retry', expect.stringContaining(`(code ${code})`));
    expect(fake.requests).toHaveLength(1);
  });

  test('a queue that nears its limit (24, 25) has taken the events; one that is full (26, 27) has not', async () => {
    await start({ ack: false });
    for (const code of [24, 25, 26, 27]) {
      const status = code < 26 ? 200 : 429;
      fake.next.push({ status, headers: { 'retry-after': '3' }, body: JSON.stringify({ text: 'queue', code }) });
      const [outcome] = await write(one('a'));
      if (code < 26) expect(outcome).toBe('delivered');
      else expect(outcome).toHaveProperty('waitMs', 3000);
    }
  });

  test('a 200 of something else is no delivery', async () => {
    await start({ ack: false });
    fake.next.push({ status: 200, body: '<html>sign in</html>' });
    expect(await write(one('a'))).toEqual([{ retry: expect.stringContaining('none of an event collector') as string }]);
  });
});

test('a check says what is wrong with the token', async () => {
  await start();
  await sink.check();
  expect(fake.envelopes).toEqual([]);
  fake.disabled = true;
  await expect(sink.check()).rejects.toThrow('Token disabled (code 1)');
});
