import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { type FakeSyslog, type FakeSyslogOptions, fakeSyslog } from '../../test/support/fake-syslog.ts';
import { skipUnless } from '../../test/support/skip.ts';
import type { Batch, Destinations, OpenSink } from '../core/sink.ts';
import { fakeAuthority, hasOpenssl, type KeyPair } from '../qualys/fake-certificates.ts';
import devo from './devo.ts';

const needsOpenssl = skipUnless(hasOpenssl(), 'openssl is not installed');
const never = new AbortController().signal;
const seed = Date.now() % 2 ** 31;

let folder = '';
let server: KeyPair;
let ca = '';
const authority = hasOpenssl() ? fakeAuthority() : undefined;

beforeAll(() => {
  if (authority === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'quarry-devo-'));
  ca = authority.ca;
  server = authority.issue('DNS:localhost');
  const write = (name: string, pair: KeyPair): void => {
    writeFileSync(join(folder, `${name}.crt`), pair.cert);
    writeFileSync(join(folder, `${name}.key`), pair.key);
  };
  writeFileSync(join(folder, 'chain.crt'), ca);
  write('me', authority.issue('DNS:devo-client'));
  write('other', authority.issue('DNS:devo-client'));
  write('expired', authority.issue('DNS:devo-client', -1));
  write('foreign', fakeAuthority().issue('DNS:devo-client'));
  writeFileSync(join(folder, 'foreign-chain.crt'), fakeAuthority().ca);
  writeFileSync(join(folder, 'garbage.crt'), 'nothing\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = { chain: 'chain.crt', cert: 'me.crt', key: 'me.key' };
const openDevo = (port: number, settings: Record<string, unknown> = files): Promise<OpenSink> =>
  devo.open(devo.config.parse({ address: 'localhost', port, hostname: 'h', settle: 20, ...settings }), {
    name: 'devo',
    baseDir: folder,
    format: 'raw',
  });

/** A receiver that demands a client certificate of the same authority. */
const start = (
  settings: Record<string, unknown> = {},
  more: Partial<FakeSyslogOptions> & { tls?: TlsOptions } = {},
): Promise<FakeSyslog> =>
  fakeSyslog({
    form: 'rfc3164',
    framing: 'newline',
    open: (port) => openDevo(port, { ...files, ...settings }),
    ...more,
    tls: { ...server, ca, requestCert: true, rejectUnauthorized: true, ...more.tls },
  });

const random = chanceFrom(seed);

describe('devo', needsOpenssl, () => {
  sinkContract({
    title: `devo (to a FAKE receiver, seed ${seed})`,
    guarantee: 'best-effort confirmation',
    can: ['transient', 'random', 'slow', 'mute'],
    start: () => start({}, { random }),
  });

  sinkContract({
    title: `devo by length (to a FAKE receiver, seed ${seed})`,
    guarantee: 'best-effort confirmation',
    can: ['transient', 'random', 'slow', 'mute'],
    start: () => start({ framing: 'octet-counted', senders: 1 }, { framing: 'octet-counted', random }),
  });
});

describe('devo, line by line', needsOpenssl, () => {
  const destinations: Destinations = { devo: 'vuln.qualys.hosts', interflow: '', elastic: '', ocsf: '' };
  const some = (more: Partial<Batch> = {}): Batch => ({ ...batchOf('b', payloads('b', 1), 'host_list'), ...more });

  async function headers(batch: Batch, settings = {}, more: Parameters<typeof start>[1] = {}) {
    const fake = await start(settings, more);
    expect(await (await fake.open()).write([batch], never)).toEqual(['delivered']);
    await fake.received();
    await fake.stop();
    return fake.headers();
  }

  it('[D4, F4] writes the table as tag, the host, and the time of the event in UTC', async () => {
    expect(await headers(some({ destinations }))).toEqual(['<14>Nov 19 22:14:05 h vuln.qualys.hosts: ']);
    const early = some({ destinations, time: () => '2026-02-03T04:05:06Z' });
    expect(await headers(early)).toEqual(['<14>Feb  3 04:05:06 h vuln.qualys.hosts: ']);
    const own = hostname().replaceAll(/[^\x21-\x7e]/g, '-');
    expect((await headers(some({ destinations }), { hostname: undefined }))[0]).toContain(` ${own} vuln.`);
  });

  it('takes the configured table, one for all or by data set, and where a line belongs from the format', async () => {
    const tagOf = async (batch: Batch, tag?: unknown) =>
      (await headers(batch, { tag })).map((header) => header.split(' ').at(-2));
    expect(await tagOf(some({ destinations }), 'my.app.a')).toEqual(['my.app.a:']);
    expect(await tagOf(some({ destinations }), { host_list: 'my.app.b', ips: 'my.app.c' })).toEqual(['my.app.b:']);
    expect(await tagOf(some({ destinations }), { ips: 'my.app.c' })).toEqual(['vuln.qualys.hosts:']);
    expect(await tagOf(some())).toEqual(['my.app.quarry.host_list:']);
    const two = batchOf('b', payloads('b', 2));
    const routing = () => ['vuln.qualys.vulnerabilities', 'no table'];
    const routed = { ...two, count: 1, ends: [two.bytes.length], destinations, routing };
    expect(await tagOf(routed)).toEqual(['vuln.qualys.vulnerabilities:', 'vuln.qualys.hosts:']);
    for (const tag of ['one', 'a.b: c', 'a.b.c.d.e.f.g', { ips: 'one' }])
      expect(() => devo.config.parse({ address: 'a', tag }), JSON.stringify(tag)).toThrow('tag');
  });

  it('compresses when told to', async () => {
    const fake = await start({ compression: 'gzip' }, { gzip: true });
    const batches = ['b', 'c'].map((name) => batchOf(name, payloads(name, 400, 'x'.repeat(1000))));
    expect(await (await fake.open()).write(batches, never)).toEqual(['delivered', 'delivered']);
    expect((await fake.received()).map(({ id }) => id)).toHaveLength(800);
    await fake.stop();
  });
});

describe('certificates of devo', needsOpenssl, () => {
  it.each([
    ['no certificate', { cert: undefined, key: undefined }],
    ['one of a foreign authority', { cert: 'foreign.crt', key: 'foreign.key' }],
    ['one that expired', { cert: 'expired.crt', key: 'expired.key' }],
  ])('%s: the check fails, and nothing counts as delivered [fault 76]', async (_, settings) => {
    const fake = await start(settings);
    const sink = await fake.open();
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5022' });
    await expect(sink.write([batchOf('b', payloads('b', 10))], never)).rejects.toMatchObject({ code: 'QRY5022' });
    expect(await fake.received()).toEqual([]);
    await fake.stop();
  });

  it('says what about its own certificate may be the reason', async () => {
    const messageWith = async (settings: Record<string, unknown>) => {
      const fake = await start(settings);
      const error = await (await fake.open()).check().catch((thrown: Error) => thrown);
      await fake.stop();
      return (error as Error).message;
    };
    expect(await messageWith({ cert: undefined, key: undefined })).toContain('no client certificate was given');
    expect(await messageWith({ cert: 'expired.crt', key: 'expired.key' })).toMatch(/certificate expired on 20\d\d-/);
  });

  it.each([
    ['of another authority', { chain: 'foreign-chain.crt' }, 'DNS:localhost', 2],
    ['of an authority nobody named', { chain: undefined }, 'DNS:localhost', 2],
    ['for another name', {}, 'DNS:elsewhere.example', 2],
    ['that expired', {}, 'DNS:localhost', -1],
  ])('a receiver’s certificate %s is refused [fault 86]', async (_, settings, name, days) => {
    const fake = await start(settings, { tls: authority!.issue(name, days) });
    const sink = await fake.open();
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5021' });
    await expect(sink.write([batchOf('b', payloads('b', 1))], never)).rejects.toMatchObject({ code: 'QRY5021' });
    expect(await fake.received()).toEqual([]);
    const lax = await openDevo(fake.port, { ...files, ...settings, verify: false });
    expect(await lax.write([batchOf('b', payloads('b', 1))], never)).toEqual(['delivered']);
    await fake.stop();
  });

  it('checks the certificate for another name when told to, and for an address', async () => {
    const named = await start({ server_name: 'elsewhere.example' }, { tls: authority!.issue('DNS:elsewhere.example') });
    await expect((await named.open()).check()).resolves.toBeUndefined();
    await named.stop();
    const numbered = await start({ address: '127.0.0.1' }, { tls: authority!.issue('IP:127.0.0.1') });
    await expect((await numbered.open()).check()).resolves.toBeUndefined();
    await numbered.stop();
  });

  it.each([
    ['a file that is missing', { cert: 'absent.crt' }, 'absent.crt', 'does not exist'],
    ['a folder', { chain: '.' }, '', 'cannot be read'],
    ['no certificate', { chain: 'garbage.crt' }, 'garbage.crt', 'holds no certificate'],
    ['no key', { key: 'garbage.crt' }, 'garbage.crt', 'TLS cannot use it'],
    ['the key of another certificate', { key: 'other.key' }, 'other.key', 'does not belong to'],
    ['a certificate without key', { key: undefined }, 'me.crt', 'key is not'],
    ['a key without certificate', { cert: undefined }, 'me.key', 'cert is not'],
  ])('%s is said when the sink is opened', async (_, settings, file, what) => {
    await expect(openDevo(1, { ...files, ...settings })).rejects.toMatchObject({
      code: 'QRY5023',
      next: 'stop_process',
      where: join(folder, file),
      message: expect.stringContaining(what),
    });
  });

  it('reads a key under a passphrase, and says when it is missing or wrong', async () => {
    const key = createPrivateKey(readFileSync(join(folder, 'me.key')));
    const sealed = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' });
    writeFileSync(join(folder, 'sealed.key'), sealed);
    const fake = await start({ key: 'sealed.key', passphrase: 'right' });
    await expect((await fake.open()).check()).resolves.toBeUndefined();
    await fake.stop();
    for (const passphrase of [undefined, 'wrong'])
      await expect(openDevo(1, { ...files, key: 'sealed.key', passphrase })).rejects.toMatchObject({
        code: 'QRY5023',
        where: join(folder, 'sealed.key'),
        message: expect.stringContaining('passphrase is missing or wrong'),
      });
  });

  it('says that a certificate is too weak, and takes it at security level 0', async () => {
    const flags = ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-subj', '/CN=weak'];
    execFileSync('openssl', [...flags, '-keyout', 'weak.key', '-out', 'weak.crt'], { cwd: folder, stdio: 'pipe' });
    const weak = { ...files, cert: 'weak.crt', key: 'weak.key' };
    await expect(openDevo(1, weak)).rejects.toMatchObject({
      code: 'QRY5023',
      message: expect.stringContaining('security_level: 0'),
    });
    await expect(openDevo(1, { ...weak, security_level: 0 })).resolves.toBeDefined();
  });

  it('says what each address of a name that refuses said', async () => {
    const fake = await start();
    await fake.stop();
    await expect((await fake.open()).check()).rejects.toMatchObject({
      code: 'QRY5020',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('[F28] uses a certificate renewed on disk without being opened again [fault 87]', async () => {
    writeFileSync(join(folder, 'renewed-chain.crt'), fakeAuthority().ca);
    const fake = await start({ chain: 'renewed-chain.crt' });
    const sink = await fake.open();
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5021' });
    writeFileSync(join(folder, 'renewed-chain.crt'), ca);
    await sink.check();
    await fake.stop();
  });
});
