import { closeSync, openSync, writeSync } from 'node:fs';
import detection from '../datasets/host-list-detection.ts';
import { checksumHandler, lineChecksum } from '../qualys/xml/checksum.ts';
import { lineHandler } from '../qualys/xml/ndjson.ts';
import { readFileInto } from '../qualys/xml/read-file.ts';
import { createXmlReader } from '../qualys/xml/reader.ts';

export interface Sums {
  readonly records: number;
  readonly checksum: string;
}

/** Parses a saved host list detection answer to records and drops them. */
export async function benchRead(path: string): Promise<Sums> {
  const sums = checksumHandler();
  await readFileInto(path, createXmlReader(detection.format, sums));
  return { records: sums.records, checksum: sums.checksum };
}

/** Turns a saved answer into lines, one per detection with its host inside, written to `out`. */
export async function benchLines(path: string, out: string): Promise<Sums> {
  const file = openSync(out, 'w');
  try {
    const sums = lineChecksum();
    const lines = lineHandler(detection.format.inner?.as, (bytes) => writeSync(file, bytes), sums.line);
    await readFileInto(path, createXmlReader(detection.format, lines));
    lines.flush();
    return { records: sums.records, checksum: sums.checksum };
  } finally {
    closeSync(file);
  }
}
