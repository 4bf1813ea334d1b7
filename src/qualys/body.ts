import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { QuarryError } from '../core/errors.ts';
import type { CallTimer } from './call-timer.ts';

export interface BodyLimits {
  /** Decompressed bytes of one answer. A page of a million detections takes about 2 GB. */
  readonly bytes: number;
  /**
   * Decompressed over compressed bytes, looked at beyond the first MiB. Detection lists pack 8:1, the most repetitive
   * answers about 60:1; gzip itself ends at 1030:1.
   */
  readonly ratio: number;
}

export const BODY_LIMITS: BodyLimits = { bytes: 64 * 2 ** 30, ratio: 200 };

const RATIO_FROM = 2 ** 20;
/** Fewer, larger chunks cost a fifth less CPU than zlib's 16 KiB. */
const GUNZIP_CHUNK = 256 * 1024;

/**
 * The decompressed bytes of an answer. A chunk is good until the next one is asked for: who keeps it copies it. Throws
 * QRY3002 where compressed data ends before its trailer, QRY2005 where its checksum is wrong, QRY3003 beyond a limit,
 * QRY2034 for an encoding nobody asked for; network errors as they come.
 */
export async function* decodedBody(
  raw: Readable,
  encoding: string | undefined,
  timer: CallTimer,
  limits: BodyLimits,
  where: string,
): AsyncGenerator<Buffer, void, undefined> {
  const count = { raw: 0 };
  const source = watched(raw, timer, count);
  const packed = encoding === 'gzip' || encoding === 'x-gzip';
  if (!packed && encoding !== undefined && encoding !== 'identity') {
    raw.destroy();
    throw new QuarryError('QRY2034', { what: `The answer is encoded as ${encoding}, which nobody asked for.`, where });
  }
  let bytes = 0;
  for await (const chunk of packed ? gunzipped(source, where) : source) {
    bytes += chunk.length;
    if (bytes > limits.bytes) throw beyond(`The answer has more than ${limits.bytes} bytes.`, where);
    if (packed && bytes > RATIO_FROM && bytes > limits.ratio * count.raw) {
      throw beyond(`${count.raw} compressed bytes became more than ${limits.ratio} times as many.`, where);
    }
    yield chunk;
  }
}

function beyond(what: string, where: string): QuarryError {
  return new QuarryError('QRY3003', { what, where });
}

async function* watched(raw: Readable, timer: CallTimer, count: { raw: number }): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = raw[Symbol.asyncIterator]();
  try {
    for (;;) {
      timer.waiting();
      const next = await chunks.next();
      timer.arrived();
      if (next.done === true) return;
      count.raw += next.value.length;
      yield next.value;
    }
  } finally {
    timer.arrived();
    await chunks.return?.();
  }
}

async function* gunzipped(source: AsyncIterable<Buffer>, where: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK });
  pipeline(Readable.from(source, { objectMode: false }), gunzip, () => undefined); // errors reach the reader below
  try {
    for await (const chunk of gunzip) {
      yield chunk as Buffer;
      release(chunk as Buffer);
    }
  } catch (thrown) {
    throw zlibError(thrown, where) ?? thrown;
  }
}

/**
 * Gives the memory of an unpacked chunk back at once. zlib fills one buffer after the other; a chunk that reaches the end of
 * one is the last that points into it. Left to V8, every 64 MB of them begin a collection of the whole heap: 300 MB
 * over HTTPS to lines take 3.0 CPU s so and 2.2 with this (medians of 5, Node 24).
 */
function release({ buffer, byteOffset, length }: Buffer): void {
  if (buffer.byteLength === GUNZIP_CHUNK && byteOffset + length === GUNZIP_CHUNK) (buffer as ArrayBuffer).transfer(0);
}

function zlibError(thrown: unknown, where: string): QuarryError | undefined {
  const code = (thrown as { code?: unknown }).code;
  if (code === 'Z_BUF_ERROR') {
    return new QuarryError('QRY3002', { what: 'The compressed answer ended before its trailer.', where });
  }
  if (typeof code !== 'string' || !code.startsWith('Z_')) return undefined;
  return new QuarryError('QRY2005', {
    what: `The compressed answer is damaged: ${String((thrown as Error).message)}`,
    where,
  });
}
