import type { Batch, Outcome } from '../../core/sink.ts';
import { type MessageForm, messagesOf, tooLong } from './messages.ts';

/** Events `from` to before `to` of one batch, as bytes to be sent together. */
export interface Chunk {
  readonly batch: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

/** Outcomes by batch and event; what is not known is not there yet. */
export type Outcomes = (Outcome | undefined)[][];

/**
 * Batches cut into chunks of at least `size()` bytes, or to the end of a batch. An event whose message is too long gets its outcome
 * here and stands in no chunk's bytes.
 */
export function* chunksOf(
  batches: readonly Batch[],
  form: MessageForm,
  outcomes: Outcomes,
  size: () => number,
): Generator<Chunk, void> {
  for (const [b, batch] of batches.entries()) {
    for (let from = 0, i = 0; i < batch.count; from = i) {
      const wanted = size();
      const pieces: Buffer[] = [];
      for (let bytes = 0; i < batch.count && bytes < wanted; i++) {
        const messages = messagesOf(batch, i, form);
        if (typeof messages === 'number') {
          outcomes[b]![i] = tooLong(messages, form.longest);
          continue;
        }
        for (const piece of messages) {
          pieces.push(piece);
          bytes += piece.length;
        }
      }
      yield { batch: b, from, to: i, bytes: Buffer.concat(pieces) };
    }
  }
}

/** One outcome per batch where all its events fared alike, else one per event; unknown ones are to be tried again. */
export function answerOf(outcomes: Outcomes, reason: string): (Outcome | readonly Outcome[])[] {
  const again: Outcome = { retry: reason };
  return outcomes.map((all) => {
    const known = Array.from(all, (one) => one ?? again);
    return known.every((one) => one === known[0]) ? (known[0] ?? 'delivered') : known;
  });
}
