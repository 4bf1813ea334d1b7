import type { Store, Transaction } from '../store/store.ts';
import type { AccountsSchema } from './schema.ts';

/** Who did it and from where; `actor` is a login, `(command line)` or `(first run)`. */
export interface Actor {
  readonly actor: string;
  readonly address: string;
}

export interface AuditEntry extends Actor {
  readonly id: number;
  /** Epoch ms. */
  readonly at: number;
  /** `connection.create`, `user.password`, … */
  readonly action: string;
  readonly target: string;
  /** The tenant concerned; '' where it is the whole installation. */
  readonly tenant: string;
  /** What it was and what it became, without secrets; undefined where there is none. */
  readonly before: unknown;
  readonly after: unknown;
}

export type Deed = Pick<AuditEntry, 'action' | 'target'> & Partial<Pick<AuditEntry, 'tenant' | 'before' | 'after'>>;

/** Writes down what someone did, in the transaction that does it. */
export async function note(tx: Transaction<AccountsSchema>, who: Actor, deed: Deed, now: number): Promise<void> {
  const { action, target, tenant = '', before, after } = deed;
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  await tx.db
    .insertInto('audit')
    .values({
      at: now,
      actor: who.actor,
      address: who.address,
      action,
      target,
      tenant,
      before: text(before),
      after: text(after),
    } as never)
    .execute();
}

/** The newest entries before `before` (an entry's id), of all tenants or of those named. */
export async function listAudit(
  { db }: Store<AccountsSchema>,
  { before, limit, tenants }: { before?: number | undefined; limit: number; tenants?: readonly string[] | undefined },
): Promise<AuditEntry[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  if (tenants !== undefined) query = query.where('tenant', 'in', tenants.length === 0 ? [''] : [...tenants]);
  const value = (text: string | null): unknown => (text === null ? undefined : JSON.parse(text));
  return (await query.execute()).map((row) => ({ ...row, before: value(row.before), after: value(row.after) }));
}

/** How many entries there are, of all tenants or of those named; counted up to `most`. */
export async function countAudit(
  { db }: Store<AccountsSchema>,
  tenants: readonly string[] | undefined,
  most: number,
): Promise<number> {
  let query = db.selectFrom('audit').select('id').limit(most);
  if (tenants !== undefined) query = query.where('tenant', 'in', tenants.length === 0 ? [''] : [...tenants]);
  const { n } = await db
    .selectFrom(query.as('some'))
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Entries older than `olderThan` go. */
export async function forgetAudit(store: Store<AccountsSchema>, olderThan: number): Promise<void> {
  await store.transaction((tx) => tx.db.deleteFrom('audit').where('at', '<', olderThan).execute());
}
