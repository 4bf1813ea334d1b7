import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fakeHttp } from '../../../test/support/fake-http.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import { Secret } from '../../core/secret.ts';
import { type FakeAuthority, fakeAuthority, hasOpenssl, type KeyPair } from '../../qualys/fake-certificates.ts';
import { fakeProxy } from '../../qualys/fake-proxy.ts';
import { type Client, type ClientSettings, openClient } from './client.ts';
import { guardedLookup, isLinkLocal } from './link-local.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function client(url: string | string[], more: Partial<ClientSettings> = {}): Promise<Client> {
  const made = await openClient({ urls: [url].flat(), timeout: 5000, compress: false, baseDir: '.', ...more });
  ends.push(() => made.close());
  return made;
}

const POST = { headers: {}, body: Buffer.from('x') };

async function destination(status = 200) {
  const fake = await fakeHttp(() => ({ status }));
  ends.push(() => fake.stop());
  return fake;
}

/** A port on which nothing listens. */
async function nobody(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('several addresses', () => {
  test('take turns, and one that is away is passed over', async () => {
    const [a, b] = [await destination(), await destination()];
    const http = await client([a.url, await nobody(), b.url]);
    for (let i = 0; i < 6; i++) expect((await http.send(POST)).status).toBe(200);
    expect(a.requests.length + b.requests.length).toBe(6);
    expect(Math.min(a.requests.length, b.requests.length)).toBeGreaterThan(1);
  });

  test('[fault 46] when none answers, the error names each and why', async () => {
    const http = await client([await nobody(), await nobody()]);
    await expect(http.send(POST)).rejects.toMatchObject({
      code: 'QRY5030',
      message: expect.stringMatching(/127\.0\.0\.1:\d+: ECONNREFUSED.*; 127\.0\.0\.1:\d+: ECONNREFUSED/) as string,
    });
  });
});

test('[fault 44] a reply that is cut in the middle is none', async () => {
  const fake = await destination();
  fake.next.push('cut');
  await expect((await client(fake.url)).send(POST)).rejects.toMatchObject({ code: 'QRY5030' });
});

test('[fault 45] a destination that never answers is given up after the time set, and the signal ends it at once', async () => {
  const fake = await destination();
  await fake.behave('slow');
  await expect((await client(fake.url, { timeout: 100 })).send(POST)).rejects.toThrow('no reply within 0.1 s');
  const stop = new AbortController();
  const sending = (await client(fake.url)).send(POST, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sending).rejects.toThrow('enough');
});

test('[fault 90] link-local addresses are refused, as they stand and behind a name', async () => {
  const such = ['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'];
  for (const host of such) {
    expect(isLinkLocal(host)).toBe(true);
    await expect(client(`http://${host}/latest`)).rejects.toMatchObject({ code: 'QRY5032' });
  }
  for (const host of ['127.0.0.1', '10.0.0.1', '[::1]', 'localhost', '8.8.8.8']) expect(isLinkLocal(host)).toBe(false);
  const meaning = (host: string, all: boolean): Promise<unknown> =>
    new Promise((resolve) => guardedLookup(host, { all }, (error, address) => resolve(error?.message ?? address)));
  for (const all of [true, false]) {
    // The look-up of a name that is an address gives that address.
    expect(await meaning('169.254.169.254', all)).toContain('link-local address, refused');
    expect(await meaning('127.0.0.1', all)).toEqual(all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1');
  }
  const fake = await destination();
  expect((await (await client(fake.url.replace('127.0.0.1', 'localhost'))).send(POST)).status).toBe(200);
});

describe('[fault 88] through a proxy', () => {
  test('everything goes through it, with its own credentials and without the destination’s', async () => {
    const [fake, proxy] = [await destination(), await fakeProxy()];
    ends.push(() => proxy.close());
    const http = await client(fake.url, { proxy: { url: proxy.url, username: 'u', password: new Secret('p') } });
    await http.send({ ...POST, headers: { authorization: 'Bearer secret' } });
    expect(proxy.targets).toEqual([new URL(fake.url).host]);
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('u:p').toString('base64')}`]);
    expect(fake.requests[0]!.headers['proxy-authorization']).toBeUndefined();
  });

  test.each([407, 401, 'drop'] as const)(
    'that refuses (%s) nothing goes around it, and nothing secret is said',
    async (how) => {
      const [fake, proxy] = [await destination(), await fakeProxy()];
      ends.push(() => proxy.close());
      proxy.answer = how;
      const http = await client(fake.url, { proxy: { url: proxy.url, username: 'u', password: new Secret('c4nary') } });
      const error = await http.send(POST).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: 'QRY5030' });
      expect(String(error)).not.toContain('c4nary');
      expect(fake.requests).toEqual([]);
    },
  );
});

const openssl = hasOpenssl();
describe('TLS', skipUnless(openssl, 'openssl is not installed'), () => {
  let folder = '';
  let [authority, other]: FakeAuthority[] = [];
  let mine: KeyPair;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quarry-http-'));
    [authority, other] = [fakeAuthority(), fakeAuthority()];
    mine = authority.issue('DNS:client');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** An https server that says whether the client has shown a certificate of `clients`. */
  async function secure(pair: KeyPair, clients?: FakeAuthority): Promise<string> {
    const wanted = clients === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: clients.ca };
    const server = createServer({ ...pair, ...wanted }, (message, response) => {
      message.resume();
      response.end(`${(message.socket as TLSSocket).authorized}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(
      () =>
        new Promise((resolve) => {
          server.closeAllConnections();
          server.close(resolve);
        }),
    );
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const tls = (more: object) => ({ baseDir: folder, tls: { verify: true, ...more } });

  test('[fault 86] a certificate that is unknown, expired or of another name is refused', async () => {
    const ca = file('ca.pem', authority!.ca);
    for (const [pair, settings, why] of [
      [authority!.issue('IP:127.0.0.1'), {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [authority!.issue('IP:127.0.0.1', -1), { ca }, 'CERT_HAS_EXPIRED'],
      [authority!.issue('DNS:elsewhere'), { ca }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ] as const) {
      const http = await client(await secure(pair), tls(settings));
      await expect(http.send(POST)).rejects.toThrow(why);
    }
    const named = await client(await secure(authority!.issue('DNS:elsewhere')), tls({ ca, server_name: 'elsewhere' }));
    expect((await named.send(POST)).status).toBe(200);
  });

  test('a client certificate is shown; without it there is no delivery', async () => {
    const url = await secure(authority!.issue('IP:127.0.0.1'), authority);
    const ca = file('ca.pem', authority!.ca);
    const shown = await client(url, tls({ ca, cert: file('me.crt', mine.cert), key: file('me.key', mine.key) }));
    expect((await shown.send(POST)).text).toBe('true');
    await expect((await client(url, tls({ ca }))).send(POST)).rejects.toMatchObject({ code: 'QRY5030' });
  });

  test('[fault 87] authorities renewed on disk count with the next request', async () => {
    const ca = file('renewed.pem', authority!.ca);
    const http = await client(await secure(other!.issue('IP:127.0.0.1')), tls({ ca }));
    await expect(http.send(POST)).rejects.toMatchObject({ code: 'QRY5030' });
    file('renewed.pem', other!.ca);
    expect((await http.send(POST)).status).toBe(200);
  });

  test('files that are missing, no certificates, or of another key are said when it opens', async () => {
    const [cert, key] = [file('a.crt', mine.cert), file('b.key', other!.issue('DNS:x').key)];
    for (const settings of [
      { ca: 'absent.pem' },
      { ca: file('empty.pem', '') },
      { ca: file('text.pem', 'hello') },
      { cert },
      { cert, key },
      { cert: file('text.crt', 'hello'), key },
    ])
      await expect(client('https://x', tls(settings))).rejects.toMatchObject({ code: 'QRY5032' });
  });
});
