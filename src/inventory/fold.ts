/**
 * The inventory: a consumer of the outbox that folds batches of events (format `raw`) into tables.
 *
 * Invariants
 * - A fold of a space is one transaction with one writer: see `space.ts`. Killed anywhere, a batch was folded whole or
 *   not at all, and a batch that comes again changes nothing: every row knows the event it is from (`event.ts`).
 * - What the tables hold is a function of the events, never of the time of folding or of how they were cut into batches.
 *   So a rebuild from the same events gives the same inventory.
 * - A row whose content has not changed is not written.
 * - An event that names no object is refused alone, with the reason; it is parked, and nothing else waits for it.
 */
import type { Batch, Outcome } from '../core/sink.ts';
import type { Fields } from '../core/words.ts';
import type { Store } from '../store/store.ts';
import { decideDevices, type SourceEvent, writeDevices } from './device/fold.ts';
import { DEVICE_SOURCES, type SourceName } from './device/source.ts';
import { type Event, eventsOf, refused } from './event.ts';
import { type FindingEvents, findingEvents } from './finding/events.ts';
import { decideFindings, writeFindings } from './finding/fold.ts';
import { hostEvents, hostsSeen } from './finding/hosts.ts';
import { readDetections } from './finding/read.ts';
import { resultsOf, writeResults } from './finding/results.ts';
import { foldKnowledge } from './knowledge/fold.ts';
import { foldCves } from './knowledge-cves.ts';
import { decideObjects, type ObjectChanges, objectKey, writeObjects } from './objects/fold.ts';
import { OBJECT_KINDS } from './objects/kinds.ts';
import type { ObjectKind } from './objects/object.ts';
import type { InventorySchema } from './schema.ts';
import { moveOn, openSpace } from './space.ts';

const DETECTIONS = 'host_list_detection';
const KNOWLEDGE = 'knowledge_base';

/** The data sets the inventory is made of. */
export const INVENTORY_DATASETS: ReadonlySet<string> = new Set([
  ...[KNOWLEDGE, ...Object.keys(DEVICE_SOURCES)],
  ...OBJECT_KINDS.map(({ dataset }) => dataset),
]);

/**
 * Folds batches, each tenant's subscription in a transaction of its own. One outcome per event. `keepsResults`: the
 * texts of findings, too (`finding/results.ts`).
 */
export async function foldBatches(
  store: Store<InventorySchema>,
  batches: readonly Batch[],
  keepsResults = false,
): Promise<readonly (readonly Outcome[])[]> {
  const outcomes = new Map<Batch, readonly Outcome[]>();
  const spaces = Map.groupBy(batches, ({ tenant, subscription }) => JSON.stringify([tenant, subscription]));
  for (const own of spaces.values()) {
    const knowledge = own.filter(({ dataset }) => dataset === KNOWLEDGE);
    if (knowledge.length > 0) {
      const folded = await foldKnowledge(store, knowledge);
      knowledge.forEach((batch, i) => {
        outcomes.set(batch, folded[i]!);
      });
      await foldCves(store, knowledge);
    }
    await foldSpace(
      store,
      own.filter(({ dataset }) => dataset !== KNOWLEDGE),
      outcomes,
      keepsResults,
    );
  }
  return batches.map((batch) => outcomes.get(batch)!);
}

