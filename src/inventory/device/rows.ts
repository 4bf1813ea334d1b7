import { createHash } from 'node:crypto';
import { DEVICE_NUMBERS, DEVICE_TEXTS, type DeviceTable, type DeviceTables } from '../tables.ts';
import { sorted } from '../values.ts';
import { merge } from './merge.ts';
import { type Source, sourceName } from './source.ts';

/** Kinds of rows a device has beside its own. */
export const CHILDREN = ['tag', 'port', 'interface', 'software'] as const;

export interface DeviceRows {
  readonly row: Omit<DeviceTable, 'space'>;
  readonly children: ReadonlyMap<(typeof CHILDREN)[number], readonly object[]>;
}

type Child<Name extends keyof DeviceTables> = Omit<DeviceTables[Name], 'space'>;

/** The rows of a device, from its readings. */
export function deviceRows(device: string, sources: readonly Source[]): DeviceRows {
  const present = sources.filter(({ removed }) => removed === '');
  const facts = merge(sources);
  const tags: Child<'device_tag'>[] = once(facts.tags, ({ tag, name }) => `${tag}/${name}`).map((tag) => ({
    device,
    ...tag,
  }));
  const ports: Child<'device_port'>[] = once(
    facts.ports.filter(({ port }) => port > 0),
    ({ port, protocol }) => `${port}/${protocol}`,
  ).map((port) => ({ device, ...port }));
  const interfaces: Child<'device_interface'>[] = facts.interfaces.map((one, n) => ({ device, n: n + 1, ...one }));
  const software: Child<'device_software'>[] = once(
    facts.software.filter(({ name }) => name !== ''),
    ({ name, version, publisher }) => JSON.stringify([name, version, publisher]),
  ).map((one) => ({ device, ...one }));
  const children = new Map<(typeof CHILDREN)[number], readonly object[]>([
    ['tag', tags],
    ['port', ports],
    ['interface', interfaces],
    ['software', software],
  ]);
  // The removal that came last says why; a device is there while any reading is.
  const last = [...sources].sort((a, b) => b.removed_at - a.removed_at || (sourceName(a) < sourceName(b) ? -1 : 1))[0]!;
  const isGone = present.length === 0;
  const counting = isGone ? sources : present;
  const lowest = (ids: readonly number[]): number => Math.min(...ids.filter((id) => id > 0), Number.MAX_SAFE_INTEGER);
  const found = (id: number): number => (id === Number.MAX_SAFE_INTEGER ? 0 : id);
  const list = (texts: readonly string[]): string => JSON.stringify(sorted(texts));
  const row = {
    device,
    host: found(lowest(counting.map(({ host }) => host))),
    asset: found(lowest(counting.map(({ asset }) => asset))),
    cloud: counting.find(({ cloud }) => cloud !== '')?.cloud ?? '',
    ...Object.fromEntries([...DEVICE_TEXTS, ...DEVICE_NUMBERS].map((name) => [name, facts[name]])),
    ips: list([facts.ip, ...facts.ips]),
    macs: list(facts.macs),
    accounts: list(facts.accounts),
    asset_groups: list(facts.asset_groups),
    tags: list(tags.map(({ name }) => name)),
    sources: list(counting.map(({ dataset }) => dataset)),
    hosts: list(counting.map(({ host }) => (host > 0 ? String(host) : ''))),
    agents: list(counting.map(({ agent }) => agent)),
    ports: ports.length,
    softwares: software.length,
    removed: isGone ? last.removed : '',
    removed_at: isGone ? last.removed_at : 0,
  } as Omit<DeviceTable, 'space' | 'digest' | 'parts'>;
  const parts = JSON.stringify(Object.fromEntries([...children].map(([child, rows]) => [child, digest(rows)])));
  return { row: { ...row, digest: digest(row), parts }, children };
}

const digest = (of: object): string => createHash('sha256').update(JSON.stringify(of)).digest('base64url').slice(0, 22);

/** Each once, by name and in the order of names: two data sets may list the same in another order. */
function once<Item>(list: readonly Item[], name: (item: Item) => string): Item[] {
  const named = new Map(list.map((item) => [name(item), item]));
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
