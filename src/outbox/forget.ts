import { QuarryError } from '../core/errors.ts';
import { type Claim, countKeys, loseLive } from './append.ts';
import { REMOVED } from './identity.ts';
import type { Outbox } from './outbox.ts';
import { FIRST, keysBehind } from './walk.ts';

/** Rows looked at, and forgotten, in one transaction. */
const CHUNK = 5000;

/**
 * Forgets keys of a log whose rows are older than `before` (epoch seconds): no pull reaches back so far, so they can not
 * come again, and the key table stays as small as the time that is read again. Their events stay until they are
 * delivered and retention takes them. Returns how many were forgotten. Throws QRY4011 when another stream of the key
 * space forgets the same ones: the next pull goes on.
 */
export async function forgetOlder({ store }: Outbox, claim: Claim, before: number): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const rows = await keysBehind(store, claim.keyspace, FIRST, before - 1, CHUNK, [
      'lead',
      'key',
      'fingerprint',
      'batch',
    ]);
    if (rows.length === 0) return forgotten;
    await store.transaction(async (tx) => {
      const { keyspace } = claim;
      const gone = await tx.deleteMany('known_key', {
        keyspace,
        lead: rows.map(({ lead }) => lead),
        key: rows.map(({ key }) => key),
        fingerprint: rows.map(({ fingerprint }) => fingerprint),
      });
      if (gone !== rows.length)
        throw new QuarryError('QRY4011', {
          what: `${rows.length - gone} of ${rows.length} old keys were gone already.`,
        });
      const superseded: Record<number, number> = {};
      for (const { batch, fingerprint } of rows)
        if (fingerprint !== REMOVED) superseded[batch] = (superseded[batch] ?? 0) + 1;
      await countKeys(tx, keyspace, -rows.filter(({ fingerprint }) => fingerprint !== REMOVED).length);
      await loseLive(tx, superseded);
    });
    forgotten += rows.length;
  }
}
