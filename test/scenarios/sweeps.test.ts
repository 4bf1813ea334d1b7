import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOutbox } from '../../src/collector/port.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import {
  connectionTo,
  DAY,
  difference,
  type Line,
  newest,
  type Rig,
  type RigOptions,
  repeated,
  SAME,
  startRig,
} from '../support/rig.ts';

const HOST_LIST = { host_list: { every: '1h' } };

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(options);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

const removed = (lines: readonly Line[]): Line[] => lines.filter(({ change }) => change === 'removed');

function setConnection(rig: Rig, more: Record<string, unknown>): void {
  const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
  connections['acme'] = { ...connections['acme'], ...more };
}

describe('absence must be earned [promise 7]', () => {
  it('purged hosts are removed with their reason and the fields of their key, nothing else is', () =>
    withRig(
      { hosts: 60, churn: 0.02, datasets: { ...HOST_LIST, host_list_detection: { every: '1h' } } },
      async (rig) => {
        await rig.run();
        const before = rig.truth('host_list');
        rig.pass();
        const purged = difference(rig.truth('host_list'), before).missing;
        expect(purged.length).toBeGreaterThan(0);
        await rig.run();
        const gone = removed(await rig.lines('host_list'));
        expect(gone.map(({ key }) => key[0]).toSorted()).toEqual(purged.toSorted());
        expect(gone.map(({ reason, record }) => [reason, record])).toEqual(
          gone.map(({ key }) => ['purged', { ID: key[0] }]),
        );
        const detections = removed(await rig.lines('host_list_detection'));
        expect(detections.every(({ key, record }) => purged.includes(key[0]!) && record['QID'] === key[1])).toBe(true);
        expect(repeated(await rig.lines('host_list_detection'))).toEqual([]);
      },
    ));

  it('[fault 42] a list that is suddenly nearly empty is held: nothing is removed until a second sweep agrees', () =>
    withRig({ hosts: 60, datasets: HOST_LIST }, async (rig) => {
      await rig.run();
      const small = await startSimulator({ hosts: 3 });
      try {
        setConnection(rig, connectionTo(small, HOST_LIST));
        const first = await rig.run({ sweep: true });
        expect(first.reports.map(({ removed: n, heldSweep }) => [n, heldSweep])).toEqual([
          [0, { absent: 57, known: 60 }],
        ]);
        expect(removed(await rig.lines('host_list'))).toEqual([]);
        // It was a mistake after all: the next sweep finds everything, and the held one is forgotten.
        setConnection(rig, connectionTo(rig.simulator, HOST_LIST));
        expect((await rig.run({ sweep: true })).reports.map(({ removed: n, heldSweep }) => [n, heldSweep])).toEqual([
          [0, undefined],
        ]);
        setConnection(rig, connectionTo(small, HOST_LIST));
        expect((await rig.run({ sweep: true })).reports[0]?.heldSweep).toBeDefined();
        expect((await rig.run({ sweep: true })).reports.map(({ removed: n }) => n)).toEqual([57]);
        expect(new Set(removed(await rig.lines('host_list')).map(({ reason }) => reason))).toEqual(new Set(['purged']));
      } finally {
        await small.close();
      }
    }));

  it('[fault 3] killed between holding a sweep and ending the pull: it stays held, and does not confirm itself', () =>
    withRig({ hosts: 60, datasets: HOST_LIST }, async (rig) => {
      await rig.run();
      const small = await startSimulator({ hosts: 3 });
      try {
        setConnection(rig, connectionTo(small, HOST_LIST));
        const held = await rig.run({ sweep: true });
        // The checkpoint as it was before the pull's end was written.
        const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, Date.now());
        const { scope, ...rest } = (await rig.state('host_list')).checkpoint;
        const sweep = await outbox.store.db
          .selectFrom('sweep')
          .select('id')
          .where('state', '=', 'held')
          .executeTakeFirstOrThrow();
        const pull = { id: held.reports[0]!.pull, mode: 'full', scope, resume: [], sweep: sweep.id };
        const checkpoint = JSON.stringify({ ...rest, scope, pull });
        await outbox.store.db.updateTable('stream').set({ checkpoint }).execute();
        await outbox.close();
        const { reports } = await rig.run();
        expect(reports[0]).toMatchObject({
          mode: 'full',
          outcome: 'complete',
          removed: 0,
          heldSweep: { absent: 57, known: 60 },
        });
        expect(removed(await rig.lines('host_list'))).toEqual([]);
      } finally {
        await small.close();
      }
    }));

  it('[fault 42] a full sweep whose answers are empty with status 200 removes nothing', () =>
    withRig({ datasets: { host_list: { every: '1h', page_size: 7 } } }, async (rig) => {
      await rig.run();
      rig.simulator.setFault('empty-200@/asset/host/');
      const { stopped } = await rig.run({ sweep: true });
      expect([...stopped.values()].map(({ code }) => code)).toEqual(['QRY2034']);
      expect(removed(await rig.lines('host_list'))).toEqual([]);
      rig.simulator.clearFaults();
      await rig.run({ sweep: true });
      expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
    }));

  it('removed and back again: three events, three ids', () =>
    withRig({ hosts: 200, datasets: HOST_LIST }, async (rig) => {
      const fewer = await startSimulator({ hosts: 192 });
      try {
        await rig.run();
        setConnection(rig, connectionTo(fewer, HOST_LIST));
        expect((await rig.run({ sweep: true })).reports[0]?.removed).toBe(8);
        setConnection(rig, connectionTo(rig.simulator, HOST_LIST));
        expect((await rig.run({ sweep: true })).reports[0]?.emitted).toBe(8);
        const lines = await rig.lines('host_list');
        expect(repeated(lines)).toEqual([]);
        expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
      } finally {
        await fewer.close();
      }
    }));
});

