import type { Checkpoint } from '../../core/checkpoint.ts';
import { contextAs } from '../../core/format.ts';
import type { StreamIdentity } from '../../core/words.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { makeQidIndex } from '../../inventory/finding/by-qid.ts';
import { forgetResults } from '../../inventory/finding/results.ts';
import { makeResultsIndex } from '../../inventory/finding/results-index.ts';
import { foldBatches, INVENTORY_DATASETS } from '../../inventory/fold.ts';
import { forgetKnowledge } from '../../inventory/knowledge/retention.ts';
import type { InventorySchema } from '../../inventory/schema.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Store } from '../../store/store.ts';
import type { RunningSink } from '../deliver/deliver.ts';

/** What the inventory is called among the consumers of the outbox: no name a sink can have. */
export const INVENTORY = '#inventory';

/** A consumer's name for people; a sink may itself be called inventory. */
export const titleOf = ({ sink }: { readonly sink: string }): string => (sink === INVENTORY ? '(inventory)' : sink);

/** Whether the inventory takes the events of a stream. */
export const feedsInventory = ({ dataset }: StreamIdentity): boolean => INVENTORY_DATASETS.has(dataset);

/** The tables of the inventory, in the database of the outbox. */
export const inventoryStore = (outbox: Outbox): Store<InventorySchema> =>
  outbox.store as unknown as Store<InventorySchema>;

/**
 * Forgets what the inventory keeps of QIDs that are gone for longer than `retention` (milliseconds), unless an older
 * event still waits for it and could bring one back.
 */
export async function cleanUpInventory(outbox: Outbox, retention: number, now: number): Promise<void> {
  const { oldest } = await outbox.store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .select(({ fn }) => fn.min('batch.created').as('oldest'))
    .where('delivery.sink', '=', INVENTORY)
    .executeTakeFirstOrThrow();
  await forgetKnowledge(inventoryStore(outbox), Math.min(now - retention, Number(oldest ?? now)));
}

/** Whether all findings are folded but for so many batches, and no first reading of them is under way. */
async function isLoaded({ store: { db } }: Outbox, batches: number): Promise<boolean> {
  const sink = await db
    .selectFrom('sink_now')
    .select('pending_batches')
    .where('name', '=', INVENTORY)
    .executeTakeFirst();
  if (sink === undefined || sink.pending_batches > batches) return false;
  const streams = await db
    .selectFrom('stream')
    .select('checkpoint')
    .where('dataset', '=', 'host_list_detection')
    .execute();
  const checkpoints = streams.map(({ checkpoint }) => JSON.parse(checkpoint) as Checkpoint);
  return checkpoints.every(({ pull, watermark }) => pull === undefined || watermark !== undefined);
}

const BATCH_BYTES = 3 * 1024 ** 2;

/**
 * The inventory as one more consumer of the outbox: queued, retried, parked, balanced and waited for like a sink. What
 * the outbox holds when it is first there is folded, too. `keepsResults` may change while it runs.
 */
export function inventoryConsumer(
  outbox: Outbox,
  keepsResults = (): boolean => false,
): RunningSink & { takes: typeof feedsInventory } {
  const store = inventoryStore(outbox);
  let hasIndex = false;
  let hasResultsIndex = false;
  let hasNoResults = false;
  const keeping = async (): Promise<boolean> => {
    const keeps = keepsResults();
    if (!keeps && !hasNoResults) await forgetResults(store);
    hasNoResults = !keeps;
    return keeps;
  };
  const afterFolding = async (batches: number): Promise<void> => {
    const needs = { qids: !hasIndex, results: keepsResults() && !hasResultsIndex };
    if (!(needs.qids || needs.results) || !(await isLoaded(outbox, batches))) return;
    if (needs.qids) await makeQidIndex(store);
    if (needs.results) await makeResultsIndex(store);
    hasIndex = true;
    hasResultsIndex ||= needs.results;
  };
  return {
    name: INVENTORY,
    batchBytes: BATCH_BYTES,
    contextAs: (dataset) => contextAs(datasets.get(dataset)!.format),
    takes: feedsInventory,
    open: {
      check: async () => {},
      write: async (batches) => {
        const outcomes = await foldBatches(store, batches, await keeping());
        await afterFolding(batches.length);
        return outcomes;
      },
      close: () => afterFolding(0),
    },
  };
}
