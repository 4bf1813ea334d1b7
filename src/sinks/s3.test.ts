import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Destination, sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { type CephServer, hasCeph, startCeph } from '../../test/support/ceph-server.ts';
import { skipUnless } from '../../test/support/skip.ts';
import { startProxy } from '../../test/support/tcp-proxy.ts';
import type { OpenSink } from '../core/sink.ts';
import s3 from './s3.ts';

const skip = skipUnless(hasCeph, 'Ceph (ceph-mon, ceph-osd, ceph-mgr, radosgw, ceph-common) is not installed');
const never = new AbortController().signal;
let server: CephServer;
let client: S3Client;
beforeAll(async () => {
  if (!hasCeph) return;
  server = await startCeph();
  client = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  // The first object of all makes the store's pools, which takes seconds.
  await client.send(new PutObjectCommand({ Bucket: await makeBucket(), Key: 'first', Body: 'x' }));
}, 120_000);
afterAll(async () => {
  client?.destroy();
  await server?.stop();
});

let number = 0;
async function makeBucket(): Promise<string> {
  const Bucket = `bucket-${++number}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}
const open = (bucket: string, settings: object = {}): Promise<OpenSink> =>
  s3.open(
    s3.config.parse({
      bucket,
      endpoint: server.endpoint,
      access_key_id: server.accessKey,
      secret_access_key: server.secretKey,
      ...settings,
    }),
    { name: 'lake', baseDir: '/', format: 'raw' },
  );

async function keysIn(Bucket: string): Promise<string[]> {
  const keys: string[] = [];
  for (let from: string | undefined; ; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: from }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    from = page.NextContinuationToken;
    if (from === undefined) return keys;
  }
}
async function bytesOf(Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from(await Body!.transformToByteArray());
}
const payloadsOf = (ndjson: Buffer): Payload[] =>
  ndjson
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Payload);

const PUT = (bytes: Buffer): boolean => bytes.subarray(0, 4).toString('latin1') === 'PUT ';

async function destination(): Promise<Destination> {
  const bucket = await makeBucket();
  const proxy = await startProxy(server.port, PUT);
  return {
    behave: async (how) => {
      const ways = { transient: 'refuse', slow: 'hold', mute: 'lose', random: 'chance' } as const;
      proxy.behave(how in ways ? ways[how as keyof typeof ways] : 'pass');
    },
    open: () => open(bucket, { endpoint: `http://127.0.0.1:${proxy.port}`, timeout: 20 }),
    received: async () => {
      const keys = await keysIn(bucket);
      const objects = await Promise.all(keys.map((key) => bytesOf(bucket, key)));
      return objects.flatMap((object) => payloadsOf(gunzipSync(object)));
    },
    stop: () => proxy.stop(),
  };
}

describe('S3', skip, () => {
  sinkContract({
    title: 's3',
    guarantee: 'effectively once',
    can: ['transient', 'random', 'slow', 'mute'],
    start: destination,
  });

  test('an object per batch, named by tenant, data set, day and batch; compressed as asked', async () => {
    const bucket = await makeBucket();
    const batch = { ...batchOf('here/17', payloads('b', 3)), pullingId: String(Date.UTC(2026, 10, 21, 23, 59)) };
    const ways = [
      ['gzip', gunzipSync],
      ['zstd', zstdDecompressSync],
      ['none', (bytes: Buffer) => bytes],
    ] as const;
    for (const [compression, unpacked] of ways) {
      const sink = await open(bucket, { compression, prefix: `${compression}/{tenant}/` });
      expect(await sink.write([batch], never)).toEqual(['delivered']);
      await sink.close();
      const ending = { gzip: '.gz', zstd: '.zst', none: '' }[compression];
      const key = `${compression}/t/things/dt=2026-11-21/here-17.ndjson${ending}`;
      expect(payloadsOf(unpacked(await bytesOf(bucket, key)))).toEqual(payloads('b', 3));
    }
    expect(await keysIn(bucket)).toHaveLength(3);
  });

  test('an object that is there is never written over: 412 means delivered already [fault 82]', async () => {
    const bucket = await makeBucket();
    const sink = await open(bucket, { compression: 'none', prefix: '' });
    await sink.write([batchOf('b', payloads('b', 1))], never);
    const [key] = await keysIn(bucket);
    expect(key).toBe('things/dt=1970-01-01/b.ndjson');
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'as it was' }));
    expect(await sink.write([batchOf('b', payloads('b', 1))], never)).toEqual(['delivered']);
    expect((await bytesOf(bucket, key!)).toString()).toBe('as it was');
    const over = await open(bucket, { compression: 'none', prefix: '', if_none_match: false });
    expect(await over.write([batchOf('b', payloads('b', 1))], never)).toEqual(['delivered']);
    expect((await bytesOf(bucket, key!)).toString()).toContain('b.0');
  });

  test('check leaves neither object nor upload behind', async () => {
    const bucket = await makeBucket();
    const sink = await open(bucket);
    await sink.check();
    expect(await keysIn(bucket)).toEqual([]);
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
  });

  test('a wrong secret, a bucket that is not there: said, nothing delivered, nothing rejected, no secret shown [fault 91]', async () => {
    const bucket = await makeBucket();
    const batch = batchOf('b', payloads('b', 2));
    const stranger = await open(bucket, { secret_access_key: 'canary' });
    const error = await stranger.check().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'QRY5043', message: expect.stringContaining('SignatureDoesNotMatch') });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary');
    expect(await stranger.write([batch], never)).toEqual([{ retry: expect.stringContaining('SignatureDoesNotMatch') }]);
    const nowhere = await open('not-there');
    await expect(nowhere.check()).rejects.toMatchObject({
      code: 'QRY5043',
      message: expect.stringContaining('NoSuchBucket'),
    });
    expect(await nowhere.write([batch], never)).toEqual([{ retry: expect.stringContaining('NoSuchBucket') }]);
    expect(await keysIn(bucket)).toEqual([]);
  });
});
