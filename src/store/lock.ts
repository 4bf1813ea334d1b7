import { DatabaseSync } from 'node:sqlite';
import { QuarryError } from '../core/errors.ts';

/** A database nobody refers to is closed with the garbage, and its lock with it: a caller may forget the release. */
const held = new Set<DatabaseSync>();

/**
 * Holds a data directory for one collector. The lock is SQLite's own on a small file beside the database: the
 * operating system lets it go with the process, however that ends, so a stale lock cannot exist.
 * Throws QRY4004 while another process holds it. Returns the release.
 */
export function holdDirectory(file: string): () => void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA locking_mode=EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    const busy = error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
    throw new QuarryError(busy ? 'QRY4004' : 'QRY4005', {
      what: error instanceof Error ? error.message : String(error),
      where: file,
    });
  }
  const holder = db;
  held.add(holder);
  return () => {
    if (held.delete(holder)) holder.close();
  };
}
