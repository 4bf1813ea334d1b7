import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import { type Format, rootOf } from '../core/format.ts';
import { Secret } from '../core/secret.ts';
import { type Client, createClient } from './client.ts';
import { type Answering, type FakeServer, fakeServer, send, simpleReturn } from './fake-server.ts';
import { fetchAnswer } from './fetch-answer.ts';
import { createGovernor, type Governor } from './governor.ts';
import { resolveAddress } from './platforms.ts';
import { createReader } from './reader.ts';

const CSAM: Format = { kind: 'json', records: 'assetListData/asset', fields: ['assetId'] };
const FIM: Format = { kind: 'json', records: '', wrapped: 'data', fields: ['id'] };
const ACTIVITY: Format = { kind: 'csv', fields: ['Date', 'Action'] };
const HOST_ASSET: Format = {
  kind: 'xml',
  root: 'ServiceResponse',
  record: 'data/HostAsset',
  lists: [],
  verbatim: [],
  fields: ['id'],
};
const CALL: Call = {
  api: 'am/asset',
  server: 'gateway',
  path: '/rest/2.0/search/am/asset',
  method: 'POST',
  params: {},
  body: { type: 'application/json', text: '{}' },
};

let server: FakeServer;
let client: Client;
let governor: Governor;
afterEach(async () => {
  await client.close();
  await server.close();
});

async function fetchFrom(format: Format, answer: Answering) {
  server = await fakeServer(answer);
  governor = createGovernor({ clock: systemClock });
  client = createClient({
    address: resolveAddress({ api_url: server.url }),
    credentials: { username: 'u', password: new Secret('p') },
    governor,
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
  });
  let records = 0;
  const handler = { record: () => void records++ };
  const call: Call = format.kind === 'json' ? CALL : { ...CALL, server: 'api', method: 'GET' };
  const fetched = await fetchAnswer(client, call, () => createReader(format, handler), { expectRoot: rootOf(format) });
  return { records, fetched };
}

const whole =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answering =>
  (_, response) =>
    send(response, status, typeof body === 'string' ? body : JSON.stringify(body), headers);

async function failure(format: Format, answer: Answering): Promise<QuarryError> {
  const thrown = await fetchFrom(format, answer).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(QuarryError);
  return thrown as QuarryError;
}

describe('good answers', () => {
  it('CSAM: what stands around the records, the Date header’s time', async () => {
    const body = {
      responseCode: 'SUCCESS',
      count: 2,
      hasMore: 1,
      assetListData: { asset: [{ assetId: 1 }, { assetId: 2 }] },
    };
    const { records, fetched } = await fetchFrom(CSAM, whole(200, body, { date: 'Fri, 20 Nov 2026 09:00:00 GMT' }));
    expect(records).toBe(2);
    expect(fetched.end).toMatchObject({ root: 'json', records: 2, envelope: { hasMore: 1 } });
    expect(fetched).toMatchObject({ serverTime: Date.UTC(2026, 10, 20, 9), serverTimeFrom: 'header' });
  });

  it('CSAM: 204 is the end of the data, without a body', async () => {
    const { records, fetched } = await fetchFrom(CSAM, (_, response) => {
      response.writeHead(204, { date: 'Fri, 20 Nov 2026 09:00:00 GMT' });
      response.end();
    });
    expect(records).toBe(0);
    expect(fetched).toEqual({
      status: 204,
      bytes: 0,
      version: undefined,
      serverTime: Date.UTC(2026, 10, 20, 9),
      serverTimeFrom: 'header',
      end: { root: 'json', envelope: {}, outer: 0, records: 0, bytes: 0 },
    });
    expect(governor.status()['am/asset']!.running).toBe(0);
  });

  it('QRY2034 a 204 where XML or CSV was due says nothing about absence', async () => {
    for (const format of [HOST_ASSET, ACTIVITY]) {
      const error = await failure(format, (_, response) => void response.writeHead(204).end());
      expect(error).toMatchObject({ code: 'QRY2034', next: 'retry' });
      if (format === HOST_ASSET) await Promise.all([client.close(), server.close()]);
    }
  });

  it('records with a message or an error of their own are data', async () => {
    const rows = [{ data: { id: 'a', message: 'm', error: 'e', status: 500, errorCode: 'x' } }];
    expect((await fetchFrom(FIM, whole(200, rows))).records).toBe(1);
    await Promise.all([client.close(), server.close()]);
    const around = { message: 'found', code: 0, status: 200, list: [{ id: 1 }] };
    expect((await fetchFrom({ kind: 'json', records: 'list', fields: [] }, whole(200, around))).records).toBe(1);
  });

  it('CSV', async () => {
    const { records, fetched } = await fetchFrom(ACTIVITY, whole(200, 'Date,Action\n"2026-11-20","login"\n'));
    expect([records, fetched.end.root]).toEqual([1, 'csv']);
  });
});