describe('scope', () => {
  const TAGS = ['Env=Production'];
  it('changed filters: a full reading, what falls outside goes as out_of_scope, what stays is untouched', () =>
    withRig({ hosts: 60, datasets: HOST_LIST }, async (rig) => {
      await rig.run();
      setConnection(rig, { tags_include: TAGS });
      const narrow = await rig.run();
      expect(
        narrow.reports.map(({ mode, outcome, emitted, heldSweep }) => [mode, outcome, emitted, heldSweep]),
      ).toEqual([['full', 'complete', 0, undefined]]);
      const gone = removed(await rig.lines('host_list'));
      expect(gone.length).toBeGreaterThan(20);
      expect(gone.filter(({ reason }) => reason !== 'out_of_scope')).toEqual([]);
      const left = newest(await rig.lines('host_list'));
      expect(left.size).toBeGreaterThan(0);
      expect(
        [...left.values()].filter(({ record }) => !JSON.stringify(record['TAGS']).includes('Env=Production')),
      ).toEqual([]);

      setConnection(rig, { tags_include: undefined });
      await rig.run();
      const lines = await rig.lines('host_list');
      expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
      expect(repeated(lines)).toEqual([]);
    }));

  it('a filter that finds nothing at all is held: it is more likely mistyped than meant', () =>
    withRig({ hosts: 60, datasets: HOST_LIST }, async (rig) => {
      await rig.run();
      setConnection(rig, { tags_include: ['No such tag'] });
      const { reports } = await rig.run();
      expect(reports.map(({ mode, removed: n, heldSweep }) => [mode, n, heldSweep?.absent])).toEqual([['full', 0, 60]]);
      // A day later the ids say the same: then it is believed, and the reason is still the filter.
      rig.clock.advance(DAY + 1000);
      await rig.run();
      expect(new Set(removed(await rig.lines('host_list')).map(({ reason }) => reason))).toEqual(
        new Set(['out_of_scope']),
      );
    }));

  it('another user who sees fewer hosts is held, too', () =>
    withRig(
      {
        hosts: 60,
        datasets: HOST_LIST,
        users: [
          { username: 'one', password: 'pass one' },
          { username: 'two', password: 'pass two' },
        ],
      },
      async (rig) => {
        await rig.run();
        const fewer = await startSimulator({ hosts: 20, users: [{ username: 'two', password: 'pass two' }] });
        try {
          setConnection(rig, connectionTo(fewer, HOST_LIST));
          const { reports } = await rig.run();
          expect(reports.map(({ mode, removed: n, heldSweep }) => [mode, n, heldSweep?.absent])).toEqual([
            ['full', 0, 40],
          ]);
        } finally {
          await fewer.close();
        }
      },
    ));
});
