import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CephServer, hasCeph, startCeph } from '../../test/support/ceph-server.ts';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, type Thing } from '../../test/support/pages.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../test/support/postgres-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { startProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import { Secret } from '../core/secret.ts';
import { sharedBodies } from './bodies.ts';
import { cleanUp } from './clean-up.ts';
import { registerSink } from './delivery.ts';
import { type Outbox, type OutboxLocation, openOutbox } from './outbox.ts';
import { listStreams } from './streams.ts';

const runnable = findPostgres();
const missing = hasCeph
  ? String(runnable)
  : 'Ceph (ceph-mon, ceph-osd, ceph-mgr, radosgw, ceph-common) is not installed';
const everything = () => true;
const HOUR = 3_600_000;

describe('bodies in a bucket', skipUnless(hasCeph && typeof runnable !== 'string', missing), () => {
  let server: PostgresServer;
  let ceph: CephServer;
  let proxy: TcpProxy;
  let client: S3Client;
  const folders: string[] = [];
  const open: Outbox[] = [];
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    ceph = await startCeph();
    proxy = await startProxy(ceph.port, () => false);
    client = new S3Client({
      endpoint: ceph.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    // The first object of all makes the store's pools, which takes seconds.
    await client.send(new CreateBucketCommand({ Bucket: 'bodies' }));
    await client.send(new PutObjectCommand({ Bucket: 'bodies', Key: 'other/first', Body: 'x' }));
  }, 120_000);
  afterAll(async () => {
    for (const outbox of open) await outbox.close();
    client?.destroy();
    await proxy?.stop();
    await ceph?.stop();
    await server?.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'quarry-bodies-'));
    folders.push(folder);
    return folder;
  };
  const bucket = (settings: object = {}): NonNullable<OutboxLocation['bodies']> => ({
    ...{ bucket: 'bodies', prefix: 'quarry', above: 20_000, region: undefined, pathStyle: undefined, timeout: 30_000 },
    ...{ endpoint: `http://127.0.0.1:${proxy.port}`, accessKeyId: ceph.accessKey, sessionToken: undefined },
    secretAccessKey: new Secret(ceph.secretKey),
    ...settings,
  });
  /** A worker with a folder of its own. */
  async function worker(databaseUrl: string, bodies: OutboxLocation['bodies'] = bucket()): Promise<Outbox> {
    const outbox = await openOutbox({ dataDir: await newFolder(), databaseUrl, bodies }, 1);
    open.push(outbox);
    return outbox;
  }
  const objectsOf = async ({ installation }: Outbox): Promise<string[]> => {
    const Prefix = `quarry/${installation}/`;
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'bodies', Prefix }));
    return Contents.map(({ Key }) => Key!.slice(Prefix.length));
  };
  const segments = ({ store }: Outbox) =>
    store.db.selectFrom('segment').select(['file', 'object']).orderBy('id').execute();
  const pieces = async ({ store }: Outbox): Promise<string[]> =>
    (await store.db.selectFrom('segment_body').select('file').execute()).map(({ file }) => file);
  const things = (count: number, text: string): Thing[] =>
    Array.from({ length: count }, (_, i) => ({ host: 1, name: String(i).padStart(4, '0'), text }));

  test('large pages are objects, small ones rows, and a worker that has neither file reads both', async () => {
    const url = await server.createDatabase();
    const one = await worker(url);
    await registerSink(one.store, 'sink', everything, 1);
    const claim = await claimAt(one);
    await appendThings(one, claim, things(500, 'large'), { pull: 100, sinks: ['sink'] });
    await appendThings(one, claim, things(3, 'small'), { pull: 200, sinks: ['sink'] });
    const [large, small] = await segments(one);
    expect([large!.object, small!.object]).toEqual([1, 0]);
    expect(await objectsOf(one)).toEqual([large!.file]);
    expect(await pieces(one)).toEqual([small!.file]);
    // Nothing but what is in both places is left behind in the folder.
    expect(await readdir(one.spool)).toHaveLength(2);

    const two = await worker(url);
    const events = await drain(two, 'sink');
    expect(events.map(({ record }) => record.TEXT)).toEqual([
      ...new Array<string>(500).fill('large'),
      ...new Array<string>(3).fill('small'),
    ]);
    for (const { file } of [large!, small!])
      expect((await readFile(join(two.spool, file))).equals(await readFile(join(one.spool, file)))).toBe(true);
  });

  test('[fault 6] a row goes before its object; what a kill or a lost answer leaves is found by its age', async () => {
    const url = await server.createDatabase();
    const outbox = await worker(url);
    const claim = await claimAt(outbox);
    await appendThings(outbox, claim, things(500, 'a'), { pull: 100 });
    await appendThings(outbox, claim, things(500, 'b'), { pull: 200 });
    const [, newest] = await segments(outbox);
    expect(await objectsOf(outbox)).toHaveLength(2);
    // Expiry while the store is away: the row is gone, the object is waste.
    proxy.behave('refuse');
    await cleanUp(outbox, 50, 1000);
    proxy.behave('pass');
    expect(await segments(outbox)).toEqual([newest]);
    expect(await objectsOf(outbox)).toHaveLength(2);
    // Killed between object and transaction: an object that nothing names.
    const path = outbox.newSegment();
    await writeFile(path, 'x'.repeat(50_000));
    await outbox.bodies!.keep(path);
    expect(await objectsOf(outbox)).toHaveLength(3);
    // Young ones may be about to be named.
    await outbox.bodies!.sweep(Date.now() - HOUR);
    expect(await objectsOf(outbox)).toHaveLength(3);
    const later = await worker(url);
    await later.bodies!.sweep(Date.now() + HOUR);
    expect(await objectsOf(outbox)).toEqual([newest!.file]);
    // What is somebody else's is not looked at.
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: 'bodies', Prefix: 'other/' }));
    expect(Contents).toHaveLength(1);

    // Expiry with the store in reach takes both.
    await appendThings(outbox, claim, things(500, 'c'), { pull: 300 });
    await cleanUp(outbox, 50, 1000);
    expect(await objectsOf(outbox)).toEqual((await segments(outbox)).map(({ file }) => file));
    expect(await objectsOf(outbox)).toHaveLength(1);
  });

  test('compaction writes what is left of an object where its size belongs', async () => {
    const url = await server.createDatabase();
    const outbox = await worker(url);
    const claim = await claimAt(outbox);
    await appendThings(outbox, claim, things(1000, 'old'), { pull: 100, padding: 600 });
    await appendThings(outbox, claim, things(990, 'new'), { pull: 200, padding: 600 });
    const before = await segments(outbox);
    expect(await cleanUp(outbox, 500, 1000)).toMatchObject({ segments: 1 });
    const after = await segments(outbox);
    expect(after.map(({ object }) => object)).toEqual([1, 0]);
    expect(await objectsOf(outbox)).toEqual([before[1]!.file]);
    const two = await worker(url);
    await registerSink(two.store, 'late', everything, 1);
    expect(await drain(two, 'late')).toHaveLength(1000);
  });

  test('copies of a spool folder of before go to the bucket before they go', async () => {
    const url = await server.createDatabase();
    const outbox = await worker(url);
    const claim = await claimAt(outbox);
    await appendThings({ ...outbox, bodies: undefined }, claim, things(500, 'a'), { pull: 100 });
    expect(await segments(outbox)).toMatchObject([{ object: 0 }]);
    // One whose copying was killed in the middle, too.
    const half = outbox.newSegment();
    await writeFile(half, Buffer.alloc(3 << 20, 'half '));
    const file = basename(half);
    await outbox.store.db
      .insertInto('segment')
      .values({ id: 99, file, bytes: 3 << 20 })
      .execute();
    const table = sharedBodies(outbox.store, outbox.spool, Date.now);
    await table.keep(half);
    await outbox.store.db.deleteFrom('segment_body').where('number', '=', 2).execute();
    await outbox.bodies!.sweepCopies(Date.now() + HOUR);
    expect(await readdir(outbox.spool)).toEqual([]);
    const kept = await segments(outbox);
    expect(kept.map(({ object }) => object)).toEqual([1, 1]);
    expect((await objectsOf(outbox)).sort()).toEqual(kept.map((one) => one.file).sort());
    expect(await outbox.bodies!.fetch(half)).toBe(true);
    expect((await readFile(half)).equals(Buffer.alloc(3 << 20, 'half '))).toBe(true);
  });

  test('a store that is away or refuses: the page is not accepted, and is when it is read again', async () => {
    const url = await server.createDatabase();
    const outbox = await worker(url);
    const claim = await claimAt(outbox);
    proxy.behave('refuse');
    const page = () => appendThings(outbox, claim, things(500, 'a'), { pull: 100 });
    await expect(page()).rejects.toMatchObject({ code: 'QRY4018', next: 'retry' });
    proxy.behave('pass');
    const wrong = await worker(url, bucket({ bucket: 'not-there' }));
    await expect(appendThings(wrong, claim, things(500, 'a'), { pull: 100 })).rejects.toMatchObject({
      code: 'QRY4018',
      message: expect.stringContaining('NoSuchBucket'),
    });
    expect(await segments(outbox)).toEqual([]);
    expect(await readdir(outbox.spool)).toEqual([]);
    await page();
    expect((await listStreams(outbox.store))[0]).toMatchObject({ emitted: 500 });
    // Reading in turn: damage is only what the store says is not there.
    const two = await worker(url);
    const { file } = (await segments(two))[0]!;
    proxy.behave('refuse');
    await expect(two.bodies!.fetch(join(two.spool, file))).rejects.toMatchObject({ code: 'QRY4018' });
    proxy.behave('pass');
    expect(await two.bodies!.fetch(join(two.spool, file))).toBe(true);
    await outbox.bodies!.drop([{ file, object: 1 }]);
    expect(await two.bodies!.fetch(join(two.spool, file))).toBe(false);
    expect((await readdir(two.spool)).filter((name) => name.endsWith('.copy'))).toEqual([]);
  });

  test('a configuration without the bucket, or with another, is refused while bodies are there', async () => {
    const url = await server.createDatabase();
    const outbox = await worker(url);
    const claim = await claimAt(outbox);
    await (await worker(url, undefined)).store.db.selectFrom('segment').select('id').execute();
    await appendThings(outbox, claim, things(500, 'a'), { pull: 100 });
    const without = openOutbox({ dataDir: await newFolder(), databaseUrl: url }, 1);
    await expect(without).rejects.toMatchObject({ code: 'QRY4020', message: expect.stringContaining('bodies/quarry') });
    await expect(worker(url, bucket({ bucket: 'another' }))).rejects.toMatchObject({ code: 'QRY4020' });
    // Once nothing is there any more, any will do.
    await outbox.store.db.deleteFrom('batch').execute();
    await outbox.store.db.deleteFrom('segment').execute();
    await worker(url, bucket({ bucket: 'another' }));
    await worker(url, undefined);
  });
});
