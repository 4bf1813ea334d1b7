/** Holds a data directory until killed, through a collection of all garbage (run with --expose-gc). */
import { holdDirectory } from '../../src/store/lock.ts';

holdDirectory(process.argv[2] ?? '');
const { gc } = globalThis;
if (gc === undefined) throw new Error('run with --expose-gc');
// What a collection leaves to be closed is closed by the next turn.
gc();
setImmediate(() => process.stdout.write('held\n'));
setInterval(() => {}, 60_000);
