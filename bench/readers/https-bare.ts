/** HTTPS + gzip → nothing: what a download costs before anybody reads it. `https-bare.ts URL`; its records are bytes. */
import { get } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { report } from './report.ts';

let bytes = 0;
await new Promise<void>((resolve, reject) => {
  get(process.argv[2] ?? '', { headers: { 'accept-encoding': 'gzip' } }, (response) => {
    pipeline(response, createGunzip({ chunkSize: 256 * 1024 }), async (chunks) => {
      for await (const chunk of chunks) bytes += (chunk as Buffer).length;
    }).then(resolve, reject);
  }).on('error', reject);
});
report(bytes, 'bytes');
