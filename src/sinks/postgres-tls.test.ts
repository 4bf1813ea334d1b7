import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchOf, payloads } from '../../test/support/batches.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import type { OpenSink } from '../core/sink.ts';
import { fakeAuthority, hasOpenssl } from '../qualys/fake-certificates.ts';
import postgres from './postgres.ts';

const found = findPostgres();
const can = typeof found !== 'string' && hasOpenssl();
let folder: string;
let server: PostgresServer;
let url: string;
beforeAll(async () => {
  if (typeof found === 'string' || !can) return;
  folder = await mkdtemp(join(tmpdir(), 'quarry-pg-tls-'));
  await chmod(folder, 0o755);
  const authority = fakeAuthority();
  const { cert, key } = authority.issue('IP:127.0.0.1');
  await writeFile(join(folder, 'server.crt'), cert);
  await writeFile(join(folder, 'server.key'), key, { mode: 0o600 });
  if (found.as !== undefined) await chown(join(folder, 'server.key'), found.as.uid, found.as.gid);
  await writeFile(join(folder, 'ca.crt'), authority.ca);
  await writeFile(join(folder, 'other.crt'), fakeAuthority().ca);
  server = await startPostgres(found);
  url = await server.createDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`ALTER SYSTEM SET ssl_cert_file = '${folder}/server.crt'`);
  await client.query(`ALTER SYSTEM SET ssl_key_file = '${folder}/server.key'`);
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}, 60_000);
afterAll(async () => {
  await server?.stop();
  if (can) await rm(folder, { recursive: true });
});

const open = (tls: object): Promise<OpenSink> =>
  postgres.open(postgres.config.parse({ url, tls }), { name: 'warehouse', baseDir: folder, format: 'raw' });

describe('PostgreSQL over TLS', skipUnless(can, 'PostgreSQL or openssl cannot be run'), () => {
  test('events go over a connection whose certificate the authority signed', async () => {
    const sink = await open({ ca: 'ca.crt' });
    // The server takes up its certificate a moment after it was told to.
    await expect.poll(() => sink.check().then(() => 'ok', String), { timeout: 20_000 }).toBe('ok');
    expect(await sink.write([batchOf('b', payloads('b', 3))], new AbortController().signal)).toEqual([
      ['delivered', 'delivered', 'delivered'],
    ]);
    await sink.close();
  });

  test('another authority is refused, unless nothing is to be checked [fault 86]', async () => {
    const other = await open({ ca: 'other.crt' });
    await expect(other.check()).rejects.toMatchObject({ code: 'QRY5042' });
    const none = await open({});
    await expect(none.check()).rejects.toMatchObject({ code: 'QRY5042' });
    const unchecked = await open({ verify: false });
    await unchecked.check();
    await unchecked.close();
  });

  test('a file that is missing is named', async () => {
    const sink = await open({ ca: 'nowhere.crt' });
    await expect(sink.check()).rejects.toMatchObject({ code: 'QRY5001', where: join(folder, 'nowhere.crt') });
  });
});
