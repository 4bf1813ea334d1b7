/**
 * Staging: from the records of one page to bodies on disk and a short list of what the key table must learn.
 *
 * Records arrive synchronously while an answer is read and are gathered in blocks (`blocks.ts`). A full block is decided
 * off the reader's path: one look-up tells which keys are known, and each record is new, updated or unchanged. Unchanged
 * ones end here; the others get their id and go to the page's segment. What the key table must learn is kept in columns,
 * beyond some hundreds in a file beside the segment, so that memory does not grow with the page.
 *
 * Nothing here is visible: `appendPage` makes it so, in one transaction that checks that no key decided on has changed
 * meanwhile. Invariants: at most two blocks exist at a time (one filling, one being decided; while many pages are read,
 * one that takes turns); blocks are decided in order; events lie in the segment in the order of the answer.
 *
 * Two records with one key: equal ones count once; different ones are both kept, the later under the key with an
 * occurrence number and flagged. Keys are remembered while their leading id lasts, which is enough for answers in
 * order; an id that comes back later in the page throws `RepeatedKeyError`, and the page is staged again with `careful`,
 * which remembers all keys.
 */
import { rm } from 'node:fs/promises';
import type { Flag, Keyed } from '../core/words.ts';
import { BLOCK_BYTES, BLOCK_RECORDS, type Block, blocksOfPage, type Entry } from './blocks.ts';
import { type IdMaker, REMOVED, versionOf } from './identity.ts';
import { type KeyTable, type KnownRow, knownByKey, knownByRange } from './known.ts';
import { type Counts, counting, occurrences, type Place } from './occurrence.ts';
import { createSegment, type Group, type SegmentWriter } from './segment.ts';
import { newChanges, type SpilledChanges, type StagedBatch, type StagedPage, spillTo } from './staged.ts';
import type { KeyPlace } from './walk.ts';

/** What staging needs to know of its stream; constant for a pull. */
export interface StagingContext extends KeyTable {
  /** Answers are in the order of the leading ids. */
  readonly ordered: boolean;
  /** A log: what is known is unchanged, whatever it says. */
  readonly log: boolean;
  /** Rows have no id: equal ones are told apart by their number. */
  readonly counted: boolean;
  readonly pull: number;
  readonly id: IdMaker;
  /** A key's parts as a JSON array. */
  readonly keyJson: (lead: number, key: string) => string;
  /** The canonical form fingerprints have now. */
  readonly form: () => number;
  /** True when the record is what a row of an older form says, but for what came with later forms. */
  readonly sameInOlderForm: (record: string, form: number, fingerprint: string) => boolean;
  /** A path for this page's segment, unused so far. */
  readonly newSegment: () => string;
}

/** Events of one batch: enough that a write to a sink is worth it, few enough to hold in memory when shaped. */
const BATCH_BYTES = 2 << 20;
const BATCH_EVENTS = 5000;
/** Changes kept in memory before they go to a file: each trip there and to the database is paid for in thread switches. */
const SPILL_AT = 800;

export interface StagingOptions {
  /** Remember all keys of the page, for answers that come back to an id. */
  readonly careful: boolean;
  /**
   * The page is part of a sweep that began at `before` (pull id) and reads ids from `from` on: known keys of its range
   * that it does not hold are absent, unless something wrote them since.
   */
  readonly sweep?: { readonly before: number; readonly from: number };
  /** Counts at the edge of the answer before this one, where rows are counted. */
  readonly counts?: Counts;
}

export interface Page {
  /** Where to write the next record: at least `bytes` are free from the position returned, in `buffer`. */
  reserve(bytes: number): number;
  readonly buffer: Buffer;
  /** The highest leading id so far. */
  readonly highest: number | undefined;
  record(keyed: Keyed, start: number, end: number): void;
  /** The outer element around the records since the last call, as JSON. */
  outer(start: number, end: number): void;
  /** Back-pressure: to be awaited between chunks when defined. */
  ready(): Promise<void> | undefined;
  /** `coveredTo`: in a sweep, the last id this page speaks for; null without bound. */
  finish(coveredTo?: number | null): Promise<StagedPage>;
  /** Removes what was staged, unless it was handed over to a transaction. */
  abandon(): Promise<void>;
}

/** Leads and keys of a block's records as the table has them; twice the same record is asked for once. */
function lookedUp(entries: readonly Entry[], placed: readonly (Place | undefined)[]): KeyPlace[] {
  const asked: KeyPlace[] = [];
  for (let i = 0; i < entries.length; i++) {
    const { keyed } = entries[i]!;
    const place = placed[i];
    if (keyed === undefined || place === undefined) continue;
    asked.push(place.key === keyed.key ? keyed : { lead: keyed.lead, key: place.key });
  }
  return asked;
}

/** Nearly every time is plain ASCII without anything JSON escapes. */
const timeJson = (time: string): string => (/^[\d:TZ.+-]*$/.test(time) ? `"${time}"` : JSON.stringify(time));

