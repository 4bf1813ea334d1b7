import { QuarryError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';
import type { Store, Transaction } from '../store/store.ts';
import type { AccountsSchema } from './schema.ts';
import type { Keyring } from './seal.ts';

/** Rows sealed again in one transaction. */
const AT_ONCE = 100;

export async function putSecret(
  tx: Transaction<AccountsSchema>,
  keys: Keyring,
  place: string,
  secret: Secret,
  now: number,
): Promise<void> {
  const row = { key_id: keys.ids[0]!, sealed: keys.seal(place, secret), updated: now };
  await tx.db
    .insertInto('sealed_secret')
    .values({ place, ...row })
    .onConflict((conflict) => conflict.column('place').doUpdateSet(row))
    .execute();
}

/** The secrets whose places begin so, by place. Throws QRY8010 and QRY8011. */
export async function secretsUnder(
  { db }: Store<AccountsSchema>,
  keys: Keyring,
  prefix: string,
): Promise<Map<string, Secret>> {
  const rows = await db.selectFrom('sealed_secret').selectAll().orderBy('place').execute();
  return new Map(
    rows.filter(({ place }) => place.startsWith(prefix)).map(({ place, sealed }) => [place, keys.open(place, sealed)]),
  );
}

export async function forgetSecrets(tx: Transaction<AccountsSchema>, prefix: string): Promise<void> {
  const rows = await tx.db.selectFrom('sealed_secret').select('place').execute();
  const places = rows.map(({ place }) => place).filter((place) => place.startsWith(prefix));
  if (places.length > 0) await tx.db.deleteFrom('sealed_secret').where('place', 'in', places).execute();
}

export async function anySealed({ db }: Store<AccountsSchema>): Promise<boolean> {
  return (await db.selectFrom('sealed_secret').select('place').limit(1).executeTakeFirst()) !== undefined;
}

/**
 * Seals everything with the first key that is not yet sealed with it, a hundred at a time, and says how many. May be
 * ended anywhere and run again: whatever is left opens with a key that is still in the ring. Every secret is opened
 * before the first is written, so that a lost key changes nothing. Throws QRY8010 and QRY8011.
 */
export async function sealAgain(store: Store<AccountsSchema>, keys: Keyring, now: number): Promise<number> {
  const current = keys.ids[0];
  if (current === undefined) throw new QuarryError('QRY8012', { what: 'There is no key.' });
  await secretsUnder(store, keys, '');
  let sealed = 0;
  for (;;) {
    const moved = await store.transaction(async (tx) => {
      const rows = await tx.db
        .selectFrom('sealed_secret')
        .selectAll()
        .where('key_id', '!=', current)
        .limit(AT_ONCE)
        .execute();
      for (const { place, sealed } of rows) await putSecret(tx, keys, place, keys.open(place, sealed), now);
      return rows.length;
    });
    sealed += moved;
    if (moved === 0) return sealed;
  }
}
