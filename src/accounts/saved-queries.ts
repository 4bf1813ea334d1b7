import type { Selectable } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import type { Store, Transaction } from '../store/store.ts';
import { type Actor, note } from './audit.ts';
import type { AccountsSchema } from './schema.ts';
import { newId } from './words.ts';

/** A question kept for later. `presentation` is the page's own: columns, sort, facets. */
export interface SavedQuery {
  readonly id: string;
  readonly tenant: string;
  /** The login of who made it. */
  readonly owner: string;
  readonly name: string;
  readonly view: string;
  readonly expression: string;
  readonly presentation: unknown;
  readonly version: number;
  /** Epoch ms. */
  readonly created: number;
  readonly updated: number;
}

export type NewQuery = Pick<SavedQuery, 'tenant' | 'owner' | 'name' | 'view' | 'expression' | 'presentation'>;
export type QueryChange = Partial<Pick<SavedQuery, 'name' | 'expression' | 'presentation'>>;

type Accounts = Store<AccountsSchema>;

export async function addQuery(store: Accounts, query: NewQuery, who: Actor, now: number): Promise<SavedQuery> {
  const made: SavedQuery = { ...query, id: newId(), version: 1, created: now, updated: now };
  await store.transaction(async (tx) => {
    await tx.db.insertInto('saved_query').values(rowOf(made)).execute();
    await note(tx, who, { action: 'query.create', target: made.name, tenant: made.tenant, after: made }, now);
  });
  return made;
}

/** Throws QRY8003 where there is none, QRY8004 where it has changed since `version`. */
export async function changeQuery(
  store: Accounts,
  id: string,
  version: number | undefined,
  change: QueryChange,
  who: Actor,
  now: number,
): Promise<SavedQuery> {
  return await store.transaction(async (tx) => {
    const before = await held(tx, id, version);
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const after: SavedQuery = { ...before, ...given, version: before.version + 1, updated: now };
    await tx.db.updateTable('saved_query').set(rowOf(after)).where('id', '=', id).execute();
    await note(tx, who, { action: 'query.change', target: after.name, tenant: after.tenant, before, after }, now);
    return after;
  });
}

/** Throws QRY8003 where there is none, QRY8004 where it has changed since `version`. */
export async function removeQuery(
  store: Accounts,
  id: string,
  version: number | undefined,
  who: Actor,
  now: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    const before = await held(tx, id, version);
    await tx.db.deleteFrom('saved_query').where('id', '=', id).execute();
    await note(tx, who, { action: 'query.delete', target: before.name, tenant: before.tenant, before }, now);
  });
}

export async function listQueries({ db }: Accounts): Promise<SavedQuery[]> {
  return (await db.selectFrom('saved_query').selectAll().orderBy('name').orderBy('id').execute()).map(queryOf);
}

async function held(tx: Transaction<AccountsSchema>, id: string, version: number | undefined): Promise<SavedQuery> {
  // Written before it is read: where several transactions run at once, this one now holds the row.
  await tx.db
    .updateTable('saved_query')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', id)
    .execute();
  const row = await tx.db.selectFrom('saved_query').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing(id);
  if (version !== undefined && row.version !== version)
    throw new QuarryError('QRY8004', { what: `It is version ${row.version} by now, not ${version}.`, where: id });
  return queryOf(row);
}

const missing = (id: string) => new QuarryError('QRY8003', { what: 'There is no such saved query.', where: id });
const rowOf = (query: SavedQuery) => ({ ...query, presentation: JSON.stringify(query.presentation ?? null) });
const queryOf = (row: Selectable<AccountsSchema['saved_query']>): SavedQuery => ({
  ...row,
  presentation: JSON.parse(row.presentation) as unknown,
});
