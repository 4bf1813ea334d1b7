/** File → records by saxes. */
import { report } from './report.ts';
import { saxesRecords } from './saxes-records.ts';

let [hosts, records, ids, qids, results] = [0, 0, 0, 0, 0];
saxesRecords(
  process.argv[2] ?? '',
  (record) => {
    records++;
    qids += Number(record['QID']);
    const text = record['RESULTS'];
    results += typeof text === 'string' ? text.length : 0;
  },
  (host) => {
    hosts++;
    ids += Number(host['ID']);
  },
);
report(records, [hosts, records, ids, qids, results].join(':'));
