/**
 * Looking at what was collected: events are read back from the bodies the outbox still holds (everything for the
 * retention time, then the newest body of each live key), so that what is shown is what sinks were given.
 *
 * Work is bounded: a look reads so many bytes and then answers with a place to go on from, found or not. Places are
 * `batch-event`, which rise; a listing goes down from the newest.
 */
import { join } from 'node:path';
import { contextAs } from '../../core/format.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { groupsFromJson, readBatch, type StoredEvents } from '../../outbox/segment.ts';
import { shapeRaw } from '../../pipeline/shape-raw.ts';

/** Where an event lies. */
export interface Place {
  readonly batch: number;
  readonly event: number;
}

export interface RetainedEvent {
  readonly place: Place;
  /** The event as the `raw` format writes it. */
  readonly line: string;
}

export interface RetainedWanted {
  /** Ids of streams. */
  readonly streams: readonly number[];
  /** Accepted at or after this, and before that; epoch ms. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Of this pull. */
  readonly pull?: number | undefined;
  /** In the event's text, upper and lower case alike. */
  readonly text?: string | undefined;
  /** Only those before this place. */
  readonly before?: Place | undefined;
  /** Only those behind this place: for who follows. */
  readonly after?: Place | undefined;
  readonly limit: number;
}

export interface Retained {
  readonly events: readonly RetainedEvent[];
  /** Where to go on; undefined at the end. */
  readonly next: Place | undefined;
  /** Batches that could not be read back. */
  readonly unreadable: number;
}

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_BATCHES = 400;
const AT_ONCE = 50;

/** Retained events, the newest first. A batch that is gone or damaged is counted and passed over. */
export async function listRetained(outbox: Outbox, wanted: RetainedWanted): Promise<Retained> {
  const events: RetainedEvent[] = [];
  let unreadable = 0;
  let bytes = 0;
  let read = 0;
  let { before } = wanted;
  const needle = wanted.text?.toLowerCase();
  for (;;) {
    const rows = await batches(outbox, wanted, before);
    for (const row of rows) {
      if (bytes >= MOST_BYTES || read >= MOST_BATCHES) return { events, next: before, unreadable };
      bytes += row.length_bytes;
      read++;
      let from = row.id === before?.batch ? before.event : Number.POSITIVE_INFINITY;
      const stored = await readStored(outbox, row);
      if (stored === undefined) unreadable++;
      for (let i = (stored?.count ?? 0) - 1; i >= 0; i--) {
        const event = stored!.number(i);
        if (event >= from) continue;
        if (row.id === wanted.after?.batch && event <= wanted.after.event) break;
        from = event;
        before = { batch: row.id, event };
        const line = lineOf(row, stored!, i);
        if (needle !== undefined && !line.toLowerCase().includes(needle)) continue;
        events.push({ place: before, line });
        if (events.length === wanted.limit) return { events, next: before, unreadable };
      }
      before = { batch: row.id, event: 0 };
    }
    if (rows.length < AT_ONCE) return { events, next: undefined, unreadable };
  }
}

/** One event; undefined where the outbox does not hold it any more. */
export async function retainedEvent(outbox: Outbox, place: Place): Promise<(RetainedEvent & Owner) | undefined> {
  const row = await select(outbox).where('batch.id', '=', place.batch).executeTakeFirst();
  const stored = row === undefined ? undefined : await readStored(outbox, row);
  if (row === undefined || stored === undefined) return undefined;
  for (let i = 0; i < stored.count; i++)
    if (stored.number(i) === place.event) return { place, line: lineOf(row, stored, i), tenant: row.tenant };
  return undefined;
}

/**
 * The newest events of objects by their leading ids, as far as they are still there: what each source says of one. Where
 * several keys begin with an id, as detections do with their host's, it is the one that came last.
 */
