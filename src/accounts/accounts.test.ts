import { describe, expect, it } from 'vitest';
import { describeStores, type Place } from '../../test/support/stores.ts';
import { reveal, Secret } from '../core/secret.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { listAudit } from './audit.ts';
import { newFirstLink, nobodyYet, useFirstLink } from './first-run.ts';
import { checkPassword, hashPassword } from './passwords.ts';
import { type AccountsSchema, accountsMigrations } from './schema.ts';
import { closeSession, IDLE_MS, LONGEST_MS, sessionOf, signIn } from './sessions.ts';
import { addToken, bearerOf, listTokens, removeToken, TOKEN_PREFIX } from './tokens.ts';
import { addUser, changeUser, listUsers, removeUser, setPassword } from './users.ts';

/** Cheap: what is tested is who gets in, not how long guessing takes. */
const COST = { n: 2 ** 4, r: 8, p: 1 };
const WHO = { actor: '(test)', address: '127.0.0.1' };
const T0 = Date.UTC(2026, 10, 21);
const PASSWORD = new Secret('a long pass phrase');

const open = async (place: Place): Promise<Store<AccountsSchema>> => {
  const store = await place.openStore<AccountsSchema>();
  await migrate(store, accountsMigrations, T0);
  return store;
};
const admin = (store: Store<AccountsSchema>, login = 'Ada') =>
  addUser(store, { login, role: 'admin', tenants: '*', password: PASSWORD }, WHO, T0, COST);

describe('passwords', () => {
  it('are right whatever the spelling of their letters, and stale when the cost has changed', async () => {
    const stored = await hashPassword(new Secret('caf\u00e9'), COST);
    expect(await checkPassword(new Secret('cafe\u0301'), stored, COST)).toEqual({ right: true, stale: false });
    expect(await checkPassword(new Secret('cafe\u0301'), stored, { ...COST, n: 2 ** 5 })).toEqual({
      right: true,
      stale: true,
    });
    expect(await checkPassword(new Secret('cafe'), stored, COST)).toEqual({ right: false, stale: false });
    expect(await checkPassword(new Secret(''), 'nonsense', COST)).toEqual({ right: false, stale: false });
  });
});

