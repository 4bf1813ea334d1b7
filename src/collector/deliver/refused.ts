import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';

/** Events refused one by one before it is taken for the sink's trouble rather than theirs. */
const MOST_ALONE = 20;

/**
 * Writes batches, and cuts each that is refused whole in halves until the event at fault stands alone, so that only it is
 * parked. Where events are refused alone again and again and none is taken, it is not they: what is left of the batch
 * waits and is tried again. Parts are named after their batch and place, the same each time.
 */
export async function writeApart(
  sink: OpenSink,
  batches: readonly Batch[],
  signal: AbortSignal,
): Promise<(Outcome | readonly Outcome[] | undefined)[]> {
  const answered = await sink.write(batches, signal);
  const outcomes: (Outcome | readonly Outcome[] | undefined)[] = [];
  for (const [i, batch] of batches.entries()) {
    const outcome = answered[i];
    outcomes.push(batch.count > 1 && isRefusal(outcome) ? await halved(sink, batch, signal) : outcome);
  }
  return outcomes;
}

type Refusal = Extract<Outcome, { rejected: string }>;

const isRefusal = (outcome: Outcome | readonly Outcome[] | undefined): outcome is Refusal =>
  typeof outcome === 'object' && 'rejected' in outcome;

async function halved(sink: OpenSink, batch: Batch, signal: AbortSignal): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let refusedAlone = 0;
  let taken = false;
  const middle = (from: number, to: number): number => (from + to + 1) >> 1;
  // Parts still to be written, the first on top.
  const parts = [
    { from: middle(0, batch.count), to: batch.count },
    { from: 0, to: middle(0, batch.count) },
  ];
  let wait: Outcome | undefined;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const { from, to } = part;
    const outcome = wait ?? (await written(sink, partOf(batch, from, to), signal));
    if (isRefusal(outcome) && to - from > 1) {
      parts.push({ from: middle(from, to), to }, { from, to: middle(from, to) });
      continue;
    }
    for (let i = from; i < to; i++) {
      const one: Outcome = Array.isArray(outcome) ? (outcome as readonly Outcome[])[i - from]! : (outcome as Outcome);
      outcomes.push(one);
      if (one === 'delivered') taken = true;
    }
    if (isRefusal(outcome) && ++refusedAlone >= MOST_ALONE && !taken)
      wait = { retry: `${outcome.rejected} (${refusedAlone} events in a row, each alone)` };
    else if (typeof outcome === 'object' && 'retry' in outcome) wait = outcome;
  }
  return outcomes;
}

/** A write that fails settles nothing: the part waits, what was written before it is settled. */
async function written(sink: OpenSink, part: Batch, signal: AbortSignal): Promise<Outcome | readonly Outcome[]> {
  try {
    return (await sink.write([part], signal))[0] ?? { retry: 'the sink did not answer for this batch' };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { retry: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Events [from, to) of a batch as a batch of their own. */
function partOf(batch: Batch, from: number, to: number): Batch {
  const start = from === 0 ? 0 : batch.ends[from - 1]!;
  const { routing } = batch;
  return {
    ...batch,
    id: `${batch.id}/${from}-${to}`,
    count: to - from,
    bytes: batch.bytes.subarray(start, batch.ends[to - 1]),
    ends: batch.ends.slice(from, to).map((end) => end - start),
    eventId: (i) => batch.eventId(from + i),
    seq: (i) => batch.seq(from + i),
    key: (i) => batch.key(from + i),
    change: (i) => batch.change(from + i),
    time: (i) => batch.time(from + i),
    ...(routing === undefined ? {} : { routing: (i: number) => routing(from + i) }),
  };
}
