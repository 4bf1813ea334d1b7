import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, part, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { fakeHttp } from '../../test/support/fake-http.ts';
import { type FakeReceiver, fakeReceiver } from '../../test/support/fake-receiver.ts';
import { Secret } from '../core/secret.ts';
import type { Batch, OpenSink, Outcome } from '../core/sink.ts';
import { signature } from './http/signature.ts';
import http from './http.ts';

const seed = Date.now() % 1_000_000;
const never = new AbortController().signal;
const key = Buffer.from('a key of some bytes');
const sign = `whsec_${key.toString('base64')}`;
const open = (url: string, settings: object = {}): Promise<OpenSink> =>
  http.open(http.config.parse({ url, ...settings }), { name: 'h', baseDir: '.', format: 'raw' });

for (const [kind, settings] of [
  ['signed lines', { sign }],
  ['packed arrays', { body: 'json', compress: true, max_events: 50 }],
] as const)
  sinkContract({
    title: `http, ${kind}, against a FAKE receiver (seed ${seed})`,
    guarantee: 'at least once',
    can: ['transient', 'refuse', 'random', 'slow', 'mute', 'small'],
    start: async () => {
      const fake = await fakeReceiver(chanceFrom(seed));
      if ('sign' in settings) fake.key = key;
      return { ...fake, open: () => open(fake.url, settings), received: async () => fake.received() };
    },
  });

let fake: FakeReceiver;
let sink: OpenSink;
let stop = async (): Promise<void> => {};
const start = async (settings: object = {}): Promise<void> => {
  fake = await fakeReceiver();
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

const write = async (...batches: Batch[]): Promise<Outcome[]> =>
  (await sink.write(batches, never)).flatMap((outcome) => outcome as Outcome[]);
const ids = (): unknown[] => fake.requests.map(({ headers }) => headers['webhook-id']);

describe('a request', () => {
  test('holds events of one data set and says which, with the headers that are set', async () => {
    await start({ headers: { 'X-Api-Key': 'k' }, token: 't', max_events: 2 });
    await write(batchOf('a', payloads('a', 3)), batchOf('b', payloads('b', 1), 'tags'));
    const said = fake.requests.map(({ headers }) => [headers['quarry-dataset'], headers['quarry-events']]);
    expect(said).toEqual([
      ['things', '2'],
      ['things', '1'],
      ['tags', '1'],
    ]);
    expect(fake.requests[0]!.headers).toMatchObject({
      'x-api-key': 'k',
      authorization: 'Bearer t',
      'content-type': 'application/x-ndjson',
      'quarry-tenant': 't',
      'quarry-connection': 'c',
    });
  });

  test('goes to the address as it is written, with its parameters, which are never seen', async () => {
    await start();
    const settings = { query: { sig: 'c4 nary&' }, token: 't' };
    const there = await open(`${fake.url}/in/`, settings);
    await there.check();
    expect(fake.requests.map(({ url }) => `${url.pathname}${url.search}`)).toEqual(['/in/?sig=c4+nary%26']);
    fake.next.push('reset');
    const outcomes = await there.write([batchOf('a', payloads('a', 1))], never);
    expect(outcomes.flat()).toEqual([{ retry: expect.stringContaining('127.0.0.1') as string }]);
    expect(JSON.stringify([outcomes, http.config.parse({ url: fake.url, ...settings })])).not.toContain('c4');
    await there.close();
  });

  test('one event each, under its own id', async () => {
    await start({ body: 'single', sign });
    fake.key = key;
    expect(await write(batchOf('a', payloads('a', 2)))).toEqual(['delivered', 'delivered']);
    expect(ids()).toEqual(['a.0', 'a.1']);
    expect(fake.received()).toEqual(payloads('a', 2));
  });

  test('[fault 70] has the same id when the same events come again, so that a receiver can leave them out', async () => {
    await start();
    fake.remembers = true;
    const batch = batchOf('a', payloads('a', 3));
    await write(batch);
    expect(await write(batch)).toEqual(['delivered', 'delivered', 'delivered']);
    await write(part(batch, [0, 1]));
    const [first, again, fewer] = ids();
    expect(again).toBe(first);
    expect(fewer).not.toBe(first);
    expect(fake.received()).toHaveLength(5);
  });

  test('is unsigned without a key, and refused by who wants one', async () => {
    await start();
    fake.key = key;
    await expect(sink.check()).rejects.toThrow('wrong signature');
    expect(await write(batchOf('a', payloads('a', 1)))).toEqual([{ retry: expect.stringContaining('401') as string }]);
  });

  test('is signed with every key while one is changed', async () => {
    await start({ sign: ['another', sign] });
    fake.key = key;
    await sink.check();
    fake.key = Buffer.from('another');
    expect(await write(batchOf('a', payloads('a', 1)))).toEqual(['delivered']);
  });
});

describe('an answer', () => {
  test.each([300, 302, 307, 401, 403, 404, 405, 408, 409, 410, 425, 429, 500, 503])(
    '%i: all waits, and nothing more is sent',
    async (status) => {
      await start({ max_events: 1 });
      fake.next.push({ status, headers: { 'retry-after': '2' }, body: 'why' });
      const outcomes = await write(batchOf('a', payloads('a', 3)));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ retry: expect.stringContaining(`${status}`), waitMs: 2000 });
      expect(fake.requests).toHaveLength(1);
    },
  );

  test.each([200, 201, 202, 204])('%i: delivered', async (status) => {
    await start();
    fake.next.push({ status });
    expect(await write(batchOf('a', payloads('a', 2)))).toEqual(['delivered', 'delivered']);
  });

  test.each([400, 413, 422])('%i of one event alone: parked with what was said', async (status) => {
    await start();
    fake.next.push({ status, body: 'field   x\nis wrong' });
    const [outcome] = await write(batchOf('a', payloads('a', 1)));
    expect(outcome).toEqual({ rejected: expect.stringContaining(`${status}: field x is wrong`), code: `${status}` });
  });

  test('[fault 90] a redirect is not followed: credentials and events stay with the address that was given', async () => {
    await start({ token: 't' });
    const other = await fakeHttp(() => ({ status: 200 }));
    fake.next.push({ status: 307, headers: { location: `${other.url}/steal` } });
    const [outcome] = await write(batchOf('a', payloads('a', 1)));
    expect(outcome).toEqual({ retry: expect.stringContaining(`redirects to ${other.url}, not followed`) as string });
    expect(other.requests).toEqual([]);
    await other.stop();
  });

  test.each([
    ['5', 5000],
    ['-5', undefined],
    ['1e9', undefined],
    ['999999999', 3_600_000],
    ['soon', undefined],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ])('[fault 38] Retry-After: %s', async (header, waitMs) => {
    await start();
    fake.next.push({ status: 503, headers: { 'retry-after': header } });
    const [outcome] = await write(batchOf('a', payloads('a', 1)));
    expect((outcome as { waitMs?: number }).waitMs).toBe(waitMs);
  });
});

