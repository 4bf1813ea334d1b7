/** JSON pages, one a line (`gen.mjs fim`) → records, each written as a line, by Quarry's reader. */
import { readFileSync } from 'node:fs';
import type { JsonFormat } from '../../src/core/format.ts';
import { createJsonReader } from '../../src/qualys/json/reader.ts';
import { report } from './report.ts';

const CHUNK = 256 * 1024;
const format: JsonFormat = { kind: 'json', records: '', wrapped: 'data', fields: ['id'] };
const file = readFileSync(process.argv[2] ?? '');
const target = Buffer.alloc(1024 * 1024);
let records = 0;
let bytes = 0;
for (let start = 0; start < file.length; ) {
  const newline = file.indexOf(0x0a, start);
  const end = newline < 0 ? file.length : newline;
  const reader = createJsonReader(format, {
    record(view) {
      records++;
      bytes += view.write(target, 0);
    },
  });
  for (let at = start; at < end; at += CHUNK) reader.write(file.subarray(at, Math.min(end, at + CHUNK)));
  reader.end();
  start = end + 1;
}
report(records, String(bytes));
