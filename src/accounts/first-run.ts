import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store } from '../store/store.ts';
import { note } from './audit.ts';
import { COST, type Cost } from './passwords.ts';
import type { AccountsSchema } from './schema.ts';
import { type NewSession, openSession } from './sessions.ts';
import { addUser, userByLogin } from './users.ts';
import { newTicket, ticketHash } from './words.ts';

/** A link printed in a terminal is used at once or not at all. */
const VALID_MS = 24 * 3_600_000;

/** True while nobody can sign in. */
export async function nobodyYet({ db }: Pick<Store<AccountsSchema>, 'db'>): Promise<boolean> {
  return (await db.selectFrom('account').select('id').limit(1).executeTakeFirst()) === undefined;
}

/** A ticket that lets in once; those made before are void. */
export async function newFirstLink(store: Store<AccountsSchema>, now: number): Promise<Secret> {
  const ticket = newTicket();
  await store.transaction(async ({ db }) => {
    await db.deleteFrom('first_link').execute();
    await db
      .insertInto('first_link')
      .values({ id: ticketHash(reveal(ticket)), expires: now + VALID_MS })
      .execute();
  });
  return ticket;
}

/**
 * The first administrator, made by who holds the link; for the demo, whose login is known, an open session at once.
 * The link is used up first, so that two who hold it do not both get in. Outside the demo it is void once somebody may
 * sign in, however they were made: it would let whoever reads it in a log in as anybody. Throws QRY8008 where it is no
 * link (any more), QRY8001 for a login or password that cannot be one: the link then stays good.
 */
export async function useFirstLink(
  store: Store<AccountsSchema>,
  ticket: string,
  admin: { readonly login: string; readonly password?: Secret | undefined },
  address: string,
  now: number,
  cost: Cost = COST,
): Promise<NewSession> {
  const id = ticketHash(ticket);
  const who = { actor: '(first run)', address };
  const used = await store.transaction(async (tx) => {
    const row = await tx.db.selectFrom('first_link').select('expires').where('id', '=', id).executeTakeFirst();
    const { numDeletedRows } = await tx.db.deleteFrom('first_link').where('id', '=', id).executeTakeFirst();
    if (row === undefined || Number(numDeletedRows) === 0 || row.expires <= now) return undefined;
    if (admin.password !== undefined && !(await nobodyYet(tx))) return undefined;
    await note(tx, who, { action: 'first_link.use', target: admin.login }, now);
    return row;
  });
  if (used === undefined)
    throw new QuarryError('QRY8008', {
      what: 'The link was used, has expired, was replaced by a newer one, or somebody may sign in already.',
    });
  try {
    const known = await userByLogin(store, admin.login);
    const user = known ?? (await addUser(store, { ...admin, role: 'admin', tenants: '*' }, who, now, cost));
    return await openSession(store, user.id, address, now);
  } catch (thrown) {
    await store.transaction((tx) => tx.db.insertInto('first_link').values({ id, expires: used.expires }).execute());
    throw thrown;
  }
}
