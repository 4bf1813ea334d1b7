/**
 * Writes batches to a file sink until told to end or killed: `node file-sink-child.ts PATH FROM TO`. Prints the number of
 * each write that was confirmed, then `end`; prints what a failed write said and tries the same again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { QuarryError } from '../../src/core/errors.ts';
import { openFiles } from '../../src/sinks/file/files.ts';
import { writeNumber } from './file-sink-writes.ts';

const [path = '', from = '0', to = '0', rotate = '20000', tries = '1'] = process.argv.slice(2);
const sink = await openFiles(path, Number(rotate));
let failures = 0;
for (let n = Number(from); n < Number(to); ) {
  try {
    await sink.write(writeNumber(n), new AbortController().signal);
    process.stdout.write(`${n}\n`);
    n++;
  } catch (error) {
    process.stdout.write(`${error instanceof QuarryError ? error.code : String(error)}\n`);
    if (++failures >= Number(tries)) break;
    await wait(10);
  }
}
await sink.close();
process.stdout.write('end\n');
