import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A fake forward proxy for tests: tunnels CONNECT, or refuses it as told. */
export interface FakeProxy {
  readonly url: string;
  readonly port: number;
  /** Targets of CONNECT, refused ones included. */
  readonly targets: string[];
  readonly authorizations: (string | undefined)[];
  /** 200 tunnels; another status refuses; 'drop' closes the connection. */
  answer: number | 'drop';
  close(): Promise<void>;
}

export async function fakeProxy(): Promise<FakeProxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((_, response) => response.writeHead(501).end());
  server.on('connection', keep);
  server.on('connect', (request, socket) => {
    proxy.targets.push(request.url ?? '');
    proxy.authorizations.push(request.headers['proxy-authorization']);
    if (proxy.answer === 'drop') {
      socket.destroy();
      return;
    }
    if (proxy.answer !== 200) {
      socket.end(`HTTP/1.1 ${proxy.answer} No\r\nProxy-Authenticate: Basic realm="fake"\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host);
    keep(target);
    target.on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: FakeProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    targets: [],
    authorizations: [],
    answer: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;
}
