import type { Config } from '../../config/config.ts';
import { systemClock } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import { contextAs, rootOf } from '../../core/format.ts';
import type { Log } from '../../core/log.ts';
import type { Fields, RecordHandler, RecordView } from '../../core/words.ts';
import { keyReader } from '../../pipeline/key.ts';
import { createGovernor } from '../../qualys/governor.ts';
import { createReader } from '../../qualys/reader.ts';
import { retrying } from '../../qualys/retry.ts';
import { readBeside } from '../pull/beside.ts';
import { listParts } from '../pull/listing.ts';
import { ALL } from '../pull/plan.ts';
import { following, type Target } from '../pull/target.ts';
import type { Stream } from '../stream.ts';
import { clientOf, streamOf } from '../wire.ts';

export interface OneShot {
  readonly config: Config;
  readonly log: Log;
  readonly version: string;
  /** Needed where the configuration has several. */
  readonly connection?: string | undefined;
  readonly dataset: string;
  /** Only what changed since, in Qualys's form. */
  readonly since?: string | undefined;
  /** Records at the most. */
  readonly limit?: number | undefined;
  readonly signal: AbortSignal;
}

const DONE = Symbol('enough records');

/**
 * Reads a data set once, page by page, and hands each record over as the `raw` format shows it; keeps no state.
 * `take` is called for a chunk's records at a time and awaited, so that memory does not grow with a slow reader.
 * A page that fails in the middle is read again; records of it that were handed over already are not repeated.
 */
export async function readOnce(options: OneShot, take: (records: readonly Fields[]) => Promise<void>): Promise<number> {
  const { config, log, signal } = options;
  const connection = connectionOf(options);
  const governor = createGovernor({ clock: systemClock });
  const client = clientOf(connection, config, governor, { clock: systemClock, log, version: options.version });
  try {
    const dataset = connection.datasets.get(options.dataset);
    if (dataset === undefined) {
      const fix = `Data sets are: ${[...connection.datasets.keys()].join(', ')}.`;
      throw new QuarryError('QRY6003', {
        what: `Connection ${connection.id} has no data set ${options.dataset}.`,
        fix,
      });
    }
    const stream = streamOf(connection, dataset, client, config);
    const { facts } = stream;
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    let handed = 0;
    const now = new Date(systemClock.now()).toISOString();
    const { since } = options;
    const join = await readBeside(stream, log, signal);
    const queue = await firstTargets(stream, since, signal);
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const pageSize = Math.min(stream.pageSize, limit);
      const ask = { ...target, now, pageSize, ...(since === undefined ? {} : { since }) };
      const part = 'step' in target ? target.step.part : undefined;
      let handedOfPage = 0;
      let highest: number | undefined;
      const answer = await retrying(
        async () => {
          let skip = handedOfPage;
          let chunk: Fields[] = [];
          const handOver = async (): Promise<void> => {
            const records = chunk.slice(0, limit - handed);
            chunk = [];
            await take(records);
            handed += records.length;
            handedOfPage += records.length;
            if (handed >= limit) throw DONE;
          };
          const readKey = facts.order === 'id' ? keyReader(facts, part) : undefined;
          const collect = collecting(
            contextAs(facts.format),
            (record) => (skip > 0 ? skip-- : chunk.push(stream.obfuscation?.whole(record) ?? record)),
            (view) => {
              if (readKey !== undefined) highest = Math.max(highest ?? 0, readKey(view, '').lead);
            },
          );
          const found = await stream.fetch(
            facts.records(stream.options, ask),
            () => createReader(facts.format, join(collect)),
            {
              signal,
              expectRoot: rootOf(facts.format),
              onChunk: () => (chunk.length === 0 ? undefined : handOver()),
            },
          );
          if (chunk.length > 0) await handOver();
          return found;
        },
        { clock: systemClock, signal, log },
      );
      const rest = following(facts, target, { end: answer.end, nextParams: answer.nextParams, highest, pageSize });
      if (rest !== undefined) queue.unshift(rest);
    }
    return handed;
  } catch (thrown) {
    if (thrown === DONE) return options.limit ?? 0;
    throw thrown;
  } finally {
    await client.close();
  }
}

/** Where reading begins: everything, or the objects that a listing finds. */
async function firstTargets(stream: Stream, since: string | undefined, signal: AbortSignal): Promise<Target[]> {
  const { paging } = stream.facts;
  if (paging.by === 'id') return [{ range: ALL }];
  const pull = { mode: 'incremental' as const, ...(since === undefined ? {} : { since }) };
  const steps =
    paging.parts === undefined
      ? paging.begin(stream.options, { since, now: new Date(systemClock.now()).toISOString() })
      : (await listParts(stream, paging.parts, {}, pull, signal)).steps;
  return steps.map((step) => ({ step }));
}

/** Records as objects, with their context inside. */
function collecting(
  as: string | undefined,
  add: (record: Fields) => void,
  see: (view: RecordView) => void,
): RecordHandler {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  let waiting: Fields[] = [];
  const parse = (view: RecordView): Fields => {
    if (buffer.length < view.maxBytes) buffer = Buffer.allocUnsafe(view.maxBytes * 2);
    return JSON.parse(buffer.toString('utf8', 0, view.write(buffer, 0))) as Fields;
  };
  if (as === undefined)
    return {
      record: (view) => {
        see(view);
        add(parse(view));
      },
    };
  return {
    record: (view) => {
      see(view);
      waiting.push(parse(view));
    },
    outer: (view) => {
      const context = parse(view);
      for (const record of waiting) add({ ...record, [as]: context });
      waiting = [];
    },
  };
}

function connectionOf({ config, connection }: OneShot) {
  const ids = [...config.connections.keys()];
  const id = connection ?? (ids.length === 1 ? ids[0] : undefined);
  const found = id === undefined ? undefined : config.connections.get(id);
  if (found !== undefined) return found;
  const what = id === undefined ? 'There are several connections.' : `There is no connection ${id}.`;
  throw new QuarryError('QRY6003', { what, fix: `Name one with --connection: ${ids.join(', ')}.` });
}
