import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '../store/migrate.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { forgetAnswers } from './kept-answers.ts';
import { findKeys, type Keys, writeKeys } from './key-file.ts';
import { type AccountsSchema, accountsMigrations } from './schema.ts';
import { type Keyring, keyring, newKey } from './seal.ts';
import { anySealed, sealAgain } from './sealed.ts';

/** People, their sessions and what they keep, opened: in the database of the collector, through a handle of its own. */
export interface Accounts {
  readonly store: Store<AccountsSchema>;
  readonly keys: Keyring;
  /** Where the keys came from; `made` when the file was made just now. */
  readonly from: Pick<Keys, 'from' | 'made'>;
  close(): Promise<void>;
}

export interface AccountsLocation {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Numbers of these migrations are their own, whatever the collector's tables are at. */
const MIGRATIONS = 'accounts_migration';

/** Works beside a running collector; without `makeKey` nothing can be sealed where nothing is yet. Throws QRY40xx for the database, QRY8012 for the key. */
export async function openAccounts(location: AccountsLocation, now: number, makeKey = true): Promise<Accounts> {
  const { dataDir, databaseUrl, env } = location;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const store =
    databaseUrl === undefined
      ? await openSqlite<AccountsSchema>(join(dataDir, 'quarry.db'))
      : await (await import('../store/postgres.ts')).openPostgres<AccountsSchema>(databaseUrl);
  try {
    await migrate(store, accountsMigrations, now, MIGRATIONS);
    const { texts, ...from } = await findKeys(dataDir, env, await anySealed(store), makeKey);
    return { store, keys: keyring(texts), from, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * A new key for everything that is sealed. With a key file: the new key is written before the old one, everything is
 * sealed again, and then the old one goes; a kill anywhere leaves a file that opens everything, and running it again
 * finishes. With keys from the environment: seals with QUARRY_SECRET_KEY what QUARRY_SECRET_KEY_OLD still opens.
 * Answers how many secrets were sealed again.
 */
export async function rotateKeys(location: AccountsLocation, now: number): Promise<{ sealed: number; from: string }> {
  const { store, close } = await openAccounts(location, now);
  try {
    const keys = await findKeys(location.dataDir, location.env, true);
    const inFile = keys.from !== 'QUARRY_SECRET_KEY';
    // More than one key in the file: an earlier rotation was not finished, and this one finishes it.
    const begun = keys.texts.length > 1;
    const texts = inFile && !begun ? [newKey(), ...keys.texts] : keys.texts;
    if (inFile && !begun) {
      // Opened with the keys there are before anything is written: a lost key must change nothing.
      await sealAgain(store, keyring(keys.texts), now);
      await writeKeys(keys.from, texts);
    }
    const sealed = await sealAgain(store, keyring(texts), now);
    // They last a day: not worth sealing again.
    await forgetAnswers(store, undefined);
    if (inFile) await writeKeys(keys.from, texts.slice(0, 1));
    return { sealed, from: keys.from };
  } finally {
    await close();
  }
}
