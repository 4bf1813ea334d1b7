import type { Selectable } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Store, Transaction } from '../store/store.ts';
import { type Actor, note } from './audit.ts';
import { fillSecrets, partSecrets, type Settings } from './connection-secrets.ts';
import type { AccountsSchema } from './schema.ts';
import type { Keyring } from './seal.ts';
import { forgetSecrets, putSecret, secretsUnder } from './sealed.ts';

/**
 * Connections made through the API, beside those of the configuration file. Their settings are those of the file, kept
 * as JSON without the secrets, which are sealed apart; what they mean and whether they are right is for `config` to say,
 * which reads them as it reads the file. Id, tenant and platform stay as they were made.
 */
export interface StoredConnection {
  readonly id: string;
  readonly tenant: string;
  /** For people; the id when none was given. */
  readonly name: string;
  readonly notes: string;
  /** The label of the workers that may run it; '' for any. */
  readonly runOn: string;
  readonly paused: boolean;
  /** Without secrets. */
  readonly settings: Settings;
  /** Rises with every change; what a client must name to change it. */
  readonly version: number;
  /** Epoch ms. */
  readonly created: number;
  readonly updated: number;
}

export interface NewConnection {
  readonly id: string;
  readonly tenant: string;
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly runOn?: string | undefined;
  readonly paused?: boolean | undefined;
  /** Secrets among them. */
  readonly settings: Settings;
}

export interface ConnectionChange extends Omit<NewConnection, 'id' | 'tenant' | 'settings'> {
  readonly settings?: Settings | undefined;
}

const ID = /^[a-z0-9_-]{1,64}$/;
const LONGEST_NAME = 128;
const LONGEST_NOTES = 250;
/** What a change must leave as it is: what was collected belongs to this account on this platform. */
const FIXED = ['platform', 'api_url', 'gateway_url', 'subscription'] as const;

type Accounts = Store<AccountsSchema>;

/** Throws QRY8020 for what cannot be an id, a name or a note, QRY8002 where the id is taken. */
export async function addConnection(
  store: Accounts,
  keys: Keyring,
  given: NewConnection,
  who: Actor,
  now: number,
): Promise<StoredConnection> {
  const { open, secrets } = partSecrets(given.settings);
  const made: StoredConnection = {
    ...{ id: given.id, tenant: given.tenant, name: given.name ?? given.id, notes: given.notes ?? '' },
    ...{
      runOn: given.runOn ?? '',
      paused: given.paused ?? false,
      settings: open,
      version: 1,
      created: now,
      updated: now,
    },
  };
  checkTexts(made);
  return await store.transaction(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('stored_connection')
      .values(rowOf(made))
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows) === 0)
      throw new QuarryError('QRY8002', { what: `There is a connection ${made.id} already.`, where: 'id' });
    await putSecrets(tx, keys, made.id, secrets, now);
    await note(tx, who, { action: 'connection.create', target: made.id, tenant: made.tenant, after: made }, now);
    return made;
  });
}

/**
 * Changes what is given and leaves the rest; secrets that are not given stay. Throws QRY8003 where there is none,
 * QRY8004 where it has changed since `version`, QRY8021 for what stays as it was made.
 */
export async function changeConnection(
  store: Accounts,
  keys: Keyring,
  id: string,
  version: number | undefined,
  change: ConnectionChange,
  who: Actor,
  now: number,
): Promise<StoredConnection> {
  const parted = change.settings === undefined ? undefined : partSecrets(change.settings);
  return await store.transaction(async (tx) => {
    const before = await held(tx, id, version);
    const after: StoredConnection = {
      ...before,
      ...{ name: change.name ?? before.name, notes: change.notes ?? before.notes, runOn: change.runOn ?? before.runOn },
      ...{ paused: change.paused ?? before.paused, settings: parted?.open ?? before.settings },
      ...{ version: before.version + 1, updated: now },
    };
    checkTexts(after);
    for (const name of FIXED)
      if (after.settings[name] !== before.settings[name])
        throw new QuarryError('QRY8021', { what: `${name} stays as it was made.`, where: name });
    await tx.db.updateTable('stored_connection').set(rowOf(after)).where('id', '=', id).execute();
    if (parted !== undefined) await putSecrets(tx, keys, id, parted.secrets, now);
    await note(tx, who, { action: 'connection.change', target: id, tenant: after.tenant, before, after }, now);
    return after;
  });
}

/** A copy under another id, secrets included; it begins paused. Throws QRY8002, QRY8003, QRY8020. */
export async function duplicateConnection(
  store: Accounts,
  keys: Keyring,
  id: string,
  copy: { readonly id: string; readonly name?: string | undefined },
  who: Actor,
  now: number,
): Promise<StoredConnection> {
  const from = await connectionOf(store, id);
  if (from === undefined) throw missing(id);
  const settings = await withSecrets(store, keys, from);
  const name = copy.name ?? `${from.name} (copy)`;
  return await addConnection(store, keys, { ...from, ...copy, name, settings, paused: true }, who, now);
}

