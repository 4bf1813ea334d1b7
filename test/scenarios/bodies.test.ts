import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CephServer, hasCeph, startCeph } from '../support/ceph-server.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { readLines, repeated, startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();
const missing = hasCeph
  ? String(runnable)
  : 'Ceph (ceph-mon, ceph-osd, ceph-mgr, radosgw, ceph-common) is not installed';

describe('bodies in a bucket', skipUnless(hasCeph && typeof runnable !== 'string', missing), () => {
  let server: PostgresServer;
  let ceph: CephServer;
  let client: S3Client;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    ceph = await startCeph();
    client = new S3Client({
      endpoint: ceph.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: ceph.accessKey, secretAccessKey: ceph.secretKey },
    });
    await client.send(new CreateBucketCommand({ Bucket: 'bodies' }));
  }, 120_000);
  afterAll(async () => {
    client?.destroy();
    await ceph?.stop();
    await server?.stop();
  });

  it('a machine that never had the files feeds a new sink from the bucket', async () => {
    const rig = await startRig({ hosts: 15 });
    try {
      rig.config['database_url'] = await server.createDatabase();
      rig.config['bodies'] = {
        ...{ bucket: 'bodies', above: '4KiB', endpoint: ceph.endpoint },
        ...{ access_key_id: ceph.accessKey, secret_access_key: ceph.secretKey },
      };
      await rig.run();
      const before = await rig.lines('host_list_detection');
      expect(before.length).toBeGreaterThan(100);
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'bodies', Prefix: 'quarry/' }));
      expect(Contents.length).toBeGreaterThan(0);

      await rm(join(rig.dir, 'data'), { recursive: true });
      rig.config['sinks'] = { ...(rig.config['sinks'] as object), late: { type: 'file', path: join(rig.dir, 'late') } };
      await rig.run();
      const late = await readLines(join(rig.dir, 'late', 'acme', 'host_list_detection'));
      expect(repeated(late)).toEqual([]);
      expect(new Set(late.map(({ id }) => id))).toEqual(new Set(before.map(({ id }) => id)));

      // Without the bucket nothing starts: what waits could not be delivered.
      delete rig.config['bodies'];
      await expect(rig.run()).rejects.toMatchObject({ code: 'QRY4020' });
    } finally {
      await rig.close();
    }
  }, 180_000);
});
