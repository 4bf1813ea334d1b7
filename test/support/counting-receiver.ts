/** A FAKE receiver of webhooks for millions of events: it keeps a short hash of each id. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shortHash } from './short-hash.ts';

export interface CountingReceiver {
  readonly ids: ReadonlySet<number>;
  /** Events that came, those that came again included. */
  readonly received: () => number;
  stop(): Promise<void>;
}

const ID = /"id":"([^"]+)"/;

/** Listens at a port of 127.0.0.1. */
export async function startCountingReceiver(port: number): Promise<CountingReceiver> {
  const ids = new Set<number>();
  let received = 0;
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      for (const line of Buffer.concat(chunks).toString().split('\n')) {
        if (line === '') continue;
        received++;
        ids.add(shortHash(ID.exec(line)?.[1] ?? ''));
      }
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  if ((server.address() as AddressInfo).port !== port) throw new Error(`not at port ${port}`);
  return {
    ids,
    received: () => received,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
