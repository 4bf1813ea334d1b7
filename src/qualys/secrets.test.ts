import { inspect } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { explain, QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Secret } from '../core/secret.ts';
import { type ClientOptions, createClient } from './client.ts';
import { fakeProxy } from './fake-proxy.ts';
import { type Answering, fakeServer, send, simpleReturn } from './fake-server.ts';
import { fetchAnswer } from './fetch-answer.ts';
import { createGovernor } from './governor.ts';
import { resolveAddress } from './platforms.ts';
import { createReader } from './reader.ts';
import { retrying } from './retry.ts';
import { createXmlReader } from './xml/reader.ts';

const USER = 'canary_us1';
const PASSWORD = 'C4n4ry pass:wörd';
const PROXY = 'C4n4ry-proxy';
const forms = [PASSWORD, PROXY].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
]);
const canaries = [
  ...forms,
  Buffer.from(`${USER}:${PASSWORD}`).toString('base64'),
  Buffer.from(`me:${PROXY}`).toString('base64'),
  Buffer.from(PASSWORD).toString('base64'),
];

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

/** Everything that could be seen of an error: message, lines, JSON, inspection with causes and hidden properties. */
function everything(thrown: unknown): string {
  const parts = [String(thrown), inspect(thrown, { depth: 20, showHidden: true })];
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) {
    parts.push(at.message, at.stack ?? '', JSON.stringify(at), JSON.stringify(Object.getOwnPropertyDescriptors(at)));
    if (at instanceof QuarryError) parts.push(explain(at));
  }
  return parts.join('\n');
}

/** A server that shows everything it got. */
const echo: Answering = (received, response) =>
  send(
    response,
    400,
    simpleReturn(
      '1905',
      `${received.headers.authorization} ${PASSWORD} ${Buffer.from(received.headers.authorization!.slice(6), 'base64')}`,
    ),
  );
const echoPage: Answering = (received, response) =>
  send(response, 502, `<html>${JSON.stringify(received.headers)} ${PASSWORD}</html>`);

it.each<[string, Answering | 'refused' | 'no name' | 'proxy' | 'proxy 407']>([
  ['echoed in an error document', echo],
  ['echoed in a page', echoPage],
  ['a wrong password', (_, response) => send(response, 401, simpleReturn('2000', 'Bad Login/Password'))],
  ['a reset', (_, response) => void response.socket?.resetAndDestroy()],
  ['no HTTP', (_, response) => void response.socket?.end('HELLO\r\n\r\n')],
  ['silence', () => undefined],
  ['a redirect elsewhere', (_, response) => send(response, 302, '', { location: 'https://evil.example/' })],
  ['a truncated page', (_, response) => send(response, 200, '<HOST_LIST_OUTPUT><RESPONSE>')],
  ['no connection', 'refused'],
  ['no name', 'no name'],
  ['no proxy', 'proxy'],
  ['a proxy that refuses', 'proxy 407'],
])('[fault 89] [fault 91] no canary in errors or log lines: %s', async (name, fault) => {
  const lines: string[] = [];
  const write = (msg: string, fields?: unknown) =>
    void lines.push(msg, inspect(fields, { depth: 20 }), JSON.stringify(fields));
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  // Only silence is waited for; a slow name service must not look like it.
  const options: Partial<ClientOptions> = { timeouts: { idleMs: name === 'silence' ? 100 : 20_000 }, log };
  let url = fault === 'no name' ? 'https://no-such-host.invalid' : 'http://127.0.0.1:9';
  if (typeof fault === 'function') {
    const server = await fakeServer(fault);
    open.push(server);
    url = server.url;
  } else if (fault.startsWith('proxy')) {
    const proxy = await fakeProxy();
    proxy.answer = 407;
    open.push(proxy);
    const port = fault === 'proxy' ? 9 : proxy.port;
    Object.assign(options, { proxy: { url: `http://127.0.0.1:${port}`, username: 'me', password: new Secret(PROXY) } });
  }
  const client = createClient({
    address: resolveAddress({ api_url: url }),
    credentials: { username: USER, password: new Secret(PASSWORD) },
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
    ...options,
  });
  open.push(client);
  const thrown = await retrying(
    () =>
      fetchAnswer(
        client,
        { api: 'asset/host', path: '/api/5.0/fo/asset/host/', method: 'GET', params: { action: 'list' } },
        () =>
          createXmlReader(
            { kind: 'xml', root: 'HOST_LIST_OUTPUT', record: 'RESPONSE/HOST', lists: [], verbatim: [], fields: [] },
            { record: () => undefined },
          ),
        { expectRoot: 'HOST_LIST_OUTPUT' },
      ),
    { clock: systemClock, log, attempts: name === 'silence' ? 1 : 2, random: () => 0 },
  ).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(QuarryError);
  const seen = [everything(thrown), inspect(client, { depth: 20, showHidden: true }), ...lines].join('\n');
  for (const canary of canaries) expect(seen).not.toContain(canary);
});

