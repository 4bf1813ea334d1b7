import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store } from '../store/store.ts';
import type { Actor } from './audit.ts';
import type { Person } from './identity-provider.ts';
import type { AccountsSchema } from './schema.ts';
import { type NewSession, openSession } from './sessions.ts';
import { addUser, changeUser, type User, type UserChange, userOf } from './users.ts';
import { type GroupRole, newTicket, ROLES, type Role, type Tenants, ticketHash } from './words.ts';

/** Long enough for a second factor. */
export const TICKET_MS = 10 * 60_000;

/** A ticket for one try to sign in through the identity provider. */
export async function newSignOn(store: Store<AccountsSchema>, now: number): Promise<Secret> {
  const ticket = newTicket();
  await store.transaction(async ({ db }) => {
    await db.deleteFrom('sign_on').where('expires', '<=', now).execute();
    await db
      .insertInto('sign_on')
      .values({ id: ticketHash(reveal(ticket)), expires: now + TICKET_MS })
      .execute();
  });
  return ticket;
}

/** Uses the ticket up. Throws QRY8041 where it was used, is too old, or never was. */
export async function useSignOn(store: Store<AccountsSchema>, ticket: Secret, now: number): Promise<void> {
  const used = await store.transaction(({ db }) =>
    db
      .deleteFrom('sign_on')
      .where('id', '=', ticketHash(reveal(ticket)))
      .where('expires', '>', now)
      .executeTakeFirst(),
  );
  if (Number(used.numDeletedRows) === 0)
    throw new QuarryError('QRY8041', { what: 'This try to sign in was finished before, or was begun too long ago.' });
}

/**
 * A session of who the provider says it is; the user is made on the first sign-in, and follows the groups on all. Throws
 * QRY8042 where no group lets them in, QRY8006 where the user is disabled here.
 */
export async function signOn(
  store: Store<AccountsSchema>,
  person: Person,
  roles: readonly GroupRole[],
  address: string,
  now: number,
): Promise<NewSession> {
  const who = { actor: '(single sign-on)', address };
  const access = accessOf(person.groups, roles);
  const known = await userBySubject(store, person.subject);
  if (known?.disabled === true)
    throw new QuarryError('QRY8006', { what: `The user ${known.login} is disabled in Quarry.` });
  if (access === undefined) {
    if (known !== undefined) {
      // What tokens and open sessions they have shall show nothing any more.
      await follow(store, known, { role: 'viewer', tenants: [] }, who, now);
      await store.transaction((tx) => tx.db.deleteFrom('session').where('account', '=', known.id).execute());
    }
    throw new QuarryError('QRY8042', { what: 'You are in none of the groups that may use Quarry.' });
  }
  if (known !== undefined) await follow(store, known, { ...access, name: person.name }, who, now);
  const { id } = known ?? (await addPerson(store, person, access, who, now));
  return await openSession(store, id, address, now);
}

/** The highest role of the groups, for the tenants named beside that role: never more than one of them gives. */
export function accessOf(
  groups: readonly string[],
  roles: readonly GroupRole[],
): { readonly role: Role; readonly tenants: Tenants } | undefined {
  const own = roles.filter(({ group }) => groups.includes(group));
  const role = ROLES.findLast((one) => own.some((entry) => entry.role === one));
  if (role === undefined) return undefined;
  const tenants = own.filter((entry) => entry.role === role).map((entry) => entry.tenants);
  return { role, tenants: tenants.includes('*') ? '*' : [...new Set(tenants.flat())].sort() };
}

async function userBySubject({ db }: Store<AccountsSchema>, subject: string): Promise<User | undefined> {
  const row = await db.selectFrom('account').selectAll().where('subject', '=', subject).executeTakeFirst();
  return row === undefined ? undefined : userOf(row);
}

/** Makes the user as the groups say; who is the last administrator of all tenants stays so. */
async function follow(
  store: Store<AccountsSchema>,
  user: User,
  change: UserChange,
  who: Actor,
  now: number,
): Promise<void> {
  const { name = user.name, role, tenants } = change;
  if (name === user.name && role === user.role && JSON.stringify(tenants) === JSON.stringify(user.tenants)) return;
  try {
    await changeUser(store, user.id, undefined, change, who, now);
  } catch (thrown) {
    if (!(thrown instanceof QuarryError) || thrown.code !== 'QRY8005') throw thrown;
  }
}

/** Under the first name that is free and fits: a user who is there already is never taken over by name. */
async function addPerson(
  store: Store<AccountsSchema>,
  { subject, name, logins }: Person,
  access: { readonly role: Role; readonly tenants: Tenants },
  who: Actor,
  now: number,
): Promise<User> {
  const last = `sso-${ticketHash(subject).slice(0, 16)}`;
  for (const login of [...logins, last]) {
    try {
      return await addUser(store, { login, name, subject, ...access }, who, now);
    } catch (thrown) {
      if (!(thrown instanceof QuarryError) || (thrown.code !== 'QRY8001' && thrown.code !== 'QRY8002')) throw thrown;
      // Two first sign-ins at once: the other one made the user.
      const made = await userBySubject(store, subject);
      if (made !== undefined) return made;
    }
  }
  throw new QuarryError('QRY8002', { what: `The login ${last} is taken.`, where: 'login' });
}
