/** The sinks `devo` and `syslog` against a real rsyslog that demands client certificates. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Destination, sinkContract } from '../../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../../test/support/batches.ts';
import { hasRsyslog, type Rsyslog, rsyslog } from '../../../test/support/rsyslog-server.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { type FakeAuthority, fakeAuthority, hasOpenssl, type KeyPair } from '../../qualys/fake-certificates.ts';
import devo from '../devo.ts';
import syslog from '../syslog.ts';

const needsRsyslog = skipUnless(hasRsyslog() && hasOpenssl(), 'rsyslog with its gtls driver is not installed');
const never = new AbortController().signal;
/** What is not about refusals need not wait for one. */
const SETTLE = 20;
/** A refusal takes rsyslog a moment, on a busy machine a long one; it ends the waiting. */
const PATIENT = 5000;

interface Served extends Destination {
  readonly server: Rsyslog;
  openWith(settings: Record<string, unknown>): Promise<OpenSink>;
}

const running: Served[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

let folder = '';
let authority: FakeAuthority;
let shown: KeyPair;

beforeAll(() => {
  if (needsRsyslog.skip === true) return;
  folder = mkdtempSync(join(tmpdir(), 'quarry-rsyslog-'));
  authority = fakeAuthority();
  const foreign = fakeAuthority();
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  for (const [name, issued] of [
    ['me', authority.issue('DNS:devo-client')],
    ['expired', authority.issue('DNS:devo-client', -1)],
    ['unknown', authority.issue('DNS:somebody')],
    ['foreign', foreign.issue('DNS:devo-client')],
  ] as const) {
    write(`${name}.crt`, issued.cert);
    write(`${name}.key`, issued.key);
  }
  write('chain.crt', authority.ca);
  write('wrong-chain.crt', foreign.ca);
  shown = authority.issue('DNS:localhost');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function served(
  settings: Record<string, unknown> = {},
  kind: typeof devo | typeof syslog = devo,
): Promise<Served> {
  const server = await rsyslog(mkdtempSync(join(folder, 'server-')), authority.ca, shown);
  const open = (more: Record<string, unknown>): Promise<OpenSink> => {
    const all = { address: 'localhost', port: server.port, hostname: 'h', settle: SETTLE, ...settings, ...more };
    const context = { name: 's', baseDir: folder, format: 'raw' };
    const own = { cert: 'me.crt', key: 'me.key' };
    return kind === devo
      ? devo.open(devo.config.parse({ chain: 'chain.crt', ...own, ...all }), context)
      : syslog.open(syslog.config.parse({ tls: { ca: 'chain.crt', ...own }, ...all }), context);
  };
  const destination: Served = {
    server,
    openWith: open,
    open: () => open({}),
    behave: async (how) => {
      if (how === 'transient') await server.kill();
      else if (how === 'slow') server.freeze();
      else {
        server.thaw();
        if (!server.runs()) await server.start();
      }
    },
    received: async () => (await server.messages()).map(payloadOf),
    stop: () => server.stop(),
  };
  return destination;
}

const start = async (...args: Parameters<typeof served>): Promise<Served> => {
  const destination = await served(...args);
  running.push(destination);
  return destination;
};

/** The JSON after whichever header. */
const payloadOf = (message: string): Payload => JSON.parse(message.slice(message.indexOf('{"id":'))) as Payload;

describe('real rsyslog', needsRsyslog, () => {
  sinkContract({
    title: 'devo (to rsyslog)',
    guarantee: 'best-effort confirmation',
    can: ['transient', 'slow'],
    start: () => served(),
  });
  sinkContract({
    title: 'syslog (RFC 5424 by length to rsyslog)',
    guarantee: 'best-effort confirmation',
    can: ['transient', 'slow'],
    start: () => served({ framing: 'octet-counted' }, syslog),
  });
});

describe('rsyslog that demands a client certificate', needsRsyslog, () => {
  it.each([
    ['by lines', 'newline'],
    ['by length', 'octet-counted'],
  ])('%s, a message of 500 KB arrives as it was sent', async (_, framing) => {
    const { server, open } = await start({ framing });
    const sink = await open();
    await sink.check();
    const all = [...payloads('b', 3), { id: 'large', text: 'é'.repeat(250_000) }, ...payloads('c', 2)];
    expect(await sink.write([batchOf('b', all, 'host_list')], never)).toEqual(['delivered']);
    const messages = await server.messages();
    expect(messages.map(payloadOf)).toEqual(all);
    const header = '<14>Nov 19 22:14:05 h my.app.quarry.host_list: ';
    expect(messages.filter((message) => !message.startsWith(header))).toEqual([]);
  });

  it.each([
    ['no certificate', { cert: undefined, key: undefined }],
    ['one that expired', { cert: 'expired.crt', key: 'expired.key' }],
    ['one with a name it does not know', { cert: 'unknown.crt', key: 'unknown.key' }],
    ['one of a foreign authority', { cert: 'foreign.crt', key: 'foreign.key' }],
  ])('is shown %s: the check fails and nothing counts as delivered [fault 76]', async (_, settings) => {
    const { server, openWith } = await start();
    const sink = await openWith({ ...settings, settle: PATIENT });
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5022' });
    await expect(sink.write([batchOf('b', payloads('b', 100))], never)).rejects.toMatchObject({ code: 'QRY5022' });
    expect(await server.messages()).toEqual([]);
  });

  it('shows a certificate of an authority that is not trusted: nothing is sent [fault 86]', async () => {
    const { server, openWith } = await start();
    const sink = await openWith({ chain: 'wrong-chain.crt' });
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5021' });
    await expect(sink.write([batchOf('b', payloads('b', 1))], never)).rejects.toMatchObject({ code: 'QRY5021' });
    expect(await server.messages()).toEqual([]);
  });

  it.each([
    ['one connection', 1],
    ['three connections', 3],
  ])('is killed in mid-stream over %s: nothing is lost once it is back [fault 75]', async (_, senders) => {
    const { server, openWith } = await start();
    const sink = await openWith({ senders });
    const names = ['b', 'c', 'd'];
    const batches = names.map((name) => batchOf(name, payloads(name, 8000, 'x'.repeat(1000))));
    const delivered = new Set<string>();
    const settle = async (batch: Batch, outcome: Outcome | readonly Outcome[]): Promise<void> => {
      for (let i = 0; i < batch.count; i++)
        if ((Array.isArray(outcome) ? (outcome as readonly Outcome[])[i] : outcome) === 'delivered')
          delivered.add(batch.eventId(i));
    };
    const writing = sink.write(batches, never).catch((error: Error) => error);
    while ((await server.size()) < 2_000_000) await wait(1);
    await server.kill();
    const first = await writing;
    if (!(first instanceof Error)) for (const [b, batch] of batches.entries()) await settle(batch, first[b]!);
    // 24 MB do not fit into what the network holds: something was still to come when it was killed.
    expect(delivered.size).toBeLessThan(24_000);
    await expect(sink.check()).rejects.toThrow();
    await server.start();
    const again = batches.filter((batch) =>
      Array.from({ length: batch.count }, (_, i) => i).some((i) => !delivered.has(batch.eventId(i))),
    );
    expect(await sink.write(again, never)).toEqual(again.map(() => 'delivered'));
    // A line cut by the kill is no event; all others are told apart by id.
    const ids = new Set(
      (await server.messages()).flatMap((line) => /\{"id":"(.*?)","text":"x+"\}$/.exec(line)?.[1] ?? []),
    );
    expect(ids.size).toBe(24_000);
  });

  it('is killed when all was sent and it has read none of it: nothing counts as delivered [fault 75]', async () => {
    const { server, open, openWith } = await start();
    const sink = await openWith({ settle: 1000 });
    const batch = batchOf('b', payloads('b', 1000, 'x'.repeat(1000)));
    const writing = sink.write([batch], never).catch((error: Error) => error);
    // It stands still while the sink still waits for a refusal; a megabyte then waits in the network.
    await wait(500);
    server.freeze();
    await wait(1500);
    await server.kill();
    expect(await writing).toMatchObject({ code: expect.stringMatching(/^QRY502[0245]$/) });
    await server.start();
    expect(await (await open()).write([batch], never)).toEqual(['delivered']);
    expect(new Set((await server.messages()).map((message) => payloadOf(message).id)).size).toBe(1000);
  });

  it('stands still: the write ends by its time-out, and all of it is sent again [fault 77]', async () => {
    const { server, openWith } = await start();
    const sink = await openWith({ timeout: 1500 });
    await sink.check();
    server.freeze();
    await expect(sink.write([batchOf('b', payloads('b', 10))], never)).rejects.toMatchObject({
      code: expect.stringMatching(/^QRY502[05]$/),
    });
    server.thaw();
    expect(await sink.write([batchOf('b', payloads('b', 10))], never)).toEqual(['delivered']);
    expect(new Set((await server.messages()).map((message) => payloadOf(message).id)).size).toBe(10);
  });
});
