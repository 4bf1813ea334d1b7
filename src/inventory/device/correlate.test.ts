import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { correlate } from './correlate.ts';
import { NOTHING } from './facts.ts';
import { explain, merge } from './merge.ts';
import type { Source, SourceName } from './source.ts';

const DAY = 86_400_000;

/** A reading; what is not said is not there. */
function reading(
  dataset: SourceName,
  id: number,
  { facts, ...ids }: Partial<Omit<Source, 'facts'>> & { facts?: Partial<Source['facts']> } = {},
): Source {
  const isHost = dataset.startsWith('host_list');
  return {
    ...{ dataset, id, connection: 'c', seq: 1, accepted: 1000, removed: '', removed_at: 0, returned: 0, device: '' },
    ...{ host: isHost ? id : 0, asset: isHost ? 0 : id, agent: '', cloud: '' },
    ...ids,
    facts: { ...NOTHING, ...facts },
  };
}

const devicesOf = (...sources: readonly Source[]) =>
  Object.fromEntries(
    correlate(sources).map(({ device, sources: own }) => [
      device,
      own.map(({ dataset, id }) => `${dataset}/${id}`).sort(),
    ]),
  );

describe('what is one device', () => {
  test('the same host id or asset id, over data sets', () => {
    expect(
      devicesOf(
        reading('host_list', 7, { asset: 70 }),
        reading('host_list_detection', 7),
        reading('host_assets', 70, { host: 7 }),
        reading('assets', 70),
        reading('assets', 80),
      ),
    ).toEqual({ 70: ['assets/70', 'host_assets/70', 'host_list/7', 'host_list_detection/7'], 80: ['assets/80'] });
  });

  test('an agent’s host and a scanner’s host of one machine; not the clones of an image', () => {
    expect(devicesOf(reading('host_list', 1, { agent: 'a' }), reading('host_list', 2, { agent: 'a' }))).toEqual({
      h1: ['host_list/1', 'host_list/2'],
    });
    expect(
      devicesOf(
        reading('host_list', 1, { agent: 'a', cloud: 'aws/i-1' }),
        reading('host_list', 2, { agent: 'a', cloud: 'aws/i-2' }),
        reading('host_list', 3, { agent: 'a', cloud: 'aws/i-1' }),
      ),
    ).toEqual({ h1: ['host_list/1', 'host_list/3'], h2: ['host_list/2'] });
    const hardware = (hardware_uuid: string) => ({ agent: 'a', facts: { hardware_uuid } });
    expect(devicesOf(reading('host_list', 1, hardware('x')), reading('host_list', 2, hardware('y')))).toEqual({
      h1: ['host_list/1'],
      h2: ['host_list/2'],
    });
  });

  test('never an address, a name or a MAC: used again, common, copied', () => {
    const same = { facts: { ip: '10.0.0.1', ips: ['10.0.0.1'], name: 'web', macs: ['00:00:5e:00:53:01'] } };
    expect(Object.keys(devicesOf(reading('host_list', 1, same), reading('host_list', 2, same)))).toEqual(['h1', 'h2']);
  });

  test('an address given to another machine: the old device stays gone, the new one is itself', () => {
    const ip = { facts: { ip: '10.0.0.1' } };
    const groups = correlate([reading('host_list', 1, { ...ip, removed: 'purged' }), reading('host_list', 2, ip)]);
    expect(groups.map(({ device, sources }) => [device, sources[0]!.removed])).toEqual([
      ['h2', ''],
      ['h1', 'purged'],
    ]);
  });

  test('what is gone joins nothing, and goes to the device of today that shares an id', () => {
    expect(
      devicesOf(
        reading('host_list', 1, { agent: 'a', removed: 'purged' }),
        reading('host_list', 2, { agent: 'a' }),
        reading('host_assets', 50, { host: 1 }),
      ),
    ).toEqual({ h2: ['host_list/2'], 50: ['host_assets/50', 'host_list/1'] });
    expect(
      devicesOf(reading('host_list', 1, { agent: 'a', removed: 'purged' }), reading('host_list', 2, { agent: 'a' })),
    ).toEqual({
      h2: ['host_list/1', 'host_list/2'],
    });
  });

  test('what was lost together stays together, with the machine that came back and not with a copy of it', () => {
    const gone = { host: 1, asset: 10, removed: 'purged' };
    const hardware = (hardware_uuid: string) => ({ agent: 'a', facts: { hardware_uuid } });
    const lost = [
      reading('host_list', 1, { ...gone, ...hardware('x') }),
      reading('host_list_detection', 1, { ...gone, agent: 'a' }),
      reading('host_assets', 10, gone),
    ];
    const names = ['host_assets/10', 'host_list/1', 'host_list_detection/1'];
    expect(devicesOf(...lost, reading('host_list', 2, hardware('x')))).toEqual({
      h2: [...names, 'host_list/2'].sort(),
    });
    expect(devicesOf(...lost, reading('host_list', 2, hardware('y')))).toEqual({ h2: ['host_list/2'], 10: names });
  });

  test('whatever order readings come in, the devices are the same', () => {
    const ids = fc.record({
      dataset: fc.constantFrom<SourceName>('host_list', 'host_assets', 'assets', 'host_list_detection'),
      id: fc.integer({ min: 1, max: 6 }),
      host: fc.integer({ min: 0, max: 4 }),
      asset: fc.integer({ min: 0, max: 4 }),
      agent: fc.constantFrom('', 'a', 'b'),
      cloud: fc.constantFrom('', 'aws/1', 'aws/2'),
      hardware_uuid: fc.constantFrom('', 'x', 'y'),
      removed: fc.constantFrom('', '', 'purged'),
    });
    const own = (one: Source): boolean => `${one.dataset}/${one.id}` !== '';
    fc.assert(
      fc.property(
        fc.uniqueArray(ids, { selector: ({ dataset, id }) => `${dataset}/${id}`, maxLength: 9 }),
        fc.nat(),
        (list, seed) => {
          const sources = list.map(({ dataset, id, hardware_uuid, ...rest }) => {
            const isHost = dataset.startsWith('host_list');
            return reading(dataset, id, {
              ...rest,
              ...(isHost ? { host: id } : { asset: id }),
              facts: { hardware_uuid },
            });
          });
          const shuffled = sources
            .map((source, i) => [(seed * (i + 7)) % 101, source] as const)
            .sort(([a], [b]) => a - b)
            .map(([, source]) => source);
          expect(devicesOf(...shuffled)).toEqual(devicesOf(...sources));
          const grouped = correlate(sources).flatMap((group) => group.sources);
          expect(grouped.length).toBe(sources.filter(own).length);
          expect(new Set(correlate(sources).map(({ device }) => device)).size).toBe(correlate(sources).length);
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 500 },
    );
  });
});

describe('whose word counts', () => {
  const seen = (last_seen: number, more: Partial<Source['facts']>) => ({ host: 1, facts: { last_seen, ...more } });

  test('inventories for hardware, the scanner for addresses, the latest for times; silence is passed over', () => {
    const sources = [
      reading('host_list', 1, seen(100 * DAY, { ip: '10.0.0.1', model: 'scanned', os: 'Linux', first_seen: 5 })),
      reading('assets', 9, seen(99 * DAY, { ip: '10.0.0.2', model: 'M', os: '', first_seen: 3, last_user: 'root' })),
    ];
    expect(merge(sources)).toMatchObject({
      ...{ ip: '10.0.0.1', model: 'M', os: 'Linux', last_user: 'root', first_seen: 3, last_seen: 100 * DAY },
    });
    const model = explain(sources).find(({ field }) => field === 'model');
    expect(model).toEqual({
      ...{ field: 'model', rule: 'inventory', value: 'M', source: 'assets/9', when: 1000 },
      others: [{ value: 'scanned', source: 'host_list/1', when: 1000 }],
    });
  });

  test('who saw the device more than 30 days before another yields', () => {
    const model = (days: number) =>
      merge([
        reading('host_list', 1, seen(100 * DAY, { model: 'scanned' })),
        reading('assets', 9, seen((100 - days) * DAY, { model: 'old' })),
      ]).model;
    expect([model(30), model(31)]).toEqual(['old', 'scanned']);
  });

  test('who is gone has no word while another is left', () => {
    const gone = reading('assets', 9, { ...seen(100 * DAY, { model: 'gone' }), removed: 'purged' });
    expect(merge([gone, reading('host_list', 1, seen(90 * DAY, { model: 'there' }))]).model).toBe('there');
    expect(merge([gone]).model).toBe('gone');
  });
});
