/**
 * A FAKE sink and the FAKE destination it speaks to, over a real socket: strict where real ones are, and able to behave
 * as badly. It proves the contract suite, and shows a sink's author what handling all of it takes.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Batch, OpenSink, Outcome } from '../../src/core/sink.ts';
import type { Behaviour, Destination } from '../contracts/sink.ts';
import { type Payload, part } from './batches.ts';

const SMALL = 64 * 1024;
type Status = 'ok' | 'busy' | 'bad';

/** Takes lines by POST and answers one status per line; keyed by id, so that what comes again is stored once. */
export async function fakeDestination(random: () => number): Promise<Destination> {
  const stored = new Map<string, Payload>();
  let behaviour: Behaviour = 'accept';
  let wake = (): void => {};

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    message.setEncoding('utf8');
    for await (const text of message) body += text as string;
    const how = behaviour === 'random' ? chance() : behaviour;
    if (how === 'transient') return void response.writeHead(503, { 'retry-after': '0' }).end('later');
    if (message.url === '/check') return void response.writeHead(200).end();
    if (how === 'small' && Buffer.byteLength(body) > SMALL) return void response.writeHead(413).end('too large');
    if (how === 'slow') {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const statuses = body
      .split('\n')
      .slice(0, -1)
      .map((line) => store(JSON.parse(line) as Payload, how));
    if (how === 'mute') message.socket.destroy();
    else response.writeHead(200).end(JSON.stringify(statuses));
  }

  function store(payload: Payload, how: Behaviour): Status {
    if (how === 'refuse' && payload.text.includes('bad')) return 'bad';
    if (how === 'busy' && payload.text.includes('busy')) return 'busy';
    if (behaviour === 'random' && random() < 0.2) return random() < 0.2 ? 'bad' : 'busy';
    if (!stored.has(payload.id)) stored.set(payload.id, payload);
    return 'ok';
  }

  function chance(): Behaviour {
    const ways = ['accept', 'accept', 'transient', 'mute', 'refuse'] as const;
    return ways[Math.floor(random() * ways.length)]!;
  }

  const server = createServer((message, response) => {
    answer(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    behave: async (how) => {
      behaviour = how;
      wake();
    },
    open: async () => fakeSink(port),
    received: async () => [...stored.values()],
    stop: () =>
      new Promise((resolve) => {
        wake();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function fakeSink(port: number): OpenSink {
  const post = (path: string, body: Buffer, signal?: AbortSignal): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method: 'POST', agent: false, ...(signal && { signal }) };
      const outgoing = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
      });
      outgoing.on('error', (error) => reject(signal?.aborted === true ? (signal.reason as Error) : error));
      outgoing.end(body);
    });

  async function send(batch: Batch, signal: AbortSignal): Promise<Outcome[]> {
    const { status, body } = await post('/', batch.bytes, signal);
    if (status === 503) return new Array<Outcome>(batch.count).fill({ retry: 'busy', waitMs: 0 });
    if (status === 413) {
      if (batch.count === 1) return [{ rejected: 'too large, even alone', code: '413' }];
      const middle = batch.count >> 1;
      const numbers = Array.from({ length: batch.count }, (_, i) => i);
      const halves = [part(batch, numbers.slice(0, middle)), part(batch, numbers.slice(middle))];
      return [...(await send(halves[0]!, signal)), ...(await send(halves[1]!, signal))];
    }
    const statuses = JSON.parse(body) as Status[];
    if (statuses.length !== batch.count) throw new Error('the destination answered for another number of events');
    return statuses.map((one) => {
      if (one === 'ok') return 'delivered';
      return one === 'busy' ? { retry: 'busy' } : { rejected: 'bad', code: '400' };
    });
  }

  return {
    check: async () => {
      const { status } = await post('/check', Buffer.alloc(0));
      if (status !== 200) throw new Error(`the destination answered ${status}`);
    },
    write: async (batches, signal) => {
      const outcomes: Outcome[][] = [];
      for (const batch of batches) {
        // A reply that is lost concerns this batch alone; the others are settled.
        const answered = await send(batch, signal).catch((error: Error) => {
          if (signal.aborted) throw error;
          return new Array<Outcome>(batch.count).fill({ retry: error.message });
        });
        outcomes.push(answered);
      }
      return outcomes;
    },
    close: async () => {},
  };
}
