import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK = 256 * 1024;

/** A file as text, piece by piece, read as Quarry's readers read theirs, so that parsers alone differ. */
export function* textChunks(path: string): Generator<string> {
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  const file = openSync(path, 'r');
  try {
    let size = readSync(file, chunk);
    for (; size > 0; size = readSync(file, chunk)) yield decoder.write(chunk.subarray(0, size));
    yield decoder.end();
  } finally {
    closeSync(file);
  }
}
