import type { Selectable } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store, Transaction } from '../store/store.ts';
import { type Actor, note } from './audit.ts';
import { COST, type Cost, hashPassword } from './passwords.ts';
import type { AccountsSchema } from './schema.ts';
import { newId, ROLES, type Role, type Tenants } from './words.ts';

/** A person, without the password. Times are epoch ms. */
export interface User {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly tenants: Tenants;
  readonly disabled: boolean;
  readonly hasPassword: boolean;
  /** Rises with every change; what a client must name to change it. */
  readonly version: number;
  readonly created: number;
  readonly lastSignIn: number | undefined;
}

export interface NewUser {
  readonly login: string;
  readonly name?: string | undefined;
  readonly role: Role;
  readonly tenants: Tenants;
  /** Absent for who signs in through an identity provider. */
  readonly password?: Secret | undefined;
  /** The identity provider's name for the person. */
  readonly subject?: string | undefined;
}

export interface UserChange {
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly tenants?: Tenants | undefined;
  readonly disabled?: boolean | undefined;
}

/** One that people can type, and that cannot be mistaken for another. */
const LOGIN = /^[\p{L}\p{N}](?:[\p{L}\p{N}._@+-]{0,126}[\p{L}\p{N}])?$/u;
/** NIST SP 800-63B asks for eight characters without, fifteen as the only factor; twelve is what people bear. */
export const SHORTEST_PASSWORD = 12;
const LONGEST_PASSWORD = 1024;

/** Logins are compared so. */
export const canonical = (login: string): string => login.normalize('NFKC').trim().toLowerCase();

/** Throws QRY8001 for a login or password that cannot be one, QRY8002 where the login is taken. */
export async function addUser(
  store: Store<AccountsSchema>,
  user: NewUser,
  who: Actor,
  now: number,
  cost: Cost = COST,
): Promise<User> {
  const login = canonical(user.login);
  if (!LOGIN.test(login))
    throw new QuarryError('QRY8001', {
      what: 'A login is letters, digits and . _ @ + -, up to 128 of them.',
      where: 'login',
    });
  const password = user.password === undefined ? null : await hashed(user.password, cost);
  const id = newId();
  return await store.transaction(async (tx) => {
    const row = {
      ...{ id, login, name: user.name ?? login, role: user.role, tenants: JSON.stringify(user.tenants), password },
      ...{ subject: user.subject ?? null, disabled: 0, version: 1, created: now, last_sign_in: null },
    };
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('account')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows) === 0)
      throw new QuarryError('QRY8002', { what: `The login ${login} is taken.`, where: 'login' });
    const made = userOf(row);
    await note(tx, who, { action: 'user.create', target: login, after: shown(made) }, now);
    return made;
  });
}

/** Throws QRY8003 where there is none, QRY8004 where it has changed since, QRY8005 where no administrator would be left. */
export async function changeUser(
  store: Store<AccountsSchema>,
  id: string,
  version: number | undefined,
  change: UserChange,
  who: Actor,
  now: number,
): Promise<User> {
  return await store.transaction(async (tx) => {
    const before = await current(tx, id, version);
    const after: User = { ...before, ...defined(change), version: before.version + 1 };
    await tx.db
      .updateTable('account')
      .set({
        ...{ name: after.name, role: after.role, tenants: JSON.stringify(after.tenants) },
        ...{ disabled: after.disabled ? 1 : 0, version: after.version },
      })
      .where('id', '=', id)
      .execute();
    await administratorLeft(tx, before);
    if (after.disabled) await forgetAccess(tx, id);
    await note(
      tx,
      who,
      { action: 'user.change', target: before.login, before: shown(before), after: shown(after) },
      now,
    );
    return after;
  });
}

