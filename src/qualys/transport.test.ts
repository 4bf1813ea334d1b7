import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { skipUnless } from '../../test/support/skip.ts';
import { systemClock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { silentLog } from '../core/log.ts';
import { Secret } from '../core/secret.ts';
import { authoritiesFrom } from './authorities.ts';
import { type ClientOptions, createClient } from './client.ts';
import { type FakeAuthority, fakeAuthority, hasOpenssl, type KeyPair } from './fake-certificates.ts';
import { type FakeProxy, fakeProxy } from './fake-proxy.ts';
import { type FakeServer, fakeServer, hostList, send } from './fake-server.ts';
import { createGovernor } from './governor.ts';
import { resolveAddress } from './platforms.ts';

const CALL: Call = { api: 'asset/host', path: '/api/5.0/fo/asset/host/', method: 'GET', params: {} };

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

async function server(tls?: KeyPair): Promise<FakeServer> {
  const fake = await fakeServer((_, response) => send(response, 200, hostList(1)), tls);
  open.push(fake);
  return fake;
}

async function proxy(): Promise<FakeProxy> {
  const fake = await fakeProxy();
  open.push(fake);
  return fake;
}

function client(url: string, options: Partial<ClientOptions> = {}) {
  const made = createClient({
    address: resolveAddress({ api_url: url }),
    credentials: { username: 'u', password: new Secret('p') },
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
    ...options,
  });
  open.push(made);
  return made;
}

async function status(url: string, options: Partial<ClientOptions> = {}): Promise<number> {
  const answer = await client(url, options).open(CALL);
  await answer.discard();
  return answer.status;
}

describe('TLS', skipUnless(hasOpenssl(), 'no openssl command'), () => {
  let authority: FakeAuthority;
  const made = () => {
    authority ??= fakeAuthority();
    return authority;
  };

  it('[fault 86] QRY2040 an unknown authority is refused, and nothing is sent', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    await expect(status(fake.url)).rejects.toMatchObject({ code: 'QRY2040', next: 'stop_connection' });
    expect(fake.probes).toBe(0);
  });

  it('[fault 86] NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(status(fake.url)).rejects.toMatchObject({ code: 'QRY2040' });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('[A50] an authority of one’s own is added; verification can be turned off for tests only by saying so', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    expect(await status(fake.url, { tls: { ca: made().ca } })).toBe(200);
    expect(await status(fake.url, { tls: { verify: false } })).toBe(200);
  });

  it('[fault 86] QRY2042 a certificate for another name', async () => {
    const fake = await server(made().issue('DNS:other.example'));
    await expect(status(fake.url, { tls: { ca: made().ca } })).rejects.toMatchObject({ code: 'QRY2042' });
    expect(fake.probes).toBe(0);
  });

  it('[fault 86] QRY2041 an expired certificate', async () => {
    const fake = await server(made().issue('IP:127.0.0.1', -1));
    await expect(status(fake.url, { tls: { ca: made().ca } })).rejects.toMatchObject({ code: 'QRY2041' });
  });

  it('[fault 87] an authority renewed on disk counts without a restart', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    let ca = fakeAuthority().ca;
    const one = client(fake.url, { tls: { ca: () => ca } });
    await expect(one.open(CALL)).rejects.toMatchObject({ code: 'QRY2040' });
    ca = made().ca;
    const answer = await one.open(CALL);
    await answer.discard();
    expect(answer.status).toBe(200);
    ca = 'half written';
    await expect(one.open(CALL)).rejects.toMatchObject({ code: 'QRY1016' });
  });

  it('[fault 87] an authority renewed in its file counts without a restart; half written, the last one stays', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    const folder = mkdtempSync(join(tmpdir(), 'authorities-'));
    const file = join(folder, 'ca.pem');
    try {
      const other = fakeAuthority().ca;
      writeFileSync(file, other);
      const ca = authoritiesFrom(file, other, silentLog);
      const one = client(fake.url, { tls: { ca } });
      await expect(one.open(CALL)).rejects.toMatchObject({ code: 'QRY2040' });
      writeFileSync(file, made().ca);
      const read = async () => {
        const answer = await one.open(CALL);
        await answer.discard();
        return answer.status;
      };
      expect(await read()).toBe(200);
      writeFileSync(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----');
      expect(await read()).toBe(200);
      rmSync(file);
      expect(await read()).toBe(200);
      writeFileSync(file, `${other}\n${other}`);
      await expect(client(fake.url, { tls: { ca } }).open(CALL)).rejects.toMatchObject({ code: 'QRY2040' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('QRY2043 where no TLS is spoken', async () => {
    const plain = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    await expect(status(`https://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'QRY2043', next: 'retry' });
    plain.close();
  });

  it('QRY1016 what is no certificate', () => {
    const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    for (const ca of ['', 'hello', bad]) {
      expect(() => client('https://127.0.0.1', { tls: { ca } })).toThrow(expect.objectContaining({ code: 'QRY1016' }));
    }
  });

  it('[fault 88] through a proxy: the tunnel is encrypted end to end', async () => {
    const fake = await server(made().issue('IP:127.0.0.1'));
    const through = await proxy();
    expect(await status(fake.url, { tls: { ca: made().ca }, proxy: { url: through.url } })).toBe(200);
    expect(new Set(through.targets)).toEqual(new Set([`127.0.0.1:${fake.port}`]));
    await expect(status(fake.url, { proxy: { url: through.url } })).rejects.toMatchObject({ code: 'QRY2040' });
  });
});

describe('a proxy', () => {
  const login = { username: 'pröxy', password: new Secret('pro:xy secret') };

  it('[A51-A53] gets credentials of its own, from the fields or out of its URL', async () => {
    const fake = await server();
    const through = await proxy();
    expect(await status(fake.url, { proxy: { url: through.url, ...login } })).toBe(200);
    expect(await status(fake.url, { proxy: { url: `http://me:b%40d@127.0.0.1:${through.port}` } })).toBe(200);
    expect(await status(fake.url, { proxy: { url: `127.0.0.1:${through.port}` } })).toBe(200);
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect([...new Set(through.authorizations)]).toEqual([basic('pröxy:pro:xy secret'), basic('me:b@d'), undefined]);
    expect(fake.received[0]!.headers['proxy-authorization']).toBeUndefined();
  });

  it.each([
    [407, 'QRY2050'],
    [401, 'QRY2050'], // some proxies say so; Qualys was never reached
    [403, 'QRY2051'],
    [502, 'QRY2051'],
    ['drop' as const, 'QRY2051'],
  ])('[fault 88] that answers %s is %s, and nothing goes around it', async (answer, code) => {
    const fake = await server();
    const through = await proxy();
    through.answer = answer;
    await expect(status(fake.url, { proxy: { url: through.url, ...login } })).rejects.toMatchObject({ code });
    expect(fake.probes + fake.received.length).toBe(0);
  });

  it('[fault 88] that is not there is QRY2051; a wrong password at Qualys stays QRY2010', async () => {
    const fake = await server();
    await expect(status(fake.url, { proxy: { url: 'http://127.0.0.1:9' } })).rejects.toMatchObject({ code: 'QRY2051' });
    await expect(status(fake.url, { proxy: { url: 'http://no-such-host.invalid:9' } })).rejects.toMatchObject({
      code: 'QRY2051',
    });
    const through = await proxy();
    fake.probe = (_, response) => send(response, 401, '');
    await expect(status(fake.url, { proxy: { url: through.url } })).rejects.toMatchObject({ code: 'QRY2010' });
  });

  it('carries the gateway and an identity provider as well; what it refuses is none of theirs', async () => {
    const [fake, gateway, provider, through] = [await server(), await server(), await server(), await proxy()];
    const call: Call = { ...CALL, server: 'gateway' };
    const token = (clientId: string): ClientOptions['credentials']['token'] => ({
      kind: 'identity_provider',
      tokenUrl: `${provider.url}/token`,
      clientId,
      clientSecret: new Secret('s'),
      username: undefined,
      password: undefined,
      scope: undefined,
      audience: undefined,
      clientAuth: 'header',
    });
    const options = (clientId: string) => ({
      address: resolveAddress({ api_url: fake.url, gateway_url: gateway.url }),
      credentials: { token: token(clientId) },
      proxy: { url: through.url, ...login },
    });
    const answer = await client(fake.url, options('one')).open(call);
    await answer.discard();
    expect(answer.status).toBe(200);
    expect(through.targets).toEqual([`127.0.0.1:${provider.port}`, `127.0.0.1:${gateway.port}`]);
    expect([provider.asked.length, gateway.received.length, fake.received.length]).toEqual([1, 1, 0]);
    through.answer = 407;
    await expect(client(fake.url, options('two')).open(call)).rejects.toMatchObject({ code: 'QRY2050' });
    expect([provider.asked.length, gateway.received.length]).toEqual([1, 1]);
  });

  it('QRY1011 that is no address', () => {
    expect(() => client('http://127.0.0.1:1', { proxy: { url: 'socks9://x' } })).toThrow(
      expect.objectContaining({ code: 'QRY1011' }),
    );
  });
});
