import { describe, expect, it } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { difference, type Line, newest, type Rig, type RigOptions, repeated, SAME, startRig } from '../support/rig.ts';

const HOUR = 3_600_000;

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(options);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

const LISTS = [
  'ips',
  'asset_groups',
  'reports',
  'tickets',
  'users',
  'appliances',
  'compliance_scans',
  'compliance_controls',
  'compliance_policies',
  'compliance_posture',
];

/** Where a fault hits a data set's answers, and not the sign-in. */
const path = (name: string): string => (['tickets', 'users'].includes(name) ? '_list.php' : '/fo/');

describe('lists of the classic interface [A13, A15–A18, A21, A23, A25–A27]', () => {
  it.each(LISTS)('%s: every element that comes is known', (name) =>
    withRig({ hosts: 30, datasets: { [name]: { every: '1h' } } }, async (rig) => {
      const { stopped, imbalances } = await rig.run();
      expect([[...stopped], imbalances]).toEqual([[], []]);
      const { format, key } = datasets.get(name)!;
      const known = new Set([...format.fields, ...key.filter(({ from }) => from === 'part').map(({ field }) => field)]);
      const lines = await rig.lines(name);
      expect(lines.length).toBeGreaterThan(0);
      expect([...new Set(lines.flatMap(({ record }) => Object.keys(record)))].filter((one) => !known.has(one))).toEqual(
        [],
      );
      expect(lines.filter(({ flags }) => flags !== undefined)).toEqual([]);
    }),
  );

  it.each(LISTS.filter((name) => datasets.get(name)!.incremental))(
    '%s: what changed is enough to have what a complete reading has',
    (name) =>
      withRig({ hosts: 40, datasets: { [name]: { every: '1h' } } }, async (rig) => {
        await rig.run();
        for (let i = 0; i < 3; i++) {
          rig.pass(7 * HOUR);
          const { reports } = await rig.run();
          expect(reports.map(({ mode, outcome }) => [mode, outcome])).toEqual([['incremental', 'complete']]);
        }
        const connections = rig.config['connections'] as Record<string, object>;
        connections['acme'] = { ...connections['acme'], tenant: 'acme' };
        connections['again'] = { ...connections['acme'], subscription: 'again' };
        await rig.run();
        const { noise } = datasets.get(name)!;
        // Of tickets only open ones are read again: what is merely counted on others waits for the complete reading.
        const left = (record: Line['record']) =>
          name === 'tickets' && record['CURRENT_STATE'] !== 'OPEN' ? ['STATS'] : noise;
        const content = (lines: readonly Line[]) =>
          new Map(
            [...newest(lines)].map(([key, { record }]) => [
              key,
              JSON.stringify(Object.entries(record).filter(([field]) => !left(record).includes(field))),
            ]),
          );
        const lines = await rig.lines(name);
        if (name === 'tickets')
          expect(lines.some(({ change, record }) => change === 'updated' && record['CURRENT_STATE'] === 'OPEN')).toBe(
            true,
          );
        const have = content(lines);
        const want = content(await rig.lines(name, 'again'));
        expect(want.size).toBeGreaterThan(0);
        expect(difference(have.keys(), want.keys()).missing).toEqual([]);
        expect([...want].filter(([key, text]) => have.get(key) !== text)).toEqual([]);
        expect(repeated(lines)).toEqual([]);
      }),
  );

  it.each([...LISTS, 'vm_scans'])('[fault 58] %s: element names in lower case mean the same', (name) =>
    withRig({ hosts: 20, faults: [`lower-case@${path(name)}`], datasets: { [name]: { every: '1h' } } }, async (rig) => {
      const { stopped, imbalances } = await rig.run();
      expect([[...stopped], imbalances]).toEqual([[], []]);
      const { format } = datasets.get(name)!;
      const lines = await rig.lines(name);
      expect(lines.length).toBeGreaterThan(0);
      const names = new Set(lines.flatMap(({ record }) => Object.keys(record)).filter((one) => one !== 'POLICY_ID'));
      expect([...names].filter((one) => !format.fields.includes(one))).toEqual([]);
    }),
  );

  it('tickets: more than one answer holds, with the last of one again at the beginning of the next', () =>
    withRig({ hosts: 2500, faults: ['duplicate-ticket'], datasets: { tickets: { every: '1h' } } }, async (rig) => {
      const { reports, imbalances } = await rig.run();
      expect(imbalances).toEqual([]);
      const lines = await rig.lines('tickets');
      expect(lines.length).toBeGreaterThan(1000);
      expect(reports[0]!.received).toBeGreaterThan(lines.length);
      expect(
        difference(
          lines.map(({ key }) => key[0]!),
          rig.truth('tickets'),
        ),
      ).toEqual(SAME);
    }));

  it('users whose login and id are hidden are told apart; where the list is denied, it is a matter of permission', () =>
    withRig({ hosts: 30, faults: ['users-hidden'], datasets: { users: { every: '1h' } } }, async (rig) => {
      const { imbalances } = await rig.run();
      expect(imbalances).toEqual([]);
      const lines = await rig.lines('users');
      expect(lines.some(({ key }) => key[0] === '' && key[1] === '' && key[2] !== '')).toBe(true);
      expect(lines.length).toBe(rig.truth('users').size);
      rig.simulator.setFault('users-denied');
      rig.pass();
      const { stopped } = await rig.run();
      expect([...stopped.values()].map(({ code }) => code)).toEqual(['QRY2012']);
    }));

  it('a list without children, and a warning that is no truncation, end nothing early', () =>
    withRig(
      {
        hosts: 30,
        faults: ['warning-not-truncated'],
        datasets: { asset_groups: { every: '1h' }, compliance_controls: { every: '1h', page_size: 50 } },
      },
      async (rig) => {
        const { imbalances } = await rig.run();
        expect(imbalances).toEqual([]);
        for (const name of ['asset_groups', 'compliance_controls'])
          expect(
            difference(
              (await rig.lines(name)).map(({ key }) => key[0]!),
              rig.truth(name),
            ),
          ).toEqual(SAME);
      },
    ));

  it('lists that come in several answers are read to their end: policies whose posture is read, ids of a sweep', () =>
    withRig(
      {
        hosts: 30,
        faults: ['page-size-capped=2@/compliance/policy/', 'page-size-capped=90@/compliance/control/'],
        datasets: { compliance_posture: { every: '1h' }, compliance_controls: { every: '1h', sweep: { ids: '1h' } } },
      },
      async (rig) => {
        const { imbalances } = await rig.run();
        expect(imbalances).toEqual([]);
        expect(
          difference(newest(await rig.lines('compliance_posture')).keys(), rig.truth('compliance_posture')),
        ).toEqual(SAME);
        rig.pass(2 * HOUR);
        const { reports } = await rig.run({ only: ['compliance_controls'] });
        expect(reports.map(({ mode, outcome, removed }) => [mode, outcome, removed])).toContainEqual([
          'ids',
          'complete',
          0,
        ]);
        expect(reports.filter(({ heldSweep }) => heldSweep !== undefined)).toEqual([]);
      },
    ));

  it('a list of policies that leads back to itself ends in an error that says so', () =>
    withRig(
      {
        hosts: 30,
        faults: ['page-size-capped=2@/compliance/policy/', 'next-url-loop@/compliance/policy/'],
        datasets: { compliance_posture: { every: '1h' } },
      },
      async (rig) => {
        const { stopped } = await rig.run();
        expect([...stopped.values()].map(({ code }) => code)).toEqual(['QRY2033']);
      },
    ));
});
