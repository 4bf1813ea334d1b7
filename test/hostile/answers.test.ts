import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Call } from '../../src/core/dataset.ts';
import { QuarryError } from '../../src/core/errors.ts';
import { type Format, rootOf } from '../../src/core/format.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Client, createClient } from '../../src/qualys/client.ts';
import { type FakeServer, fakeServer, send } from '../../src/qualys/fake-server.ts';
import { type FetchedAnswer, fetchAnswer } from '../../src/qualys/fetch-answer.ts';
import { createGovernor } from '../../src/qualys/governor.ts';
import { resolveAddress } from '../../src/qualys/platforms.ts';
import { createReader } from '../../src/qualys/reader.ts';
import { ASSETS, EVENTS, HOSTS, LOG } from './bodies.ts';

/** Whole answers that nobody honest sends: over HTTP, packed, and with next pages that lead astray. */
const CALL: Call = { api: 'asset/host', path: '/api/5.0/fo/asset/host/', method: 'GET', params: { action: 'list' } };
const MIB = 2 ** 20;

let canary: Server;
let canaryUrl = '';
let canaryCalls = 0;
let server: FakeServer;
let client: Client;

beforeAll(async () => {
  canary = createServer((_, response) => {
    canaryCalls++;
    response.end();
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
});
afterAll(() => void canary.close());
afterEach(async () => {
  await client.close();
  await server.close();
  expect(canaryCalls).toBe(0);
});

/** Fetches one answer; and, where it names a next page, that one too. */
async function fetched(format: Format, body: string | Buffer, headers: Record<string, string> = {}, status = 200) {
  server = await fakeServer((_, response) => send(response, status, body, headers));
  client = createClient({
    address: resolveAddress({ api_url: server.url }),
    credentials: { username: 'u', password: new Secret('p4ssw0rd') },
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
    timeouts: { idleMs: 5000 },
  });
  let records = 0;
  const get = (params: Readonly<Record<string, string>>): Promise<FetchedAnswer> =>
    fetchAnswer(
      client,
      { ...CALL, params },
      () => createReader(format, { record: () => void records++, outer: () => undefined, ids: () => undefined }),
      { expectRoot: rootOf(format) },
    );
  const first = await get(CALL.params);
  if (first.nextParams !== undefined) await get(first.nextParams);
  return { first, records };
}

async function refusal(...parameters: Parameters<typeof fetched>): Promise<string> {
  const thrown = await fetched(...parameters).then(
    () => 'read',
    (reason: unknown) => reason,
  );
  return thrown instanceof QuarryError ? thrown.code : String(thrown);
}

const packed = (...pieces: readonly (string | Buffer)[]) =>
  gzipSync(Buffer.concat(pieces.map((one) => Buffer.from(one))));
const PACKED = { 'content-encoding': 'gzip' };

describe('bombs', () => {
  const blanks = Buffer.alloc(64 * MIB, 0x20);
  it.each<[name: string, format: Format, body: () => Buffer]>([
    ['blanks in XML', HOSTS, () => packed('<HOST_LIST_OUTPUT>', blanks)],
    ['blanks in JSON', EVENTS, () => packed('[', blanks, ']')],
    ['blanks in a record', ASSETS, () => packed('{"assetListData":{"asset":[{', blanks)],
    ['blank rows', LOG, () => packed('Date,Action\n', Buffer.alloc(64 * MIB, 0x0a))],
    ['one text', EVENTS, () => packed('[{"id":"', Buffer.alloc(64 * MIB, 0x78))],
    ['one cell', LOG, () => packed('Date,Action\n1,"', Buffer.alloc(64 * MIB, 0x78))],
    [
      'many members of gzip',
      EVENTS,
      () => Buffer.concat([packed('['), ...Array<Buffer>(64).fill(packed(blanks.subarray(MIB * 63)))]),
    ],
  ])('[fault 62] %s: refused as too large', async (_, format, body) => {
    expect(await refusal(format, body(), PACKED)).toBe('QRY3003');
  });

  it.each<[name: string, format: Format, body: () => Buffer]>([
    ['gzip in gzip', EVENTS, () => packed(packed('[{"id":1}]'))],
    ['XML where JSON was asked for', EVENTS, () => packed('<html>busy</html>')],
    ['no records of any kind', HOSTS, () => packed('\0\0\0\0')],
  ])('%s: another document', async (_, format, body) => {
    expect(await refusal(format, body(), PACKED)).toBe('QRY2034');
  });

  it('damaged, cut, or not packed at all', async () => {
    const whole = packed('[{"id":1}]');
    expect(await refusal(EVENTS, whole.subarray(0, -6), PACKED)).toBe('QRY3002');
    await client.close();
    await server.close();
    const damaged = Buffer.from(whole);
    damaged[whole.length - 6]! ^= 1;
    expect(await refusal(EVENTS, damaged, PACKED)).toBe('QRY2005');
    await client.close();
    await server.close();
    expect(await refusal(EVENTS, '[{"id":1}]', PACKED)).toBe('QRY2005');
    await client.close();
    await server.close();
    expect(await refusal(EVENTS, '[{"id":1}]', { 'content-encoding': 'br' })).toBe('QRY2034');
  });
});

describe('next pages', () => {
  const warned = (url: string) =>
    `<HOST_LIST_OUTPUT><RESPONSE><WARNING><CODE>1980</CODE><TEXT>more</TEXT><URL><![CDATA[${url}]]></URL></WARNING></RESPONSE></HOST_LIST_OUTPUT>`;
  const footer = (url: string) =>
    `Date,Action\n----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n"CODE","TEXT","URL"\n"1980","more","${url}"\n----END_RESPONSE_FOOTER_CSV\n`;
  it.each<[name: string, url: (canary: string) => string]>([
    ['another host', (host) => `${host}/api/?action=list&id_min=9`],
    ['no scheme', (host) => `${host.slice(5)}/api/?id_min=9`],
    ['user and password', (host) => `${host.replace('//', '//u:p@')}/?id_min=9&username=u&password=p`],
    ['a file', () => 'file:///etc/passwd?id_min=9'],
    ['a script', () => 'javascript:fetch("/x")?id_min=9'],
    ['the cloud’s own', () => 'http://169.254.169.254/latest/meta-data/?id_min=9'],
    ['another path', () => '/api/2.0/fo/user/?action=delete&id_min=9'],
    ['a header split', () => 'https://x/?id_min=9&x=%0d%0aX-Injected:%201'],
    ['names of objects', () => 'https://x/?__proto__=1&constructor=2&id_min=9'],
    ['megabytes', () => `https://x/?id_min=9&a=${'a'.repeat(4000)}`],
  ])('[fault 48] to %s: only its parameters are taken', async (_, url) => {
    for (const [format, body] of [
      [HOSTS, warned(url(canaryUrl))],
      [LOG, footer(url(canaryUrl))],
    ] as const) {
      if (format === LOG && body.includes('fetch("')) continue;
      await fetched(format, body);
      expect(server.received).toHaveLength(2);
      const [, next] = server.received;
      expect(next!.url.pathname).toBe(CALL.path);
      // A long query goes as a form.
      const sent = new URLSearchParams(`${next!.url.search.slice(1)}&${next!.body}`);
      expect(sent.get('action')).toBe('list');
      expect(sent.get('id_min')).toBe('9');
      expect(next!.headers).not.toHaveProperty('x-injected');
      expect(sent.has('password')).toBe(false);
      if (format === HOSTS) {
        await client.close();
        await server.close();
      }
    }
  });

  it('none where the answer says that there is one', async () => {
    for (const url of ['', 'https://x/', 'id_min=9', 'https://x/?', 'https://x/#?']) {
      expect(await refusal(HOSTS, warned(url))).toBe('QRY3001');
      await client.close();
      await server.close();
    }
    expect(await refusal(LOG, footer(''))).toBe('QRY3001');
  });

  it('elsewhere by redirect, with credentials in the request: nobody follows', async () => {
    expect(await refusal(HOSTS, '', { location: `${canaryUrl}/x` }, 302)).toBe('QRY2032');
  });
});
