import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';

const SHARED_MEMORY = '/dev/shm';
/** What statfs says of a file system in memory. */
const TMPFS = 0x01021994;
const GIB = 2 ** 30;

/**
 * A folder in memory for the temporary files of a run, gone with the process: databases and spools of tests wait for
 * their disk at each of many thousand commits, and no test cuts the power. Undefined where there is too little room.
 */
export function folderInMemory(): string | undefined {
  try {
    const { type, bavail, bsize } = statfsSync(SHARED_MEMORY);
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === SHARED_MEMORY);
    // Tests run programs that they have put there.
    if (type !== TMPFS || mount === undefined || mount.split(' ')[3]?.split(',').includes('noexec')) return undefined;
    if (bavail * bsize < 6 * GIB || freemem() < 8 * GIB) return undefined;
    const folder = mkdtempSync(`${SHARED_MEMORY}/quarry-tests-`);
    // A PostgreSQL runs as a user of its own.
    chmodSync(folder, 0o711);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  } catch {
    return undefined;
  }
}
