import { readFileSync, statSync } from 'node:fs';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { checkPem } from './transport.ts';

/**
 * The PEM text of a file of authorities, read again when the file changes. While it is missing or half written the
 * last good text stands: whoever renews it is not done yet.
 */
export function authoritiesFrom(file: string, first: string, log: Log): () => string {
  let good = first;
  let seen = '';
  return () => {
    let state: string;
    try {
      const { mtimeMs, size, ino } = statSync(file);
      state = `${mtimeMs} ${size} ${ino}`;
    } catch {
      state = 'missing';
    }
    if (state === seen) return good;
    seen = state;
    try {
      const pem = readFileSync(file, 'utf8');
      checkPem(pem);
      if (pem !== good) log.info('The certificate authorities have changed', { file });
      good = pem;
    } catch (thrown) {
      const what = thrown instanceof QuarryError ? thrown.message : 'The file cannot be read.';
      log.warn('The certificate authorities cannot be read, the last ones stay', { file, what });
    }
    return good;
  };
}