const spring = (status: number, error: string, message: string) => ({
  timestamp: '2026-11-20T10:00:00.000+0000',
  status,
  error,
  message,
  path: '/rest/2.0/search/am/asset',
});
const service = (code: string, message: string) =>
  `<ServiceResponse><responseCode>${code}</responseCode><responseErrorDetails><errorMessage>${message}</errorMessage></responseErrorDetails></ServiceResponse>`;

describe('errors say what Qualys says', () => {
  it.each<[string, Format, Answering, string, object]>([
    [
      'QPS, XML with 200',
      HOST_ASSET,
      whole(200, service('INVALID_REQUEST', 'bad id')),
      'QRY2030',
      { code: 'INVALID_REQUEST', text: 'bad id' },
    ],
    [
      'QPS, an unknown code',
      HOST_ASSET,
      whole(200, service('UNKNOWN_ERROR', 'x')),
      'QRY2003',
      { code: 'UNKNOWN_ERROR' },
    ],
    [
      'QPS, credentials with 200',
      HOST_ASSET,
      whole(200, service('INVALID_CREDENTIALS', 'Authentication failed')),
      'QRY2010',
      {},
    ],
    ['QPS, permission', HOST_ASSET, whole(403, service('INSUFFICIENT_PERMISSION', 'x')), 'QRY2012', {}],
    [
      'QPS in JSON with 200',
      CSAM,
      whole(200, {
        ServiceResponse: { responseCode: 'UNAUTHORIZED', responseErrorDetails: { errorMessage: 'no API access' } },
      }),
      'QRY2012',
      { code: 'UNAUTHORIZED', text: 'no API access' },
    ],
    [
      'CSAM FAILED with 200',
      CSAM,
      whole(200, { responseCode: 'FAILED', responseMessage: 'Try later', count: 0 }),
      'QRY2003',
      { code: 'FAILED', text: 'Try later' },
    ],
    [
      'CSAM FAILED with 400',
      CSAM,
      whole(400, { responseCode: 'FAILED', responseMessage: 'Bad filter' }),
      'QRY2030',
      { text: 'Bad filter' },
    ],
    [
      'Spring 403',
      FIM,
      whole(403, spring(403, 'Forbidden', 'Access is denied')),
      'QRY2012',
      { status: 403, text: 'Access is denied' },
    ],
    ['Spring 404', FIM, whole(404, spring(404, 'Not Found', 'No static resource fim/v9.')), 'QRY2031', {}],
    ['Spring 500', FIM, whole(500, spring(500, 'Internal Server Error', 'x')), 'QRY2003', {}],
    ['Spring with 200', FIM, whole(200, spring(500, 'Internal Server Error', 'x')), 'QRY2034', { text: 'x' }],
    [
      'errorCode',
      FIM,
      whole(404, { errorCode: 'NOT_FOUND', message: 'No static resource' }),
      'QRY2031',
      { code: 'NOT_FOUND', text: 'No static resource' },
    ],
    ['416', FIM, whole(416, spring(416, 'Requested range not satisfiable', 'window')), 'QRY2037', { status: 416 }],
    ['416 and nothing', FIM, whole(416, ''), 'QRY2037', {}],
    [
      'an error inside',
      FIM,
      whole(400, { error: { code: 'E17', message: 'sort is wrong' } }),
      'QRY2030',
      { code: 'E17', text: 'sort is wrong' },
    ],
    [
      'a list of errors',
      FIM,
      whole(400, { errors: [{ title: 'sort is wrong' }] }),
      'QRY2030',
      { text: 'sort is wrong' },
    ],
    ['JSON that says nothing', FIM, whole(500, { a: 1 }), 'QRY2003', { text: '{"a":1}' }],
    ['a page of the edge', CSAM, whole(502, '<html><h1>Bad Gateway</h1></html>'), 'QRY2003', { text: 'Bad Gateway' }],
    ['[fault 41] a page with 200', CSAM, whole(200, '<html>Log in</html>'), 'QRY2034', {}],
    ['nothing with 200', CSAM, whole(200, ''), 'QRY2034', {}],
    ['text with 200', FIM, whole(200, 'upstream connect error'), 'QRY2034', { text: 'upstream connect error' }],
    ['XML where JSON was due', CSAM, whole(200, simpleReturn('2012', 'not licensed')), 'QRY2012', { code: '2012' }],
    [
      'XML where CSV was due',
      ACTIVITY,
      whole(200, simpleReturn('2001', 'This account has expired.')),
      'QRY2011',
      { code: '2001' },
    ],
    ['a page where CSV was due', ACTIVITY, whole(200, '<html>Log in</html>'), 'QRY2034', {}],
    ['nothing where CSV was due', ACTIVITY, whole(200, ''), 'QRY2034', {}],
    [
      'JSON where XML was due',
      HOST_ASSET,
      whole(200, { responseCode: 'FAILED', responseMessage: 'x' }),
      'QRY2003',
      { code: 'FAILED' },
    ],
  ])('%s', async (_, format, answer, code, qualys) => {
    expect(await failure(format, answer)).toMatchObject({ code, qualys });
  });

  it('[fault 43] a cut or malformed page is no other answer', async () => {
    const cases: [Format, string, string][] = [
      [CSAM, '{"responseCode":"SUCCESS","assetListData":{"asset":[{"assetId":1},', 'QRY3002'],
      [FIM, '[{"data":{"id":1}},,]', 'QRY3001'],
      [ACTIVITY, 'Date,Action\n"2026-11-20","log', 'QRY3002'],
    ];
    for (const [at, [format, body, code]] of cases.entries()) {
      expect(await failure(format, whole(200, body))).toMatchObject({ code });
      if (at < cases.length - 1) await Promise.all([client.close(), server.close()]);
    }
  });
});