export async function newestOf(
  outbox: Outbox,
  owner: { readonly tenant: string; readonly subscription: string },
  objects: readonly { readonly dataset: string; readonly lead: number }[],
): Promise<RetainedEvent[]> {
  const found: RetainedEvent[] = [];
  for (const { dataset, lead } of objects) {
    const row = await outbox.store.db
      .selectFrom('known_key')
      .innerJoin('keyspace', 'keyspace.id', 'known_key.keyspace')
      .select(['known_key.batch', 'known_key.event'])
      .where('keyspace.tenant', '=', owner.tenant)
      .where('keyspace.subscription', '=', owner.subscription)
      .where('keyspace.dataset', '=', dataset)
      .where('known_key.lead', '=', lead)
      .orderBy('known_key.batch', 'desc')
      .orderBy('known_key.event', 'desc')
      .limit(1)
      .executeTakeFirst();
    const event = row === undefined ? undefined : await retainedEvent(outbox, row);
    if (event !== undefined) found.push(event);
  }
  return found;
}

interface Owner {
  readonly tenant: string;
}

const select = ({ store }: Outbox) =>
  store.db
    .selectFrom('batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .innerJoin('segment', 'segment.id', 'batch.segment')
    .selectAll('batch')
    .select(['stream.tenant', 'stream.subscription', 'stream.connection', 'stream.dataset', 'segment.file']);
type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

async function batches(outbox: Outbox, wanted: RetainedWanted, before: Place | undefined): Promise<Row[]> {
  const { streams, from, to, pull, after } = wanted;
  if (streams.length === 0) return [];
  let query = select(outbox)
    .where('batch.stream', 'in', [...streams])
    .orderBy('batch.id', 'desc')
    .limit(AT_ONCE);
  if (from !== undefined) query = query.where('batch.created', '>=', from);
  if (to !== undefined) query = query.where('batch.created', '<', to);
  if (pull !== undefined) query = query.where('batch.pull', '=', pull);
  // The batch of the place itself may hold more of it, but for its first event.
  if (before !== undefined) query = query.where('batch.id', before.event > 0 ? '<=' : '<', before.batch);
  if (after !== undefined) query = query.where('batch.id', '>=', after.batch);
  return await query.execute();
}

async function readStored(outbox: Outbox, row: Row): Promise<StoredEvents | undefined> {
  return await readBatch({
    path: join(outbox.spool, row.file),
    offset: row.offset_bytes,
    length: row.length_bytes,
    checksum: row.checksum,
    events: row.events,
    groups: groupsFromJson(row.groups),
    numbers: row.numbers === null ? undefined : (JSON.parse(row.numbers) as number[]),
    fetch: outbox.bodies?.fetch,
  }).catch(() => undefined);
}

function lineOf(row: Row, stored: StoredEvents, i: number): string {
  const facts = datasets.get(row.dataset);
  const { tenant, subscription, connection, dataset } = row;
  const envelope = {
    ...{ tenant, subscription, connection, dataset, pull: row.pull, pulledAt: row.created, firstSeq: row.first_seq },
    contextAs: facts === undefined ? undefined : contextAs(facts.format),
  };
  const { bytes } = shapeRaw(stored, envelope, [i]);
  return bytes.toString('utf8', 0, bytes.length - 1);
}

/** The newest batches that can be read back, at most so many. */
export async function* newestBatches(
  outbox: Outbox,
  wanted: RetainedWanted,
  most: number,
): AsyncGenerator<{ readonly row: Row; readonly stored: StoredEvents }> {
  for (const row of (await batches(outbox, wanted, undefined)).slice(0, most)) {
    const stored = await readStored(outbox, row);
    if (stored !== undefined && stored.count > 0) yield { row, stored };
  }
}

/** The place behind which everything is still to come. */
export async function newestPlace({ store }: Outbox): Promise<Place> {
  const row = await store.db.selectFrom('batch').select(['id']).orderBy('id', 'desc').limit(1).executeTakeFirst();
  return { batch: (row?.id ?? 0) + 1, event: -1 };
}
