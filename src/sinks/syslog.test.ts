import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, describe, expect, it, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { type FakeSyslog, type FakeSyslogOptions, fakeSyslog } from '../../test/support/fake-syslog.ts';
import type { Batch, OpenSink } from '../core/sink.ts';
import syslog from './syslog.ts';

const never = new AbortController().signal;
const context = { name: 's', baseDir: '/', format: 'raw' };
const openSyslog = (settings: Record<string, unknown>): Promise<OpenSink> =>
  syslog.open(syslog.config.parse({ address: '127.0.0.1', hostname: 'h', settle: 20, ...settings }), context);

const seed = Date.now() % 2 ** 31;
const tcp = (settings: Record<string, unknown> = {}, more: Partial<FakeSyslogOptions> = {}): Promise<FakeSyslog> =>
  fakeSyslog({
    form: 'rfc5424',
    framing: 'newline',
    random: chanceFrom(seed),
    open: (port) => openSyslog({ transport: 'tcp', port, ...settings }),
    ...more,
  });

sinkContract({
  title: `syslog (RFC 5424 by lines over TCP to a FAKE receiver, seed ${seed})`,
  guarantee: 'best-effort confirmation',
  can: ['transient', 'random', 'slow', 'mute'],
  start: () => tcp(),
});

sinkContract({
  title: `syslog (RFC 3164 by length over TCP to a FAKE receiver, seed ${seed})`,
  guarantee: 'best-effort confirmation',
  can: ['transient', 'random', 'slow', 'mute'],
  start: () => tcp({ rfc: '3164', framing: 'octet-counted' }, { form: 'rfc3164', framing: 'octet-counted' }),
});

