/** Holds a data directory until killed. */
import { holdDirectory } from '../../src/store/lock.ts';

holdDirectory(process.argv[2] ?? '');
process.stdout.write('held\n');
setInterval(() => {}, 60_000);
