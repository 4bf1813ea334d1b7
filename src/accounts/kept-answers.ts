/**
 * Answers to requests that carry an Idempotency-Key: the same request asked again is answered with what was answered
 * the first time, and is not done twice.
 *
 * States of a key: free → begun → kept → free after a day. Begun is written before anything is done, in a row whose
 * primary key lets one request in; a request that is not carried out frees its key. A process that is killed in between
 * leaves a key begun: it is free again after five minutes, and until then it is said that nobody knows what was done.
 *
 * What is kept may hold a secret (a new token), so answers are sealed. Of the request only a keyed hash is kept, whose
 * key is the client's and is not kept: a password in the request cannot be guessed from it.
 */
import { createHash, createHmac } from 'node:crypto';
import { QuarryError } from '../core/errors.ts';
import { reveal, Secret } from '../core/secret.ts';
import type { Store } from '../store/store.ts';
import type { AccountsSchema } from './schema.ts';
import type { Keyring } from './seal.ts';
import type { Principal } from './words.ts';

/** A request that is to be carried out once. */
export interface Once {
  readonly who: Principal;
  /** The route it came by: a key is good for one. */
  readonly route: string;
  readonly key: string;
  /** All that makes it this request: address and body. */
  readonly content: string;
}

/** What was answered, to be said again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Begun = { readonly id: string } | { readonly kept: KeptAnswer };

const KEPT_MS = 86_400_000;
const LOST_MS = 300_000;

/** Whose rights have changed meanwhile asks anew. */
const idOf = ({ who, route, key }: Once): string =>
  createHash('sha256')
    .update(JSON.stringify([who.id, who.role, who.tenants, route, key]))
    .digest('hex');

/**
 * Takes the key for this request, or answers what was answered before. Throws QRY8034 where the key was used for
 * something else, QRY8035 while the first request is not answered.
 */
export async function beginOnce(store: Store<AccountsSchema>, keys: Keyring, once: Once, now: number): Promise<Begun> {
  const id = idOf(once);
  const request = createHmac('sha256', once.key).update(once.content).digest('hex');
  return await store.transaction(async (tx) => {
    await tx.db
      .deleteFrom('kept_answer')
      .where('id', '=', id)
      .where(({ or, and, eb }) =>
        or([eb('at', '<=', now - KEPT_MS), and([eb('answer', 'is', null), eb('at', '<=', now - LOST_MS)])]),
      )
      .execute();
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('kept_answer')
      .values({ id, request, answer: null, at: now })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (Number(numInsertedOrUpdatedRows) > 0) return { id };
    const row = await tx.db.selectFrom('kept_answer').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    if (row.request !== request)
      throw new QuarryError('QRY8034', { what: 'Address or body differ from those the key came with first.' });
    if (row.answer === null)
      throw new QuarryError('QRY8035', { what: 'The first request with this key is not answered.', waitMs: 1000 });
    return { kept: JSON.parse(reveal(keys.open(placeOf(id), row.answer))) as KeptAnswer };
  });
}

/** Keeps what was answered for a day. */
export async function keepAnswer(
  { db }: Store<AccountsSchema>,
  keys: Keyring,
  id: string,
  answer: KeptAnswer,
  now: number,
): Promise<void> {
  const sealed = keys.seal(placeOf(id), new Secret(JSON.stringify(answer)));
  await db.updateTable('kept_answer').set({ answer: sealed, at: now }).where('id', '=', id).execute();
}

/** Nothing was done: the key may be used again. */
export async function freeKey({ db }: Store<AccountsSchema>, id: string): Promise<void> {
  await db.deleteFrom('kept_answer').where('id', '=', id).where('answer', 'is', null).execute();
}

/** Answers older than a day go; all of them with `now` undefined, as when the key changes that seals them. */
export async function forgetAnswers({ db }: Store<AccountsSchema>, now: number | undefined): Promise<void> {
  const all = db.deleteFrom('kept_answer');
  await (now === undefined ? all : all.where('at', '<=', now - KEPT_MS)).execute();
}

const placeOf = (id: string): string => `answer:${id}`;
