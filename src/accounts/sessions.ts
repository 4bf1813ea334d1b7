import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store } from '../store/store.ts';
import { type Actor, note } from './audit.ts';
import { forgetFailures, noteFailure, refuseHasty, subjectsOf } from './failures.ts';
import { COST, type Cost, checkPassword, hashPassword, pretend } from './passwords.ts';
import type { AccountsSchema } from './schema.ts';
import { canonical, type User, userOf } from './users.ts';
import { newTicket, type Principal, SCOPES, ticketHash } from './words.ts';

/** A session ends after so long without a request, and after so long at the latest. */
export const IDLE_MS = 8 * 3_600_000;
export const LONGEST_MS = 7 * 86_400_000;
/** "Seen" is written no oftener than this: a page that polls must not write all the time. */
const SEEN_EVERY_MS = 60_000;

/** What a browser is given: the ticket for its cookie and the text its writes must carry. */
export interface NewSession {
  readonly ticket: Secret;
  readonly csrf: string;
  readonly user: User;
}

export interface Session {
  readonly principal: Principal;
  readonly user: User;
  readonly csrf: string;
}

/**
 * Signs in with a password. Throws QRY8006 where login or password is wrong (never which), QRY8007 after too many tries.
 */
export async function signIn(
  store: Store<AccountsSchema>,
  login: string,
  password: Secret,
  address: string,
  now: number,
  cost: Cost = COST,
): Promise<NewSession> {
  const name = canonical(login);
  const subjects = subjectsOf(name, address);
  await refuseHasty(store, subjects, now);
  const row = await store.db.selectFrom('account').selectAll().where('login', '=', name).executeTakeFirst();
  const stored = row?.disabled === 0 ? row.password : null;
  const { right, stale } =
    stored === null ? await pretend(password, cost) : await checkPassword(password, stored, cost);
  if (!right || row === undefined) {
    await noteFailure(store, subjects, now);
    throw new QuarryError('QRY8006', { what: 'Login or password is wrong.' });
  }
  await forgetFailures(store, name);
  if (stale) {
    const again = await hashPassword(password, cost);
    await store.transaction((tx) =>
      tx.db.updateTable('account').set({ password: again }).where('id', '=', row.id).execute(),
    );
  }
  return await openSession(store, row.id, address, now);
}

/** A new session of a user who has proved who they are. Throws QRY8006 where there is no such user any more. */
export async function openSession(
  store: Store<AccountsSchema>,
  account: string,
  address: string,
  now: number,
): Promise<NewSession> {
  const ticket = newTicket();
  const csrf = reveal(newTicket());
  return await store.transaction(async (tx) => {
    await tx.db.updateTable('account').set({ last_sign_in: now }).where('id', '=', account).execute();
    const row = await tx.db.selectFrom('account').selectAll().where('id', '=', account).executeTakeFirst();
    if (row === undefined || row.disabled !== 0) throw new QuarryError('QRY8006', { what: 'There is no such user.' });
    await tx.db.deleteFrom('session').where('expires', '<', now).execute();
    await tx.db
      .insertInto('session')
      .values({
        id: ticketHash(reveal(ticket)),
        account,
        csrf,
        created: now,
        seen: now,
        expires: now + LONGEST_MS,
        address,
      })
      .execute();
    await note(tx, { actor: row.login, address }, { action: 'session.open', target: row.login }, now);
    return { ticket, csrf, user: userOf(row) };
  });
}

/** The session a ticket stands for; undefined where it has ended or never was. */
export async function sessionOf(
  store: Store<AccountsSchema>,
  ticket: string,
  now: number,
): Promise<Session | undefined> {
  const id = ticketHash(ticket);
  const session = await store.db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst();
  if (session === undefined || session.expires <= now || session.seen + IDLE_MS <= now) return undefined;
  const row = await store.db.selectFrom('account').selectAll().where('id', '=', session.account).executeTakeFirst();
  if (row === undefined || row.disabled !== 0) return undefined;
  if (session.seen + SEEN_EVERY_MS <= now)
    await store.transaction((tx) => tx.db.updateTable('session').set({ seen: now }).where('id', '=', id).execute());
  const user = userOf(row);
  return { principal: principalOf(user), user, csrf: session.csrf };
}

export async function closeSession(
  store: Store<AccountsSchema>,
  ticket: string,
  who: Actor,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.db.deleteFrom('session').where('id', '=', ticketHash(ticket)).execute();
    await note(tx, who, { action: 'session.close', target: who.actor }, now);
  });
}

export const principalOf = ({ id, login, role, tenants }: User): Principal => ({
  id,
  login,
  role,
  tenants,
  scopes: SCOPES,
});