/** What it collected stays. Throws QRY8003 where there is none, QRY8004 where it has changed since `version`. */
export async function removeConnection(
  store: Accounts,
  id: string,
  version: number | undefined,
  who: Actor,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    const before = await held(tx, id, version);
    await tx.db.deleteFrom('stored_connection').where('id', '=', id).execute();
    await forgetSecrets(tx, placeOf(id, ''));
    await note(tx, who, { action: 'connection.delete', target: id, tenant: before.tenant, before }, now);
  });
}

export async function listConnections({ db }: Accounts): Promise<StoredConnection[]> {
  return (await db.selectFrom('stored_connection').selectAll().orderBy('id').execute()).map(connectionOfRow);
}

export async function connectionOf({ db }: Accounts, id: string): Promise<StoredConnection | undefined> {
  const row = await db.selectFrom('stored_connection').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : connectionOfRow(row);
}

/** The sections of the connections that are not paused, secrets included, as `loadConfig` takes them. Throws QRY8010, QRY8011. */
export async function storedSections(store: Accounts, keys: Keyring): Promise<Record<string, Settings>> {
  const active = (await listConnections(store)).filter(({ paused }) => !paused);
  const sections = active.map(
    async (one) => [one.id, { tenant: one.tenant, ...(await withSecrets(store, keys, one)) }] as const,
  );
  return Object.fromEntries(await Promise.all(sections));
}

/** Settings with their secrets. */
export async function withSecrets(
  store: Accounts,
  keys: Keyring,
  { id, settings }: StoredConnection,
): Promise<Settings> {
  const prefix = placeOf(id, '');
  const secrets = await secretsUnder(store, keys, prefix);
  return fillSecrets(
    settings,
    new Map([...secrets].map(([place, secret]) => [place.slice(prefix.length), reveal(secret)])),
  );
}

/** Paths of the secrets a connection has: `password`. */
export async function secretNames({ db }: Accounts, id: string): Promise<string[]> {
  const prefix = placeOf(id, '');
  const rows = await db.selectFrom('sealed_secret').select('place').orderBy('place').execute();
  return rows
    .map(({ place }) => place)
    .filter((place) => place.startsWith(prefix))
    .map((place) => place.slice(prefix.length));
}

const placeOf = (id: string, path: string): string => `connection:${id}:${path}`;
const missing = (id: string) => new QuarryError('QRY8003', { what: 'There is no such connection.', where: id });

async function putSecrets(
  tx: Transaction<AccountsSchema>,
  keys: Keyring,
  id: string,
  secrets: ReadonlyMap<string, Secret>,
  now: number,
): Promise<void> {
  for (const [path, secret] of secrets) await putSecret(tx, keys, placeOf(id, path), secret, now);
}

async function held(
  tx: Transaction<AccountsSchema>,
  id: string,
  version: number | undefined,
): Promise<StoredConnection> {
  // Written before it is read: where several transactions run at once, this one now holds the row.
  await tx.db
    .updateTable('stored_connection')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', id)
    .execute();
  const row = await tx.db.selectFrom('stored_connection').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing(id);
  if (version !== undefined && row.version !== version)
    throw new QuarryError('QRY8004', { what: `It is version ${row.version} by now, not ${version}.`, where: id });
  return connectionOfRow(row);
}

function checkTexts({ id, name, notes, runOn }: StoredConnection): void {
  const wrong = (what: string, where: string) => new QuarryError('QRY8020', { what, where });
  if (!ID.test(id)) throw wrong('An id is 1 to 64 of a-z, 0-9, _ and -.', 'id');
  if (name.trim() === '' || name.length > LONGEST_NAME)
    throw wrong(`A name has 1 to ${LONGEST_NAME} characters.`, 'name');
  if (notes.length > LONGEST_NOTES) throw wrong(`Notes have ${LONGEST_NOTES} characters at most.`, 'notes');
  if (runOn !== '' && !ID.test(runOn)) throw wrong('A worker label is 1 to 64 of a-z, 0-9, _ and -.', 'run_on');
}

const rowOf = (one: StoredConnection) => ({
  ...{
    id: one.id,
    tenant: one.tenant,
    name: one.name,
    notes: one.notes,
    run_on: one.runOn,
    paused: one.paused ? 1 : 0,
  },
  ...{ settings: JSON.stringify(one.settings), version: one.version, created: one.created, updated: one.updated },
});

const connectionOfRow = (row: Selectable<AccountsSchema['stored_connection']>): StoredConnection => ({
  ...{ id: row.id, tenant: row.tenant, name: row.name, notes: row.notes, runOn: row.run_on, paused: row.paused !== 0 },
  ...{
    settings: JSON.parse(row.settings) as Settings,
    version: row.version,
    created: row.created,
    updated: row.updated,
  },
});
