import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Fields, RecordHandler } from '../core/words.ts';
import { createGovernor } from '../qualys/governor.ts';
import { retrying } from '../qualys/retry.ts';
import { createXmlReader } from '../qualys/xml/reader.ts';
import { ALL } from './plan.ts';
import { clientOf, streamOf } from './wire.ts';

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
    for (let range: { first: number; last: number | null } | undefined = ALL; range !== undefined; ) {
      const call = facts.records(stream.options, {
        range,
        pageSize: Math.min(stream.pageSize, limit),
        ...(options.since === undefined ? {} : { since: options.since }),
      });
      let handedOfPage = 0;
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
          const reader = createXmlReader(
            facts.format,
            collecting(facts.format.inner?.as, (record) => (skip > 0 ? skip-- : chunk.push(record))),
          );
          const found = await stream.fetch(call, () => reader, {
            signal,
            expectRoot: facts.format.root,
            onChunk: () => (chunk.length === 0 ? undefined : handOver()),
          });
          if (chunk.length > 0) await handOver();
          return found;
        },
        { clock: systemClock, signal, log },
      );
      const next: string | undefined = answer.nextParams?.['id_min'];
      range = next === undefined || Number(next) <= range.first ? undefined : { first: Number(next), last: null };
    }
    return handed;
  } catch (thrown) {
    if (thrown === DONE) return options.limit ?? 0;
    throw thrown;
  } finally {
    await client.close();
  }
}

/** Records as objects, with their context inside. */
function collecting(as: string | undefined, add: (record: Fields) => void): RecordHandler {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  let waiting: Fields[] = [];
  const parse = (view: Parameters<RecordHandler['record']>[0]): Fields => {
    if (buffer.length < view.maxBytes) buffer = Buffer.allocUnsafe(view.maxBytes * 2);
    return JSON.parse(buffer.toString('utf8', 0, view.write(buffer, 0))) as Fields;
  };
  if (as === undefined) return { record: (view) => add(parse(view)) };
  return {
    record: (view) => {
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