/** A new password ends every session of the user. Throws QRY8001 and QRY8003. */
export async function setPassword(
  store: Store<AccountsSchema>,
  id: string,
  password: Secret,
  who: Actor,
  now: number,
  cost: Cost = COST,
): Promise<void> {
  const hash = await hashed(password, cost);
  await store.transaction(async (tx) => {
    const before = await current(tx, id, undefined);
    await tx.db
      .updateTable('account')
      .set({ password: hash, version: before.version + 1 })
      .where('id', '=', id)
      .execute();
    await tx.db.deleteFrom('session').where('account', '=', id).execute();
    await note(tx, who, { action: 'user.password', target: before.login }, now);
  });
}

/** Sessions and tokens go too. Throws QRY8003, QRY8004 and QRY8005. */
export async function removeUser(
  store: Store<AccountsSchema>,
  id: string,
  version: number | undefined,
  who: Actor,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    const before = await current(tx, id, version);
    await tx.db.deleteFrom('account').where('id', '=', id).execute();
    await administratorLeft(tx, before);
    await forgetAccess(tx, id);
    await note(tx, who, { action: 'user.delete', target: before.login, before: shown(before) }, now);
  });
}

export async function listUsers({ db }: Store<AccountsSchema>): Promise<User[]> {
  return (await db.selectFrom('account').selectAll().orderBy('login').execute()).map(userOf);
}

export async function userByLogin({ db }: Store<AccountsSchema>, login: string): Promise<User | undefined> {
  const row = await db.selectFrom('account').selectAll().where('login', '=', canonical(login)).executeTakeFirst();
  return row === undefined ? undefined : userOf(row);
}

type AccountRow = Selectable<AccountsSchema['account']>;

export const userOf = (row: AccountRow): User => ({
  ...{ id: row.id, login: row.login, name: row.name, role: row.role as Role },
  tenants: JSON.parse(row.tenants) as Tenants,
  ...{ disabled: row.disabled !== 0, hasPassword: row.password !== null, version: row.version, created: row.created },
  lastSignIn: row.last_sign_in ?? undefined,
});

const shown = ({ login, name, role, tenants, disabled }: User) => ({ login, name, role, tenants, disabled });

async function current(tx: Transaction<AccountsSchema>, id: string, version: number | undefined): Promise<User> {
  // Written before it is read: where several transactions run at once, this one now holds the row.
  await tx.db
    .updateTable('account')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', id)
    .execute();
  const row = await tx.db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new QuarryError('QRY8003', { what: 'There is no such user.', where: id });
  if (version !== undefined && row.version !== version)
    throw new QuarryError('QRY8004', {
      what: `It is version ${row.version} by now, not ${version}.`,
      where: row.login,
    });
  return userOf(row);
}

/** Someone must be able to let others in: the last who is stays. */
async function administratorLeft(tx: Transaction<AccountsSchema>, before: User): Promise<void> {
  if (before.role !== ROLES[2] || before.tenants !== '*' || before.disabled) return;
  const rows = await tx.db.selectFrom('account').select(['role', 'tenants', 'disabled']).execute();
  const left = rows.some(({ role, tenants, disabled }) => role === ROLES[2] && tenants === '"*"' && disabled === 0);
  if (!left) throw new QuarryError('QRY8005', { what: 'No administrator of all tenants would be left.' });
}

async function forgetAccess(tx: Transaction<AccountsSchema>, account: string): Promise<void> {
  await tx.db.deleteFrom('session').where('account', '=', account).execute();
  await tx.db.deleteFrom('api_token').where('account', '=', account).execute();
}

async function hashed(password: Secret, cost: Cost): Promise<string> {
  const { length } = reveal(password);
  if (length < SHORTEST_PASSWORD || length > LONGEST_PASSWORD)
    throw new QuarryError('QRY8001', {
      what: `A password has ${SHORTEST_PASSWORD} characters at least and ${LONGEST_PASSWORD} at most.`,
      where: 'password',
    });
  return await hashPassword(password, cost);
}

const defined = (change: UserChange): Partial<Pick<User, 'name' | 'role' | 'tenants' | 'disabled'>> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