describe('limits of the gateway', () => {
  const headers = { 'x-ratelimit-limit': '300', 'x-ratelimit-window-sec': '3600', 'x-ratelimit-remaining': '0' };
  const waits = async (): Promise<number> => {
    const stop = new AbortController();
    const waiting = governor.acquire({ api: 'am/asset', signal: stop.signal });
    const { until = 0 } = governor.status()['am/asset']!;
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    return until - Date.now();
  };
  const refuse =
    (more: Record<string, string>, body = '{"message":"Too many requests","code":"LIMIT"}'): Answering =>
    (_, response) =>
      void response.writeHead(429, more).end(body);

  it('[fault 37] 429 with ToWait-Sec: that long', async () => {
    const error = await failure(CSAM, refuse({ ...headers, 'x-ratelimit-towait-sec': '120' }));
    expect(error).toMatchObject({ code: 'QRY2020', next: 'retry', waitMs: 120_000 });
    const ms = await waits();
    expect(ms).toBeGreaterThan(110_000);
    expect(ms).toBeLessThan(130_000);
  });

  it.each<[string, Record<string, string>]>([
    ['its other headers', headers],
    ['nothing', {}],
  ])('[fault 38] 429 with %s: a wait, not a call at once', async (_, more) => {
    expect(await failure(CSAM, refuse(more))).toMatchObject({ code: 'QRY2020', next: 'retry' });
    expect(await waits()).toBeGreaterThan(0);
  });

  it('without limit headers, as QPS answers, one call at a time', async () => {
    let open = 0;
    let most = 0;
    await fetchFrom(HOST_ASSET, (_, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.writeHead(200).end('<ServiceResponse><responseCode>SUCCESS</responseCode></ServiceResponse>');
      }, 5);
    });
    const reader = () => createReader(HOST_ASSET, { record: () => undefined });
    const call: Call = { ...CALL, server: 'api', api: 'am/asset' };
    await Promise.all(
      Array.from({ length: 5 }, () => fetchAnswer(client, call, reader, { expectRoot: 'ServiceResponse' })),
    );
    expect(most).toBe(1);
    expect(server.received).toHaveLength(6);
  });
});
