import { mkdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../../core/clock.ts';
import type { Dataset } from '../../core/dataset.ts';
import { contextAs } from '../../core/format.ts';
import { silentLog } from '../../core/log.ts';
import type { OpenSink } from '../../core/sink.ts';
import detection from '../../datasets/host-list-detection.ts';
import { makeQidIndex } from '../../inventory/finding/by-qid.ts';
import { registerSink } from '../../outbox/delivery.ts';
import { changeCheckpoint, claimStream } from '../../outbox/streams.ts';
import { openSweep } from '../../outbox/sweep.ts';
import { readFileInto } from '../../qualys/xml/read-file.ts';
import fileSink from '../../sinks/file.ts';
import { deliverOnce } from '../deliver/deliver.ts';
import { scratch } from '../deliver/scratch.ts';
import { INVENTORY, inventoryConsumer, inventoryStore } from '../fold/consumer.ts';
import { holdHeap } from '../heap.ts';
import { silentObserver } from '../observer.ts';
import { openOutbox } from '../open-outbox.ts';
import { epochs } from '../pull/epochs.ts';
import { readRange } from '../pull/page.ts';
import type { FetchAnswer, Stream, Workshop } from '../stream.ts';
import { lineSums } from './sums.ts';

/** Reads a saved answer as if Qualys sent it. */
const fromFile =
  (path: string): FetchAnswer =>
  async (_call, makeReader, hooks) => {
    const end = await readFileInto(path, makeReader(), hooks.onChunk);
    return { end, bytes: end.bytes };
  };

export interface CollectBench {
  readonly longestTransactionMs: number;
  readonly emitted: number;
}

/** What the inventory takes. */
export interface Folding {
  readonly inventory: boolean;
  /** RESULTS of findings too. */
  readonly results: boolean;
}

/**
 * The whole collector over one saved answer: staging, key table, outbox, delivery to a sink, each step as in a pull.
 * The pull is a full one into an empty data directory; with `inventory` it is folded as well,
 * with `results` RESULTS of findings too.
 */
export async function collectFile(
  facts: Dataset,
  options: unknown,
  path: string,
  dataDir: string,
  sink: OpenSink,
  { inventory, results }: Folding = { inventory: false, results: false },
): Promise<CollectBench> {
  const outbox = await openOutbox({ dataDir }, Date.now());
  try {
    const workshop: Workshop = {
      outbox,
      clock: systemClock,
      log: silentLog,
      observer: silentObserver,
      mayPull: async () => {},
      appended: () => {},
      neighbours: () => [],
    };
    const identity = { tenant: 'bench', subscription: 'bench', connection: 'bench', dataset: facts.name };
    const sinks = ['bench', ...(inventory ? [INVENTORY] : [])];
    for (const name of sinks) await registerSink(outbox.store, name, () => true, Date.now());
    const claim = await claimStream(outbox.store, identity);
    const id = Date.now();
    const sweep = await openSweep(outbox, claim, 'full', id, '');
    const range = { first: 1, last: null };
    const pull = { id, mode: 'full' as const, scope: '', resume: [range], sweep };
    await changeCheckpoint(outbox.store, claim, () => ({ pull }));
    const stream: Stream = {
      ...identity,
      facts,
      options,
      fetch: fromFile(path),
      principal: 'bench',
      startTime: undefined,
      pageSize: facts.pageSize,
      schedule: { every: 0, sweepIds: undefined, sweepFull: undefined },
      sinks,
    };
    const signal = new AbortController().signal;
    const context = {
      stream,
      workshop,
      claim,
      pull,
      epochs: epochs(facts, claim.unknownFields),
      signal,
      finish: signal,
      live: { records: 0, bytes: 0, onChunk: () => {} },
    };
    // The saved answer may name a next page that is not there: one page is the whole.
    const page = await readRange(context, { range, pageSize: facts.pageSize });
    const running = { name: 'bench', open: sink, batchBytes: 8 << 20, contextAs: () => contextAs(facts.format) };
    const buffers = scratch();
    while ((await deliverOnce(workshop, running, signal, buffers)).batches > 0);
    if (inventory) {
      const consumer = inventoryConsumer(outbox, () => results);
      for (;;) {
        const { batches, failed } = await deliverOnce(workshop, consumer, signal, buffers);
        if (failed !== undefined) throw new Error(failed);
        if (batches === 0) break;
      }
      // The pull of a saved answer never ends, which is what would have made it.
      await makeQidIndex(inventoryStore(outbox));
    }
    return { longestTransactionMs: outbox.store.longestTransactionMs(), emitted: page.emitted };
  } finally {
    await outbox.close();
  }
}

export interface CollectFigures {
  readonly records: number;
  readonly checksum: string;
  readonly longestTransactionMs: number;
  readonly longestStallMs: number;
}

/** `quarry bench collect`: a saved host list detection answer through everything, to the file sink and the inventory; sums over what the sink received. */
export async function benchCollect(path: string, dataDir: string, folding: Folding): Promise<CollectFigures> {
  holdHeap();
  await mkdir(dataDir, { recursive: true });
  const stalls = monitorEventLoopDelay({ resolution: 5 });
  stalls.enable();
  const sums = lineSums();
  const files = await fileSink.open(fileSink.config.parse({ path: 'out' }), {
    name: 'bench',
    baseDir: dataDir,
    format: 'raw',
  });
  const sink: OpenSink = {
    ...files,
    write: (batches, signal) => {
      for (const batch of batches) sums.add(batch.bytes, batch.ends);
      return files.write(batches, signal);
    },
  };
  try {
    const { longestTransactionMs } = await collectFile(
      detection,
      detection.options.parse({}),
      path,
      dataDir,
      sink,
      folding,
    );
    return { records: sums.records, checksum: sums.checksum, longestTransactionMs, longestStallMs: stalls.max / 1e6 };
  } finally {
    await files.close();
    stalls.disable();
  }
}
