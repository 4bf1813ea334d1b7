import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasNats, type NatsServer, startNats } from '../../test/support/nats-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { fakeAuthority, hasOpenssl } from '../qualys/fake-certificates.ts';
import nats from './nats.ts';

const can = hasNats && hasOpenssl();
let folder: string;
let server: NatsServer;
beforeAll(async () => {
  if (!can) return;
  folder = await mkdtemp(join(tmpdir(), 'quarry-nats-tls-'));
  const authority = fakeAuthority();
  for (const [name, pair] of [
    ['server', authority.issue('DNS:localhost')],
    ['client', authority.issue('DNS:quarry')],
  ] as const) {
    await writeFile(join(folder, `${name}.crt`), pair.cert);
    await writeFile(join(folder, `${name}.key`), pair.key);
  }
  await writeFile(join(folder, 'ca.crt'), authority.ca);
  await writeFile(join(folder, 'other.crt'), fakeAuthority().ca);
  const at = (name: string): string => JSON.stringify(join(folder, name));
  server = await startNats(
    `tls { cert_file: ${at('server.crt')}, key_file: ${at('server.key')}, ca_file: ${at('ca.crt')}, verify: true }`,
  );
});
afterAll(async () => {
  await server?.stop();
  if (can) await rm(folder, { recursive: true });
});

const check = async (tls: object | undefined): Promise<unknown> => {
  const servers = [`localhost:${server.port}`];
  const sink = await nats.open(nats.config.parse({ servers, ...(tls && { tls }) }), {
    name: 'bus',
    baseDir: folder,
    format: 'raw',
  });
  try {
    return await sink.check().catch((error: unknown) => error);
  } finally {
    await sink.close();
  }
};

describe('NATS over TLS', skipUnless(can, 'nats-server or openssl is not installed'), () => {
  const pair = { cert: 'client.crt', key: 'client.key' };

  test('with a certificate of the authority the server trusts, files relative to the configuration', async () => {
    // Signed in: what is missing is a stream.
    expect(await check({ ca: 'ca.crt', ...pair })).toMatchObject({ code: 'QRY5043' });
  });

  test.each([
    ['no client certificate', { ca: 'ca.crt' }],
    ['an authority that did not sign the server’s certificate [fault 86]', { ca: 'other.crt', ...pair }],
    ['no authority of its own [fault 86]', pair],
  ])('refused: %s', async (_, tls) => {
    expect(await check(tls)).toMatchObject({ code: 'QRY5042' });
  });

  test('a file that is missing is named', async () => {
    expect(await check({ ca: 'nowhere.crt' })).toMatchObject({ code: 'QRY5001', where: join(folder, 'nowhere.crt') });
  });
});
