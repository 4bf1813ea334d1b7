import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { AnswerEnd, AnswerReader } from '../../core/format.ts';

/** Bytes read and unpacked at a time: below, thread switches cost more; above, memory grows for nothing (measured). */
const CHUNK = 256 * 1024;

/**
 * Feeds a file to a reader and ends it; a name ending in `.gz` is unpacked on the way. Memory stays flat: one buffer is
 * read into again and again, and unpacking waits for the reader and for what `onChunk` returns.
 * Throws what the reader throws, and the system's own errors about the file.
 */
export async function readFileInto(
  path: string,
  reader: AnswerReader,
  onChunk?: () => Promise<void> | undefined,
): Promise<AnswerEnd> {
  await using file = await open(path);
  if (path.endsWith('.gz')) {
    const packed = file.createReadStream({ highWaterMark: CHUNK, autoClose: false });
    const unpacked = packed.pipe(createGunzip({ chunkSize: CHUNK }));
    packed.on('error', (error) => unpacked.destroy(error));
    for await (const chunk of unpacked) {
      reader.write(chunk as Uint8Array);
      await onChunk?.();
    }
    return reader.end();
  }
  // Two buffers: the next chunk is read while this one is scanned.
  let current = Buffer.allocUnsafeSlow(CHUNK);
  let ahead = Buffer.allocUnsafeSlow(CHUNK);
  let pending = file.read(current, 0, CHUNK, null);
  for (;;) {
    const { bytesRead } = await pending;
    if (bytesRead === 0) return reader.end();
    const chunk = current.subarray(0, bytesRead);
    [current, ahead] = [ahead, current];
    pending = file.read(current, 0, CHUNK, null);
    try {
      reader.write(chunk);
      await onChunk?.();
    } catch (error) {
      await pending.catch(() => undefined);
      throw error;
    }
  }
}