describe('syslog', () => {
  const open: { stop(): Promise<void> }[] = [];
  const start = async (...args: Parameters<typeof tcp>): Promise<FakeSyslog> => {
    const fake = await tcp(...args);
    open.push(fake);
    return fake;
  };
  afterAll(async () => {
    for (const one of open) await one.stop();
  });

  const text = async (settings: Record<string, unknown>, batch: Batch, form: 'rfc5424' | 'rfc3164' = 'rfc5424') => {
    const fake = await start(settings, { form });
    expect(await (await fake.open()).write([batch], never)).toEqual(['delivered']);
    return fake.headers();
  };

  it('writes RFC 5424 with the time of the event, its id and what it is of', async () => {
    const batch = batchOf('b', payloads('b', 1), 'host_list', 'acme');
    expect(await text({}, batch)).toEqual([
      '<14>1 2026-11-19T22:14:05Z h quarry - host_list [quarry@32473 id="b.0" seq="1" change="new" tenant="t" connection="acme"] ',
    ]);
    const own = { facility: 'local3', severity: 'warning', app_name: 'qq', structured_data: 'e@1' };
    expect(await text(own, batch)).toEqual([
      '<156>1 2026-11-19T22:14:05Z h qq - host_list [e@1 id="b.0" seq="1" change="new" tenant="t" connection="acme"] ',
    ]);
  });

  it('writes RFC 3164 with the time in UTC, days below ten after a blank', async () => {
    const batch = { ...batchOf('b', payloads('b', 2)), time: (i: number) => `2026-0${i + 1}-09T01:02:03Z` };
    expect(await text({ rfc: '3164' }, batch, 'rfc3164')).toEqual([
      '<14>Jan  9 01:02:03 h quarry: ',
      '<14>Feb  9 01:02:03 h quarry: ',
    ]);
  });

  it('lets no value out of its place, and none forge a message [fault 79]', async () => {
    const hostile = { ...batchOf('b', payloads('b', 1)), tenant: 'a"]b\\', eventId: () => 'x" y="z' };
    const [header] = await text({}, hostile);
    expect(header).toContain(' id="x\\" y=\\"z" ');
    expect(header).toContain(' tenant="a\\"\\]b\\\\" ');
    for (const name of ['a b', 'a\nb', 'é', ''])
      expect(() => syslog.config.parse({ address: 'a', hostname: name }), name).toThrow('hostname');
    expect(() => syslog.config.parse({ address: 'a', app_name: 'a: b' })).toThrow('app_name');
    const two = batchOf('b', payloads('b', 2));
    // One payload of two lines, as no format may make it: each is a message of its own and whole.
    const merged: Batch = { ...two, count: 1, ends: [two.bytes.length] };
    expect(await text({}, merged)).toHaveLength(2);
  });

  it('sends a message for each line of an event, with where it belongs', async () => {
    const two = batchOf('b', payloads('b', 2));
    const routed: Batch = { ...two, count: 1, ends: [two.bytes.length], routing: () => ['assets', 'syslog'] };
    const headers = await text({}, routed);
    expect(headers.map((header) => /id="(.*?)".*index="(.*?)"/.exec(header)?.slice(1))).toEqual([
      ['b.0', 'assets'],
      ['b.0', 'syslog'],
    ]);
  });

  it('parks alone what is longer than max_message and sends the rest [fault 78]', async () => {
    for (const framing of ['newline', 'octet-counted'] as const) {
      const fake = await start({ max_message: 2000, framing }, { framing });
      const mixed = payloads('b', 5).map((one, i) => (i === 2 ? { ...one, text: 'x'.repeat(2000) } : one));
      const [answer] = await (await fake.open()).write([batchOf('b', mixed), batchOf('c', payloads('c', 1))], never);
      expect(answer).toEqual([
        'delivered',
        'delivered',
        { code: 'QRY5026', rejected: expect.stringMatching(/^the message has 21\d\d bytes, more than the 2000/) },
        'delivered',
        'delivered',
      ]);
      expect((await fake.received()).map(({ id }) => id)).toEqual(['b.0', 'b.1', 'b.3', 'b.4', 'c.0']);
      const alone = batchOf('d', [{ id: 'd.0', text: 'x'.repeat(3000) }]);
      expect(await (await fake.open()).write([alone], never)).toEqual([expect.objectContaining({ code: 'QRY5026' })]);
    }
  });

  it('begins a new connection after 10 MB, and answers per event when one of them fails [fault 70]', async () => {
    const fake = await start({}, { plan: (n) => (n === 5 ? 'mute' : undefined) });
    const sink = await fake.open();
    const large = ['b', 'c', 'd'].map((name) => batchOf(name, payloads(name, 70, 'x'.repeat(100_000))));
    expect(await sink.write(large, never)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(fake.connections()).toBe(3);
    const [b, c, d] = await sink.write(large, never);
    expect(fake.connections()).toBe(5);
    const again = { retry: expect.stringContaining('broke off') };
    expect(b).toBe('delivered');
    const mixed = c as readonly unknown[];
    const failed = mixed.findIndex((one) => one !== 'delivered');
    expect(failed).toBeGreaterThan(10);
    expect(mixed.slice(failed)).toEqual(new Array(70 - failed).fill(again));
    expect(d).toEqual(again);
  });

  it('[F48] spreads a write over several connections', async () => {
    const fake = await start({ senders: 3 });
    const sink = await fake.open();
    const batches = ['b', 'c', 'd'].map((name) => batchOf(name, payloads(name, 20, 'x'.repeat(20_000))));
    expect(await sink.write(batches, never)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(fake.connections()).toBe(3);
    expect(new Set((await fake.received()).map(({ id }) => id)).size).toBe(60);
  });

  it('sends less at a time to a receiver that never ends in time, until it does [fault 72]', async () => {
    const fake = await start({ timeout: 150 });
    const sink = await fake.open();
    const large = [batchOf('b', payloads('b', 40, 'x'.repeat(20_000)))];
    await fake.behave('slow');
    for (let i = 0; i < 4; i++) await expect(sink.write(large, never)).rejects.toMatchObject({ code: 'QRY5025' });
    await fake.behave('accept');
    const before = fake.connections();
    expect(await sink.write(large, never)).toEqual(['delivered']);
    expect(fake.connections() - before).toBeGreaterThan(1);
  });

  it('tells a receiver that never ends a connection, and takes its silence when told to', async () => {
    const fake = await start({ timeout: 300 }, { plan: () => 'endless' });
    await expect((await fake.open()).check()).rejects.toMatchObject({
      code: 'QRY5025',
      fix: expect.stringContaining('confirm: written'),
    });
    const lax = await openSyslog({ transport: 'tcp', port: fake.port, confirm: 'written', settle: 100 });
    await lax.check();
    expect(await lax.write([batchOf('b', payloads('b', 3))], never)).toEqual(['delivered']);
    expect(await fake.received()).toHaveLength(3);
    const mute = await start({ confirm: 'written', settle: 1000 }, { plan: () => 'mute' });
    await expect((await mute.open()).write([batchOf('b', payloads('b', 3))], never)).rejects.toMatchObject({
      code: 'QRY5024',
    });
  });

  it('says that nobody listens', async () => {
    const fake = await tcp();
    await fake.stop();
    const sink = await fake.open();
    await expect(sink.check()).rejects.toMatchObject({
      code: 'QRY5020',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    await expect(sink.write([batchOf('b', payloads('b', 1))], never)).rejects.toMatchObject({ code: 'QRY5020' });
    const lost = await openSyslog({ transport: 'tcp', address: 'no-such-host.invalid' });
    await expect(lost.check()).rejects.toMatchObject({ code: 'QRY5020', where: 'no-such-host.invalid:514' });
  });
});

describe('syslog over UDP', () => {
  async function receiver(port = 0) {
    const socket = createSocket('udp4');
    const messages: string[] = [];
    socket.on('message', (bytes) => messages.push(bytes.toString('utf8')));
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return { port: socket.address().port, messages, stop: () => new Promise<void>((r) => socket.close(() => r())) };
  }

  test('a datagram is one message, and what fits in none is parked', async () => {
    const { port, messages, stop } = await receiver();
    const sink = await openSyslog({ transport: 'udp', port, rfc: '3164' });
    await sink.check();
    const mixed = payloads('b', 4).map((one, i) => (i === 1 ? { ...one, text: 'x'.repeat(70_000) } : one));
    const [answer] = await sink.write([batchOf('b', mixed)], never);
    expect(answer).toEqual(['delivered', expect.objectContaining({ code: 'QRY5026' }), 'delivered', 'delivered']);
    await expect.poll(() => messages.length).toBe(3);
    const prefix = '<14>Nov 19 22:14:05 h quarry: ';
    expect(messages.every((message) => message.startsWith(prefix))).toBe(true);
    const ids = messages.map((message) => (JSON.parse(message.slice(prefix.length)) as Payload).id);
    expect(ids.sort()).toEqual(['b.0', 'b.2', 'b.3']);
    await stop();
  });

  test('a machine that says at once that nobody listens is heard', async () => {
    const { port, stop } = await receiver();
    await stop();
    const sink = await openSyslog({ transport: 'udp', port });
    await expect(sink.write([batchOf('b', payloads('b', 3))], never)).rejects.toMatchObject({ code: 'QRY5020' });
  });
});
