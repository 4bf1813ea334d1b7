import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { skipUnless } from '../../test/support/skip.ts';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { XmlFormat } from '../core/format.ts';
import { Secret } from '../core/secret.ts';
import { type Client, createClient } from './client.ts';
import { type Answering, type FakeServer, fakeServer, hostList, LIMITS, send, simpleReturn } from './fake-server.ts';
import { type FetchHooks, fetchAnswer } from './fetch-answer.ts';
import { createGovernor, type Governor } from './governor.ts';
import { resolveAddress } from './platforms.ts';
import { createXmlReader } from './xml/reader.ts';

const CALL: Call = {
  api: 'asset/host',
  path: '/api/5.0/fo/asset/host/',
  method: 'GET',
  params: { action: 'list', truncation_limit: '1000', id_min: '1' },
};
const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  lists: [],
  verbatim: [],
  fields: ['ID', 'IP'],
};
const samples = fileURLToPath(new URL('../../../shared/samples/classic/', import.meta.url));

let server: FakeServer;
let client: Client;
let governor: Governor;
afterEach(async () => {
  await client.close();
  await server.close();
});

async function fetchFrom(answer: Answering, hooks: Partial<FetchHooks> = {}) {
  server = await fakeServer(answer);
  governor = createGovernor({ clock: systemClock });
  client = createClient({
    address: resolveAddress({ api_url: server.url }),
    credentials: { username: 'u', password: new Secret('p') },
    governor,
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
    timeouts: { idleMs: 5000 },
  });
  const ids: string[] = [];
  const reader = () => createXmlReader(FORMAT, { record: (view) => void ids.push(view.text('ID') ?? '') });
  const fetched = await fetchAnswer(client, CALL, reader, { expectRoot: 'HOST_LIST_OUTPUT', ...hooks });
  return { ids, fetched };
}

const whole =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Answering =>
  (_, response) =>
    send(response, status, body, headers);

async function failure(answer: Answering, hooks?: Partial<FetchHooks>): Promise<QuarryError> {
  const thrown = await fetchFrom(answer, hooks).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(QuarryError);
  return thrown as QuarryError;
}

describe('a whole answer', () => {
  it('gives its records, its time by Qualys’s clock and the next page’s parameters', async () => {
    const warning =
      '<WARNING><CODE>1980</CODE><TEXT>1000 record limit exceeded. Use URL to get next batch of results.</TEXT>' +
      '<URL>\n<![CDATA[http://elsewhere.example/api/4.0/fo/asset/host/?action=list&details=None&truncation_limit=1000&id_min=501]]>\n</URL></WARNING>';
    const body = hostList(500, 1, warning);
    const { ids, fetched } = await fetchFrom(whole(gzipSync(body), 200, { 'content-encoding': 'gzip' }));
    expect(ids).toHaveLength(500);
    expect(fetched).toMatchObject({
      status: 200,
      bytes: Buffer.byteLength(body),
      serverTime: Date.UTC(2026, 10, 20, 10),
      serverTimeFrom: 'answer',
      warning: { code: '1980' },
      nextParams: { action: 'list', truncation_limit: '1000', id_min: '501' },
      end: { root: 'HOST_LIST_OUTPUT', outer: 500 },
    });
    expect(fetched.nextParams).not.toHaveProperty('details');
    expect(server.received).toHaveLength(1);
    expect(governor.status()['asset/host']!.running).toBe(0);
  });

  it('[fault 53] the Date header where the answer has no time, nothing where there is neither', async () => {
    const bare = '<HOST_LIST_OUTPUT><RESPONSE></RESPONSE></HOST_LIST_OUTPUT>';
    const { fetched } = await fetchFrom(whole(bare, 200, { date: 'Fri, 20 Nov 2026 09:00:00 GMT' }));
    expect(fetched).toMatchObject({ serverTime: Date.UTC(2026, 10, 20, 9), serverTimeFrom: 'header' });
    await client.close();
    await server.close();
    const again = await fetchFrom((_, response) => {
      response.sendDate = false;
      send(response, 200, bare);
    });
    expect(again.fetched).toMatchObject({ serverTime: undefined, serverTimeFrom: undefined });
  });

  it('[fault 54] a time without zone is UTC', async () => {
    const { fetched } = await fetchFrom(
      whole('<HOST_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-20T10:00:00</DATETIME></RESPONSE></HOST_LIST_OUTPUT>'),
    );
    expect(fetched.serverTime).toBe(Date.UTC(2026, 10, 20, 10));
  });

  it('[fault 55] an empty page with a warning has a next page; a warning without URL and 1980 has none', async () => {
    const warn = (inner: string) =>
      `<HOST_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-20T10:00:00Z</DATETIME>${inner}</RESPONSE></HOST_LIST_OUTPUT>`;
    const url = '<WARNING><CODE>1980</CODE><TEXT>t</TEXT><URL>?id_min=9</URL></WARNING>';
    const { ids, fetched } = await fetchFrom(whole(warn(`<WARNING><TEXT>other</TEXT></WARNING>${url}`)));
    expect(ids).toEqual([]);
    expect(fetched.nextParams).toMatchObject({ id_min: '9' });
    await client.close();
    await server.close();
    const other = await fetchFrom(whole(warn('<WARNING><CODE>1234</CODE><TEXT>only saying</TEXT></WARNING>')));
    expect(other.fetched.warning).toMatchObject({ code: '1234', text: 'only saying' });
    expect(other.fetched.nextParams).toBeUndefined();
    await client.close();
    await server.close();
    const listed = await fetchFrom(whole(warn(`<WARNING_LIST><WARNING><TEXT>t</TEXT></WARNING>${url}</WARNING_LIST>`)));
    expect(listed.fetched.nextParams).toMatchObject({ id_min: '9' });
  });

  it('waits for the consumer after each chunk', async () => {
    let at = 0;
    let most = 0;
    const { ids } = await fetchFrom(whole(hostList(20_000)), {
      onChunk: async () => {
        at += 1;
        most = Math.max(most, at);
        await systemClock.sleep(1);
        at -= 1;
      },
    });
    expect(ids).toHaveLength(20_000);
    expect(most).toBe(1);
  });
});

