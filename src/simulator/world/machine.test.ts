import { expect, test } from 'vitest';
import type { Host } from './host.ts';
import { createHandovers, HANDOVERS } from './machine.ts';
import { DAY } from './time.ts';
import { createWorld, DEFAULT_EPOCH } from './world.ts';

const HOSTS = 60;
const LAST = DEFAULT_EPOCH + 40 * DAY;
const world = (handovers: boolean) => createWorld({ hosts: HOSTS, churn: 0.03, handovers });

test('hosts born after the epoch take over what they say, each from a host of its own', () => {
  const [alone, sharing] = [world(false), world(true)];
  const handovers = createHandovers(1, HOSTS, (n) => alone.host(n));
  const taken = Array.from({ length: sharing.lastOrdinal(LAST) }, (_, i) => i + 1).flatMap((n) => {
    const handover = handovers.of(n);
    return handover === undefined ? [] : [{ n, ...handover }];
  });
  expect(new Set(taken.map(({ kind }) => kind))).toEqual(new Set(HANDOVERS));
  expect(new Set(taken.map(({ from }) => from)).size).toBe(taken.length);
  const hardware = ({ hardwareUuid, serial }: Host): string[] => [hardwareUuid, serial];
  for (const { n, kind, from } of taken) {
    const [host, earlier] = [sharing.host(n), alone.host(from)];
    expect(n).toBeGreaterThan(HOSTS);
    expect([host.id, host.assetId]).not.toContain(earlier.id);
    expect(sharing.machineOf(n)).toBe(kind === 'again' || kind === 'second' ? from : n);
    if (kind === 'address') expect([host.ip, host.network]).toEqual([earlier.ip, earlier.network]);
    else expect(host.qgHostId).toBe(earlier.qgHostId);
    if (kind === 'again' || kind === 'second') expect(hardware(host)).toEqual(hardware(earlier));
    else expect(host.hardwareUuid).not.toBe(earlier.hardwareUuid);
    expect(earlier.life.purge <= host.life.birth).toBe(
      kind === 'again' || (kind === 'address' && earlier.life.purge <= host.life.birth),
    );
  }
});

test('without handovers every host is its own machine', () => {
  const plain = world(false);
  for (const n of plain.ordinals(LAST)) expect(plain.machineOf(n)).toBe(n);
});
