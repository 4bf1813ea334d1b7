import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { type Client, type ClientOptions, createClient } from './client.ts';
import { type Answering, type FakeServer, fakeServer, hostList, send } from './fake-server.ts';
import { createGovernor, type Governor } from './governor.ts';
import { resolveAddress } from './platforms.ts';

const CALL: Call = {
  api: 'asset/host',
  path: '/api/{version}/fo/asset/host/',
  versions: ['5.0', '4.0', '3.0'],
  method: 'GET',
  params: { action: 'list', os_pattern: 'Windows #1 & +é' },
};

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

interface Setup {
  server: FakeServer;
  client: Client;
  governor: Governor;
}

async function setup(answer: Answering, options: Partial<ClientOptions> = {}, url?: string): Promise<Setup> {
  const server = await fakeServer(answer);
  const governor = createGovernor({ clock: systemClock });
  const client = createClient({
    address: resolveAddress({ api_url: url ?? server.url }),
    credentials: { username: 'jürgen', password: new Secret('pa:ss wörd€') },
    governor,
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
    ...options,
  });
  open.push(client, server);
  return { server, client, governor };
}

async function readAll(answer: Answer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function failure(promise: Promise<unknown>): Promise<QuarryError> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(QuarryError);
  return thrown as QuarryError;
}

const running = (governor: Governor) => governor.status()['asset/host']!.running;

describe('a request', () => {
  it('carries Basic in UTF-8, a user agent, X-Requested-With, and parameters that survive encoding', async () => {
    const { client, server } = await setup((_, response) => send(response, 200, hostList(1)));
    const answer = await client.open(CALL);
    await readAll(answer);
    const [request] = server.received;
    expect(request!.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('jürgen:pa:ss wörd€').toString('base64')}`,
      'user-agent': 'quarry/0.1.0',
      'accept-encoding': 'gzip',
    });
    expect(request!.headers['x-requested-with']).toBeTruthy();
    expect(request!.url.pathname).toBe('/api/5.0/fo/asset/host/');
    expect(request!.url.searchParams.get('os_pattern')).toBe('Windows #1 & +é');
    expect(answer).toMatchObject({ status: 200, version: '5.0' });
    expect(Math.abs(answer.serverTime! - Date.now())).toBeLessThan(60_000);
  });

  it('keeps a path prefix', async () => {
    const server = await fakeServer((_, response) => send(response, 200, hostList(1)));
    open.push(server);
    const { client } = await setup(() => undefined, {}, `${server.url}/behind/proxy`);
    await readAll(await client.open(CALL));
    expect(server.received[0]!.url.pathname).toBe('/behind/proxy/api/5.0/fo/asset/host/');
    expect(server.probes).toBe(1);
  });

  it('goes by POST when its parameters are long, when it says so, and after a 414', async () => {
    const { client, server } = await setup((received, response) => {
      if (received.method === 'GET') send(response, 414, '<html>too long</html>');
      else send(response, 200, hostList(1));
    });
    const ids = Array.from({ length: 400 }, (_, at) => at * 7).join(',');
    await readAll(await client.open({ ...CALL, params: { ids } }));
    await readAll(await client.open({ ...CALL, method: 'POST' }));
    await readAll(await client.open(CALL));
    expect(server.received.map((one) => one.method)).toEqual(['POST', 'POST', 'GET', 'POST']);
    expect(new URLSearchParams(server.received[0]!.body).get('ids')).toBe(ids);
    expect(server.received[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(new URLSearchParams(server.received[3]!.body).get('os_pattern')).toBe('Windows #1 & +é');
  });

  it('falls back once to the version before on 404, and remembers', async () => {
    const { client, server } = await setup((received, response) => {
      const there = received.url.pathname.includes('/4.0/');
      send(response, there ? 200 : 404, there ? hostList(1) : '<html>Not Found</html>');
    });
    expect((await client.open(CALL)).version).toBe('4.0');
    expect(server.received).toHaveLength(2);
    const second = await client.open({ ...CALL, params: {} });
    expect(second.version).toBe('4.0');
    expect(server.received).toHaveLength(3);
  });

  it('two versions missing: the 404 is the answer', async () => {
    const { client, server } = await setup((_, response) => send(response, 404, '<html>Not Found</html>'));
    const answer = await client.open(CALL);
    expect(answer.status).toBe(404);
    await answer.discard();
    expect(server.received).toHaveLength(2);
  });
});

describe('redirects', () => {
  it('follows the missing slash on its own origin, with method and body, whatever address Qualys writes', async () => {
    const { client, server } = await setup((received, response) => {
      if (received.url.pathname.endsWith('/')) send(response, 200, hostList(1));
      else send(response, 301, '', { location: `http://127.0.0.1:443${received.url.pathname}/` });
    });
    const answer = await client.open({ ...CALL, method: 'POST', path: '/api/{version}/fo/asset/host' });
    expect(answer.status).toBe(200);
    await readAll(answer);
    expect(server.received.map((one) => [one.method, one.body.length > 0])).toEqual([
      ['POST', true],
      ['POST', true],
    ]);
  });

  it.each([301, 302, 307, 308])(
    '[fault 48] QRY2032 a %i to another origin is refused and nothing is sent there',
    async (status) => {
      const other = await fakeServer((_, response) => send(response, 200, hostList(1)));
      open.push(other);
      const { client } = await setup((_, response) => send(response, status, '', { location: `${other.url}/api/` }));
      const error = await failure(client.open(CALL));
      expect(error).toMatchObject({ code: 'QRY2032', next: 'stop_connection' });
      expect(other.received).toEqual([]);
    },
  );

  it('QRY2032 ends a loop of redirects', async () => {
    const { client, server, governor } = await setup((_, response) => send(response, 302, '', { location: '/again/' }));
    expect((await failure(client.open(CALL))).code).toBe('QRY2032');
    expect(server.received).toHaveLength(4);
    expect(running(governor)).toBe(0);
  });
});