const CLIENT = 'cl13nt: sécret%';
const TOKEN = 'Q4n4ry.t0ken/+with="signs".end';
const GIVEN = `ey.${Buffer.from('g1ven canary').toString('base64url')}.s1gn`;
const seenOf = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ a: secret }).toString().slice(2),
  Buffer.from(secret).toString('base64'),
  JSON.stringify(secret).slice(1, -1),
];

const provider = {
  kind: 'identity_provider',
  clientId: 'client',
  clientSecret: new Secret(CLIENT),
  username: USER,
  password: new Secret(PASSWORD),
  scope: undefined,
  audience: undefined,
} as const;

it.each<[string, ClientOptions['credentials'] | ((url: string) => ClientOptions['credentials'])]>([
  ['a password at the gateway', { username: USER, password: new Secret(PASSWORD) }],
  ['a fixed token', { token: { kind: 'token', token: new Secret(TOKEN) } }],
  ['a client', { token: { kind: 'oauth', clientId: 'c', clientSecret: new Secret(PROXY) } }],
  ['a provider, by header', (url) => ({ token: { ...provider, tokenUrl: `${url}/token`, clientAuth: 'header' } })],
  ['a provider, by form', (url) => ({ token: { ...provider, tokenUrl: `${url}/token`, clientAuth: 'form' } })],
])('[fault 91] no canary where token requests and calls are echoed: %s', async (_, credentials) => {
  const lines: string[] = [];
  const write = (msg: string, fields?: unknown) => void lines.push(msg, inspect(fields, { depth: 20 }));
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const echoed: Answering = ({ headers, body }, response) =>
    send(response, 400, JSON.stringify({ message: `${JSON.stringify(headers)} ${body} ${TOKEN}`, code: 'X' }));
  const server = await fakeServer(echoed);
  open.push(server);
  const seen: string[] = [];
  for (const token of [echoed, undefined]) {
    server.token = token ?? ((_received, response) => void response.writeHead(201).end(GIVEN));
    const client = createClient({
      address: resolveAddress({ api_url: server.url }),
      credentials: typeof credentials === 'function' ? credentials(server.url) : credentials,
      governor: createGovernor({ clock: systemClock }),
      clock: systemClock,
      userAgent: 'quarry/0.1.0',
      log,
    });
    open.push(client);
    const format = { kind: 'json', records: '', fields: [] } as const;
    const thrown = await fetchAnswer(
      client,
      { api: 'fim', server: 'gateway', path: '/fim', method: 'GET', params: {} },
      () => createReader(format, { record: () => undefined }),
      { expectRoot: 'json' },
    ).catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(QuarryError);
    expect((thrown as QuarryError).message).toContain('[redacted]');
    seen.push(everything(thrown), inspect(client, { depth: 20, showHidden: true }));
  }
  const all = [...seen, ...lines].join('\n');
  const form = new URLSearchParams({ a: CLIENT }).toString().slice(2);
  const headers = [`client:${CLIENT}`, `client:${form}`].map((text) => Buffer.from(text).toString('base64'));
  const secrets = [GIVEN, PASSWORD, PROXY, CLIENT, ...headers];
  const own = typeof credentials !== 'function' && credentials.token?.kind === 'token' ? [TOKEN] : [];
  for (const canary of [...secrets, ...own].flatMap(seenOf)) expect(all).not.toContain(canary);
});
