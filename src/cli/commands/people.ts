import { hostname, userInfo } from 'node:os';
import { type Accounts, openAccounts, rotateKeys } from '../../accounts/accounts.ts';
import type { Actor } from '../../accounts/audit.ts';
import { fillSecrets } from '../../accounts/connection-secrets.ts';
import { changeConnection, connectionOf, listConnections, withSecrets } from '../../accounts/connections.ts';
import { addToken, listTokens, removeToken } from '../../accounts/tokens.ts';
import { addUser, listUsers, removeUser, setPassword, type User, userByLogin } from '../../accounts/users.ts';
import { type Role, SCOPES, type Scope } from '../../accounts/words.ts';
import { nearest } from '../../config/suggest.ts';
import { QuarryError } from '../../core/errors.ts';
import { reveal } from '../../core/secret.ts';
import { askSecret } from '../hidden.ts';
import { print, printJson, table } from '../output.ts';
import { configuration, locationOf } from './configuration.ts';

interface Common {
  readonly config?: string;
  readonly json?: boolean;
}

/** `quarry user …`: works beside a running collector, whoever may read its data directory. */
export const addPerson = (
  login: string,
  options: Common & { role: Role; tenants?: readonly string[]; name?: string },
): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const password = await askSecret(`Password of ${login}`);
    const tenants = options.tenants ?? '*';
    const user = await addUser(store, { login, ...options, tenants, password }, actor(), Date.now());
    const sees = tenants === '*' ? 'all tenants' : tenants.join(', ');
    await print(`${user.login} may sign in as ${user.role} of ${sees}.\n`);
  });

export const listPeople = (options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const users = await listUsers(store);
    if (options.json === true) return await printJson(users);
    const day = (at: number | undefined) => (at === undefined ? 'never' : new Date(at).toISOString().slice(0, 16));
    const rows = users.map((user) => [
      user.login,
      user.disabled ? 'disabled' : user.role,
      user.tenants === '*' ? '(all)' : user.tenants.join(', '),
      day(user.lastSignIn),
    ]);
    await print(table(['LOGIN', 'ROLE', 'TENANTS', 'LAST SIGN-IN (UTC)'], rows));
  });

export const changePassword = (login: string, options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const user = await person(store, login);
    await setPassword(store, user.id, await askSecret(`New password of ${user.login}`), actor(), Date.now());
    await print(`${user.login} has a new password; sessions that were open have ended.\n`);
  });

export const removePerson = (login: string, options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const user = await person(store, login);
    await removeUser(store, user.id, undefined, actor(), Date.now());
    await print(`${user.login} is removed, with sessions and tokens.\n`);
  });

export const makeToken = (
  login: string,
  options: Common & { name: string; scopes: readonly string[]; days?: number },
): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const wrong = options.scopes.find((scope) => !SCOPES.includes(scope as Scope));
    if (wrong !== undefined)
      throw new QuarryError('QRY6004', {
        what: `There is no scope ${wrong}.`,
        fix: `Scopes are: ${SCOPES.join(', ')}.`,
      });
    const user = await person(store, login);
    const now = Date.now();
    const expires = options.days === undefined ? undefined : now + options.days * 86_400_000;
    const scopes = options.scopes as readonly Scope[];
    const { secret } = await addToken(store, { account: user.id, name: options.name, scopes, expires }, actor(), now);
    process.stderr.write('This is the only time it is shown:\n');
    await print(`${reveal(secret)}\n`);
  });

export const listAllTokens = (options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const logins = new Map((await listUsers(store)).map(({ id, login }) => [id, login]));
    const tokens = await listTokens(store);
    if (options.json === true) return await printJson(tokens);
    const rows = tokens.map((one) => [
      `${one.prefix}…`,
      logins.get(one.account) ?? '',
      one.name,
      one.scopes.join(', '),
      one.expires === undefined ? 'never' : new Date(one.expires).toISOString().slice(0, 10),
    ]);
    await print(table(['TOKEN', 'OF', 'NAME', 'SCOPES', 'EXPIRES'], rows));
  });

/** Removes the token that begins so. */
export const dropToken = (prefix: string, options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store }) => {
    const found = (await listTokens(store)).filter((one) => one.prefix.startsWith(prefix.replace(/…$/, '')));
    if (found.length !== 1)
      throw new QuarryError('QRY6003', {
        what: `${found.length} tokens begin with ${prefix}.`,
        fix: '`quarry user tokens` lists them.',
      });
    await removeToken(store, found[0]!.id, undefined, actor(), Date.now());
    await print(`${found[0]!.prefix}… is removed.\n`);
  });

export async function rotate(options: Common): Promise<number> {
  const config = configuration(options.config);
  const { sealed, from } = await rotateKeys(locationOf(config), Date.now());
  await print(`${sealed} secrets are sealed with the new key (${from}).\n`);
  return 0;
}

/** `quarry secrets set acme.password`: a secret of a connection that was made through the page or the API. */
export const setSecret = (place: string, options: Common): Promise<number> =>
  withAccounts(options.config, async ({ store, keys }) => {
    const [id = '', ...path] = place.split('.');
    const stored = await connectionOf(store, id);
    if (stored === undefined || path.length === 0) {
      const known = (await listConnections(store)).map((one) => one.id);
      const what = path.length === 0 ? `${place} names no secret.` : `No connection ${id} is kept in the database.`;
      const fix = `Write CONNECTION.password, CONNECTION.token or CONNECTION.oauth.client_secret; connections are: ${known.join(', ') || '(none)'}. Secrets of the file stand in the file.`;
      throw new QuarryError('QRY6003', { what, fix });
    }
    const secret = await askSecret(place);
    const settings = fillSecrets(await withSecrets(store, keys, stored), new Map([[path.join('.'), reveal(secret)]]));
    await changeConnection(store, keys, id, stored.version, { settings }, actor(), Date.now());
    await print(`${place} is set; a running collector takes it over with its next reload (SIGHUP).\n`);
  });

async function withAccounts(file: string | undefined, work: (accounts: Accounts) => Promise<void>): Promise<number> {
  const accounts = await openAccounts(locationOf(configuration(file)), Date.now());
  try {
    await work(accounts);
    return 0;
  } finally {
    await accounts.close();
  }
}

const actor = (): Actor => ({ actor: `(command line) ${userInfo().username}`, address: hostname() });

async function person(store: Accounts['store'], login: string): Promise<User> {
  const user = await userByLogin(store, login);
  if (user !== undefined) return user;
  const logins = (await listUsers(store)).map((one) => one.login);
  const meant = nearest(login, logins);
  throw new QuarryError('QRY6003', {
    what: `There is no user ${login}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    fix: `Users are: ${logins.join(', ') || '(none)'}.`,
  });
}
