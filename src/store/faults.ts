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
      return new QuarryError('QRY4009', { what, where });
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new QuarryError('QRY4005', { what, where });
    default:
      return new QuarryError('QRY9001', { what, where });
  }
}

/** PostgreSQL's error codes, as far as they are told apart (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const CODES: Readonly<Record<string, 'QRY4001' | 'QRY4002' | 'QRY4003' | 'QRY4007' | 'QRY4009'>> = {
  '53100': 'QRY4001', // disk_full
  '58030': 'QRY4002', // io_error
  XX001: 'QRY4003', // data_corrupted
  XX002: 'QRY4003', // index_corrupted
  '28000': 'QRY4007', // invalid_authorization_specification
  '28P01': 'QRY4007', // invalid_password
  '3D000': 'QRY4007', // invalid_catalog_name
  '42501': 'QRY4007', // insufficient_privilege
  '25006': 'QRY4009', // read_only_sql_transaction: a standby, until it is promoted
  '25P03': 'QRY4009', // idle_in_transaction_session_timeout: this process was stopped, or too busy, inside a transaction
  '40001': 'QRY4009', // serialization_failure
  '40P01': 'QRY4009', // deadlock_detected
  '55P03': 'QRY4009', // lock_not_available
};
/** Connection exceptions, insufficient resources, operator intervention. */
const PASSING = /^(08|53|57)/;
const NETWORK = /^(E[A-Z]+)$/;

/** What a failure of the pg client carries. */
export const pgCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A failure of PostgreSQL, or of the way there, as an error that says what happens next. */
export function postgresFault(error: unknown, where: string): QuarryError {
  if (error instanceof QuarryError) return error;
  const code = pgCode(error);
  const what = `PostgreSQL: ${error instanceof Error ? error.message || code : String(error)}`;
  const details = { what, where, cause: error };
  if (code !== undefined) {
    const known = CODES[code];
    if (known !== undefined) return new QuarryError(known, details);
    if (PASSING.test(code) || NETWORK.test(code)) return new QuarryError('QRY4009', details);
    return new QuarryError('QRY9001', details);
  }
  // The client's own words for a connection that ended have no code.
  return new QuarryError(/connect|terminat|timeout|not queryable/i.test(what) ? 'QRY4009' : 'QRY9001', details);
}

/** A failure of the file system as an error that says what happens next. */
export function fileFault(error: unknown, where: string): QuarryError {
  if (error instanceof QuarryError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const what = error instanceof Error ? error.message : String(error);
  const details = { what, where, cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new QuarryError('QRY4001', details);
  if (code === 'EIO') return new QuarryError('QRY4002', details);
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST'].includes(code))
    return new QuarryError('QRY4005', details);
  if (code === 'EMFILE' || code === 'ENFILE') return new QuarryError('QRY4006', details);
  return new QuarryError('QRY9001', details);
}
