import { describe, expect, it } from 'vitest';
import { truthLines } from '../../src/simulator/index.ts';
import { difference, type Line, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';

/** What the generator says of an object, in Quarry's spelling. */
interface Truth {
  readonly key: string;
  readonly tag_ids?: readonly number[];
  readonly name?: string;
  readonly ignored?: boolean;
  readonly open?: boolean;
  readonly processed?: string;
}

function truth(rig: Rig, dataset: string): Truth[] {
  return [...truthLines(rig.simulator.world, rig.simulator.now(), undefined, new Set([dataset]))]
    .map((text) => JSON.parse(text) as Omit<Truth, 'key'> & { key: string[] })
    .map((one) => ({ ...one, key: one.key.join('|') }));
}

/** Reads one data set with these options; a `fault` spoils answers. */
async function withRig(
  name: string,
  options: Record<string, unknown>,
  test: (rig: Rig) => Promise<void>,
  faults: readonly string[] = [],
): Promise<void> {
  const rig = await startRig({ hosts: 50, faults, datasets: {} });
  try {
    choose(rig, name, options);
    await test(rig);
  } finally {
    await rig.close();
  }
}

function choose(rig: Rig, name: string, options: Record<string, unknown>): void {
  const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
  const datasets = { [name]: { every: '1h', page_size: 9, ...options } };
  connections['acme'] = { ...connections['acme'], gateway_url: rig.simulator.url, datasets };
}

/** What the events so far come to, against what is expected. */
async function compare(rig: Rig, name: string, wanted: Iterable<string>): Promise<Line[]> {
  const lines = await rig.lines(name);
  expect(difference(newest(lines).keys(), wanted)).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
  return lines;
}

const good = async (rig: Rig) => {
  const summary = await rig.run();
  expect(summary.reports.map(({ outcome, error }) => [outcome, error])).toEqual(
    summary.reports.map(() => ['complete', undefined]),
  );
  return summary;
};

/** Recent events alone: 15 months are some 450 windows. */
const recently = (rig: Rig): string => new Date(rig.simulator.now() - 5 * 86_400_000).toISOString();

describe('tags choose assets by name [A47]', () => {
  it.each([
    ['host_assets', 1],
    ['host_assets', 3],
    ['assets', 1],
    ['assets', 3],
  ])('%s with one of %i tags', (name, count) =>
    withRig(name, {}, async (rig) => {
      const used = new Set(truth(rig, name).flatMap(({ tag_ids }) => tag_ids ?? []));
      const tags = truth(rig, 'tags').filter(({ key }) => name === 'assets' || used.has(Number(key)));
      const hosts = truth(rig, 'host_assets');
      const chosen = tags
        .filter(({ key }) => hosts.some(({ tag_ids }) => tag_ids?.includes(Number(key))))
        .filter(({ key }) => !hosts.every(({ tag_ids }) => tag_ids?.includes(Number(key))))
        .slice(0, count);
      expect(chosen.length).toBe(count);
      const ids = new Set(chosen.map(({ key }) => Number(key)));
      const wanted = hosts.filter(({ tag_ids }) => tag_ids?.some((id) => ids.has(id))).map(({ key }) => key);
      expect(wanted.length).toBeGreaterThan(0);
      expect(wanted.length).toBeLessThan(hosts.length);
      choose(rig, name, { tags_include: chosen.map((one) => one.name) });
      await good(rig);
      await compare(rig, name, wanted);
      // What falls outside of a changed choice is out of scope, and not purged.
      choose(rig, name, { tags_include: [chosen[0]!.name], tags_exclude: ['no such tag'] });
      await good(rig);
      const [first] = [...ids];
      const left = hosts.filter(({ tag_ids }) => tag_ids?.includes(first!)).map(({ key }) => key);
      const lines = await compare(rig, name, left);
      expect(new Set(lines.filter(({ change }) => change === 'removed').map(({ reason }) => reason))).toEqual(
        new Set(count === 1 ? [] : wanted.length > left.length ? ['out_of_scope'] : []),
      );
    }),
  );
});

describe('QPS answers that say less than they should', () => {
  it.each([
    ['has-more-absent', 1000],
    ['has-more-absent', 9],
    ['list-empty', 1000],
    ['list-single-object', 20],
  ])('%s, pages of %i: nothing is missed', (fault, page_size) =>
    withRig(
      'tags',
      { page_size },
      async (rig) => {
        await good(rig);
        await compare(rig, 'tags', rig.truth('tags'));
      },
      [fault],
    ),
  );
});

describe('web application findings', () => {
  it('come with requests and responses only where they are wanted', () =>
    withRig('webapp_findings', {}, async (rig) => {
      await good(rig);
      const plain = await compare(rig, 'webapp_findings', rig.truth('webapp_findings'));
      expect(plain.filter(({ record }) => 'resultList' in record)).toEqual([]);
      choose(rig, 'webapp_findings', { verbose: true });
      const { reports } = await good(rig);
      expect(reports[0]!.mode).toBe('full');
      const all = newest(await rig.lines('webapp_findings'));
      expect([...all.values()].filter(({ record }) => !('resultList' in record))).toEqual([]);
    }));

  it('that were ignored in Qualys are found out by the daily reading of everything', () =>
    withRig('webapp_findings', {}, async (rig) => {
      await good(rig);
      rig.pass(9 * 86_400_000);
      const { reports } = await good(rig);
      expect(reports[0]!.mode).toBe('full');
      const lines = newest(await compare(rig, 'webapp_findings', rig.truth('webapp_findings')));
      for (const { key, ignored } of truth(rig, 'webapp_findings'))
        expect(lines.get(key)!.record['isIgnored']).toBe(String(ignored));
    }));
});

describe('FIM', () => {
  it('events: ignored ones are of the log unless they are not wanted', () =>
    withRig('fim_events', {}, async (rig) => {
      const since = recently(rig);
      choose(rig, 'fim_events', { start_time_in_utc: since, ignored: false });
      await good(rig);
      const all = truth(rig, 'fim_events').map((one) => ({ ...one, at: Date.parse(one.processed!) }));
      // What a window ends before, and edges that are rounded to seconds, are nobody's claim here.
      const from = Date.parse(since);
      const to = rig.simulator.now() - 400_000;
      const mine = all.filter(({ at }) => at >= from && at < to);
      const have = new Set(newest(await rig.lines('fim_events')).keys());
      expect(mine.filter(({ key, ignored }) => have.has(key) === ignored)).toEqual([]);
      expect(mine.some(({ ignored }) => ignored)).toBe(true);
      expect(have.size).toBeGreaterThan(0);
    }));

  it('events come in the order the platform processed them, list by list', () =>
    withRig('fim_events', {}, async (rig) => {
      choose(rig, 'fim_events', { start_time_in_utc: recently(rig), ignored: false });
      await good(rig);
      const times = (await rig.lines('fim_events')).map(({ time }) => Date.parse(time!.replace('+0000', 'Z')));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.length).toBeGreaterThan(9);
    }));

  it('events that can be found half an hour late only are not missed', () =>
    withRig(
      'fim_events',
      {},
      async (rig) => {
        const since = recently(rig);
        choose(rig, 'fim_events', { start_time_in_utc: since, page_size: 1000 });
        for (let quarter = 0; quarter < 16; quarter++) {
          await good(rig);
          rig.pass(900_000);
        }
        const have = newest(await rig.lines('fim_events'));
        const mine = truth(rig, 'fim_events').filter(({ processed = '' }) => {
          const at = Date.parse(processed);
          return at >= Date.parse(since) && at < rig.simulator.now() - 3_600_000;
        });
        const late = mine.filter(({ processed = '' }) => Date.parse(processed) > rig.simulator.now() - 4 * 3_600_000);
        expect(late.length).toBeGreaterThan(0);
        expect(mine.filter(({ key }) => !have.has(key))).toEqual([]);
      },
      ['fim-late'],
    ));

  it.each(['v3', 'v2'])('incidents of %s are the truth, and what goes on in open ones is seen', (version) =>
    withRig('fim_incidents', { version, page_size: 50 }, async (rig) => {
      await good(rig);
      await compare(rig, 'fim_incidents', rig.truth('fim_incidents'));
      rig.pass(7 * 3_600_000);
      const { reports } = await good(rig);
      expect(reports.map(({ mode }) => mode)).toEqual(['incremental']);
      const lines = newest(await compare(rig, 'fim_incidents', rig.truth('fim_incidents')));
      for (const { key, open } of truth(rig, 'fim_incidents'))
        expect(lines.get(key)!.record['status'] !== 'CLOSED').toBe(open);
    }),
  );

  it('incidents are narrowed by a filter, at every pull', () =>
    withRig('fim_incidents', { filter: "status:'CLOSED'" }, async (rig) => {
      await good(rig);
      const closed = () =>
        truth(rig, 'fim_incidents')
          .filter(({ open }) => open === false)
          .map(({ key }) => key);
      await compare(rig, 'fim_incidents', closed());
      rig.pass(7 * 3_600_000);
      await good(rig);
      await compare(rig, 'fim_incidents', closed());
    }));
});

describe('certificates', () => {
  it.each(['v2', 'v1'])('of %s are the truth, over several pages', (version) =>
    withRig('certificates', { version, page_size: 3 }, async (rig) => {
      const { reports } = await good(rig);
      expect(reports[0]!.requests).toBeGreaterThan(3);
      await compare(rig, 'certificates', rig.truth('certificates'));
    }),
  );
});

describe('the global asset inventory', () => {
  it('sends only what is asked for', () =>
    withRig('assets', { include_fields: ['riskScore'] }, async (rig) => {
      await good(rig);
      const lines = await compare(rig, 'assets', rig.truth('assets'));
      const present = new Set(
        lines.flatMap(({ record }) => Object.keys(record).filter((field) => record[field] !== null)),
      );
      expect([...present].toSorted()).toEqual(['assetId', 'assetUUID', 'hostId', 'riskScore']);
    }));

  it('without a match is an empty answer and no error', () =>
    withRig('assets', { tags_include: ['no such tag'] }, async (rig) => {
      await good(rig);
      expect(await rig.lines('assets')).toEqual([]);
    }));
});
