import { asQuarryError } from '../../core/errors.ts';
import { askedFor, wantedNow } from '../../inventory/knowledge/wanted.ts';
import { maybePoison } from '../pull/isolation.ts';
import { type PullContext, readPage } from '../pull/page.ts';
import { patiently } from '../pull/patience.ts';
import { count } from '../pull/ranges.ts';
import type { Tally } from '../report.ts';
import { nameOf } from '../stream.ts';
import { inventoryStore } from './consumer.ts';
import { fillEmptyTable } from './filling.ts';

/** QIDs asked for in one call; Qualys takes more, other clients ask for 100 to 1000. */
const AT_ONCE = 500;
const TRIES = 2;

/**
 * Reads the QIDs that were looked for and are not in the inventory, by id, whatever their dates. A pull without a bound
 * in time reads everything and needs none of this. What cannot be read, and what Qualys does not know, waits a day.
 */
export async function readWanted(context: PullContext, stop: AbortSignal, tally: Tally): Promise<void> {
  const { workshop, stream, pull } = context;
  if (stream.dataset !== 'knowledge_base' || pull.since === undefined) return;
  await fillEmptyTable(context, stop);
  const { tenant, subscription } = stream;
  const store = inventoryStore(workshop.outbox);
  const wanted = await wantedNow(store, tenant, subscription, workshop.clock.now());
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const ids = wanted.slice(at, at + AT_ONCE);
    const request = { target: { step: { ids } }, pageSize: stream.pageSize, everything: true };
    try {
      count(tally, await patiently(workshop, stream, stop, TRIES, () => readPage(context, request)));
    } catch (thrown) {
      const error = asQuarryError(thrown);
      if (stop.aborted || !maybePoison(error)) throw thrown;
      workshop.log.warn('wanted QIDs could not be read', {
        stream: nameOf(stream),
        qids: ids.length,
        code: error.code,
        what: error.message,
      });
    }
    await askedFor(store, tenant, subscription, ids, workshop.clock.now());
  }
}
