import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import type { Batch } from '../../core/sink.ts';
import { filled } from '../define.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const zipped = promisify(gzip);
const zstdZipped = promisify(zstdCompress);

const KINDS = {
  gzip: { ending: '.ndjson.gz', type: 'application/gzip' },
  zstd: { ending: '.ndjson.zst', type: 'application/zstd' },
  none: { ending: '.ndjson', type: 'application/x-ndjson' },
} as const;

export const contentType = (compression: Compression): string => KINDS[compression].type;

/** A batch's bytes as they are stored; never the batch's own buffer. */
export async function compressed(batch: Batch, compression: Compression): Promise<Buffer> {
  if (compression === 'gzip') return zipped(batch.bytes);
  if (compression === 'zstd') return zstdZipped(batch.bytes);
  return Buffer.from(batch.bytes);
}

const safe = (value: string): string => value.replaceAll(/[^A-Za-z0-9_.-]/g, '_');

/** `prefix` with its stream's names and without slashes at its ends. */
export const prefixOf = (prefix: string, stream: Parameters<typeof filled>[1]): string =>
  filled(prefix, stream, safe).replaceAll(/^\/+|\/+$/g, '');

/**
 * The name of a batch's object: the same whenever the batch comes. The day is that on which its pull began, in UTC.
 */
export function keyOf(prefix: string, batch: Batch, compression: Compression): string {
  const day = new Date(Number(batch.pullingId)).toISOString().slice(0, 10);
  const name = `${batch.id.replaceAll('/', '-')}${KINDS[compression].ending}`;
  const parts = [prefixOf(prefix, batch), safe(batch.dataset), `dt=${day}`, name];
  return parts.filter((part) => part !== '').join('/');
}
