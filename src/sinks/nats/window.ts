import type { Batch } from '../../core/sink.ts';

/** First and behind-the-last event of each message; an event larger than `most` stands alone. */
export function* messagesOf(batch: Batch, most: number): Generator<[number, number]> {
  let from = 0;
  let start = 0;
  for (let i = 0; i < batch.count; i++) {
    if (batch.ends[i]! - start > most && i > from) {
      yield [from, i];
      from = i;
      start = batch.ends[i - 1]!;
    }
  }
  if (from < batch.count) yield [from, batch.count];
}

export interface Room {
  enter(bytes: number): Promise<void>;
  leave(bytes: number): void;
}

/** Lets in what fits, in order; one that is larger than all the room comes alone. */
export function roomFor(most: { readonly messages: number; readonly bytes: number }): Room {
  let messages = 0;
  let held = 0;
  const waiting: { bytes: number; go: () => void }[] = [];
  const fits = (bytes: number): boolean => messages === 0 || (messages < most.messages && held + bytes <= most.bytes);
  const admit = (bytes: number): void => {
    messages++;
    held += bytes;
  };
  return {
    enter: (bytes) =>
      new Promise((resolve) => {
        if (waiting.length === 0 && fits(bytes)) {
          admit(bytes);
          resolve();
        } else waiting.push({ bytes, go: resolve });
      }),
    leave: (bytes) => {
      messages--;
      held -= bytes;
      while (waiting.length > 0 && fits(waiting[0]!.bytes)) {
        const next = waiting.shift()!;
        admit(next.bytes);
        next.go();
      }
    },
  };
}
