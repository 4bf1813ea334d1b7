import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint, OpenPull } from '../../core/checkpoint.ts';
import type { KeyPart, PageAnswer } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { type AnswerReader, contextAs, rootOf } from '../../core/format.ts';
import type { IdRange } from '../../core/range.ts';
import type { Flag, RecordHandler, RecordView } from '../../core/words.ts';
import { appendPage } from '../../outbox/append.ts';
import { type IdMaker, idMaker } from '../../outbox/identity.ts';
import { keyTable } from '../../outbox/known.ts';
import { RepeatedKeyError } from '../../outbox/occurrence.ts';
import type { StagedPage } from '../../outbox/staged.ts';
import { type Page, stagePage } from '../../outbox/staging.ts';
import { type ClaimedStream, rememberFields } from '../../outbox/streams.ts';
import { cutField } from '../../pipeline/cut.ts';
import { fingerprinter } from '../../pipeline/fingerprint.ts';
import { keyJson, keyReader } from '../../pipeline/key.ts';
import { obfuscatedView } from '../../pipeline/obfuscated-view.ts';
import { createReader } from '../../qualys/reader.ts';
import { namedQids } from '../fold/named-qids.ts';
import type { Stream, Workshop } from '../stream.ts';
import { readBeside } from './beside.ts';
import type { Epochs } from './epochs.ts';
import { following, type Target } from './target.ts';

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
  readonly target: Target;
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
  /** What remains of the target; undefined when it is read to its end. */
  readonly rest: Target | undefined;
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

export interface RangeRequest extends Omit<PageRequest, 'target'> {
  readonly range: IdRange;
}

export interface RangeResult extends Omit<PageResult, 'rest'> {
  readonly rest: IdRange | undefined;
}

/** The same for a range of ids. */
export async function readRange(context: PullContext, { range, ...request }: RangeRequest): Promise<RangeResult> {
  const { rest, ...result } = await readPage(context, { ...request, target: { range } });
  return { ...result, rest: rest !== undefined && 'range' in rest ? rest.range : undefined };
}

