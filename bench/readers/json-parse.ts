/** The same by JSON.parse of the whole page and JSON.stringify of each record. */
import { readFileSync } from 'node:fs';
import { report } from './report.ts';

const file = readFileSync(process.argv[2] ?? '');
let records = 0;
let bytes = 0;
for (let start = 0; start < file.length; ) {
  const newline = file.indexOf(0x0a, start);
  const end = newline < 0 ? file.length : newline;
  for (const { data } of JSON.parse(file.toString('utf8', start, end)) as { data: unknown }[]) {
    records++;
    bytes += Buffer.byteLength(JSON.stringify(data));
  }
  start = end + 1;
}
report(records, String(bytes));
