import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Fields } from '../core/words.ts';
import { eventHead } from './event-head.ts';
import { compileRoute, type Route, type RouteRules, routeEvents } from './route.ts';
import { type EventSource, shapeRaw } from './shape-raw.ts';

const rules = (more: Partial<RouteRules>): Route =>
  compileRoute({ include: [], exclude: [], fields: undefined, obfuscate: [], ...more }, 'a key of some length');

/** Events as the outbox stores them; every second one shares its context with the one before. */
function stored(records: readonly Fields[], change = 'new'): EventSource {
  const parts = records.map((record, i) => {
    const tail = `"change":"${change}","key":["k]\\",\\"record\\":","${i}"],"record":${JSON.stringify(record).slice(0, -1)}`;
    return Buffer.from(`${String(i).padStart(32, '0')}${tail}`);
  });
  const starts: number[] = [];
  let end = 0;
  for (const part of parts) {
    starts.push(end);
    end += part.length;
  }
  const contexts = records.map((_, i) => Buffer.from(JSON.stringify({ ID: String(i >> 1), IP: `10.0.0.${i >> 1}` })));
  return {
    count: records.length,
    bytes: Buffer.concat(parts),
    idStart: (i) => starts[i]!,
    tailStart: (i) => starts[i]! + 32,
    tailEnd: (i) => starts[i]! + parts[i]!.length,
    context: (i) => contexts[i - (i % 2)],
    number: (i) => i,
  };
}

const facts = {
  tenant: 't',
  subscription: 's',
  connection: 'c',
  dataset: 'd',
  pull: 1,
  pulledAt: 0,
  firstSeq: 1,
  contextAs: 'HOST',
};
function lines(events: EventSource, only: readonly number[]): { id: string; record: Fields }[] {
  const { bytes } = shapeRaw(events, facts, only);
  const text = bytes.toString('utf8').split('\n').slice(0, -1);
  return text.map((line) => JSON.parse(line) as { id: string; record: Fields });
}
const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

it('sends what a route lets, in the form of the first that does', () => {
  const events = stored([
    { A: '1', B: 'x' },
    { A: '2', B: 'y' },
    { A: '3', B: 'z' },
    { A: '4', B: 'w' },
  ]);
  const routed = routeEvents(
    events,
    [0, 1, 3],
    [
      rules({ include: [{ field: 'A', op: 'eq', value: 2 }], fields: ['A', 'HOST.IP'] }),
      rules({ include: [{ field: 'HOST.ID', op: 'eq', value: '0' }], obfuscate: [{ path: 'B', how: 'mask' }] }),
    ],
    'HOST',
  );
  expect(routed.sent).toEqual([0, 1]);
  expect(routed.filtered).toEqual([3]);
  expect(lines(routed.events, routed.sent)).toMatchObject([
    { id: '0'.repeat(32), record: { A: '1', B: '***', HOST: { ID: '0', IP: '10.0.0.0' } } },
    { id: `${'0'.repeat(31)}1`, record: { A: '2', HOST: { IP: '10.0.0.0' } } },
  ]);
  expect(lines(routed.events, [1])[0]!.record).not.toHaveProperty('B');
  expect(eventHead(routed.events, 1)).toEqual({ change: 'new', key: ['k]","record":', '1'] });
});

it('leaves the stored bytes alone where no record is changed', () => {
  const events = stored([{ A: '1' }]);
  expect(routeEvents(events, [0], [rules({ include: [{ field: 'A', op: 'exists' }] })], 'HOST').events).toBe(events);
});

it('lets removals pass whose key says nothing against it', () => {
  const removals = stored([{ A: '1' }], 'removed');
  const route = rules({ include: [{ field: 'SEVERITY', op: 'ge', value: 4 }] });
  expect(routeEvents(removals, [0], [route], 'HOST').sent).toEqual([0]);
  expect(routeEvents(stored([{ A: '1' }]), [0], [route], 'HOST').sent).toEqual([]);
});

it('sends or filters each event once, whatever the records hold', () => {
  const record = fc
    .object({ maxDepth: 3, withNullPrototype: false })
    .map((value) => JSON.parse(JSON.stringify(value)) as Fields);
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), fc.string(), (records, field) => {
      const events = stored(records);
      const from = all(records.length);
      const routes = [
        rules({ include: [{ field, op: 'exists' }], fields: [field, 'HOST'] }),
        rules({ exclude: [{ field: 'A', op: 'contains', value: 'a' }], obfuscate: [{ path: field, how: 'hash' }] }),
      ];
      const { sent, filtered, events: shaped } = routeEvents(events, from, routes, 'HOST');
      expect([...sent, ...filtered].sort((a, b) => a - b)).toEqual(from);
      expect(lines(shaped, sent)).toHaveLength(sent.length);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 300 },
  );
});

it('a route without removals lets what is there and nothing that is gone', () => {
  const route = rules({ removals: false });
  const here = routeEvents(stored([{ A: '1' }]), all(1), [route], 'HOST');
  const gone = routeEvents(stored([{ A: '1' }], 'removed'), all(1), [route], 'HOST');
  expect([here.sent, here.filtered]).toEqual([[0], []]);
  expect([gone.sent, gone.filtered]).toEqual([[], [0]]);
});
