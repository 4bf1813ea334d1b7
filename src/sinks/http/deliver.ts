/**
 * Batches become requests, and replies become outcomes, one per event.
 *
 * An event is one item, or several where its format makes several records of it; a request carries items of one group,
 * up to a size. Every item ends with exactly one outcome, and an event has the worst of its items': waiting is worse
 * than rejected, rejected worse than delivered. So an event is delivered only when all of it is.
 *
 * Requests go one after another. A reply that is lost leaves the items of that request waiting, and the next one is
 * sent; a second failure in a row, or a destination that says it takes nothing now, ends the write: the rest waits.
 */
import { QuarryError } from '../../core/errors.ts';
import type { Batch, Outcome } from '../../core/sink.ts';

/** One record of an event: the only one, or one of several where its format makes several. */
export interface Line {
  readonly batch: Batch;
  readonly event: number;
  /** The event's id; with `-2`, `-3` … behind it for further records. */
  readonly id: string;
  /** The record, without a line feed. */
  readonly bytes: Buffer;
  /** Where the format says that it belongs, where it says so. */
  readonly route: string | undefined;
  /** 0 for the first record of the event. */
  readonly number: number;
}

/** A record as it stands in a body, in pieces, and what the sink must know of it when the reply comes. */
export interface Part {
  readonly pieces: readonly Buffer[];
}

export interface Item<P extends Part = Part> {
  /** Number of the batch in the write. */
  readonly batch: number;
  readonly event: number;
  readonly part: P;
}

export type Waiting = Extract<Outcome, { readonly retry: string }>;

/** What a reply says about the items of a request. */
export type Answer =
  /** One outcome for all, or one each in their order. */
  | { readonly outcomes: Outcome | readonly Outcome[] }
  /** Some item is refused for good: number `at`, or else the one that stands alone when halves have been sent again. */
  | { readonly refused: string; readonly code: string; readonly at?: number }
  /** Nothing is taken now: these items and all that would follow wait. */
  | { readonly closed: Waiting }
  /** Taken; `finish` says what became of it. */
  | 'open';

export type Settle = (items: readonly Item[], outcomes: Outcome | readonly Outcome[]) => void;

/** How a sink makes requests. */
export interface Plan<P extends Part> {
  readonly maxBytes: number;
  /** At most so many items in a request, where there is a limit. */
  readonly maxItems?: number;
  /** A request holds items of one group only. */
  group(batch: Batch): string;
  part(line: Line): P;
  /** `batch` is the one that the first item is of. */
  send(items: readonly Item<P>[], batch: Batch, signal: AbortSignal): Promise<Answer>;
  /** After the last request: settles what `send` left open. */
  finish?(settle: Settle, signal: AbortSignal): Promise<void>;
}

/** Writes batches. Throws the signal's reason when told to stop; any other failure is an outcome. */
export async function deliver<P extends Part>(
  batches: readonly Batch[],
  plan: Plan<P>,
  signal: AbortSignal,
): Promise<Outcome[][]> {
  const outcomes = batches.map(({ count }) => new Array<Outcome | undefined>(count).fill(undefined));
  let closed: Waiting | undefined;
  let failures = 0;

  const settle: Settle = (items, given) => {
    items.forEach(({ batch, event }, i) => {
      const one = Array.isArray(given) ? (given as readonly Outcome[])[i] : (given as Outcome);
      outcomes[batch]![event] = worse(
        outcomes[batch]![event],
        one ?? { retry: 'the reply does not mention this event' },
      );
    });
  };

  async function send(items: readonly Item<P>[]): Promise<void> {
    signal.throwIfAborted();
    if (closed !== undefined) return settle(items, closed);
    let answer: Answer;
    try {
      answer = await plan.send(items, batches[items[0]!.batch]!, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof QuarryError) || error.next !== 'retry') throw error;
      failures++;
      const lost = { retry: error.message };
      if (failures > 1) closed = lost;
      return settle(items, lost);
    }
    failures = 0;
    if (answer === 'open') return;
    if ('outcomes' in answer) return settle(items, answer.outcomes);
    if ('closed' in answer) {
      closed = answer.closed;
      return settle(items, closed);
    }
    if (items.length === 1) return settle(items, { rejected: answer.refused, code: answer.code });
    const { at } = answer;
    if (at !== undefined && at < items.length) {
      settle([items[at]!], { rejected: answer.refused, code: answer.code });
      return send(items.filter((_, i) => i !== at));
    }
    const middle = items.length >> 1;
    await send(items.slice(0, middle));
    await send(items.slice(middle));
  }

  for (const items of requests(batches, plan)) await send(items);
  await plan.finish?.(settle, signal);
  return outcomes.map((row) => row.map((one) => one ?? { retry: 'not sent' }));
}

function worse(before: Outcome | undefined, now: Outcome): Outcome {
  if (before === undefined || before === 'delivered') return now;
  if (now === 'delivered' || 'retry' in before) return before;
  return 'retry' in now ? now : before;
}

/** The items of all batches in their order, in requests of one group and within the limits; a larger item goes alone. */
function* requests<P extends Part>(batches: readonly Batch[], plan: Plan<P>): Generator<readonly Item<P>[]> {
  const { maxBytes, maxItems = Number.POSITIVE_INFINITY } = plan;
  let items: Item<P>[] = [];
  let size = 0;
  let group = '';
  for (const [number, batch] of batches.entries()) {
    const own = plan.group(batch);
    for (const line of linesOf(batch)) {
      const part = plan.part(line);
      const more = sizeOf(part.pieces);
      if (items.length > 0 && (own !== group || size + more > maxBytes || items.length >= maxItems)) {
        yield items;
        items = [];
        size = 0;
      }
      group = own;
      items.push({ batch: number, event: line.event, part });
      size += more;
    }
  }
  if (items.length > 0) yield items;
}

function* linesOf(batch: Batch): Generator<Line> {
  for (let event = 0; event < batch.count; event++) {
    const id = batch.eventId(event);
    const payload = batch.bytes.subarray(event === 0 ? 0 : batch.ends[event - 1], batch.ends[event]! - 1);
    const routes = batch.routing?.(event);
    for (const [number, bytes] of (routes === undefined ? [payload] : cut(payload)).entries())
      yield { batch, event, id: number === 0 ? id : `${id}-${number + 1}`, bytes, route: routes?.[number], number };
  }
}

function cut(payload: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; ; ) {
    const end = payload.indexOf(10, start);
    lines.push(payload.subarray(start, end < 0 ? payload.length : end));
    if (end < 0) return lines;
    start = end + 1;
  }
}

export const sizeOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** The body of a request: the items' pieces, one after another. */
export const bodyOf = (items: readonly Item[]): Buffer => Buffer.concat(items.flatMap(({ part }) => part.pieces));
