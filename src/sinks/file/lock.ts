import { DatabaseSync } from 'node:sqlite';
import { QuarryError } from '../../core/errors.ts';

/**
 * Holds a folder for one writer, by SQLite's lock on a small file in it: the operating system lets it go with the
 * process, however that ends. Throws QRY5004 while another holds it. Returns the release.
 */
export function holdFolder(file: string): () => void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA locking_mode=EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    const busy = error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
    const what = error instanceof Error ? error.message : String(error);
    throw new QuarryError(busy ? 'QRY5004' : 'QRY5001', { what, where: file });
  }
  const held = db;
  return () => held.close();
}
