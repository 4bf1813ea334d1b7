import { describe, expect, it } from 'vitest';
import { describeStores, type Place } from '../../test/support/stores.ts';
import { reveal, Secret } from '../core/secret.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { listAudit } from './audit.ts';
import type { Person } from './identity-provider.ts';
import { type AccountsSchema, accountsMigrations } from './schema.ts';
import { sessionOf } from './sessions.ts';
import { accessOf, newSignOn, signOn, TICKET_MS, useSignOn } from './sign-on.ts';
import { addToken, bearerOf } from './tokens.ts';
import { addUser, changeUser, listUsers } from './users.ts';
import type { GroupRole } from './words.ts';

const WHO = { actor: '(test)', address: '127.0.0.1' };
const T0 = Date.UTC(2026, 10, 21);
const ROLES: readonly GroupRole[] = [
  { group: 'all', role: 'viewer', tenants: '*' },
  { group: 'acme', role: 'operator', tenants: ['acme'] },
  { group: 'globex', role: 'operator', tenants: ['globex', 'acme'] },
  { group: 'boss', role: 'admin', tenants: '*' },
];
const person = (groups: readonly string[], more: Partial<Person> = {}): Person => ({
  ...{ subject: 'https://idp u-1', name: 'Ada', logins: ['ada', 'ada@acme.example'], groups },
  ...more,
});

const open = async (place: Place): Promise<Store<AccountsSchema>> => {
  const store = await place.openStore<AccountsSchema>();
  await migrate(store, accountsMigrations, T0);
  return store;
};

describe('groups', () => {
  it('give their highest role, for no more tenants than are named beside it', () => {
    expect(accessOf(['all', 'acme'], ROLES)).toEqual({ role: 'operator', tenants: ['acme'] });
    expect(accessOf(['globex', 'acme'], ROLES)).toEqual({ role: 'operator', tenants: ['acme', 'globex'] });
    expect(accessOf(['boss', 'acme'], ROLES)).toEqual({ role: 'admin', tenants: '*' });
    expect(accessOf(['ALL', 'other'], ROLES)).toBeUndefined();
  });
});

describeStores('single sign-on', (kind) => {
  it('has tickets that are good once, for ten minutes, and are kept as hashes', async () => {
    const store = await open(await kind.place());
    const ticket = await newSignOn(store, T0);
    const old = await newSignOn(store, T0);
    expect(JSON.stringify(await store.db.selectFrom('sign_on').selectAll().execute())).not.toContain(reveal(ticket));
    const both = await Promise.allSettled([1, 2].map(() => useSignOn(store, ticket, T0 + TICKET_MS - 1)));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(useSignOn(store, old, T0 + TICKET_MS)).rejects.toMatchObject({ code: 'QRY8041' });
    await expect(useSignOn(store, new Secret('made up'), T0)).rejects.toMatchObject({ code: 'QRY8041' });
    await newSignOn(store, T0 + 2 * TICKET_MS);
    expect(await store.db.selectFrom('sign_on').selectAll().execute()).toHaveLength(1);
  });

  it('knows people by issuer and subject, and takes nobody over who is there by name', async () => {
    const store = await open(await kind.place());
    await addUser(store, { login: 'ada', role: 'admin', tenants: '*' }, WHO, T0);
    const first = await signOn(store, person(['acme']), ROLES, 'a', T0);
    expect(first.user).toMatchObject({ login: 'ada@acme.example', role: 'operator', hasPassword: false });
    const other = await signOn(store, person(['all'], { subject: 'https://other u-1' }), ROLES, 'a', T0);
    expect(other.user.login).toMatch(/^sso-[0-9a-f]{16}$/);
    const again = await signOn(store, person(['acme'], { logins: ['renamed'] }), ROLES, 'a', T0);
    expect(again.user.id).toBe(first.user.id);
    expect((await listUsers(store)).map(({ role }) => role).sort()).toEqual(['admin', 'operator', 'viewer']);
    expect((await listAudit(store, { limit: 9 })).map(({ action }) => action)).not.toContain('user.change');
  });

  it('makes one user of two first sign-ins at once', async () => {
    const store = await open(await kind.place());
    const sessions = await Promise.all([1, 2].map(() => signOn(store, person(['all']), ROLES, 'a', T0)));
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBe(1);
    expect(await listUsers(store)).toHaveLength(1);
  });

  it('takes away what the groups no longer give, from tokens and open sessions, too', async () => {
    const store = await open(await kind.place());
    const { ticket, user } = await signOn(store, person(['acme']), ROLES, 'a', T0);
    const { secret } = await addToken(store, { account: user.id, name: 'ci', scopes: ['read', 'run'] }, WHO, T0);
    await signOn(store, person(['all']), ROLES, 'a', T0);
    expect((await sessionOf(store, reveal(ticket), T0))?.principal).toMatchObject({ role: 'viewer', tenants: '*' });
    await expect(signOn(store, person([]), ROLES, 'a', T0)).rejects.toMatchObject({ code: 'QRY8042' });
    expect(await sessionOf(store, reveal(ticket), T0)).toBeUndefined();
    expect(await bearerOf(store, reveal(secret), T0)).toMatchObject({ role: 'viewer', tenants: [] });
    const back = await signOn(store, person(['globex']), ROLES, 'a', T0);
    expect(back.user).toMatchObject({ id: user.id, role: 'operator', tenants: ['acme', 'globex'] });
  });

  it('leaves the last administrator one, and lets nobody in who is disabled here', async () => {
    const store = await open(await kind.place());
    const { user } = await signOn(store, person(['boss']), ROLES, 'a', T0);
    expect((await signOn(store, person(['acme']), ROLES, 'a', T0)).user).toMatchObject({ role: 'admin', tenants: '*' });
    await expect(signOn(store, person([]), ROLES, 'a', T0)).rejects.toMatchObject({ code: 'QRY8042' });
    expect(await listUsers(store)).toMatchObject([{ role: 'admin', tenants: '*' }]);
    await addUser(store, { login: 'bob', role: 'admin', tenants: '*' }, WHO, T0);
    expect((await signOn(store, person(['acme']), ROLES, 'a', T0)).user).toMatchObject({ role: 'operator' });
    await changeUser(store, user.id, undefined, { disabled: true }, WHO, T0);
    await expect(signOn(store, person(['boss']), ROLES, 'a', T0)).rejects.toMatchObject({ code: 'QRY8006' });
    expect((await listUsers(store)).find(({ id }) => id === user.id)).toMatchObject({
      role: 'operator',
      disabled: true,
    });
  });
});
