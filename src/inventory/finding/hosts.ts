/** Hosts as detections tell of them: what stands around a detection, and when the last detection of a host is gone. */
import type { Store } from '../../store/store.ts';
import type { SourceEvent } from '../device/fold.ts';
import type { InventorySchema } from '../schema.ts';
import type { FindingEvent } from './state.ts';

const DATASET = 'host_list_detection';

/** Of the hosts of these events, those that were folded before. */
export async function hostsSeen(
  store: Store<InventorySchema>,
  space: number,
  events: readonly FindingEvent[],
): Promise<ReadonlySet<number>> {
  const id = [...new Set(events.map(({ at }) => at.host))];
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
  events: readonly FindingEvent[],
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
    const last = events.findLast(({ at, change }) => at.host === host && change === 'removed')!;
    found.push({ dataset: DATASET, id: host, origin: last, said: { removed: last.reason ?? 'purged' } });
  }
  return found;
}
