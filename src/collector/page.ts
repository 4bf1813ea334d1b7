import type { Checkpoint, OpenPull } from '../core/checkpoint.ts';
import { QuarryError } from '../core/errors.ts';
import type { AnswerReader } from '../core/format.ts';
import type { IdRange } from '../core/range.ts';
import type { Flag, RecordHandler } from '../core/words.ts';
import { appendPage } from '../outbox/append.ts';
import { idMaker } from '../outbox/identity.ts';
import { keyTable } from '../outbox/known.ts';
import { RepeatedKeyError } from '../outbox/occurrence.ts';
import { stagePage } from '../outbox/staging.ts';
import { type ClaimedStream, rememberFields } from '../outbox/streams.ts';
import { cutField } from '../pipeline/cut.ts';
import { fingerprinter } from '../pipeline/fingerprint.ts';
import { keyJson, keyReader } from '../pipeline/key.ts';
import { createXmlReader } from '../qualys/xml/reader.ts';
import type { Epochs } from './epochs.ts';
import type { Stream, Workshop } from './stream.ts';

/** One pull's state that its pages share. */
export interface PullContext {
  readonly stream: Stream;
  readonly workshop: Workshop;
  readonly claim: ClaimedStream;
  readonly pull: OpenPull;
  readonly epochs: Epochs;
  /** Abandon what is under way. */
  readonly signal: AbortSignal;
  /** Begin no more pages. */
  readonly finish: AbortSignal;
  /** Records and bytes read so far by pages under way; `onChunk` hears of changes. */
  readonly live: { records: number; bytes: number; onChunk: () => void };
}

export interface PageRequest {
  readonly range: IdRange;
  readonly pageSize: number;
  /** Ask without RESULTS and flag the records: the last try before quarantine. */
  readonly withoutResults?: boolean;
  /** Read without the incremental bound: a quarantined range that is due again. */
  readonly everything?: boolean;
  /** Records to count as quarantined with this page. */
  readonly quarantined?: number;
}

export interface PageResult {
  readonly received: number;
  readonly emitted: number;
  readonly unchanged: number;
  readonly duplicateKeys: number;
  readonly bytes: number;
  readonly hosts: number;
  /** What remains of the range; undefined when it is read to its end. */
  readonly rest: IdRange | undefined;
  readonly checkpoint: Checkpoint;
}

/**
 * Reads one page of a range and accepts it whole: fetch, split, key, fingerprint, stage, append with the checkpoint.
 * Throws what stood in the way; then nothing of the page is visible and the range is still in `resume`.
 */
export async function readPage(context: PullContext, request: PageRequest): Promise<PageResult> {
  try {
    return await attempt(context, request, false);
  } catch (error) {
    // The answer is not in order of ids, or a key changed under the page: the same again, remembering every key.
    const conflict = error instanceof QuarryError && error.code === 'QRY4011';
    if (!conflict && !(error instanceof RepeatedKeyError)) throw error;
    return attempt(context, request, true);
  }
}

