/** File → NDJSON by saxes and JSON.stringify; the host is serialised and encoded once: `saxes-ndjson.ts FILE [OUT]`. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { report } from './report.ts';
import { type Plain, saxesRecords } from './saxes-records.ts';

const out = openSync(process.argv[3] ?? '/dev/null', 'w');
const block = Buffer.allocUnsafeSlow(4 * 1024 * 1024);
let used = 0;
let [hosts, records, ids, qids, results] = [0, 0, 0, 0, 0];
let host: Plain | undefined;
let hostBytes = Buffer.alloc(0);
saxesRecords(
  process.argv[2] ?? '',
  (record, around) => {
    records++;
    qids += Number(record['QID']);
    const text = record['RESULTS'];
    results += typeof text === 'string' ? text.length : 0;
    if (around !== host) {
      host = around;
      hostBytes = Buffer.from(`,"HOST":${JSON.stringify(around)}}\n`);
    }
    const line = JSON.stringify(record);
    if (used + line.length * 3 + hostBytes.length > block.length) {
      writeSync(out, block, 0, used);
      used = 0;
    }
    used += block.write(line, used, 'utf8') - 1;
    used += hostBytes.copy(block, used);
  },
  (around) => {
    hosts++;
    ids += Number(around['ID']);
  },
);
writeSync(out, block, 0, used);
closeSync(out);
report(records, [hosts, records, ids, qids, results].join(':'));
