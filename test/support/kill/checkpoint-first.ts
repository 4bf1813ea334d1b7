/**
 * A broken append, for the control: the checkpoint moves in a transaction of its own, before the events are in. Put in
 * the place of `src/outbox/append.ts` in a child by `sabotage.ts`; the product has no such switch.
 */
import type { Checkpoint } from '../../../src/core/checkpoint.ts';
import { appendEvents, moveCheckpoint, type PageToAppend } from '../../../src/outbox/append.ts';
import type { OutboxSchema } from '../../../src/outbox/schema.ts';
import type { Store } from '../../../src/store/store.ts';

export * from '../../../src/outbox/append.ts';

export async function appendPage(store: Store<OutboxSchema>, append: PageToAppend): Promise<Checkpoint> {
  const { checkpoint, firstSeq } = await store.transaction((tx) => moveCheckpoint(tx, append));
  await store.transaction((tx) => appendEvents(tx, append, firstSeq));
  await append.page.clean();
  return checkpoint;
}
