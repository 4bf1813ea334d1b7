import { QuarryError } from '../core/errors.ts';

/** SQLite's primary result codes, as far as they are told apart (https://sqlite.org/rescode.html). */
const SQLITE = { BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

/** A failure of SQLite as an error that says what happens next. */
export function sqliteFault(message: string, errcode: number | undefined, where: string): QuarryError {
  const what = `SQLite: ${message}`;
  switch (errcode === undefined ? undefined : errcode & 0xff) {
    case SQLITE.FULL:
      return new QuarryError('QRY4001', { what, where });
    case SQLITE.IOERR:
      return new QuarryError('QRY4002', { what, where });
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return new QuarryError('QRY4003', { what, where });
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return new QuarryError('QRY4004', { what, where });
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new QuarryError('QRY4005', { what, where });
    default:
      return new QuarryError('QRY9001', { what, where });
  }
}

/** A failure of the file system as an error that says what happens next. */
export function fileFault(error: unknown, where: string): QuarryError {
  if (error instanceof QuarryError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const what = error instanceof Error ? error.message : String(error);
  const details = { what, where, cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new QuarryError('QRY4001', details);
  if (code === 'EIO') return new QuarryError('QRY4002', details);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT' || code === 'ENOTDIR')
    return new QuarryError('QRY4005', details);
  if (code === 'EMFILE' || code === 'ENFILE') return new QuarryError('QRY4006', details);
  return new QuarryError('QRY9001', details);
}
