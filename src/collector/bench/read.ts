import { closeSync, openSync, writeSync } from 'node:fs';
import { contextAs } from '../../core/format.ts';
import detection from '../../datasets/host-list-detection.ts';
import { createReader } from '../../qualys/reader.ts';
import { checksumHandler, lineChecksum } from '../../qualys/xml/checksum.ts';
import { lineHandler } from '../../qualys/xml/ndjson.ts';
import { readFileInto } from '../../qualys/xml/read-file.ts';

export interface Sums {
  readonly records: number;
  readonly checksum: string;
}

/** Parses a saved host list detection answer to records and drops them. */
export async function benchRead(path: string): Promise<Sums> {
  const sums = checksumHandler();
  await readFileInto(path, createReader(detection.format, sums));
  return { records: sums.records, checksum: sums.checksum };
}

/** Turns a saved answer into lines, one per detection with its host inside, written to `out`. */
export async function benchLines(path: string, out: string): Promise<Sums> {
  const file = openSync(out, 'w');
  try {
    const sums = lineChecksum();
    const lines = lineHandler(contextAs(detection.format), (bytes) => writeSync(file, bytes), sums.line);
    await readFileInto(path, createReader(detection.format, lines));
    lines.flush();
    return { records: sums.records, checksum: sums.checksum };
  } finally {
    closeSync(file);
  }
}