export function stagePage(context: StagingContext, options: StagingOptions = { careful: false }): Page {
  const blocks = blocksOfPage();
  let block = blocks.first;
  let spare: Block | undefined;
  let deciding: Promise<void> | undefined;
  let failure: unknown;
  let segment: SegmentWriter | undefined;
  let segmentPath: string | undefined;
  let spilled: SpilledChanges | undefined;
  /** Who may remove the segment: the page, nobody while a COMMIT may name it, nobody once batches do. */
  let owner: 'page' | 'transaction' | 'outbox' = 'page';
  let changes = newChanges();
  const batches: StagedBatch[] = [];
  let highest: number | undefined;
  let group: Group | undefined;
  let groupsOfOuter: Group[] = [];
  const counted = context.counted ? counting(options.counts) : undefined;
  const places = counted ?? occurrences(context.ordered, options.careful);
  // Without an order there is no range to merge with: what a sweep saw unchanged is noted instead.
  const table =
    options.sweep === undefined || !context.ordered
      ? knownByKey(context, context.ordered, options.careful)
      : knownByRange(context, options.sweep, options.careful, noteAbsent);
  const noteSeen = options.sweep !== undefined && !context.ordered;
  const counts = { received: 0, unchanged: 0, emitted: 0, duplicateKeys: 0, bytes: 0 };

  async function decide(current: Block): Promise<void> {
    // Placed before they are looked up: a key's number among equal or differing records is part of it.
    const placed = current.entries.map(({ keyed }) => (keyed === undefined ? undefined : places.place(keyed)));
    const rows = await table.rowsFor(lookedUp(current.entries, placed));
    for (let i = 0; i < placed.length; i++) {
      const { keyed, start, end } = current.entries[i]!;
      if (keyed === undefined) endOuter(current.buffer, start, end);
      else decideRecord(rows, keyed, placed[i], current.buffer, start, end);
      if (segment?.full === true) await segment.flush();
    }
    await noteAbsent(table.unmatched());
    current.used = 0;
    current.records = 0;
    current.entries = [];
    spare = current;
  }

  /** Takes keys the sweep found absent; afterwards there is room for the changes of another block. */
  async function noteAbsent(rows: readonly KnownRow[]): Promise<void> {
    for (const { lead, key } of rows) {
      changes.absent.lead.push(lead);
      changes.absent.key.push(key);
    }
    if (waiting() > SPILL_AT) await spill();
  }

  function decideRecord(
    rows: ReadonlyMap<string, KnownRow>,
    keyed: Keyed,
    place: Place | undefined,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    counts.received++;
    if (place === undefined) {
      counts.unchanged++;
      return;
    }
    if (place.duplicate) counts.duplicateKeys++;
    const name = rows.size === 0 ? '' : `${keyed.lead}\t${place.key}`;
    const row = rows.get(name);
    if (row !== undefined) table.matched(name);
    if (row !== undefined && (context.log || row.fingerprint === keyed.fingerprint)) {
      counts.unchanged++;
      if (noteSeen) saw(keyed.lead, place.key);
      return;
    }
    if (row !== undefined && row.fingerprint !== REMOVED && isAdoption(row, keyed, buffer, start, end)) {
      counts.unchanged++;
      if (noteSeen) saw(keyed.lead, place.key);
      const { adopted } = changes;
      adopted.lead.push(keyed.lead);
      adopted.key.push(place.key);
      adopted.oldFingerprint.push(row.fingerprint);
      adopted.fingerprint.push(keyed.fingerprint);
      return;
    }
    emit(keyed, place, row, buffer, start, end);
  }

  function saw(lead: number, key: string): void {
    changes.seen.lead.push(lead);
    changes.seen.key.push(key);
  }

  function isAdoption(row: KnownRow, keyed: Keyed, buffer: Buffer, start: number, end: number): boolean {
    if (row.form === context.form() || row.version !== (keyed.version ?? null)) return false;
    return context.sameInOlderForm(buffer.toString('utf8', start, end), row.form, row.fingerprint);
  }

  function emit(
    keyed: Keyed,
    place: Place,
    row: KnownRow | undefined,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const { version, latest, changes: changeNumber } = versionOf(keyed.version, row);
    const fresh = row === undefined || row.fingerprint === REMOVED;
    const flags: readonly Flag[] = place.duplicate ? [...keyed.flags, 'duplicate_key'] : keyed.flags;
    const head =
      `${keyed.time === undefined ? '' : `"time":${timeJson(keyed.time)},`}"change":"${fresh ? 'new' : 'updated'}",` +
      `${flags.length === 0 ? '' : `"flags":${JSON.stringify(flags)},`}"key":${context.keyJson(keyed.lead, place.key)},"record":`;
    const batch = currentBatch();
    segment!.event(context.id(keyed.lead, place.key, keyed.fingerprint, version), head, buffer, start, end - 1);
    if (group === undefined) {
      group = { events: 0, contextOffset: 0, contextLength: 0 };
      batch.groups.push(group);
      groupsOfOuter.push(group);
    }
    group.events++;
    const table = row === undefined ? changes.inserts : changes.updates;
    table.lead.push(keyed.lead);
    table.key.push(place.key);
    table.fingerprint.push(keyed.fingerprint);
    table.version.push(latest);
    table.changes.push(changeNumber);
    table.batch.push(batches.length - 1);
    table.event.push(batch.events);
    if (row !== undefined) {
      changes.updates.oldFingerprint.push(row.fingerprint);
      if (row.fingerprint !== REMOVED) changes.superseded[row.batch] = (changes.superseded[row.batch] ?? 0) + 1;
    }
    batch.leadFrom = Math.min(batch.leadFrom, keyed.lead);
    batch.leadTo = Math.max(batch.leadTo, keyed.lead);
    batch.events++;
    counts.emitted++;
  }

  function currentBatch(): StagedBatch {
    const last = batches.at(-1);
    if (last !== undefined && last.events < BATCH_EVENTS && segment!.offset - last.offset < BATCH_BYTES) return last;
    if (last !== undefined) closeBatch(last);
    const range = { leadFrom: Number.MAX_SAFE_INTEGER, leadTo: 0 };
    const batch: StagedBatch = { offset: segment!.offset, length: 0, checksum: 0, events: 0, groups: [], ...range };
    batches.push(batch);
    group = undefined;
    return batch;
  }

  function closeBatch(batch: StagedBatch): void {
    batch.length = segment!.offset - batch.offset;
    batch.checksum = segment!.mark();
  }

  function endOuter(buffer: Buffer, start: number, end: number): void {
    if (groupsOfOuter.length > 0) {
      const { offset, length } = segment!.context(buffer, start, end);
      for (const one of groupsOfOuter) {
        one.contextOffset = offset;
        one.contextLength = length;
      }
    }
    groupsOfOuter = [];
    group = undefined;
  }

  function waiting(): number {
    const { inserts, updates, adopted, absent, seen } = changes;
    return inserts.lead.length + updates.lead.length + adopted.lead.length + absent.lead.length + seen.lead.length;
  }

  async function spill(): Promise<void> {
    spilled ??= spillTo(`${segmentPath ?? context.newSegment()}.keys`);
    await spilled.write(changes);
    changes = newChanges();
  }

  /** Waits for the block that is being decided. */
  async function decided(): Promise<void> {
    await deciding;
    if (failure !== undefined) throw failure;
  }

  function beginDeciding(full: Block): void {
    deciding = (async () => {
      if (segment === undefined) {
        segmentPath = context.newSegment();
        segment = await createSegment(segmentPath);
      }
      await decide(full);
    })().catch((error: unknown) => {
      failure = error;
      spare = full;
    });
  }

  /** Hands the filled block over; resolves when another one, or the same again, may be filled. */
  async function turn(): Promise<void> {
    await decided();
    const next = spare ?? blocks.second();
    spare = undefined;
    beginDeciding(block);
    if (next !== undefined) block = next;
    else {
      await deciding;
      spare = undefined;
    }
  }

  const removeFiles = async (): Promise<void> => {
    if (segmentPath !== undefined && owner === 'page') await rm(segmentPath, { force: true });
    await spilled?.remove();
  };

  return {
    get buffer() {
      return block.buffer;
    },
    get highest() {
      return highest;
    },
    reserve: (bytes) => {
      blocks.reserve(block, bytes);
      return block.used;
    },
    record: (keyed, start, end) => {
      highest = highest === undefined ? keyed.lead : Math.max(highest, keyed.lead);
      block.entries.push({ keyed, start, end });
      block.used = end;
      block.records++;
      counts.bytes += end - start;
    },
    outer: (start, end) => {
      block.entries.push({ keyed: undefined, start, end });
      block.used = end;
    },
    ready: () => (block.used < BLOCK_BYTES && block.records < BLOCK_RECORDS ? undefined : turn()),
    finish: async (coveredTo = null) => {
      await decided();
      if (block.entries.length > 0) beginDeciding(block);
      await decided();
      blocks.end();
      await table.cover(coveredTo);
      const last = batches.at(-1);
      if (last !== undefined) closeBatch(last);
      if (segment !== undefined) {
        if (counts.emitted > 0) await segment.finish();
        else {
          await segment.abandon();
          await rm(segmentPath!, { force: true });
        }
      }
      const rest = changes;
      return {
        ...counts,
        segment: counts.emitted > 0 ? segmentPath : undefined,
        segmentBytes: segment?.offset ?? 0,
        edge: () => counted?.edge(),
        batches,
        changes: async function* () {
          if (spilled !== undefined) yield* spilled.read();
          yield rest;
        },
        handOver: () => {
          if (owner === 'page') owner = 'transaction';
        },
        takeBack: () => {
          if (owner === 'transaction') owner = 'page';
        },
        clean: async () => {
          owner = 'outbox';
          await spilled?.remove();
        },
        discard: removeFiles,
      };
    },
    abandon: async () => {
      await deciding;
      blocks.end();
      await segment?.abandon().catch(() => {});
      await removeFiles();
    },
  };
}
