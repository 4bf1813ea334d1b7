import { QuarryError } from '../core/errors.ts';
import type { Store } from '../store/store.ts';
import type { AccountsSchema } from './schema.ts';

/** So many wrong tries are free; from then on each doubles the wait, from a second to fifteen minutes. */
const FREE = 5;
const FIRST_MS = 1000;
const LONGEST_MS = 15 * 60_000;
/** After so long without a try the count begins again: nobody is locked out for ever. */
const FORGET_MS = 24 * 3_600_000;

/** What tries are counted for: a login, and the address they come from. */
export const subjectsOf = (login: string, address: string): readonly string[] => [
  `login:${login}`,
  `address:${address}`,
];

/** Throws QRY8007 with the wait while one of the subjects has to wait. */
export async function refuseHasty(
  { db }: Store<AccountsSchema>,
  subjects: readonly string[],
  now: number,
): Promise<void> {
  const rows = await db
    .selectFrom('sign_in_failure')
    .select('until')
    .where('subject', 'in', [...subjects])
    .execute();
  // A clock that was set back must not keep people out.
  const waitMs = Math.max(0, ...rows.map(({ until }) => until - now).filter((wait) => wait <= LONGEST_MS));
  if (waitMs > 0)
    throw new QuarryError('QRY8007', {
      what: `Too many failed sign-ins; the next may be tried in ${Math.ceil(waitMs / 1000)} s.`,
      waitMs,
    });
}

export async function noteFailure(
  store: Store<AccountsSchema>,
  subjects: readonly string[],
  now: number,
): Promise<void> {
  await store.transaction(async ({ db }) => {
    await db
      .deleteFrom('sign_in_failure')
      .where('at', '<', now - FORGET_MS)
      .execute();
    for (const subject of [...subjects].sort()) {
      await db
        .insertInto('sign_in_failure')
        .values({ subject, failures: 1, until: 0, at: now })
        .onConflict((conflict) =>
          conflict
            .column('subject')
            .doUpdateSet((eb) => ({ failures: eb('sign_in_failure.failures', '+', 1), at: now })),
        )
        .execute();
      const { failures } = await db
        .selectFrom('sign_in_failure')
        .select('failures')
        .where('subject', '=', subject)
        .executeTakeFirstOrThrow();
      const wait = failures <= FREE ? 0 : Math.min(FIRST_MS * 2 ** Math.min(failures - FREE - 1, 30), LONGEST_MS);
      await db
        .updateTable('sign_in_failure')
        .set({ until: now + wait })
        .where('subject', '=', subject)
        .execute();
    }
  });
}

export async function forgetFailures(store: Store<AccountsSchema>, login: string): Promise<void> {
  await store.transaction((tx) =>
    tx.db.deleteFrom('sign_in_failure').where('subject', '=', `login:${login}`).execute(),
  );
}
