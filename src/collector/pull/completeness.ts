import type { Format } from '../../core/format.ts';
import { rootOf } from '../../core/format.ts';
import { dropSweeps } from '../../outbox/streams.ts';
import { createReader } from '../../qualys/reader.ts';
import { countIn } from '../check/check-probe.ts';
import { nameOf } from '../stream.ts';
import type { PullContext } from './page.ts';
import { patiently } from './patience.ts';

/** How many objects a full reading found, Qualys counts, and Qualys counts as changed since the reading began. */
export interface Counted {
  readonly read: number;
  readonly counted: number;
  readonly changed: number;
}

/** A count is an object without records. */
const COUNT: Format = { kind: 'json', records: 'data', fields: [] };
const COUNT_TRIES = 4;

/**
 * Holds a full reading against Qualys's own count, where there is one. Where they differ by more than what changed
 * meanwhile, that is logged and returned; where answers were cut short, nothing is concluded about what they lacked: the
 * sweep is dropped, and the next one is due an interval later. Three values are asked for one after the other, so that
 * what changes in between makes the difference smaller than it is, never larger.
 */
export async function completeness(
  context: PullContext,
  stop: AbortSignal,
): Promise<(Counted & { short: boolean }) | undefined> {
  const { stream, workshop, claim, pull, signal } = context;
  const { facts, options } = stream;
  const count = facts.count?.bind(facts);
  if (pull.mode !== 'full' || pull.sweep === undefined || count === undefined) return undefined;
  const ask = (since?: string): Promise<number> =>
    patiently(workshop, stream, stop, COUNT_TRIES, async () => {
      const reader = () => createReader(COUNT, { record: () => {} });
      const { end } = await stream.fetch(count(options, since), reader, { signal, expectRoot: rootOf(COUNT) });
      return countIn(end.envelope);
    });
  const counted = await ask();
  const changed = await ask(pull.serverStart ?? new Date(pull.id).toISOString());
  const read = await known(context);
  if (Math.abs(read - counted) <= changed) return undefined;
  const short = read < counted;
  workshop.log[short ? 'error' : 'warn'](
    short
      ? 'Qualys counts more objects than its answers held: nothing is concluded about those that were missing'
      : 'Qualys counts fewer objects than its answers held',
    { stream: nameOf(stream), read, counted, changed },
  );
  if (short) await dropSweeps(workshop.outbox.store.db, claim.stream);
  return { read, counted, changed, short };
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
