import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appliancesAt } from './appliances.ts';
import { complianceScansAt } from './compliance-scans.ts';
import { controlsAt } from './controls.ts';
import { groupsAt } from './groups.ts';
import { addressesAt } from './ips.ts';
import { peopleAt } from './people.ts';
import { policiesAt } from './policies.ts';
import { type Posture, posturesAt } from './posture.ts';
import { reportsAt } from './reports.ts';
import { ticketsAt } from './tickets.ts';
import { DAY, HOUR } from './time.ts';
import { createWorld, DEFAULT_EPOCH, type World } from './world.ts';

const EPOCH = DEFAULT_EPOCH;

const seeds = { seed: Date.now() % 2 ** 31, numRuns: 12 };
const days = fc.integer({ min: 0, max: 400 });

function everything(world: World, t: number): unknown[] {
  const lists = [addressesAt, groupsAt, reportsAt, ticketsAt, peopleAt, appliancesAt, controlsAt, policiesAt];
  return [
    ...lists.map((list) => [...list(world, t)].filter((one) => one !== undefined)),
    [...complianceScansAt(world, t, t - 60 * DAY)],
    ...[...policiesAt(world, t)].map((policy) => [...posturesAt(world, policy, t)]),
  ];
}

function postures(world: World, t: number): Map<string, Posture> {
  const found = new Map<string, Posture>();
  for (const policy of policiesAt(world, t)) {
    for (const one of posturesAt(world, policy, t)) if (one !== undefined) found.set(`${policy.id} ${one.id}`, one);
  }
  return found;
}

describe('records of the world', () => {
  test('are the same for the same seed and time, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), days, (seed, day) => {
        const t = EPOCH + day * DAY + 7 * HOUR;
        const used = createWorld({ hosts: 25, seed });
        everything(used, t + 50 * DAY);
        everything(used, EPOCH);
        expect(everything(used, t)).toEqual(everything(createWorld({ hosts: 25, seed }), t));
      }),
      { ...seeds, numRuns: 5 },
    );
  });

  test('ascend in their ids, each once, and can be read from any id on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), days, fc.nat(), (seed, day, draw) => {
        const world = createWorld({ hosts: 120, seed, churn: 0.01 });
        const t = EPOCH + day * DAY;
        const policy = [...policiesAt(world, t)][draw % 4]!;
        const lists: ((from: number) => Iterable<{ readonly id: number } | undefined>)[] = [
          (from) => groupsAt(world, t, from),
          (from) => controlsAt(world, t, from),
          (from) => policiesAt(world, t, from),
          (from) => posturesAt(world, policy, t, from),
          function* (from) {
            for (const one of ticketsAt(world, t, from)) if (one !== undefined) yield { id: one.number };
          },
        ];
        for (const list of lists) {
          const ids = [...list(0)].flatMap((one) => (one === undefined ? [] : [one.id]));
          for (const [i, id] of ids.entries()) if (i > 0) expect(id).toBeGreaterThan(ids[i - 1]!);
          for (const at of [draw % (ids.length + 1), ids.length - 1, 0]) {
            const id = ids[at];
            if (id === undefined) continue;
            const tail = (from: number): number[] =>
              [...list(from)].flatMap((one) => (one === undefined ? [] : [one.id]));
            expect(tail(id)).toEqual(ids.slice(at));
            expect(tail(id + 1)).toEqual(ids.slice(at + 1));
          }
        }
      }),
      seeds,
    );
  });

  test('a ticket’s story only grows, is never of the future, and begins on an open detection', () => {
    const world = createWorld({ hosts: 500, seed: 31 });
    const before = new Map<number, readonly unknown[]>();
    let grown = 0;
    for (let t = EPOCH; t < EPOCH + 120 * DAY; t += 9 * DAY) {
      for (const ticket of ticketsAt(world, t)) {
        if (ticket === undefined) continue;
        const { number, steps, created, modified, host } = ticket;
        expect(modified).toBeLessThanOrEqual(t);
        expect(modified).toBeGreaterThanOrEqual(created);
        const told = before.get(number) ?? [];
        expect(steps.slice(0, told.length)).toEqual(told);
        if (told.length > 0 && steps.length > told.length) grown++;
        before.set(number, steps);
        if (told.length > 0) continue;
        const then = [...world.detections(host, created)].find((one) => one.uniqueId === ticket.detection.uniqueId);
        expect(['New', 'Active', 'Re-Opened']).toContain(then?.status);
      }
    }
    expect(grown).toBeGreaterThan(20);
  });

  test('a posture never changes without its modification moving, and only evaluations move it', () => {
    const world = createWorld({ hosts: 120, seed: 17 });
    let changes = 0;
    let before = postures(world, EPOCH);
    for (let t = EPOCH + DAY; t < EPOCH + 60 * DAY; t += 3 * DAY) {
      const after = postures(world, t);
      for (const [key, now] of after) {
        const then = before.get(key);
        expect(now.modified).toBeLessThanOrEqual(now.evaluated);
        expect(now.evaluated).toBeLessThanOrEqual(t);
        if (then === undefined) continue;
        if (then.modified === now.modified)
          expect({ ...now, evaluated: 0, control: 0 }).toEqual({ ...then, evaluated: 0, control: 0 });
        else {
          changes++;
          expect(now.modified).toBeGreaterThan(then.evaluated);
          expect(now.previous).toBe(then.status);
          expect(now.status).not.toBe(then.status);
        }
      }
      before = after;
    }
    expect(changes).toBeGreaterThan(300);
  });

  test('a control changes only with its update; what is deprecated stays so', () => {
    const world = createWorld({ hosts: 5, seed: 3 });
    const before = new Map([...controlsAt(world, EPOCH)].map((one) => [one.id, one]));
    let changed = 0;
    for (const control of controlsAt(world, EPOCH + 200 * DAY)) {
      const then = before.get(control.id);
      if (then === undefined) {
        expect(control.created).toBeGreaterThan(EPOCH);
        continue;
      }
      if (then.updated === control.updated) expect(control).toEqual(then);
      else changed++;
      if (then.deprecated !== undefined) expect(control.deprecated).toBe(then.deprecated);
    }
    expect(changed).toBeGreaterThan(200);
  });
});
