/** Hosts as detections tell of them: what stands around a detection, and when the last detection of a host is gone. */
import type { Store } from '../../store/store.ts';
import type { SourceEvent } from '../device/fold.ts';
import type { InventorySchema } from '../schema.ts';
import type { FindingEvents } from './events.ts';

const DATASET = 'host_list_detection';

/** Of the hosts of these events, those that were folded before. */
export async function hostsSeen(
  store: Store<InventorySchema>,
  space: number,
  events: FindingEvents,
): Promise<ReadonlySet<number>> {
  const hosts = new Set<number>();
  for (let i = 0; i < events.count(); i++) hosts.add(events.hostOf(i));
  const id = [...hosts];
  if (id.length === 0) return new Set();
  const { columns } = await store.selectMany('device_source', { space, dataset: DATASET, id }, ['id']);
  return new Set(columns['id'] as readonly number[]);
}

/**
 * What the events say of their hosts. A host whose last finding is gone is gone as far as detections tell: a purged host
 * loses them all. Its own list, where it is read too, has a word of its own.
 */
export async function hostEvents(
  store: Store<InventorySchema>,
  space: number,
  events: FindingEvents,
  said: ReadonlyMap<number, SourceEvent>,
  present: ReadonlyMap<number, number>,
): Promise<SourceEvent[]> {
  const found: SourceEvent[] = [...said.values()];
  const losing = [...present].filter(([, more]) => more < 0).map(([host]) => host);
  if (losing.length === 0) return found;
  const rows = await store.db
    .selectFrom('finding')
    .select(({ fn }) => ['host', fn.countAll<number>().as('n')])
    .where('space', '=', space)
    .where('host', 'in', losing)
    .where('removed', '=', 0)
    .groupBy('host')
    .execute();
  const left = new Map(rows.map(({ host, n }) => [Number(host), Number(n)]));
  for (const host of losing) {
    if ((left.get(host) ?? 0) + present.get(host)! > 0) continue;
    const last = lastRemoval(events, host);
    const said = { removed: events.reasonOf(last) ?? 'purged' };
    found.push({ dataset: DATASET, id: host, origin: events.originOf(last), said });
  }
  return found;
}

function lastRemoval(events: FindingEvents, host: number): number {
  let i = events.count() - 1;
  while (i > 0 && !(events.hostOf(i) === host && events.changeOf(i) === 'removed')) i--;
  return i;
}