async function attempt(context: PullContext, request: PageRequest, careful: boolean): Promise<PageResult> {
  const { stream, workshop, claim, pull, epochs } = context;
  const { facts } = stream;
  const { store } = workshop.outbox;
  const { range } = request;
  const sweep =
    pull.mode === 'full' && pull.sweep !== undefined && request.everything !== true ? pull.sweep : undefined;
  const page = stagePage(
    {
      ...keyTable(store, claim.keyspace),
      orderedById: facts.orderedById,
      pull: pull.id,
      id: idMaker(stream.tenant, stream.subscription, stream.dataset),
      keyJson: (lead, key) => keyJson(facts, { lead, key }),
      form: epochs.form,
      sameInOlderForm: epochs.sameInOlderForm,
      newSegment: workshop.outbox.newSegment,
    },
    { careful, ...(sweep === undefined ? {} : { sweep: { before: pull.id, from: range.first } }) },
  );
  const { live } = context;
  const mine = { records: 0, bytes: 0 };
  const notLive = (): void => {
    live.records -= mine.records;
    live.bytes -= mine.bytes;
  };
  try {
    const count = (bytes: number): void => {
      mine.bytes += bytes;
      live.bytes += bytes;
    };
    let newFields = false;
    const fingerprint = fingerprinter(facts, (name) => {
      if (epochs.saw(name)) newFields = true;
    });
    const readKey = keyReader(facts);
    const cut = facts.heavy?.cut(stream.options);
    const extra: readonly Flag[] = request.withoutResults === true ? ['results_missing'] : [];
    const handler: RecordHandler = {
      record: (view) => {
        mine.records++;
        live.records++;
        const start = page.reserve(view.maxBytes);
        let end = view.write(page.buffer, start);
        const { lead, key } = readKey(view);
        const version = facts.version === undefined ? undefined : view.text(facts.version);
        let time = facts.time[0] === facts.version ? version : undefined;
        for (let i = 0; time === undefined && i < facts.time.length; i++) time = view.text(facts.time[i]!);
        let flags = extra.length === 0 ? view.flags : [...view.flags, ...extra];
        // The fingerprint is of the whole record: a change behind the cut is a change.
        const print = fingerprint(view, page.buffer);
        if (cut !== undefined && end - start > cut) {
          const shorter = cutField(page.buffer.toString('utf8', start, end), facts.heavy!.field, cut);
          if (shorter !== undefined) {
            end = start + page.buffer.write(shorter, start, 'utf8');
            flags = [...flags, 'results_cut'];
          }
        }
        page.record({ lead, key, fingerprint: print, version, time, flags }, start, end);
      },
    };
    if (facts.format.inner !== undefined) {
      handler.outer = (view) => {
        const start = page.reserve(view.maxBytes);
        page.outer(start, view.write(page.buffer, start));
      };
    }
    workshop.observer.phase('download');
    const call = facts.records(stream.options, {
      range,
      pageSize: request.pageSize,
      ...(pull.since === undefined || request.everything === true ? {} : { since: pull.since }),
      ...(request.withoutResults === true ? { withoutResults: true } : {}),
    });
    const answer = await stream.fetch(call, () => counted(createXmlReader(facts.format, handler), count), {
      signal: context.signal,
      expectRoot: facts.format.root,
      onChunk: () => {
        live.onChunk();
        return page.ready();
      },
    });
    const rest = restOf(range, answer.nextParams, facts.name);
    workshop.observer.phase('stage');
    const staged = await page.finish(rest === undefined ? range.last : rest.first - 1);
    if (newFields) await rememberFields(store, claim.keyspace, epochs.names);
    workshop.observer.phase('commit');
    const serverTime = answer.serverTime === undefined ? undefined : new Date(answer.serverTime).toISOString();
    const checkpoint = await appendPage(store, {
      claim,
      pull: pull.id,
      page: staged,
      quarantined: request.quarantined ?? 0,
      form: epochs.form(),
      sweep,
      sinks: stream.sinks,
      now: workshop.clock.now(),
      advance: (before) => advanced(before, range, rest, serverTime),
    }).catch(async (error: unknown) => {
      await staged.discard();
      throw error;
    });
    workshop.appended();
    const { received, emitted, unchanged, duplicateKeys } = staged;
    return {
      received,
      emitted,
      unchanged,
      duplicateKeys,
      bytes: answer.bytes,
      hosts: answer.end.outer,
      rest,
      checkpoint,
    };
  } catch (error) {
    await page.abandon();
    throw error;
  } finally {
    notLive();
  }
}

/** The same reader, telling how many bytes it is given. */
const counted = (reader: AnswerReader, count: (bytes: number) => void): AnswerReader => ({
  write: (chunk) => {
    count(chunk.length);
    reader.write(chunk);
  },
  end: () => reader.end(),
});

/** The checkpoint once a page of `range` is in: the range gives way to its rest, and the earliest page's time is kept. */
export function advanced(
  before: Checkpoint,
  range: IdRange,
  rest: IdRange | undefined,
  serverTime: string | undefined,
): Checkpoint {
  if (before.pull === undefined) return before;
  const resume = before.pull.resume.flatMap((one) =>
    one.first === range.first && one.last === range.last ? (rest === undefined ? [] : [rest]) : [one],
  );
  // Of pages read at once, the earliest answer speaks for all.
  const { serverStart: earlier } = before.pull;
  const serverStart =
    earlier === undefined || (serverTime !== undefined && serverTime < earlier) ? serverTime : earlier;
  return { ...before, pull: { ...before.pull, resume, ...(serverStart === undefined ? {} : { serverStart }) } };
}

/** Where Qualys says to go on, which must lie behind where this page began. */
function restOf(
  range: IdRange,
  next: Readonly<Record<string, string>> | undefined,
  dataset: string,
): IdRange | undefined {
  if (next === undefined) return undefined;
  const first = Number(next['id_min']);
  if (!Number.isSafeInteger(first) || first <= range.first) {
    throw new QuarryError('QRY2033', {
      what: `The page from id ${range.first} names id ${next['id_min'] ?? '(none)'} as the next.`,
      where: dataset,
    });
  }
  return range.last !== null && first > range.last ? undefined : { first, last: range.last };
}