describeStores('accounts', (kind) => {
  it('sign in with login and password, and say never which was wrong', async () => {
    const store = await open(await kind.place());
    await admin(store);
    const { ticket, csrf, user } = await signIn(store, ' ADA ', PASSWORD, '10.0.0.1', T0, COST);
    expect(user).toMatchObject({ login: 'ada', role: 'admin', tenants: '*', lastSignIn: T0 });
    const session = await sessionOf(store, reveal(ticket), T0 + 1);
    expect(session).toMatchObject({ csrf, principal: { login: 'ada' } });
    const wrong = signIn(store, 'ada', new Secret('not the password'), '10.0.0.1', T0, COST);
    const nobody = signIn(store, 'bob', PASSWORD, '10.0.0.1', T0, COST);
    const [one, other] = await Promise.all([wrong.catch((e: Error) => e), nobody.catch((e: Error) => e)]);
    expect(one).toMatchObject({ code: 'QRY8006', message: (other as Error).message });
  });

  it('stay signed in while they are at work, a week at the most, and not after signing out', async () => {
    const store = await open(await kind.place());
    await admin(store);
    const { ticket } = await signIn(store, 'ada', PASSWORD, '10.0.0.1', T0, COST);
    expect(await sessionOf(store, reveal(ticket), T0 + IDLE_MS)).toBeUndefined();
    let now = T0;
    for (; now < T0 + LONGEST_MS - IDLE_MS; now += IDLE_MS - 1)
      expect(await sessionOf(store, reveal(ticket), now)).toBeDefined();
    expect(await sessionOf(store, reveal(ticket), T0 + LONGEST_MS)).toBeUndefined();
    const again = await signIn(store, 'ada', PASSWORD, '10.0.0.1', now, COST);
    await closeSession(store, reveal(again.ticket), WHO, now);
    expect(await sessionOf(store, reveal(again.ticket), now)).toBeUndefined();
    expect(await sessionOf(store, 'made up', now)).toBeUndefined();
  });

  it('wait longer with every wrong try, and are never locked out for ever', async () => {
    const store = await open(await kind.place());
    await admin(store);
    const fail = (now: number) =>
      signIn(store, 'ada', new Secret('not the password'), '10.0.0.1', now, COST).then(
        () => 'in',
        (error: { code: string; waitMs?: number }) => (error.code === 'QRY8007' ? error.waitMs : error.code),
      );
    for (let i = 0; i < 6; i++) expect(await fail(T0)).toBe('QRY8006');
    expect(await fail(T0)).toBe(1000);
    await expect(signIn(store, 'ada', PASSWORD, '10.0.0.2', T0, COST)).rejects.toMatchObject({ code: 'QRY8007' });
    expect(await fail(T0 + 1000)).toBe('QRY8006');
    expect(await fail(T0 + 1000)).toBe(2000);
    await signIn(store, 'ada', PASSWORD, '10.0.0.2', T0 + 3000, COST);
    // The address is still slow, the login is not.
    await expect(signIn(store, 'ada', PASSWORD, '10.0.0.2', T0 + 3000, COST)).resolves.toBeDefined();
  });

  it('are changed by version, and one administrator is always left', async () => {
    const store = await open(await kind.place());
    const ada = await admin(store);
    const bob = await addUser(
      store,
      { login: 'bob', role: 'viewer', tenants: ['acme'], password: PASSWORD },
      WHO,
      T0,
      COST,
    );
    await expect(addUser(store, { login: 'BOB', role: 'viewer', tenants: '*' }, WHO, T0)).rejects.toMatchObject({
      code: 'QRY8002',
    });
    await expect(addUser(store, { login: 'no spaces', role: 'viewer', tenants: '*' }, WHO, T0)).rejects.toMatchObject({
      code: 'QRY8001',
    });
    await expect(setPassword(store, bob.id, new Secret('short'), WHO, T0, COST)).rejects.toMatchObject({
      code: 'QRY8001',
    });
    await expect(changeUser(store, ada.id, 1, { role: 'viewer' }, WHO, T0)).rejects.toMatchObject({ code: 'QRY8005' });
    await expect(changeUser(store, ada.id, 1, { tenants: ['acme'] }, WHO, T0)).rejects.toMatchObject({
      code: 'QRY8005',
    });
    await expect(removeUser(store, ada.id, undefined, WHO, T0)).rejects.toMatchObject({ code: 'QRY8005' });
    const changed = await changeUser(store, bob.id, 1, { role: 'admin', tenants: '*' }, WHO, T0);
    expect(changed).toMatchObject({ role: 'admin', version: 2 });
    await expect(changeUser(store, bob.id, 1, { name: 'x' }, WHO, T0)).rejects.toMatchObject({ code: 'QRY8004' });
    await removeUser(store, ada.id, undefined, WHO, T0);
    expect((await listUsers(store)).map(({ login }) => login)).toEqual(['bob']);
    await expect(changeUser(store, ada.id, undefined, {}, WHO, T0)).rejects.toMatchObject({ code: 'QRY8003' });
  });

  it('that are disabled or have a new password are out at once', async () => {
    const store = await open(await kind.place());
    await admin(store);
    const bob = await addUser(store, { login: 'bob', role: 'viewer', tenants: '*', password: PASSWORD }, WHO, T0, COST);
    const first = await signIn(store, 'bob', PASSWORD, 'a', T0, COST);
    await setPassword(store, bob.id, new Secret('another pass phrase'), WHO, T0, COST);
    expect(await sessionOf(store, reveal(first.ticket), T0)).toBeUndefined();
    const second = await signIn(store, 'bob', new Secret('another pass phrase'), 'a', T0, COST);
    const { secret } = await addToken(store, { account: bob.id, name: 'x', scopes: ['read'] }, WHO, T0);
    await changeUser(store, bob.id, undefined, { disabled: true }, WHO, T0);
    expect(await sessionOf(store, reveal(second.ticket), T0)).toBeUndefined();
    expect(await bearerOf(store, reveal(secret), T0)).toBeUndefined();
    await expect(signIn(store, 'bob', new Secret('another pass phrase'), 'b', T0, COST)).rejects.toMatchObject({
      code: 'QRY8006',
    });
  });

  it('have tokens that are shown once, expire, and are kept as hashes', async () => {
    const store = await open(await kind.place());
    const ada = await admin(store);
    const { token, secret } = await addToken(
      store,
      { account: ada.id, name: 'ci', scopes: ['read', 'run'], expires: T0 + 1000 },
      WHO,
      T0,
    );
    expect(reveal(secret).startsWith(TOKEN_PREFIX)).toBe(true);
    expect(await bearerOf(store, reveal(secret), T0 + 999)).toMatchObject({ login: 'ada', scopes: ['read', 'run'] });
    expect(await bearerOf(store, reveal(secret), T0 + 1000)).toBeUndefined();
    expect(await bearerOf(store, `${reveal(secret)}x`, T0)).toBeUndefined();
    const [listed] = await listTokens(store, ada.id);
    expect(listed).toMatchObject({ prefix: token.prefix, lastUsed: T0 + 999 });
    const rows = await store.db.selectFrom('api_token').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(reveal(secret));
    await expect(removeToken(store, token.id, 'someone else', WHO, T0)).rejects.toMatchObject({ code: 'QRY8003' });
    await removeToken(store, token.id, ada.id, WHO, T0);
    expect(await listTokens(store)).toEqual([]);
  });

  it('begin with a link that lets in once', async () => {
    const store = await open(await kind.place());
    expect(await nobodyYet(store)).toBe(true);
    const old = await newFirstLink(store, T0);
    const link = await newFirstLink(store, T0);
    const use = (ticket: Secret, login: string, now = T0) =>
      useFirstLink(store, reveal(ticket), { login, password: PASSWORD }, 'a', now, COST);
    await expect(use(old, 'ada')).rejects.toMatchObject({ code: 'QRY8008' });
    await expect(use(link, 'not a login!')).rejects.toMatchObject({ code: 'QRY8001' });
    await expect(use(link, 'ada', T0 + 2 * 86_400_000)).rejects.toMatchObject({ code: 'QRY8008' });
    const again = await newFirstLink(store, T0);
    const results = await Promise.allSettled([use(again, 'ada'), use(again, 'eve')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await nobodyYet(store)).toBe(false);
    expect(await listUsers(store)).toMatchObject([{ role: 'admin', tenants: '*' }]);
  });

  it('are not let in by the first link once somebody may sign in, under whatever name', async () => {
    const store = await open(await kind.place());
    const link = reveal(await newFirstLink(store, T0));
    await addUser(store, { login: 'ada', role: 'viewer', tenants: ['acme'], password: PASSWORD }, WHO, T0, COST);
    for (const login of ['eve', 'ada'])
      await expect(useFirstLink(store, link, { login, password: PASSWORD }, 'a', T0, COST)).rejects.toMatchObject({
        code: 'QRY8008',
      });
    expect((await listUsers(store)).map(({ login }) => login)).toEqual(['ada']);
  });

  it('leave a trail of what they did, without secrets', async () => {
    const store = await open(await kind.place());
    const ada = await admin(store);
    await setPassword(store, ada.id, new Secret('canary-7d1 pass phrase'), WHO, T0 + 1, COST);
    await changeUser(store, ada.id, undefined, { name: 'Ada L.' }, WHO, T0 + 2);
    const entries = await listAudit(store, { limit: 10 });
    expect(entries.map(({ action }) => action)).toEqual(['user.change', 'user.password', 'user.create']);
    expect(entries[0]).toMatchObject({ ...WHO, at: T0 + 2, before: { name: 'ada' }, after: { name: 'Ada L.' } });
    expect(await listAudit(store, { limit: 1, before: entries[0]!.id })).toMatchObject([{ action: 'user.password' }]);
    expect(await listAudit(store, { limit: 10, tenants: ['acme'] })).toEqual([]);
    expect(JSON.stringify(entries)).not.toContain('canary');
  });
});
