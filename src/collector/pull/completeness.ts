/**
 * Whether a complete reading is complete, by what Qualys itself says there is. Data sets differ in what it says:
 * - `count`: a call that counts all objects, and those changed since the reading began. Where answers held fewer objects,
 *   by more than what changed, they were cut short: the sweep concludes nothing, and the next is due an interval later.
 * - `ids`: a list of all ids, taken before and after. What an answer lacks and the list after it has is there: the sweep
 *   does not take it for gone, and goes on with the rest.
 * - neither: the reading speaks for itself.
 */
import { type Format, rootOf } from '../../core/format.ts';
import { dropSweeps } from '../../outbox/streams.ts';
import { createReader } from '../../qualys/reader.ts';
import { countIn } from '../check/check-probe.ts';
import type { Counted } from '../report.ts';
import { nameOf } from '../stream.ts';
import { fetchIds, type IdList, listsItself } from './ids.ts';
import type { PullContext } from './page.ts';
import { patiently } from './patience.ts';
import { quarantinedIds } from './quarantined.ts';

/** A count is an object without records: in JSON of its own form, in XML of the form of all answers. */
const formOf = (format: Format): Format =>
  format.kind === 'json' ? { kind: 'json', records: 'data', fields: [] } : format;
const TRIES = 4;
/** Objects found absent that are looked at in one go, and ids in one statement. */
const CHUNK = 5000;
const AT_ONCE = 500;

/**
 * Holds a full reading against Qualys's own count, where there is one. Three values are asked for one after the other, so
 * that what changes in between makes the difference smaller than it is, never larger.
 */
export async function againstCount(context: PullContext, stop: AbortSignal): Promise<Counted | undefined> {
  const { stream, workshop, claim, pull, signal } = context;
  const { facts, options } = stream;
  const count = facts.count?.bind(facts);
  if (pull.mode !== 'full' || pull.sweep === undefined || count?.(options) === undefined) return undefined;
  const format = formOf(facts.format);
  const ask = (since?: string): Promise<number> =>
    patiently(workshop, stream, stop, TRIES, async () => {
      const reader = () => createReader(format, { record: () => {} });
      const { end } = await stream.fetch(count(options, since)!, reader, { signal, expectRoot: rootOf(format) });
      return countIn(end.envelope);
    });
  const counted = await ask();
  const changed = await ask(pull.serverStart ?? new Date(pull.id).toISOString());
  const read = await known(context);
  const aside = (await quarantinedIds(workshop.outbox, claim)).length;
  const short = read + aside < counted - changed;
  if (short || read > counted + changed)
    workshop.log[short ? 'error' : 'warn'](
      short
        ? 'Qualys counts more objects than its answers held: nothing is concluded about those that were missing'
        : 'Qualys counts fewer objects than its answers held',
      { stream: nameOf(stream), read, counted, changed },
    );
  if (short) await dropSweeps(workshop.outbox.store.db, claim.stream);
  return { by: 'count', read, counted, changed, short };
}

/** Holds a sweep whose absences are noted against the ids Qualys lists now: `after`, where they are known already. */
export async function againstIds(
  context: PullContext,
  stop: AbortSignal,
  after?: IdList,
): Promise<Counted | undefined> {
  const { stream, workshop, pull, signal } = context;
  if (pull.sweep === undefined || !listsItself(stream.facts)) return undefined;
  const ids = after ?? (await patiently(workshop, stream, stop, TRIES, () => fetchIds(stream, signal)));
  const read = await known(context);
  const missed = after === undefined ? await keepListed(context, ids) : 0;
  if (missed > 0)
    workshop.log.error('Qualys lists objects that its answers did not hold: they are not taken for gone', {
      stream: nameOf(stream),
      objects: missed,
    });
  const changed = pull.listed === undefined ? 0 : Math.abs(pull.listed - ids.count);
  return { by: 'ids', read, counted: ids.count, changed, short: missed > 0 };
}

/** Strikes what is listed from the sweep's absences; returns how many objects that were. */
async function keepListed({ workshop, pull }: PullContext, { first, last }: IdList): Promise<number> {
  const { db } = workshop.outbox.store;
  let at = 0;
  let struck = 0;
  for (let above = -1; ; ) {
    const rows = await db
      .selectFrom('absence')
      .select('lead')
      .distinct()
      .where('sweep', '=', pull.sweep!)
      .where('lead', '>', above)
      .orderBy('lead')
      .limit(CHUNK)
      .execute();
    const listed = rows
      .map(({ lead }) => Number(lead))
      .filter((lead) => {
        while (at < last.length && last[at]! < lead) at++;
        return at < first.length && first[at]! <= lead;
      });
    struck += listed.length;
    for (let i = 0; i < listed.length; i += AT_ONCE)
      await db
        .deleteFrom('absence')
        .where('sweep', '=', pull.sweep!)
        .where('lead', 'in', listed.slice(i, i + AT_ONCE))
        .execute();
    if (rows.length < CHUNK) return struck;
    above = Number(rows.at(-1)!.lead);
  }
}

/** Keys that this reading saw: all that are known less those it found absent. Holds over a restart, as a tally would not. */
async function known({ workshop, claim, pull }: PullContext): Promise<number> {
  const { db } = workshop.outbox.store;
  const all = await db
    .selectFrom('known_key')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('keyspace', '=', claim.keyspace)
    .where('fingerprint', '<>', '-')
    .executeTakeFirstOrThrow();
  const absent = await db
    .selectFrom('absence')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('sweep', '=', pull.sweep!)
    .executeTakeFirstOrThrow();
  return Number(all.n) - Number(absent.n);
}
