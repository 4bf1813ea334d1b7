import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request a fake server got. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answering = (received: Received, response: ServerResponse, request: IncomingMessage) => void;

/** A fake Qualys for tests: a real HTTP server on 127.0.0.1 that signs everyone in and answers the rest as it is told. */
export interface FakeServer {
  readonly url: string;
  readonly port: number;
  /** All requests but the sign-in probes and those for tokens. */
  readonly received: Received[];
  /** Requests for tokens: `/auth`, `/auth/oidc`, `/auth/oauth`, and `/token` of an identity provider. */
  readonly asked: Received[];
  /** How they are answered; by default 201 and a new token that holds four hours. */
  token: Answering;
  probes: number;
  /** How probes are answered; 200 by default. */
  probe: Answering;
  answer: Answering;
  close(): Promise<void>;
}

/** A token with these claims; nobody checks its signature. */
export function jwt(claims: Readonly<Record<string, unknown>> = {}): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ sub: 'quays_u', iss: 'qas', ...claims })}.c2lnbmF0dXJl`;
}

/** Qualys gives tokens as bare text. */
export const giveToken =
  (token: string, status = 201): Answering =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain;charset=UTF-8' });
    response.end(token);
  };

export const ABOUT = '<?xml version="1.0" encoding="UTF-8" ?><ABOUT><WEB-VERSION>10.38</WEB-VERSION></ABOUT>';

export const LIMITS = {
  'x-ratelimit-limit': '300',
  'x-ratelimit-window-sec': '3600',
  'x-ratelimit-remaining': '290',
  'x-concurrency-limit-limit': '2',
  'x-concurrency-limit-running': '0',
};

/** A whole answer. `headers` beyond the usual limits. */
export function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8', ...(status < 401 && LIMITS), ...headers });
  response.end(body);
}

export function simpleReturn(code: string, text: string, items = ''): string {
  return `<!DOCTYPE SIMPLE_RETURN SYSTEM "https://qualysapi.qualys.com/api/2.0/simple_return.dtd">
<SIMPLE_RETURN><RESPONSE><DATETIME>2026-11-20T10:00:00Z</DATETIME>${code === '' ? '' : `<CODE>${code}</CODE>`}<TEXT>${text}</TEXT>${items}</RESPONSE></SIMPLE_RETURN>`;
}

/** A host list of `count` hosts with ids from `first`. */
export function hostList(count: number, first = 1, after = ''): string {
  const hosts = Array.from({ length: count }, (_, at) => `<HOST><ID>${first + at}</ID><IP>10.0.0.1</IP></HOST>`);
  return `<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE HOST_LIST_OUTPUT SYSTEM "https://qualysapi.qualys.com/api/5.0/fo/asset/host/host_list_output.dtd">
<HOST_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-20T10:00:00Z</DATETIME><HOST_LIST>${hosts.join('')}</HOST_LIST>${after}</RESPONSE></HOST_LIST_OUTPUT>
<!-- CONFIDENTIAL AND PROPRIETARY INFORMATION. //-->`;
}

export async function fakeServer(answer: Answering, tls?: { key: string; cert: string }): Promise<FakeServer> {
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received: Received = {
        method: request.method ?? '',
        url: new URL(request.url ?? '/', 'http://fake'),
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      if (received.url.pathname.endsWith('/msp/about.php')) {
        fake.probes += 1;
        fake.probe(received, response, request);
      } else if (/\/(auth(\/oidc|\/oauth)?|token)$/.test(received.url.pathname)) {
        fake.asked.push(received);
        fake.token(received, response, request);
      } else {
        fake.received.push(received);
        fake.answer(received, response, request);
      }
    });
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    received: [],
    asked: [],
    token: (...all) => giveToken(jwt({ jti: fake.asked.length }))(...all),
    probes: 0,
    probe: (_, response) => send(response, 200, ABOUT),
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
