import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import type { Claim } from '../../outbox/append.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { dueAgain, listQuarantined, type Quarantined, release, setAside } from '../../outbox/quarantine.ts';
import type { Tally } from '../report.ts';
import { withoutResults } from './isolate.ts';
import { maybePoison } from './isolation.ts';
import { type PullContext, readRange } from './page.ts';
import { patiently } from './patience.ts';
import { count } from './ranges.ts';

/** Tries of an object that is due again. */
const TRIES = 2;
/** Objects tried again in one pull at the most: they are asked for one by one. */
const AT_ONCE = 20;

/** What is set aside is left out of the ranges of a pull, and read on a schedule of its own. */
export async function quarantinedIds(outbox: Outbox, claim: Claim): Promise<Quarantined[]> {
  return (await listQuarantined(outbox)).filter(({ stream }) => stream === claim.stream);
}

/** Reads what was set aside and is due again, one by one: whole, else without its heavy text, else it stays aside. */
export async function retryQuarantined(context: PullContext, stop: AbortSignal, tally: Tally): Promise<void> {
  const { workshop, claim, stream } = context;
  const { outbox, clock } = workshop;

  async function read({ first, last }: Quarantined, withoutResults: boolean): Promise<QuarryError | undefined> {
    const request = { range: { first, last }, pageSize: stream.pageSize, everything: true, withoutResults };
    try {
      count(tally, await patiently(workshop, stream, stop, TRIES, () => readRange(context, request)));
      return undefined;
    } catch (thrown) {
      if (stop.aborted) throw thrown;
      const error = asQuarryError(thrown);
      if (!maybePoison(error)) throw error;
      return error;
    }
  }

  const due = await dueAgain(outbox, claim.stream, clock.now());
  for (const one of due.slice(0, AT_ONCE)) {
    const error = await read(one, false);
    if (error === undefined) {
      await release(outbox, claim.stream, one);
      workshop.log.info('object in quarantine could be read', { stream: stream.dataset, id: one.first });
      continue;
    }
    const partly = stream.facts.heavy !== undefined && (await read(one, true)) === undefined;
    const reason = partly ? withoutResults(error) : error.message;
    await setAside(outbox, claim.stream, { first: one.first, last: one.last }, error.code, reason, clock.now());
  }
}
