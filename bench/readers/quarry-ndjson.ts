/** File → NDJSON by Quarry's reader: `quarry-ndjson.ts FILE [OUT]`. The checksum is taken from the lines. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { lineChecksum } from '../../src/qualys/xml/checksum.ts';
import { lineHandler } from '../../src/qualys/xml/ndjson.ts';
import { readFileInto } from '../../src/qualys/xml/read-file.ts';
import { createXmlReader } from '../../src/qualys/xml/reader.ts';
import { format } from './format.ts';
import { report } from './report.ts';

const out = openSync(process.argv[3] ?? '/dev/null', 'w');
const sums = lineChecksum();
const lines = lineHandler('HOST', (bytes) => writeSync(out, bytes), sums.line);
await readFileInto(process.argv[2] ?? '', createXmlReader(format, lines));
lines.flush();
closeSync(out);
report(sums.records, sums.checksum);