async function attempt(context: PullContext, request: PageRequest, careful: boolean): Promise<PageResult> {
  const { stream, workshop, claim, pull, epochs } = context;
  const { facts } = stream;
  const { store } = workshop.outbox;
  const { target } = request;
  const now = new Date(pull.id).toISOString();
  const step = 'step' in target ? target.step : undefined;
  const sweep =
    pull.mode === 'full' && pull.sweep !== undefined && request.everything !== true ? pull.sweep : undefined;
  const page = stagePage(
    {
      ...keyTable(store, claim.keyspace),
      ordered: facts.order === 'id',
      log: facts.kind === 'log',
      counted: facts.key.at(-1)?.from === 'occurrence',
      pull: pull.id,
      id: obfuscatedId(idMaker(stream.tenant, stream.subscription, stream.dataset), stream.obfuscation?.mark),
      keyJson: (lead, key) => keyJson(facts, { lead, key }),
      form: epochs.form,
      sameInOlderForm: epochs.sameInOlderForm,
      newSegment: workshop.outbox.newSegment,
    },
    {
      careful,
      ...(sweep === undefined ? {} : { sweep: { before: pull.id, from: 'range' in target ? target.range.first : 0 } }),
      ...(step?.counts === undefined ? {} : { counts: step.counts }),
    },
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
    const part = step?.part;
    const partTime = part === undefined ? undefined : pull.parts?.[part];
    const readKey = keyReader(facts, part, partTime);
    const before = partInRecord(facts.key, part);
    const skips = facts.skips?.(stream.options, stream.principal, now);
    let unfinished: string | undefined;
    const cut = facts.heavy?.cut(stream.options);
    const extra: readonly Flag[] = request.withoutResults === true ? ['results_missing'] : [];
    const { obfuscation } = stream;
    const qids = namedQids(stream, workshop);
    const hidden = obfuscation === undefined ? undefined : obfuscatedView(obfuscation.record, obfuscation.context);
    const hiddenOuter = obfuscation === undefined ? undefined : obfuscatedView(obfuscation.context);
    const handler: RecordHandler = {
      record: (given) => {
        if (skips?.(given) === true) return;
        const view = hidden === undefined ? given : hidden(given);
        mine.records++;
        live.records++;
        const start = page.reserve(view.maxBytes + before.length);
        let end = view.write(page.buffer, start + before.length);
        // The fingerprint is of the whole record: a change behind a cut is a change.
        const print = fingerprint(view, page.buffer);
        const { lead, key } = readKey(view, print);
        qids?.see(given, key);
        if (facts.unfinished?.is(given) === true) unfinished = earlier(unfinished, given.text(facts.unfinished.time));
        const version = facts.version === undefined ? undefined : given.text(facts.version);
        let time = view === given && facts.time[0] === facts.version ? version : undefined;
        for (let i = 0; time === undefined && i < facts.time.length; i++) time = shownTime(given, view, facts.time[i]!);
        let flags = extra.length === 0 ? view.flags : [...view.flags, ...extra];
        time ??= partTime;
        if (before.length > 0) end = putBefore(page.buffer, start, end, before);
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
    if (contextAs(facts.format) !== undefined) {
      handler.outer = (given) => {
        const view = hiddenOuter === undefined ? given : hiddenOuter(given);
        const start = page.reserve(view.maxBytes);
        page.outer(start, view.write(page.buffer, start));
      };
    }
    workshop.observer.phase('download');
    const join = await readBeside(stream, workshop.log, context.signal);
    const call = facts.records(stream.options, {
      ...target,
      now,
      pageSize: request.pageSize,
      ...(pull.since === undefined || request.everything === true ? {} : { since: pull.since }),
      ...(request.withoutResults === true ? { withoutResults: true } : {}),
    });
    const answer = await stream.fetch(call, () => counted(createReader(facts.format, join(handler)), count), {
      signal: context.signal,
      expectRoot: rootOf(facts.format),
      onChunk: () => {
        live.onChunk();
        return page.ready();
      },
    });
    const { highest } = page;
    const seen = { end: answer.end, nextParams: answer.nextParams, highest, pageSize: request.pageSize };
    await qids?.note();
    workshop.observer.phase('stage');
    const { staged, rest } = await finished(page, target, seen, facts);
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
      bodies: workshop.outbox.bodies,
      advance: (before) => advanced(before, target, rest, serverTime, unfinished),
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

/**
 * Under other rules an event is another one, also where they only reach what is outside the fingerprint: a sink that keeps
 * one event for each id would keep the readable one.
 */
const obfuscatedId = (id: IdMaker, mark: string | undefined): IdMaker =>
  mark === undefined ? id : (lead, key, fingerprint, version) => id(lead, key, `${fingerprint}~${mark}`, version);

/** A time of the record; none where it was made unreadable. */
function shownTime(given: RecordView, shown: RecordView, field: string): string | undefined {
  const time = given.text(field);
  return shown === given || shown.text(field) === time ? time : undefined;
}

/** The same reader, telling how many bytes it is given. */
const counted = (reader: AnswerReader, count: (bytes: number) => void): AnswerReader => ({
  write: (chunk) => {
    count(chunk.length);
    reader.write(chunk);
  },
  end: () => reader.end(),
});

/** The object a step reads, as the first member of each record; empty where there is none. */
function partInRecord(key: readonly KeyPart[], part: string | undefined): Buffer {
  const field = key.find(({ from }) => from === 'part')?.field;
  if (part === undefined || field === undefined) return Buffer.alloc(0);
  return Buffer.from(`{${JSON.stringify(field)}:${JSON.stringify(part)}`);
}

/** Joins what stands in front of a written record with it; returns where it ends. */
function putBefore(buffer: Buffer, start: number, end: number, before: Buffer): number {
  before.copy(buffer, start);
  const open = start + before.length;
  if (end - open > 2) buffer[open] = 0x2c;
  else buffer[open] = 0x7d;
  return end - open > 2 ? end : open + 1;
}

/** Ends a page's staging, and says what remains of its target. */
async function finished(
  page: Page,
  target: Target,
  answer: PageAnswer,
  facts: Stream['facts'],
): Promise<{ staged: StagedPage; rest: Target | undefined }> {
  const rest = following(facts, target, answer);
  if ('range' in target) {
    const behind = rest !== undefined && 'range' in rest ? rest.range.first : undefined;
    return { staged: await page.finish(behind === undefined ? target.range.last : behind - 1), rest };
  }
  const staged = await page.finish();
  if (rest === undefined || !('step' in rest)) return { staged, rest };
  const counts = staged.edge();
  return { staged, rest: counts === undefined ? rest : { step: { ...rest.step, counts } } };
}

const earlier = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

/** The checkpoint once a page is in: its target gives way to the rest, and the earliest page's time is kept. */
export function advanced(
  before: Checkpoint,
  target: Target,
  rest: Target | undefined,
  serverTime: string | undefined,
  unfinished: string | undefined,
): Checkpoint {
  const { pull } = before;
  if (pull === undefined) return before;
  const said = {
    // Of pages read at once, the earliest answer speaks for all.
    ...withTime('serverStart', earlier(pull.serverStart, serverTime)),
    ...withTime('unfinished', earlier(pull.unfinished, unfinished)),
  };
  if ('range' in target) {
    const { first, last } = target.range;
    const by = rest !== undefined && 'range' in rest ? [rest.range] : [];
    const resume = pull.resume.flatMap((one) => (one.first === first && one.last === last ? by : [one]));
    return { ...before, pull: { ...pull, resume, ...said } };
  }
  // Single objects are read aside, by ids, also by a pull that has no steps.
  if (pull.steps === undefined) return before;
  const by = rest !== undefined && 'step' in rest ? [rest.step] : [];
  const steps = pull.steps.flatMap((one) => (isDeepStrictEqual(one, target.step) ? by : [one]));
  return { ...before, pull: { ...pull, steps, ...said } };
}

const withTime = <Name extends string>(name: Name, time: string | undefined) =>
  (time === undefined ? {} : { [name]: time }) as { readonly [name in Name]?: string };
