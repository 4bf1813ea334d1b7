import { createServer } from 'node:http';
import { QuarryError } from '../core/errors.ts';

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Quarry</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>Quarry is collecting</h1>
<p>The web page is not part of this version yet. What it will show is there on the command line:</p>
<pre>quarry state list
quarry outbox status</pre>
<p><a href="/livez">/livez</a> says that the process lives.</p></html>
`;

/** The HTTP server: so far it says that it lives and where to look. Throws QRY6010 when the address is taken. */
export async function startServer(listen: { readonly host: string; readonly port: number }): Promise<RunningServer> {
  const server = createServer((request, response) => {
    const found = request.url === '/' || request.url === '/livez';
    const type = request.url === '/' ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
    response.writeHead(found ? 200 : 404, {
      'content-type': type,
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    });
    response.end(request.url === '/' ? PAGE : found ? 'ok\n' : 'not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${listen.host}:${listen.port}`;
      reject(new QuarryError('QRY6010', { what: error.message, where }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  return {
    url: `http://${listen.host}:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