describe('compressed answers', () => {
  const large = Buffer.from(hostList(30_000));

  it('are unpacked while they come', async () => {
    const { client } = await setup((_, response) =>
      send(response, 200, gzipSync(large), { 'content-encoding': 'gzip' }),
    );
    const whole = await readAll(await client.open(CALL));
    expect(createHash('sha256').update(whole).digest('hex')).toBe(createHash('sha256').update(large).digest('hex'));
  });

  it('[fault 43] QRY3002 without their trailer', async () => {
    const packed = gzipSync(large);
    const { client, governor } = await setup((_, response) =>
      send(response, 200, packed.subarray(0, packed.length - 8), { 'content-encoding': 'gzip' }),
    );
    expect(await failure(client.open(CALL).then(readAll))).toMatchObject({ code: 'QRY3002', next: 'retry' });
    expect(running(governor)).toBe(0);
  });

  it('QRY2005 with a wrong checksum', async () => {
    const packed = gzipSync(large);
    packed[packed.length - 7]! ^= 0xff;
    const { client } = await setup((_, response) => send(response, 200, packed, { 'content-encoding': 'gzip' }));
    expect((await failure(client.open(CALL).then(readAll))).code).toBe('QRY2005');
  });

  it('[fault 62] QRY3003 a bomb is left after a few MiB; a very repetitive answer is not one', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20, 0x20));
    const { client, server } = await setup((_, response) => send(response, 200, bomb, { 'content-encoding': 'gzip' }));
    let seen = 0;
    const answer = await client.open(CALL);
    const error = await failure(
      (async () => {
        for await (const chunk of answer.body) seen += chunk.length;
      })(),
    );
    expect(error.code).toBe('QRY3003');
    expect(seen).toBeLessThan(60 * 2 ** 20);
    server.answer = (_, response) => send(response, 200, gzipSync(large), { 'content-encoding': 'gzip' });
    expect(large.length).toBeGreaterThan(2 ** 20);
    expect(await readAll(await client.open({ ...CALL, api: 'other' }))).toHaveLength(large.length);
  });

  it('QRY3003 beyond the limit of bytes, compressed or not', async () => {
    const { client } = await setup((_, response) => send(response, 200, large), { limits: { bytes: 100_000 } });
    expect((await failure(client.open(CALL).then(readAll))).code).toBe('QRY3003');
  });

  it('QRY2034 in an encoding nobody asked for', async () => {
    const { client } = await setup((_, response) => send(response, 200, 'x', { 'content-encoding': 'br' }));
    expect((await failure(client.open(CALL).then(readAll))).code).toBe('QRY2034');
  });
});

describe('broken connections', () => {
  const begin = '<HOST_LIST_OUTPUT>';
  it.each<[string, Answering]>([
    [
      'reset in the body',
      (_, response) => void response.write(begin, () => setTimeout(() => response.socket?.resetAndDestroy(), 20)),
    ],
    [
      'closed in a chunked body',
      (_, response) => void response.write(begin, () => setTimeout(() => response.socket?.end(), 20)),
    ],
    [
      'closed before Content-Length [fault 44]',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(begin, () => setTimeout(() => response.socket?.end(), 20));
      },
    ],
    ['closed before headers', (_, response) => void response.socket?.destroy()],
    ['a bad chunk', (_, response) => void response.write(begin, () => response.socket?.end('zz\r\n'))],
  ])('[fault 43] QRY2001 %s; the slot is free again', async (_, answer) => {
    const { client, governor } = await setup(answer);
    const error = await failure(client.open(CALL).then(readAll));
    expect(error).toMatchObject({ code: 'QRY2001', next: 'retry' });
    expect(running(governor)).toBe(0);
  });

  it('QRY2034 what does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { client } = await setup(() => undefined, {}, `http://127.0.0.1:${port}`);
    expect((await failure(client.open(CALL))).code).toBe('QRY2034');
    server.close();
  });

  it('[fault 46] QRY2001 refused: nothing was sent, nothing is counted', async () => {
    const { client, governor } = await setup(() => undefined, {}, 'http://127.0.0.1:9');
    expect((await failure(client.open(CALL))).code).toBe('QRY2001');
    expect(governor.save().apis['msp/about']!.rate.log).toEqual([]);
    expect(governor.save().apis['msp/about']!.rate.others[1]).toBe(0);
  });

  it('[fault 47] QRY2004 an unknown name', async () => {
    const { client } = await setup(() => undefined, {}, 'https://no-such-host.invalid');
    expect(await failure(client.open(CALL))).toMatchObject({ code: 'QRY2004', next: 'retry' });
  });
});

