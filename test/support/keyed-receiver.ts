/** A FAKE receiver of webhooks that keeps one event for each id, and loses one reply in so many after it has applied the request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KeyedReceiver {
  readonly url: string;
  /** Ids by data set. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
  /** Events that came although they were there already, and replies that were lost. */
  readonly repeated: () => number;
  readonly lost: () => number;
  stop(): Promise<void>;
}

export async function startKeyedReceiver(loseOneIn: number): Promise<KeyedReceiver> {
  const ids = new Map<string, Set<string>>();
  let requests = 0;
  let repeated = 0;
  let lost = 0;
  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    message.setEncoding('utf8');
    for await (const text of message) body += text as string;
    for (const line of body.split('\n').filter((one) => one !== '')) {
      const { id, dataset } = JSON.parse(line) as { id: string; dataset: string };
      const known = ids.get(dataset) ?? new Set();
      ids.set(dataset, known);
      if (known.has(id)) repeated++;
      known.add(id);
    }
    if (++requests % loseOneIn === 0) {
      lost++;
      message.socket.destroy();
    } else response.writeHead(204).end();
  }
  const server = createServer((message, response) => {
    // A collector that is killed cuts its request short: nothing of it counts.
    answer(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/events`,
    ids,
    repeated: () => repeated,
    lost: () => lost,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
