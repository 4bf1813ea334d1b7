/**
 * Folds readings into devices: reads what shares an id with them, correlates, merges, and writes what came out
 * differently. `decideDevices` reads and decides, `writeDevices` writes.
 */
import type { RemovalReason } from '../../core/words.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { columnsOf, rowsOf } from '../columns.ts';
import { isNewer, type Origin } from '../event.ts';
import type { InventorySchema } from '../schema.ts';
import type { DeviceTables } from '../tables.ts';
import { correlate } from './correlate.ts';
import type { Reading } from './facts.ts';
import { CHILDREN, type DeviceRows, deviceRows } from './rows.ts';
import { type Source, type SourceName, sourceName } from './source.ts';

/** What an event says of a machine: a reading, or that Qualys has it no more. */
export interface SourceEvent {
  readonly dataset: SourceName;
  readonly id: number;
  readonly origin: Origin;
  readonly said: Reading | { readonly removed: RemovalReason };
}

export interface DeviceChanges {
  readonly sources: { readonly fresh: readonly Source[]; readonly changed: readonly Source[] };
  readonly devices: readonly DeviceRows[];
  /** Devices whose row, or whose children of a kind, have to go first. */
  readonly gone: { readonly device: readonly string[]; readonly children: ReadonlyMap<Child, readonly string[]> };
  readonly hosts: HostChanges;
  readonly moved: readonly Omit<DeviceTables['device_history'], 'space'>[];
}
type Child = (typeof CHILDREN)[number];

interface HostChanges {
  readonly fresh: readonly { readonly host: number; readonly device: string }[];
  readonly changed: HostChanges['fresh'];
  readonly gone: readonly number[];
}

const SOURCE_KEY = ['dataset', 'id'] as const;
const SOURCE_REST = [
  ...([
    'connection',
    'seq',
    'accepted',
    'removed',
    'removed_at',
    'returned',
    'host',
    'asset',
    'agent',
    'cloud',
    'device',
  ] as const),
  'facts',
] as const;
type SourceRow = Omit<DeviceTables['device_source'], 'space'>;

const fromRow = (row: SourceRow): Source => ({ ...row, facts: JSON.parse(row.facts) }) as Source;
const toRow = (source: Source): SourceRow => ({ ...source, facts: JSON.stringify(source.facts) });

type Sources = Map<string, Source>;

export async function decideDevices(
  store: Store<InventorySchema>,
  space: number,
  events: readonly SourceEvent[],
): Promise<DeviceChanges> {
  const asked: Sources = new Map();
  await load(store, space, columnsOf(events, SOURCE_KEY), asked);
  const touched: Sources = new Map();
  for (const event of events) {
    const name = sourceName(event);
    const next = apply(touched.get(name) ?? asked.get(name), event);
    if (next !== undefined) touched.set(name, next);
  }
  // What shared an id before may come apart, what shares one now may come together; whatever else was asked for stays.
  const before: Sources = new Map([...asked].filter(([name]) => touched.has(name)));
  const now: Sources = new Map(touched);
  await loadRelated(store, space, [...before.values(), ...touched.values()], before, now);
  const groups = correlate([...now.values()]);
  const known = await knownDevices(store, space, [
    ...new Set([...groups.map(({ device }) => device), ...[...before.values()].map(({ device }) => device)]),
  ]);
  return { ...changesOf(groups, before, known), hosts: await hostChanges(store, space, groups, before) };
}

/** Which device each host id stands for now: of a present reading before that of one that is gone. */
async function hostChanges(
  store: Store<InventorySchema>,
  space: number,
  groups: ReturnType<typeof correlate>,
  before: ReadonlyMap<string, Source>,
): Promise<HostChanges> {
  const all = groups
    .flatMap(({ device, sources }) => sources.map(({ host, removed }) => ({ host, device, isGone: removed !== '' })))
    .filter(({ host }) => host > 0)
    .sort((a, b) => Number(b.isGone) - Number(a.isGone) || (a.device < b.device ? 1 : -1));
  const now = new Map(all.map(({ host, device }) => [host, device]));
  const host = [...new Set([...now.keys(), ...[...before.values()].map((source) => source.host)])].filter(
    (one) => one > 0,
  );
  if (host.length === 0) return { fresh: [], changed: [], gone: [] };
  const found = rowsOf<{ host: number; device: string }>(
    await store.selectMany('device_host', { space, host }, ['host', 'device']),
  );
  const had = new Map(found.map(({ row }) => [row.host, row.device]));
  const wanted = [...now].map(([one, device]) => ({ host: one, device }));
  return {
    fresh: wanted.filter((row) => !had.has(row.host)),
    changed: wanted.filter((row) => had.has(row.host) && had.get(row.host) !== row.device),
    gone: [...had.keys()].filter((one) => !now.has(one)),
  };
}

function apply(was: Source | undefined, { dataset, id, origin, said }: SourceEvent): Source | undefined {
  if (was !== undefined && !isNewer(origin, was)) return undefined;
  const { connection, seq, accepted } = origin;
  if ('removed' in said) {
    if (was === undefined) return undefined;
    const returned = was.removed === '' ? was.accepted : was.returned;
    return { ...was, connection, seq, accepted, removed: said.removed, removed_at: accepted, returned };
  }
  const { ids, facts } = said;
  return {
    dataset,
    id,
    connection,
    seq,
    accepted,
    ...ids,
    facts,
    removed: '',
    removed_at: 0,
    returned: 0,
    device: was?.device ?? '',
  };
}

