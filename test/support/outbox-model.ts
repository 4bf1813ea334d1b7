/**
 * A model of the outbox: streams, keys and sinks as plain maps, moved by the same commands as the real one beside it.
 * Ids are computed here from the rules in words (a version is Qualys's time while that rises, else the number of the
 * change is in it), not with the product's own code.
 */
import { createHash } from 'node:crypto';
import { type Thing, thingKeyed } from './pages.ts';

interface KnownKey {
  fingerprint: string;
  version: string | undefined;
  changes: number;
  removed: boolean;
}

export interface Emitted {
  readonly id: string;
  readonly seq: number;
  readonly change: string;
  readonly name: string;
}

export interface ModelSink {
  readonly appended: string[];
  readonly delivered: string[];
  readonly discarded: string[];
}

export interface Model {
  readonly keys: Map<string, KnownKey>;
  readonly sinks: Map<string, ModelSink>;
  readonly counts: { received: number; emitted: number; unchanged: number; removed: number };
  seq: number;
  /** A page; returns what it emits, in order. */
  page(things: readonly Thing[]): Emitted[];
  /** A complete reading that held these; what is known and not among them is removed. */
  sweep(things: readonly Thing[]): Emitted[];
  reset(): void;
  live(): string[];
}

const idOf = (lead: number, key: string, fingerprint: string, version: string): string =>
  createHash('sha256')
    .update(`["t","s","things"]\n${lead}\n${key}\n${fingerprint}\n${version}`)
    .digest('hex')
    .slice(0, 32);

export function newModel(): Model {
  const keys = new Map<string, KnownKey>();
  const sinks = new Map<string, ModelSink>();
  const counts = { received: 0, emitted: 0, unchanged: 0, removed: 0 };

  const emit = (event: Omit<Emitted, 'seq'>): Emitted => {
    model.seq++;
    for (const sink of sinks.values()) sink.appended.push(event.id);
    return { ...event, seq: model.seq };
  };

  const model: Model = {
    keys,
    sinks,
    counts,
    seq: 0,
    page: (things) =>
      things.flatMap((thing) => {
        const { fingerprint } = thingKeyed(thing);
        const name = `${thing.host}/${thing.name}`;
        const before = keys.get(name);
        counts.received++;
        if (before !== undefined && !before.removed && before.fingerprint === fingerprint) {
          counts.unchanged++;
          return [];
        }
        counts.emitted++;
        const changes = before === undefined ? 0 : before.changes + 1;
        const rises = thing.version !== undefined && thing.version > (before?.version ?? '');
        keys.set(name, { fingerprint, version: rises ? thing.version : before?.version, changes, removed: false });
        const version = rises ? thing.version! : `${thing.version ?? ''}#${changes}`;
        const change = before === undefined || before.removed ? 'new' : 'updated';
        return [emit({ id: idOf(thing.host, thing.name, fingerprint, version), change, name })];
      }),
    sweep: (things) => {
      const events = model.page(things);
      const there = new Set(things.map(({ host, name }) => `${host}/${name}`));
      const gone = [...keys].filter(([name, { removed }]) => !removed && !there.has(name)).sort(byKey);
      for (const [name, known] of gone) {
        const [host = '', key = ''] = name.split('/');
        const version = `${known.version ?? ''}#${known.changes}`;
        counts.removed++;
        known.removed = true;
        events.push(emit({ id: idOf(Number(host), key, `-${known.fingerprint}`, version), change: 'removed', name }));
      }
      return events;
    },
    reset: () => keys.clear(),
    live: () => [...keys].filter(([, { removed }]) => !removed).map(([name]) => name),
  };
  return model;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  const [host = '', key = ''] = a.split('/');
  const [otherHost = '', otherKey = ''] = b.split('/');
  return Number(host) - Number(otherHost) || (key < otherKey ? -1 : 1);
}
