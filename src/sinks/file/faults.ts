import { stat } from 'node:fs/promises';
import { QuarryError } from '../../core/errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A failure of the file system under a sink as an error that says what happens next. */
export function cannot(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof QuarryError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const what = error instanceof Error ? error.message : String(error);
    throw new QuarryError(FULL.has(code) ? 'QRY5002' : 'QRY5001', { what, where: path, cause: error });
  };
}

export interface Found {
  readonly size: number;
  readonly inode: number;
}

/** Size and identity of a file; undefined when there is none. */
export async function look(path: string): Promise<Found | undefined> {
  try {
    const { size, ino } = await stat(path);
    return { size, inode: ino };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return cannot(path)(error);
  }
}
