/** File → records by Quarry's reader. */

import { checksumHandler } from '../../src/qualys/xml/checksum.ts';
import { readFileInto } from '../../src/qualys/xml/read-file.ts';
import { createXmlReader } from '../../src/qualys/xml/reader.ts';
import { format } from './format.ts';
import { report } from './report.ts';

const sums = checksumHandler();
await readFileInto(process.argv[2] ?? '', createXmlReader(format, sums));
report(sums.records, sums.checksum);
