import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Detection } from './detection.ts';
import { DAY, HOUR } from './time.ts';
import { createWorld, DEFAULT_EPOCH, type World } from './world.ts';

const EPOCH = DEFAULT_EPOCH;

function keyOf(d: Detection): string {
  return [d.vulnerability.qid, d.port, d.protocol, d.ssl, d.fqdn, d.instance].join('|');
}

function everything(world: World, t: number): unknown[] {
  return [...world.ordinals(t)].map((n) => {
    const host = world.host(n);
    return [host, world.scanOf(n, t), [...world.detections(host, t)]];
  });
}

describe('world', () => {
  test('is the same for the same seed and time, and another for another seed', () => {
    const t = EPOCH + 11 * DAY;
    expect(everything(createWorld({ hosts: 40, seed: 5 }), t)).toEqual(
      everything(createWorld({ hosts: 40, seed: 5 }), t),
    );
    expect(everything(createWorld({ hosts: 40, seed: 6 }), t)).not.toEqual(
      everything(createWorld({ hosts: 40, seed: 5 }), t),
    );
  });

  test('does not depend on the order in which it is asked', () => {
    const one = createWorld({ hosts: 20, seed: 5 });
    const later = everything(one, EPOCH + 40 * DAY);
    const other = createWorld({ hosts: 20, seed: 5 });
    everything(other, EPOCH);
    everything(other, EPOCH + 90 * DAY);
    expect(everything(other, EPOCH + 40 * DAY)).toEqual(later);
  });

  test('has as many hosts at the epoch as asked for', () => {
    for (const hosts of [1, 2, 3, 999]) {
      for (const seed of [1, 2, 3]) expect([...createWorld({ hosts, seed }).ordinals(EPOCH)]).toHaveLength(hosts);
    }
  });

  test('gives ids that ascend with gaps and lead back to their host', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 1_000_000 }), (seed, n) => {
        const world = createWorld({ hosts: 10, seed });
        const id = world.idOf(n);
        expect(world.idOf(n + 1)).toBeGreaterThan(id);
        expect(world.ordinalOf(id)).toBe(n);
        expect([...world.ordinals(EPOCH, world.idOf(3))][0]).toBe(3);
        expect([...world.ordinals(EPOCH, world.idOf(3) + 1)][0]).toBe(4);
      }),
      { numRuns: 40 },
    );
    const world = createWorld({ hosts: 100 });
    const steps = Array.from({ length: 99 }, (_, i) => world.idOf(i + 2) - world.idOf(i + 1));
    expect(steps).toContain(1);
    expect(Math.max(...steps)).toBeGreaterThan(1);
  });

  test('inserted hosts stand outside their neighbours’ group, before or after', () => {
    const world = createWorld({ hosts: 40, seed: 3 });
    const before = [...world.ordinals(EPOCH)].map((n) => world.idOf(n));
    world.insertNear(10, 'before');
    world.insertNear(10, 'after');
    const after = [...world.ordinals(EPOCH)].map((n) => world.idOf(n));
    const added = after.filter((id) => !before.includes(id));
    expect(after).toEqual([...after].sort((a, b) => a - b));
    expect(added).toHaveLength(2);
    expect(added[0]).toBeLessThan(world.idOf(10));
    expect(added[1]).toBeGreaterThan(world.idOf(10));
    for (const id of added) expect(world.idOf(world.ordinalOf(id)!)).toBe(id);
    expect([...world.ordinals(EPOCH, added[1])][0]).toBe(world.ordinalOf(added[1]!));
  });

  test('gives every detection of a host its own key and id, the same QID on several ports included', () => {
    let severalPorts = 0;
    const world = createWorld({ hosts: 300, seed: 8 });
    for (const n of world.ordinals(EPOCH + 60 * DAY)) {
      const detections = [...world.detections(world.host(n), EPOCH + 60 * DAY)];
      expect(new Set(detections.map(keyOf)).size).toBe(detections.length);
      expect(new Set(detections.map((d) => d.uniqueId)).size).toBe(detections.length);
      if (new Set(detections.map((d) => d.vulnerability.qid)).size < detections.length) severalPorts++;
    }
    expect(severalPorts).toBeGreaterThan(30);
  });

  test('has one giant host where asked for, its keys distinct', () => {
    const world = createWorld({ hosts: 5, giant: 50_000 });
    const host = world.host(world.giant!);
    const keys = new Set<string>();
    let count = 0;
    for (const detection of world.detections(host, EPOCH)) {
      keys.add(keyOf(detection));
      count++;
    }
    expect(keys.size).toBe(count);
    expect(count).toBeGreaterThan(45_000);
  });

  test('shows only what has been processed, and never a time to come', () => {
    const world = createWorld({ hosts: 150, seed: 4 });
    for (const t of [EPOCH, EPOCH + 3 * HOUR, EPOCH + 17 * DAY]) {
      for (const n of world.ordinals(t)) {
        expect(world.scanOf(n, t)!.processed).toBeLessThanOrEqual(t);
        for (const d of world.detections(world.host(n), t)) {
          for (const at of [d.firstFound, d.lastFound, d.lastTest, d.lastProcessed, d.lastUpdate, d.lastFixed ?? 0]) {
            expect(at).toBeLessThanOrEqual(t);
            expect(at % 1000).toBe(0);
          }
          expect(d.timesFound).toBeGreaterThan(0);
        }
      }
    }
  });

  test('a detection never changes without its processing time moving', () => {
    const world = createWorld({ hosts: 60, seed: 12 });
    let changes = 0;
    const seen = new Map<number, Detection>();
    for (let t = EPOCH; t < EPOCH + 40 * DAY; t += 5 * HOUR) {
      for (const n of world.ordinals(t)) {
        for (const d of world.detections(world.host(n), t)) {
          const before = seen.get(d.uniqueId);
          if (before !== undefined && before.lastProcessed === d.lastProcessed) expect(d).toEqual(before);
          else if (before !== undefined) changes++;
          // What is fixed and stays so is not tested again.
          if (before?.status === 'Fixed' && before.lastFixed === d.lastFixed && d.status === 'Fixed')
            expect(d).toEqual(before);
          if (before !== undefined) expect(d.lastProcessed).toBeGreaterThanOrEqual(before.lastProcessed);
          seen.set(d.uniqueId, d);
        }
      }
    }
    expect(changes).toBeGreaterThan(1000);
  });

  test('lives: in thirty days hosts come and go, detections appear, are fixed and reopened, tags wander', () => {
    const world = createWorld({ hosts: 400, seed: 2 });
    const at = (t: number) => {
      const hosts = new Set<number>();
      const states = new Map<number, string>();
      for (const n of world.ordinals(t)) {
        hosts.add(n);
        for (const d of world.detections(world.host(n), t)) states.set(d.uniqueId, d.status);
      }
      return { hosts, states };
    };
    const first = at(EPOCH);
    const last = at(EPOCH + 30 * DAY);
    const count = (test: (before: string | undefined, after: string) => boolean): number =>
      [...last.states].filter(([id, after]) => test(first.states.get(id), after)).length;
    expect([...first.hosts].filter((n) => !last.hosts.has(n)).length).toBeGreaterThan(5);
    expect([...last.hosts].filter((n) => !first.hosts.has(n)).length).toBeGreaterThan(5);
    expect(count((before) => before === undefined)).toBeGreaterThan(200);
    expect(count((before, after) => before !== undefined && before !== 'Fixed' && after === 'Fixed')).toBeGreaterThan(
      50,
    );
    expect(count((before, after) => before === 'Fixed' && after !== 'Fixed')).toBeGreaterThan(10);
    for (const states of [first.states, last.states]) {
      const shares = new Set(states.values());
      expect([...shares].sort()).toEqual(['Active', 'Fixed', 'New', 'Re-Opened']);
    }
  });

  test('lateness moves when a scan is shown, not the times it carries', () => {
    const world = createWorld({ hosts: 50, seed: 2 });
    const t = EPOCH + 5 * DAY;
    const prompt = [...world.ordinals(t)].map((n) => world.scanOf(n, t)!);
    world.setLateness(6 * HOUR);
    const late = [...world.ordinals(t)].map((n) => world.scanOf(n, t)!);
    world.setLateness(0);
    const then = [...world.ordinals(t - 6 * HOUR)].map((n) => world.scanOf(n, t - 6 * HOUR)!);
    expect(late.slice(0, 40)).toEqual(then.slice(0, 40));
    expect(late).not.toEqual(prompt);
  });

  test('can process all scans of a day in one second', () => {
    const world = createWorld({ hosts: 300, sameSecond: true });
    const times = new Set([...world.ordinals(EPOCH)].map((n) => world.scanOf(n, EPOCH)!.processed));
    expect(times.size).toBeLessThan(20);
  });

  test('without churn nobody comes or goes', () => {
    const world = createWorld({ hosts: 50, churn: 0 });
    expect([...world.ordinals(EPOCH + 900 * DAY)]).toEqual([...world.ordinals(EPOCH)]);
  });
});