describe('a page that is not whole is no page', () => {
  const body = hostList(2000);
  it.each([0.1, 0.5, 0.999])('[promise 1] [fault 43] QRY3002 cut at %f with a clean end', async (part) => {
    const end = Math.floor(body.indexOf('</HOST_LIST_OUTPUT>') * part);
    expect(await failure(whole(body.slice(0, end)))).toMatchObject({ code: 'QRY3002', next: 'retry' });
  });

  it('[fault 43] QRY2001 reset midway', async () => {
    const error = await failure((_, response) => {
      response.writeHead(200, LIMITS);
      response.write(body.slice(0, 60_000), () => setTimeout(() => response.socket?.resetAndDestroy(), 30));
    });
    expect(error).toMatchObject({ code: 'QRY2001', next: 'retry' });
  });

  it('[fault 44] QRY2001 a whole document in a frame that promised more', async () => {
    const error = await failure((_, response) => {
      response.writeHead(200, { ...LIMITS, 'content-length': String(Buffer.byteLength(body) + 10) });
      response.write(body, () => setTimeout(() => response.socket?.end(), 30));
    });
    expect(error.code).toBe('QRY2001');
  });

  it('QRY3001 malformed: isolated, and the call is left', async () => {
    const error = await failure(whole(body.replace('<ID>7</ID>', '<ID>7</IP>')));
    expect(error).toMatchObject({ code: 'QRY3001', next: 'isolate' });
  });

  it('packed and long: what went before a fault is still known where its chunks have been given back', async () => {
    const packed = (text: string, status = 200) => whole(gzipSync(text), status, { 'content-encoding': 'gzip' });
    const long = hostList(30_000);
    const malformed = await failure(packed(long.replace('</HOST_LIST>', '</HOST_LISTS>')));
    expect(malformed).toMatchObject({ code: 'QRY3001', next: 'isolate' });
    await client.close();
    await server.close();
    const said = simpleReturn('1905', `parameter ids has invalid value ${'7,'.repeat(300_000)}`);
    expect((await failure(packed(said, 400))).message).toContain('1905');
  });

  it('QRY3001 says there is more, not how to go on', async () => {
    const warning = '<WARNING><CODE>1980</CODE><TEXT>t</TEXT></WARNING>';
    expect((await failure(whole(hostList(1, 1, warning)))).code).toBe('QRY3001');
  });

  it('an error thrown by the consumer comes through unchanged, and the call is left', async () => {
    await expect(fetchFrom(whole(body), { onChunk: () => Promise.reject(new TypeError('disk')) })).rejects.toThrow(
      'disk',
    );
    await systemClock.sleep(10);
  });
});

