/**
 * What the FAKE HTTP destinations have in common: a server on a real socket that unpacks bodies, behaves as badly as it
 * is told to, and leaves the rules of its kind to `handle`.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Behaviour } from '../contracts/sink.ts';

export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. */
  readonly body: Buffer;
}

export interface FakeReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A reply of its own; `reset`: none, and the connection is cut; `cut`: the connection is cut in the middle of the reply. */
export type Planned = FakeReply | 'reset' | 'cut';

export interface FakeHttp {
  readonly url: string;
  /** Every request so far that was read to its end. */
  readonly requests: FakeRequest[];
  behave(how: Behaviour): Promise<void>;
  /** The next replies, whatever the request, in place of the destination's own. */
  readonly next: Planned[];
  stop(): Promise<void>;
}

/** A limit on bodies while it behaves `small`. */
export const SMALL = 64 * 1024;

/** Starts one. `handle` answers as its kind does; `how` is how it is to behave for this request. */
export async function fakeHttp(
  handle: (request: FakeRequest, how: Behaviour) => FakeReply,
  random: () => number = Math.random,
): Promise<FakeHttp> {
  let behaviour: Behaviour = 'accept';
  let wake: (() => void)[] = [];
  const requests: FakeRequest[] = [];
  const next: Planned[] = [];

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const encoding = message.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'gzip') return reply(response, { status: 415 });
    const body = encoding === 'gzip' ? gunzipSync(raw) : raw;
    const url = new URL(message.url ?? '/', 'http://fake');
    const request = { method: message.method ?? '', url, headers: message.headers, body };
    requests.push(request);
    const planned = next.shift();
    if (planned === 'reset') return void message.socket.destroy();
    if (planned === 'cut') {
      response.writeHead(200, { 'content-length': '1000' });
      return void response.write('{"items":[', () => message.socket.destroy());
    }
    if (planned !== undefined) return reply(response, planned);
    const how = behaviour === 'random' ? chance() : behaviour;
    if (how === 'transient') return reply(response, { status: 503, headers: { 'retry-after': '0' }, body: 'later' });
    if (how === 'small' && body.length > SMALL) return reply(response, { status: 413, body: 'Payload too large' });
    if (how === 'slow')
      await new Promise<void>((resolve) => {
        wake.push(resolve);
      });
    const own = handle(request, behaviour === 'random' && how !== 'mute' ? 'random' : how);
    if (how === 'mute') message.socket.destroy();
    else reply(response, own);
  }

  const reply = (response: ServerResponse, { status, headers = {}, body = '' }: FakeReply): void =>
    void response.writeHead(status, headers).end(body);

  function chance(): Behaviour {
    const ways = ['accept', 'accept', 'accept', 'transient', 'mute'] as const;
    return ways[Math.floor(random() * ways.length)]!;
  }

  const server = createServer((message, response) => {
    answer(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rouse = (): void => {
    for (const one of wake) one();
    wake = [];
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    next,
    behave: async (how) => {
      behaviour = how;
      rouse();
    },
    stop: () =>
      new Promise((resolve) => {
        rouse();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** What becomes of an event's text by the behaviour asked for; `random` is by chance. */
export function verdict(text: string, how: Behaviour, random: () => number): 'ok' | 'bad' | 'busy' {
  if (how === 'refuse' && text.includes('bad')) return 'bad';
  if (how === 'busy' && text.includes('busy')) return 'busy';
  if (how === 'random' && random() < 0.1) return random() < 0.2 ? 'bad' : 'busy';
  return 'ok';
}
