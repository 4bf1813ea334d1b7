import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Stands between a sink and a real server and shows what such a server does not on demand. `pass` hands on everything.
 * `refuse` takes no connection and cuts those it has. `hold` takes bytes and hands none on until told otherwise. `lose`
 * hands everything on until the sink has said what `marker` finds, waits for the server's reply to that, and cuts the
 * connection in its place. `chance` does any of these by chance, per connection.
 */
export type Passing = 'pass' | 'refuse' | 'hold' | 'lose' | 'chance';

export interface TcpProxy {
  readonly port: number;
  behave(how: Passing): void;
  stop(): Promise<void>;
}

export async function startProxy(target: number, marker: (bytes: Buffer) => boolean): Promise<TcpProxy> {
  let behaviour: Passing = 'pass';
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  const cut = (...pair: Socket[]): void => {
    for (const socket of pair) socket.destroy();
  };
  const server = createServer((client) => {
    const ways: Passing[] = ['pass', 'pass', 'pass', 'refuse', 'lose'];
    const chosen = behaviour === 'chance' ? ways[Math.floor(Math.random() * ways.length)]! : undefined;
    const how = (): Passing => (behaviour === 'chance' ? (chosen ?? 'pass') : behaviour);
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => {});
    if (how() === 'refuse') return cut(client);
    const upstream = connect(target, '127.0.0.1');
    sockets.add(upstream);
    upstream.once('close', () => sockets.delete(upstream));
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.once('close', () => upstream.end());
    upstream.once('close', () => client.destroy());
    let marked = false;
    const hand = (bytes: Buffer): void => {
      if (how() === 'lose' && marker(bytes)) marked = true;
      if (upstream.write(bytes)) return;
      client.pause();
      upstream.once('drain', () => client.resume());
    };
    client.on('data', (bytes) => {
      hand(bytes);
      if (how() === 'hold') {
        client.pause();
        held.add(client);
      }
    });
    if (how() === 'hold') {
      client.pause();
      held.add(client);
    }
    upstream.on('data', (bytes) => {
      if (marked) return cut(client, upstream);
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    behave: (how) => {
      behaviour = how;
      if (how === 'refuse') cut(...sockets);
      if (how === 'hold') return;
      for (const client of held) client.resume();
      held.clear();
    },
    stop: () =>
      new Promise((resolve) => {
        cut(...sockets);
        server.close(() => resolve());
      }),
  };
}