async function foldSpace(
  store: Store<InventorySchema>,
  batches: readonly Batch[],
  outcomes: Map<Batch, readonly Outcome[]>,
  keepsResults: boolean,
): Promise<void> {
  if (batches.length === 0) return;
  const read = readAll(batches, outcomes);
  for (;;) {
    const space = await openSpace(store, batches[0]!.tenant, batches[0]!.subscription);
    const seen = await hostsSeen(store, space.id, read.findings);
    const findings = await decideFindings(store, space.id, read.findings, (host) => !seen.has(host));
    const results = keepsResults ? resultsOf(batches, findings) : undefined;
    const hosts = await hostEvents(store, space.id, read.findings, read.hosts, findings.present);
    const devices = await decideDevices(store, space.id, [...read.sources, ...hosts]);
    const objects: ObjectChanges[] = [];
    for (const [kind, events] of read.objects) objects.push(await decideObjects(store, space.id, kind, events));
    const isWritten = await store.transaction(async (tx) => {
      if (!(await moveOn(tx, space))) return false;
      await writeFindings(tx, space.id, findings);
      if (results !== undefined) await writeResults(tx, space.id, results);
      await writeDevices(tx, space.id, devices);
      for (const changes of objects) await writeObjects(tx, space.id, changes);
      return true;
    });
    if (isWritten) return;
  }
}

interface ReadEvents {
  readonly findings: FindingEvents;
  /** The newest event of each host that says what the host is. */
  readonly hosts: Map<number, SourceEvent>;
  readonly sources: SourceEvent[];
  readonly objects: Map<
    ObjectKind,
    { readonly at: Readonly<Record<string, string | number>>; readonly event: Event }[]
  >;
}

function readAll(batches: readonly Batch[], outcomes: Map<Batch, readonly Outcome[]>): ReadEvents {
  const read: ReadEvents = { findings: findingEvents(), hosts: new Map(), sources: [], objects: new Map() };
  for (const batch of batches) {
    const kind = OBJECT_KINDS.find(({ dataset }) => dataset === batch.dataset);
    if (batch.dataset === DETECTIONS) outcomes.set(batch, foldedDetections(batch, read));
    else if (kind !== undefined) outcomes.set(batch, readObjects(batch, kind, read));
    else if (batch.dataset in DEVICE_SOURCES)
      outcomes.set(batch, readSources(batch, batch.dataset as SourceName, read));
    else
      outcomes.set(
        batch,
        batch.ends.map(() => 'delivered' as const),
      );
  }
  return read;
}

function foldedDetections(batch: Batch, { findings, hosts }: ReadEvents): Outcome[] {
  const outcomes: Outcome[] = [];
  let last: Fields | undefined;
  let said: ReturnType<(typeof DEVICE_SOURCES)[typeof DETECTIONS]>;
  /** The newest event around which `last` stands. */
  let newest = 0;
  const take = (): void => {
    if (said === undefined) return;
    hosts.set(said.id, { dataset: DETECTIONS, id: said.id, origin: findings.originOf(newest), said });
  };
  readDetections(batch, findings, (event, host) => {
    outcomes.push(event === undefined ? refused('the key names no host and QID') : 'delivered');
    if (event === undefined || host === undefined) return;
    if (host !== last) {
      take();
      last = host;
      said = DEVICE_SOURCES[DETECTIONS](host);
    }
    newest = event;
  });
  take();
  return outcomes;
}

function readSources(batch: Batch, dataset: SourceName, { sources }: ReadEvents): Outcome[] {
  return [...eventsOf(batch)].map((event) => {
    const id = Number(event.key[0]);
    if (!Number.isSafeInteger(id) || id <= 0) return refused('the key names no id');
    if (event.change === 'removed') {
      sources.push({ dataset, id, origin: event, said: { removed: event.reason ?? 'purged' } });
      return 'delivered';
    }
    const said = DEVICE_SOURCES[dataset](event.record);
    if (said === undefined) return refused('the record names no id');
    sources.push({ dataset, id, origin: event, said });
    return 'delivered';
  });
}

function readObjects(batch: Batch, kind: ObjectKind, { objects }: ReadEvents): Outcome[] {
  const events = objects.get(kind) ?? [];
  objects.set(kind, events);
  return [...eventsOf(batch)].map((event) => {
    const at = objectKey(kind, event);
    if (typeof at === 'string' || 'rejected' in at || 'retry' in at) return at as Outcome;
    events.push({ at, event });
    return 'delivered';
  });
}