async function load(
  store: Store<InventorySchema>,
  space: number,
  match: Parameters<Store<InventorySchema>['selectMany']>[1],
  into: Sources,
): Promise<Source[]> {
  const found = await store.selectMany('device_source', { space, ...match }, [...SOURCE_KEY, ...SOURCE_REST]);
  const fresh: Source[] = [];
  for (const { row } of rowsOf<SourceRow>(found)) {
    if (into.has(sourceName(row as unknown as Source))) continue;
    const source = fromRow(row);
    into.set(sourceName(source), source);
    fresh.push(source);
  }
  return fresh;
}

/** Loads whatever shares an id with `from`, and with what that brings, until nothing new comes. */
async function loadRelated(
  store: Store<InventorySchema>,
  space: number,
  from: readonly Source[],
  before: Sources,
  now: Sources,
): Promise<void> {
  const asked = new Set<string>();
  for (let frontier = from; frontier.length > 0; ) {
    const next: Source[] = [];
    for (const kind of ['host', 'asset', 'agent', 'cloud'] as const) {
      const ids = [...new Set(frontier.map((source) => source[kind]))].filter(
        (id) => id !== 0 && id !== '' && !asked.has(`${kind}/${id}`),
      );
      for (const id of ids) asked.add(`${kind}/${id}`);
      if (ids.length > 0) next.push(...(await load(store, space, { [kind]: ids as string[] }, before)));
    }
    for (const source of next) if (!now.has(sourceName(source))) now.set(sourceName(source), source);
    frontier = next;
  }
}

interface Known {
  readonly digest: string;
  readonly parts: string;
}

async function knownDevices(
  store: Store<InventorySchema>,
  space: number,
  names: readonly string[],
): Promise<Map<string, Known>> {
  const device = names.filter((name) => name !== '');
  if (device.length === 0) return new Map();
  const found = await store.selectMany('device', { space, device }, ['device', 'digest', 'parts']);
  return new Map(rowsOf<Known & { device: string }>(found).map(({ row }) => [row.device, row]));
}

function changesOf(
  groups: ReturnType<typeof correlate>,
  before: ReadonlyMap<string, Source>,
  known: ReadonlyMap<string, Known>,
): Omit<DeviceChanges, 'hosts'> {
  const fresh: Source[] = [];
  const changed: Source[] = [];
  const devices: DeviceRows[] = [];
  const gone: string[] = [];
  const children = new Map<Child, string[]>(CHILDREN.map((child) => [child, []]));
  const moved: Omit<DeviceTables['device_history'], 'space'>[] = [];
  for (const { device, sources } of groups) {
    for (const source of sources) {
      const was = before.get(sourceName(source));
      const now = source.device === device ? source : { ...source, device };
      if (was === undefined) fresh.push(now);
      else if (was !== now) changed.push(now);
      if (was !== undefined && was.device !== device && was.device !== '') {
        const { dataset, id, accepted } = source;
        moved.push({ device, before: was.device, dataset, id, at: accepted });
      }
    }
    const rows = deviceRows(device, sources);
    const old = known.get(device);
    if (old !== undefined && old.digest === rows.row.digest && old.parts === rows.row.parts) continue;
    const parts = old === undefined ? undefined : (JSON.parse(old.parts) as Record<Child, string>);
    const own = JSON.parse(rows.row.parts) as Record<Child, string>;
    const same = (child: Child): boolean => parts?.[child] === own[child];
    if (old !== undefined) {
      gone.push(device);
      for (const child of CHILDREN) if (!same(child)) children.get(child)!.push(device);
    }
    devices.push({ row: rows.row, children: new Map([...rows.children].filter(([child]) => !same(child))) });
  }
  const names = new Set(groups.map(({ device }) => device));
  for (const device of known.keys()) {
    if (names.has(device)) continue;
    gone.push(device);
    for (const child of CHILDREN) children.get(child)!.push(device);
  }
  return {
    sources: { fresh, changed },
    devices,
    gone: { device: gone, children },
    moved,
  };
}

export async function writeDevices(
  tx: Transaction<InventorySchema>,
  space: number,
  { sources, devices, gone, hosts, moved }: DeviceChanges,
): Promise<void> {
  const insert = async <Row extends object>(
    table: string & keyof InventorySchema,
    rows: readonly Row[],
  ): Promise<void> => {
    if (rows.length === 0) return;
    await tx.insertMany(table, { space, ...columnsOf(rows, Object.keys(rows[0]!) as (string & keyof Row)[]) });
  };
  await insert('device_source', sources.fresh.map(toRow));
  if (sources.changed.length > 0) {
    const rows = sources.changed.map(toRow);
    await tx.updateMany('device_source', { space, ...columnsOf(rows, SOURCE_KEY) }, columnsOf(rows, SOURCE_REST));
  }
  for (const [child, device] of gone.children)
    if (device.length > 0) await tx.deleteMany(`device_${child}`, { space, device });
  if (gone.device.length > 0) await tx.deleteMany('device', { space, device: gone.device });
  await insert(
    'device',
    devices.map(({ row }) => row),
  );
  for (const child of CHILDREN)
    await insert(
      `device_${child}`,
      devices.flatMap(({ children }) => children.get(child) ?? []),
    );
  await insert('device_host', hosts.fresh);
  if (hosts.changed.length > 0) {
    const { changed } = hosts;
    await tx.updateMany('device_host', { space, ...columnsOf(changed, ['host']) }, columnsOf(changed, ['device']));
  }
  if (hosts.gone.length > 0) await tx.deleteMany('device_host', { space, host: hosts.gone });
  await insert('device_history', moved);
}
