import { afterEach, describe, expect, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { type FakeElasticsearch, fakeElasticsearch } from '../../test/support/fake-elasticsearch.ts';
import type { Batch, OpenSink, Outcome } from '../core/sink.ts';
import elasticsearch from './elasticsearch.ts';

const seed = Date.now() % 1_000_000;
const never = new AbortController().signal;
const open = (url: string, settings: object = {}, format = 'raw'): Promise<OpenSink> =>
  elasticsearch.open(elasticsearch.config.parse({ url, ...settings }), { name: 'e', baseDir: '.', format });

for (const [kind, guarantee, settings] of [
  ['a data stream', 'effectively once', {}],
  ['an index', 'effectively once', { index: 'events-{dataset}' }],
  ['the current state', 'effectively once', { mode: 'current', compress: false }],
] as const)
  sinkContract({
    title: `elasticsearch, ${kind}, against a FAKE (seed ${seed})`,
    guarantee,
    can: ['transient', 'refuse', 'busy', 'random', 'slow', 'mute', 'small'],
    start: async () => {
      const fake = await fakeElasticsearch(chanceFrom(seed));
      return { ...fake, open: () => open(fake.url, settings), received: async () => fake.received() };
    },
  });

let fake: FakeElasticsearch;
let sink: OpenSink;
let stop = async (): Promise<void> => {};
const start = async (settings: object = {}, format = 'raw'): Promise<void> => {
  fake = await fakeElasticsearch();
  sink = await open(fake.url, settings, format);
  stop = async () => {
    await sink.close();
    await fake.stop();
  };
};
afterEach(async () => {
  await stop();
  stop = async () => {};
});

const elastic = { devo: 'd', interflow: 'i', ocsf: 'o', elastic: 'qualys_vmdr.asset_host_detection' };
const one = (id: string, more: Partial<Batch> = {}): Batch => ({ ...batchOf('b', [{ id, text: id }]), ...more });
const write = async (...batches: Batch[]): Promise<Outcome[]> =>
  (await sink.write(batches, never)).flatMap((outcome) => outcome as Outcome[]);

describe('log', () => {
  test('events go to the data stream of Elastic’s own name, under their id, with the time Qualys names', async () => {
    await start();
    expect(await write(one('a', { destinations: elastic }), one('b', { dataset: 'asset-groups' }))).toEqual([
      'delivered',
      'delivered',
    ]);
    expect(fake.indices()).toEqual([
      'logs-qualys.asset_groups-default',
      'logs-qualys_vmdr.asset_host_detection-default',
    ]);
    expect([...fake.documents('logs-qualys_vmdr.asset_host_detection-default')]).toEqual([
      ['a', { '@timestamp': '2026-11-19T22:14:05Z', id: 'a', text: 'a' }],
    ]);
  });

  test('what is sent again is there once, inside a backing index; after a rollover it is there twice', async () => {
    await start();
    const stream = 'logs-qualys.things-default';
    expect(await write(one('a'))).toEqual(['delivered']);
    expect(await write(one('a'))).toEqual(['delivered']);
    expect(fake.received()).toHaveLength(1);
    fake.rollover(stream);
    expect(await write(one('a'))).toEqual(['delivered']);
    expect(fake.received()).toHaveLength(2);
  });

  test('several records of one event are documents of their own, and only together they are delivered', async () => {
    await start({ index: 'logs-{dataset}-{route}' });
    const lines = ['{"id":"1","text":"x"}', '{"id":"2","text":"bad"}'];
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const two = one('a', { bytes, ends: [bytes.length], routing: () => ['Assets', 'Sys log'] });
    await fake.behave('refuse');
    expect(await write(two)).toEqual([
      { rejected: expect.stringContaining('For input string') as string, code: '400' },
    ]);
    await fake.behave('accept');
    expect(await write(two)).toEqual(['delivered']);
    expect([...fake.documents('logs-qualys.things-assets').keys()]).toEqual(['a']);
    expect([...fake.documents('logs-qualys.things-sys_log').keys()]).toEqual(['a-2']);
  });

  test('a format that has @timestamp keeps its own', async () => {
    await start({ index: 'ecs' }, 'ecs');
    await write(one('a'));
    expect([...fake.documents('ecs').values()]).toEqual([{ id: 'a', text: 'a' }]);
  });
});

describe('current', () => {
  const of = (seq: number, text: string, more: Partial<Batch> = {}): Batch => ({
    ...batchOf('b', [{ id: `${text}-${seq}`, text }]),
    pullingId: '1800000000000',
    seq: () => seq,
    key: () => '["7","38170"]',
    ...more,
  });
  const texts = (): unknown[] => [...fake.documents('quarry-qualys.things-default').values()].map(({ text }) => text);

  test('one document per key: the newest wins, whatever the order, and the older is delivered', async () => {
    await start({ mode: 'current' });
    expect(await write(of(2, 'second'), of(1, 'first'))).toEqual(['delivered', 'delivered']);
    expect(texts()).toEqual(['second']);
    expect(await write(of(3, 'third'))).toEqual(['delivered']);
    expect(texts()).toEqual(['third']);
  });

  test('a stream whose numbers begin anew, in a later pull, is newer', async () => {
    await start({ mode: 'current' });
    await write(of(100_000, 'before'));
    await write(of(1, 'after', { pullingId: '1800000060000' }));
    expect(texts()).toEqual(['after']);
  });

  test('what is removed is deleted, an older event does not bring it back, and one never there is no error', async () => {
    await start({ mode: 'current' });
    await write(of(1, 'there'));
    expect(await write(of(3, 'gone', { change: () => 'removed' }), of(2, 'late'))).toEqual(['delivered', 'delivered']);
    expect(texts()).toEqual([]);
    const other = of(4, 'never', { change: () => 'removed', key: () => '["8"]' });
    expect(await write(other)).toEqual(['delivered']);
  });

  test('or kept, saying so', async () => {
    await start({ mode: 'current', removed: 'keep' });
    await write(of(1, 'there'), of(3, 'gone', { change: () => 'removed' }));
    expect(texts()).toEqual(['gone']);
  });

  test('in a data stream nothing is rejected: the events wait, and the setting is named', async () => {
    await start({ mode: 'current', index: 'logs-{dataset}-{namespace}' });
    expect(await write(of(1, 'x'))).toEqual([{ retry: expect.stringContaining('set `index`') as string }]);
  });
});

describe('replies', () => {
  test('[fault 67] one for other documents, for fewer, or none at all: nothing is known', async () => {
    await start({ index: 'x' });
    const item = (id: string) => ({ create: { _index: 'x', _id: id, status: 201 } });
    for (const body of [
      JSON.stringify({ items: [item('a')] }),
      JSON.stringify({ items: [item('b'), item('a')] }),
      JSON.stringify({ items: [item('a'), { index: { _id: 'b', status: 201 } }] }),
      '{}',
      '{"items":[{"create":',
      '<html>maintenance</html>',
    ]) {
      fake.next.push({ status: 200, body });
      for (const outcome of await write(one('a'), one('b'))) expect(outcome).toHaveProperty('retry');
    }
    expect(await write(one('a'), one('b'))).toEqual(['delivered', 'delivered']);
  });

  test('[fault 68] 409 on create is a success, 409 of another kind is none', async () => {
    await start({ index: 'x' });
    const conflict = (type: string) =>
      JSON.stringify({ items: [{ create: { _id: 'a', status: 409, error: { type, reason: 'r' } } }] });
    fake.next.push({ status: 200, body: conflict('version_conflict_engine_exception') });
    expect(await write(one('a'))).toEqual(['delivered']);
    fake.next.push({ status: 200, body: conflict('resource_already_exists_exception') });
    expect(await write(one('a'))).toEqual([{ retry: '409 resource_already_exists_exception: r' }]);
  });

  test('what an administrator can mend waits, with the reason', async () => {
    await start({ index: 'x' });
    const refused = (status: number, type: string) =>
      JSON.stringify({ items: [{ create: { _id: 'a', status, error: { type, reason: 'r' } } }] });
    for (const [status, type] of [
      [403, 'security_exception'],
      [403, 'cluster_block_exception'],
      [404, 'index_not_found_exception'],
      [400, 'invalid_index_name_exception'],
      [503, 'unavailable_shards_exception'],
    ] as const) {
      fake.next.push({ status: 200, body: refused(status, type) });
      expect(await write(one('a'))).toEqual([{ retry: `${status} ${type}: r` }]);
    }
  });

  test('a whole request that is refused by sign-in, limits or a redirect waits, and nothing more is sent', async () => {
    await start({ index: 'x', max_request: 1024 });
    const many = batchOf('b', payloads('b', 10, 'x'.repeat(900)));
    for (const reply of [
      { status: 401, body: '{"error":{"type":"security_exception","reason":"unable to authenticate"}}' },
      { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' },
      { status: 302, headers: { location: 'http://elsewhere.example/x' } },
      { status: 400, body: '<html>plain HTTP was sent to HTTPS port</html>' },
      { status: 502, body: 'bad gateway' },
    ]) {
      const before = fake.requests.length;
      fake.next.push(reply);
      const outcomes = await write(many);
      expect(outcomes).toHaveLength(10);
      for (const outcome of outcomes)
        expect(outcome).toHaveProperty('retry', expect.stringContaining(`${reply.status}`));
      expect((outcomes[9] as { waitMs?: number }).waitMs).toBe(reply.status === 429 ? 7000 : undefined);
      expect(fake.requests.length - before).toBe(1);
    }
  });

  test('[fault 70] a lost reply leaves its own request waiting; two in a row end the write', async () => {
    await start({ index: 'x', max_request: 1024 });
    const many = batchOf('b', payloads('b', 4, 'x'.repeat(900)));
    fake.next.push('reset');
    expect((await write(many)).filter((outcome) => outcome === 'delivered')).toHaveLength(3);
    fake.next.push('reset', 'reset');
    const before = fake.requests.length;
    expect((await write(many)).every((outcome) => outcome !== 'delivered')).toBe(true);
    expect(fake.requests.length - before).toBe(2);
  });
});

describe('signing in', () => {
  const key = Buffer.from('id:key').toString('base64');
  test.each([
    [{ username: 'u', password: 'pä' }, `Basic ${Buffer.from('u:pä').toString('base64')}`],
    [{ api_key: 'id:key' }, `ApiKey ${key}`],
    [{ api_key: key }, `ApiKey ${key}`],
    [{ token: 't' }, 'Bearer t'],
  ])('%o', async (settings, authorization) => {
    await start(settings);
    fake.authorization = authorization;
    await sink.check();
    expect(await write(one('a'))).toEqual(['delivered']);
    fake.authorization = 'Basic other';
    await expect(sink.check()).rejects.toThrow('missing authentication credentials');
  });

  test('two ways at once, and half a way, are refused by name', async () => {
    await start();
    await expect(open(fake.url, { username: 'u', token: 't' })).rejects.toMatchObject({ code: 'QRY5032' });
    await expect(open(fake.url, { password: 'p' })).rejects.toMatchObject({ code: 'QRY5032' });
  });
});

test('a placeholder that there is none of is refused', () => {
  for (const [index, success] of [
    ['logs-{dataset}-{tenant}', true],
    ['logs-{datset}', false],
  ] as const)
    expect(elasticsearch.config.safeParse({ url: 'http://x', index }).success).toBe(success);
});

describe('check', () => {
  test('says that a user may not write, and makes nothing, under an alias neither', async () => {
    await start({ index: 'alias' });
    fake.aliases.add('alias');
    await sink.check();
    expect(fake.indices()).toEqual([]);
    fake.privileged = false;
    await expect(sink.check()).rejects.toThrow('may not create_doc in alias');
  });

  test('of mode current through an alias of a data stream says that this cannot be', async () => {
    await start({ mode: 'current', index: 'logs-a-b' });
    fake.aliases.add('logs-a-b');
    await expect(sink.check()).rejects.toThrow('set `index`');
  });
});