describe('another answer than was asked for', () => {
  it.each<[string, Answering, string]>([
    ['[fault 42] an error document with 200', whole(simpleReturn('2001', 'This account has expired.')), 'QRY2011'],
    ['[fault 42] a success message with 200', whole(simpleReturn('', 'Logged in')), 'QRY2034'],
    [
      'a v1 error with 200',
      whole(
        '<GENERIC_RETURN><API name="x"/><RETURN status="FAILED" number="999">Internal error</RETURN></GENERIC_RETURN>',
      ),
      'QRY2003',
    ],
    [
      'an error inside the root',
      whole('<HOST_LIST_OUTPUT><ERROR number="2012">not authorized</ERROR></HOST_LIST_OUTPUT>'),
      'QRY2012',
    ],
    ['another list', whole('<IP_LIST_OUTPUT><RESPONSE/></IP_LIST_OUTPUT>'), 'QRY2034'],
    ['[fault 41] a page with 200', whole('<!DOCTYPE html>\n<html><body>Log in</body></html>'), 'QRY2034'],
    ['[fault 41] a page without doctype, not well-formed', whole('<html><br><p>Log in</html>'), 'QRY2034'],
    [
      '[fault 41] maintenance with 200',
      whole('<html><p>We are performing scheduled maintenance</p></html>'),
      'QRY2003',
    ],
    ['[fault 41] 503', whole('<html>Service Unavailable</html>', 503), 'QRY2003'],
    ['nothing', whole(''), 'QRY2034'],
    ['blanks', whole(' \n '), 'QRY2034'],
    ['JSON', whole('{"a":1}'), 'QRY2034'],
    ['a bad request', whole(simpleReturn('1905', 'invalid'), 400), 'QRY2030'],
    ['a long-running one', whole(simpleReturn('1981', 'being processed'), 202), 'QRY2035'],
    ['no such path', whole('<html>Not Found</html>', 404), 'QRY2031'],
    ['a cut error document', whole('<SIMPLE_RETURN><RESPONSE><CODE>1905</CODE>'), 'QRY3002'],
    ['[fault 61] an entity declaration', whole('<!DOCTYPE x [<!ENTITY a "b">]><HOST_LIST_OUTPUT/>'), 'QRY3004'],
    [
      '[fault 62] a bomb of blanks',
      whole(gzipSync(Buffer.alloc(50_000_000, 0x20)), 200, { 'content-encoding': 'gzip' }),
      'QRY3003',
    ],
    ['[fault 63] another document, very deep', whole('<a>'.repeat(100_000)), 'QRY2034'],
    ['[fault 63] very deep', whole(`<HOST_LIST_OUTPUT>${'<a>'.repeat(100_000)}`), 'QRY3003'],
    ['a large other document', whole(`<OTHER>${'<A>text</A>'.repeat(300_000)}</OTHER>`), 'QRY2034'],
  ])('%s', async (_, answer, code) => {
    expect((await failure(answer)).code).toBe(code);
  });

  it('[fault 37] a rate refusal tells the governor what its body said', async () => {
    const items = '<ITEM_LIST><ITEM><KEY>SECONDS_TO_WAIT</KEY><VALUE>1200</VALUE></ITEM></ITEM_LIST>';
    const error = await failure((_, response) => {
      response.writeHead(409);
      response.end(simpleReturn('1965', 'later', items));
    });
    expect(error).toMatchObject({ code: 'QRY2020', waitMs: 1_200_000 });
    const stop = new AbortController();
    const waiting = governor.acquire({ api: 'asset/host', signal: stop.signal });
    const { until, because } = governor.status()['asset/host']!;
    expect(until! - Date.now()).toBeGreaterThan(1_100_000);
    expect(because).toMatch(/asked to wait/);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('a permanent 409 is no limit', async () => {
    expect(await failure(whole(simpleReturn('2003', 'Registration must be completed'), 409))).toMatchObject({
      code: 'QRY2011',
      next: 'stop_connection',
    });
    const slot = await governor.acquire({ api: 'asset/host' });
    slot.release();
  });
});

describe('recorded answers', skipUnless(existsSync(samples), 'recorded answers of Qualys are not here'), () => {
  it.each([
    ['host-list-empty.xml', false],
    ['guide-host-list-truncated-1980.xml', true],
    ['guide-host-list-lowercase-elements.xml', false],
  ])('%s', async (file, more) => {
    const { fetched } = await fetchFrom(whole(readFileSync(samples + file)));
    expect(fetched.nextParams !== undefined).toBe(more);
    expect(fetched.serverTimeFrom).toBe('answer');
  });
});
