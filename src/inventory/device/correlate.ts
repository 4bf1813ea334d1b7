/**
 * Which readings of which data sets are one device.
 *
 * Rules, in this order:
 * 1. The same host id, or the same asset id, is the same device. Qualys gives neither twice.
 * 2. The same agent UUID (QG_HOSTID, agentId), or the same cloud instance, joins devices too: an agent's host and a
 *    scanner's host of one machine. Not where they contradict each other: a cloned image carries its agent's UUID to
 *    machines with other cloud instances or other hardware UUIDs, and those stay apart.
 * 3. An address, a name or a MAC never joins: addresses are used again, names are common, and MACs are copied.
 * 4. What Qualys no longer has joins nothing together. It goes to the device of today that shares an id with it (host id
 *    before asset id, agent, cloud instance), or with what was lost of the same host id or asset id; else it forms a
 *    removed device with others of its kind.
 *
 * So a machine that gets another host id (purged, scanned again by its agent) stays one device, a merge in Qualys is a
 * merge here, and when what joined two readings is gone, they are two devices again. The result is a function of the set
 * of readings: in whatever order they came, the devices are the same.
 *
 * A device is called by the lowest asset id of its present readings, where it has none by `h` and its lowest host id.
 */
import type { Source } from './source.ts';

export interface Group {
  readonly device: string;
  /** Present readings before removed ones, each in the order of data set and id. */
  readonly sources: readonly Source[];
}

/** Kinds of ids, strongest first. */
const STRONG = ['host', 'asset'] as const;
const WEAK = ['agent', 'cloud'] as const;
type Kind = (typeof STRONG | typeof WEAK)[number];

/** `sources` must hold every reading that shares an id with one of them. */
export function correlate(sources: readonly Source[]): Group[] {
  const ordered = [...sources].sort(inOrder);
  const present = join(ordered.filter(({ removed }) => removed === ''));
  const left: Source[] = [];
  for (const lost of join(
    ordered.filter(({ removed }) => removed !== ''),
    STRONG,
  )) {
    const homes = lost.rows.map((source) => homeOf(source, lost, present));
    const usual = homes.find((home) => home !== undefined);
    lost.rows.forEach((source, i) => {
      (homes[i] ?? usual)?.gone.push(source);
      if (usual === undefined) left.push(source);
    });
  }
  left.sort(inOrder);
  for (const { gone } of present) gone.sort(inOrder);
  return [...present, ...join(left)].map(({ rows, gone }) => ({ device: nameOf(rows), sources: [...rows, ...gone] }));
}

const inOrder = (a: Source, b: Source): number =>
  a.dataset < b.dataset ? -1 : a.dataset > b.dataset ? 1 : a.id - b.id;

interface Component {
  rows: Source[];
  gone: Source[];
}

/** Joins rows by rules 1 and 2, or by rule 1 alone. Deterministic: ids are gone through in order. */
function join(rows: readonly Source[], kinds: readonly Kind[] = [...STRONG, ...WEAK]): Component[] {
  const componentOf = new Map<Source, Component>(rows.map((row) => [row, { rows: [row], gone: [] }]));
  const unite = (a: Component, b: Component): void => {
    if (a === b) return;
    for (const row of b.rows) componentOf.set(row, a);
    a.rows.push(...b.rows);
  };
  for (const kind of STRONG) {
    for (const [, sharing] of byId(rows, kind))
      for (const row of sharing) unite(componentOf.get(sharing[0]!)!, componentOf.get(row)!);
  }
  for (const kind of WEAK.filter((one) => kinds.includes(one))) {
    for (const [, sharing] of byId(rows, kind)) {
      const joined: Component[] = [];
      for (const row of sharing) {
        const own = componentOf.get(row)!;
        const other = joined.find((one) => one === own || kind === 'cloud' || !contradict(one, own));
        if (other === undefined) joined.push(own);
        else unite(other, own);
      }
    }
  }
  return [...new Set(rows.map((row) => componentOf.get(row)!))];
}

function byId(rows: readonly Source[], kind: Kind): [string, Source[]][] {
  const groups = Map.groupBy(
    rows.filter((row) => isThere(row[kind])),
    (row) => String(row[kind]),
  );
  return [...groups].filter(([, sharing]) => sharing.length > 1).sort(([a], [b]) => (a < b ? -1 : 1));
}

const isThere = (id: string | number): boolean => id !== '' && id !== 0;

/** Both name cloud instances, or both name hardware, and none is the same. */
function contradict(a: Component, b: Component): boolean {
  const differ = (of: (row: Source) => string): boolean => {
    const ours = new Set(a.rows.map(of).filter(isThere));
    const theirs = b.rows.map(of).filter(isThere);
    return ours.size > 0 && theirs.length > 0 && !theirs.some((id) => ours.has(id));
  };
  return differ(({ cloud }) => cloud) || differ(({ facts }) => facts.hardware_uuid);
}

/** The device of today that one of the lost readings goes to, unless what was lost with it contradicts that. */
function homeOf(source: Source, lost: Component, present: readonly Component[]): Component | undefined {
  for (const kind of [...STRONG, ...WEAK]) {
    if (!isThere(source[kind])) continue;
    const home = present.find(
      (one) => one.rows.some((row) => row[kind] === source[kind]) && (kind !== 'agent' || !contradict(one, lost)),
    );
    if (home !== undefined) return home;
  }
  return undefined;
}

function nameOf(rows: readonly Source[]): string {
  const lowest = (ids: readonly number[]): number => Math.min(...ids.filter((id) => id > 0));
  const asset = lowest(rows.map((row) => row.asset));
  return Number.isFinite(asset) ? String(asset) : `h${lowest(rows.map((row) => row.host))}`;
}