describe('time', () => {
  it('[fault 45] QRY2002 no byte: before the headers, and in the body; the slot is held as a ghost', async () => {
    const { client, governor, server } = await setup(() => undefined, { timeouts: { idleMs: 60 } });
    expect((await failure(client.open(CALL))).code).toBe('QRY2002');
    expect(running(governor)).toBe(1);
    server.answer = (_, response) => void response.write('<HOST_LIST_OUTPUT>');
    expect((await failure(client.open({ ...CALL, api: 'other' }).then(readAll))).code).toBe('QRY2002');
    expect(governor.status()['other']!.running).toBe(1);
  });

  it('[fault 45] QRY2002 a byte now and then: the total deadline', async () => {
    const timers: NodeJS.Timeout[] = [];
    const { client } = await setup((_, response) => void timers.push(setInterval(() => response.write(' '), 10)), {
      timeouts: { idleMs: 5000, totalMs: 300 },
    });
    const error = await failure(client.open(CALL).then(readAll));
    expect(error.message).toMatch(/not complete after 0\.3 s/);
    timers.forEach(clearInterval);
  });

  it('keep-alive comments count as bytes, back-pressure is not idleness', async () => {
    const { client } = await setup(
      (_, response) => {
        let left = 8;
        const timer = setInterval(() => {
          response.write('<!-- keep-alive -->');
          left -= 1;
          if (left > 0) return;
          clearInterval(timer);
          response.end(Buffer.alloc(2 ** 20, 0x20));
        }, 40);
      },
      { timeouts: { idleMs: 2000 } },
    );
    const answer = await client.open(CALL);
    let bytes = 0;
    for await (const chunk of answer.body) {
      if (bytes === 0) await systemClock.sleep(2500);
      bytes += chunk.length;
    }
    expect(bytes).toBe(8 * 19 + 2 ** 20);
  });

  it('an answer nobody reads is left at the deadline', async () => {
    let left: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      left = resolve;
    });
    const { client, governor } = await setup(
      (_, response) => {
        response.on('close', left);
        response.write('<X>');
      },
      { timeouts: { totalMs: 100 } },
    );
    await client.open(CALL);
    await closed;
    expect(running(governor)).toBe(1);
    const [since, until] = governor.save().apis['asset/host']!.running.held[0]!;
    expect(until - since).toBeGreaterThan(1000); // a ghost with a deadline, no longer a live call
  });
});

describe('leaving', () => {
  it('abort before the answer: the signal’s reason, and the place is held', async () => {
    const { client, governor } = await setup(() => undefined);
    await client.signIn();
    const stop = new AbortController();
    const pending = client.open(CALL, stop.signal);
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(pending).rejects.toThrow('enough');
    expect(running(governor)).toBe(1);
  });

  it('abort in the body, and leaving the loop early', async () => {
    const { client, governor } = await setup((_, response) => void response.write(Buffer.alloc(300_000, 0x20)));
    const stop = new AbortController();
    const reading = client.open(CALL, stop.signal).then(readAll);
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(reading).rejects.toThrow('enough');
    expect(running(governor)).toBe(1);
    const other = await client.open({ ...CALL, api: 'other' });
    for await (const chunk of other.body) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(governor.status()['other']!.running).toBe(1);
  });

  it('a finished answer frees its slot; a discarded one, too', async () => {
    const { client, governor } = await setup((_, response) => send(response, 200, hostList(10)));
    await readAll(await client.open(CALL));
    expect(running(governor)).toBe(0);
    await (await client.open(CALL)).discard();
    expect(running(governor)).toBe(0);
  });
});

it('QRY1012 refuses plain http beyond this machine, however the address was made', () => {
  const address = { api: new URL('http://192.0.2.1/'), gateway: new URL('http://192.0.2.1/') };
  const make = () =>
    createClient({
      address,
      credentials: { username: 'u', password: new Secret('p') },
      governor: createGovernor({ clock: systemClock }),
      clock: systemClock,
      userAgent: 'quarry/0.1.0',
    });
  expect(make).toThrow(expect.objectContaining({ code: 'QRY1012' }));
});
