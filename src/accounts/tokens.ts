import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store } from '../store/store.ts';
import { type Actor, note } from './audit.ts';
import type { AccountsSchema } from './schema.ts';
import { principalOf } from './sessions.ts';
import { userOf } from './users.ts';
import { newTicket, type Principal, SCOPES, type Scope, ticketHash } from './words.ts';

/** How a token begins, so that scanners for leaked secrets can know it. */
export const TOKEN_PREFIX = 'qry_';
const SHOWN = TOKEN_PREFIX.length + 6;
const USED_EVERY_MS = 60_000;

/** A token as it can be shown: its first characters, never the rest. Times are epoch ms. */
export interface ApiToken {
  readonly id: string;
  readonly account: string;
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created: number;
  readonly expires: number | undefined;
  readonly lastUsed: number | undefined;
}

/** Makes a token; the secret is given out this once. Throws QRY8003 where there is no such user. */
export async function addToken(
  store: Store<AccountsSchema>,
  token: { account: string; name: string; scopes: readonly Scope[]; expires?: number | undefined },
  who: Actor,
  now: number,
): Promise<{ readonly token: ApiToken; readonly secret: Secret }> {
  const secret = newTicket(TOKEN_PREFIX);
  const row = {
    ...{
      id: ticketHash(reveal(secret)),
      account: token.account,
      prefix: reveal(secret).slice(0, SHOWN),
      name: token.name,
    },
    ...{ scopes: JSON.stringify(token.scopes), created: now, expires: token.expires ?? null, last_used: null },
  };
  await store.transaction(async (tx) => {
    const account = await tx.db
      .selectFrom('account')
      .select('login')
      .where('id', '=', token.account)
      .executeTakeFirst();
    if (account === undefined)
      throw new QuarryError('QRY8003', { what: 'There is no such user.', where: token.account });
    await tx.db.insertInto('api_token').values(row).execute();
    const after = { of: account.login, name: token.name, scopes: token.scopes, expires: token.expires };
    await note(tx, who, { action: 'token.create', target: row.prefix, after }, now);
  });
  return { token: tokenOf(row), secret };
}

/** Who a token speaks for; undefined where it is none, has expired or its user may not sign in. */
export async function bearerOf(
  store: Store<AccountsSchema>,
  secret: string,
  now: number,
): Promise<Principal | undefined> {
  if (!secret.startsWith(TOKEN_PREFIX)) return undefined;
  const id = ticketHash(secret);
  const token = await store.db.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst();
  if (token === undefined || (token.expires !== null && token.expires <= now)) return undefined;
  const row = await store.db.selectFrom('account').selectAll().where('id', '=', token.account).executeTakeFirst();
  if (row === undefined || row.disabled !== 0) return undefined;
  if ((token.last_used ?? 0) + USED_EVERY_MS <= now)
    await store.transaction((tx) =>
      tx.db.updateTable('api_token').set({ last_used: now }).where('id', '=', id).execute(),
    );
  return { ...principalOf(userOf(row)), scopes: tokenOf(token).scopes };
}

/** All tokens, or those of one user. */
export async function listTokens({ db }: Store<AccountsSchema>, account?: string): Promise<ApiToken[]> {
  const all = db.selectFrom('api_token').selectAll().orderBy('created');
  return (await (account === undefined ? all : all.where('account', '=', account)).execute()).map(tokenOf);
}

/** Throws QRY8003 where there is none, or none of this user's. */
export async function removeToken(
  store: Store<AccountsSchema>,
  id: string,
  account: string | undefined,
  who: Actor,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    const row = await tx.db.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || (account !== undefined && row.account !== account))
      throw new QuarryError('QRY8003', { what: 'There is no such token.', where: id });
    await tx.db.deleteFrom('api_token').where('id', '=', id).execute();
    await note(tx, who, { action: 'token.delete', target: row.prefix, before: { name: row.name } }, now);
  });
}

function tokenOf(row: AccountsSchema['api_token']): ApiToken {
  const scopes = (JSON.parse(row.scopes) as string[]).filter((scope): scope is Scope =>
    SCOPES.includes(scope as Scope),
  );
  const { id, account, prefix, name, created, expires, last_used } = row;
  return {
    id,
    account,
    prefix,
    name,
    scopes,
    created,
    expires: expires ?? undefined,
    lastUsed: last_used ?? undefined,
  };
}