describe('the signature', () => {
  test('is that of the example in the guide', () => {
    const guide = readFileSync(new URL('../../docs/guide/webhooks.md', import.meta.url), 'utf8');
    const said = (name: string): string[] =>
      [...guide.matchAll(new RegExp(`^${name}: +(.+)$`, 'gm'))].map((match) => match[1]!);
    const [secret, id, timestamp] = ['secret', 'webhook-id', 'webhook-timestamp'].map((name) => said(name)[0]!);
    const body = Buffer.from(
      said('body')
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(said('body')).toHaveLength(2);
    expect(signature([new Secret(secret!)], id!, Number(timestamp), body)).toBe(said('webhook-signature')[0]);
  });

  test('is that of an example published by others who follow the specification', () => {
    const body = Buffer.from('{"event_type":"ping","data":{"success":true}}');
    const secret = new Secret('whsec_plJ3nmyCDGBKInavdOK15jsl');
    expect(signature([secret], 'msg_loFOjxBNrRLzqYUf', 1_731_705_121, body)).toBe(
      'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    );
  });
});

describe('settings', () => {
  test.each([
    [{ url: 'ftp://x' }, 'url'],
    [{ url: 'https://user:pw@x' }, 'url'],
    [{ url: 'https://x?token=1' }, 'url'],
    [{ headers: { 'Webhook-Id': 'x' } }, 'headers'],
    [{ headers: { 'bad name': 'x' } }, 'headers'],
    [{ headers: { a: 'x\r\nb: c' } }, 'headers'],
    [{ token: 'two words' }, 'token'],
    [{ method: 'DELETE' }, 'method'],
  ])('%o is refused', (settings, where) => {
    const { error } = http.config.safeParse({ url: 'https://x', ...settings });
    expect(error?.issues[0]?.path[0]).toBe(where);
  });

  test('secrets are never seen', () => {
    const config = http.config.parse({ url: 'https://x', token: 'c4nary', sign: ['c4nary'], headers: { a: 'c4nary' } });
    expect(JSON.stringify(config)).not.toContain('c4nary');
  });
});
