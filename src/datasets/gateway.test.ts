import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Collected, collectWith } from '../../test/support/collect-records.ts';
import { skipUnless } from '../../test/support/skip.ts';
import type { Ask, Call, StepPaging } from '../core/dataset.ts';
import type { Format } from '../core/format.ts';
import type { Step } from '../core/range.ts';
import { createReader } from '../qualys/reader.ts';
import assets from './assets.ts';
import certificates from './certificates.ts';
import fimEvents from './fim-events.ts';
import fimIncidents from './fim-incidents.ts';
import { allOf, fimBeginning, nextOfPages } from './gateway.ts';
import { byLastSeen } from './paging.ts';

const body = (call: Call): Record<string, unknown> => JSON.parse(call.body?.text ?? '') as Record<string, unknown>;
const read = (format: Format, document: unknown): Collected =>
  collectWith((handler) => createReader(format, handler), [Buffer.from(JSON.stringify(document))]);
const steps = <Options>(facts: { paging: { by: string } }): StepPaging<Options> => {
  expect(facts.paging.by).toBe('step');
  return facts.paging as StepPaging<Options>;
};

/** What is left of a step after an answer that held this document. */
function rest(facts: { paging: { by: string }; format: Format }, step: Step, document: unknown, pageSize: number) {
  const { end } = read(facts.format, document);
  return steps(facts).next(step, { end, highest: undefined, pageSize });
}

describe('assets', () => {
  const chosen = (given: object) => assets.options.parse(given);

  it('are asked for by a filter in the body and everything else in the query, an empty body for all', () => {
    const ask: Ask = { pageSize: 1000, since: '2026-01-01T00:00:00Z', range: { first: 11, last: null } };
    const call = assets.records(chosen({}), ask);
    expect(call.params).toEqual({ pageSize: '300', lastSeenAssetId: '10' });
    expect(body(call)).toEqual({
      filters: [{ field: 'asset.lastUpdatedDate', operator: 'GREATER', value: '2025-12-31T23:59:59Z' }],
      operation: 'AND',
    });
    expect(call).toMatchObject({ server: 'gateway', method: 'POST', path: '/rest/2.0/search/am/asset' });
    expect(assets.records(chosen({}), { pageSize: 5 }).body).toEqual({ type: 'application/json', text: '' });
  });

  it('are narrowed by tags, and by fields in the query', () => {
    const given = { tags_include: ['A', 'B'], tags_exclude: ['C', 'D'], include_fields: ['agent', 'tagList'] };
    const call = assets.records(chosen(given), { pageSize: 5 });
    expect(body(call)['filters']).toEqual([
      { field: 'tags.name', operator: 'IN', value: 'A,B' },
      { field: 'tags.name', operator: 'NOT_EQUALS', value: 'C' },
      { field: 'tags.name', operator: 'NOT_EQUALS', value: 'D' },
    ]);
    expect(call.params).toEqual({ pageSize: '5', includeFields: 'agent,tagList' });
    expect(assets.records(chosen({ exclude_fields: ['whois'] }), { pageSize: 5 }).params['excludeFields']).toBe(
      'whois',
    );
    const counted = assets.probe!(chosen(given));
    expect([counted.path, counted.body]).toEqual(['/rest/2.0/count/am/asset', call.body]);
  });

  it('go on behind the last one seen while there is more; a number too large stays exact', () => {
    const document = (hasMore: number, more: object) => ({
      responseCode: 'SUCCESS',
      count: 1,
      hasMore,
      ...more,
      assetListData: { asset: [{ assetId: 42, softwareListData: null, agent: { lastCheckedIn: 0 } }] },
    });
    const next = (one: unknown) => byLastSeen.next({ end: read(assets.format, one).end, highest: 42, pageSize: 1 });
    expect(next(document(1, { lastSeenAssetId: 42 }))).toBe(43);
    expect(next(document(1, {}))).toBe(43);
    expect(next(document(0, { lastSeenAssetId: 42 }))).toBeUndefined();
    expect(byLastSeen.bounded).toBe(false);
    const large =
      '{"assetListData":{"asset":[{"assetId":42,"softwareListData":{"software":[{"id":8464359598295418001}]}}]}}';
    const { got } = collectWith((handler) => createReader(assets.format, handler), [Buffer.from(large)]);
    expect(got[0]!.record['softwareListData']).toEqual({ software: [{ id: '8464359598295418001' }] });
  });
});

describe('certificates', () => {
  const page = (n: number) => Array.from({ length: n }, (_, i) => ({ id: i + 1, certhash: 'x' }));

  it('are asked for page by page, of 200 at the most, in the version wanted', () => {
    const ask: Ask = { pageSize: 500, step: { cursor: '600' } };
    const call = certificates.records(certificates.options.parse({}), ask);
    expect(call.path).toBe('/certview/v2/certificates');
    expect(body(call)).toMatchObject({ pageNumber: 3, pageSize: 200, assetType: 'ALL' });
    expect(body(call)['includes']).toHaveLength(6);
    const old = certificates.records(certificates.options.parse({ version: 'v1' }), { pageSize: 10 });
    expect(old.path).toBe('/certview/v1/certificates');
    expect(body(old)).toEqual({ pageNumber: 0, pageSize: 10 });
  });

  it('end at a short page or none', () => {
    expect(rest(certificates, {}, page(200), 200)).toEqual({ cursor: '200' });
    expect(rest(certificates, { cursor: '200' }, page(200), 1000)).toEqual({ cursor: '400' });
    expect(rest(certificates, { cursor: '200' }, page(199), 200)).toBeUndefined();
    expect(rest(certificates, { cursor: '400' }, [], 200)).toBeUndefined();
  });
});

it('pages by number leave no row out, whatever sizes they are asked in', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1500 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (rows, sizes) => {
        const read = new Set<number>();
        let step: Step | undefined = {};
        for (let n = 0; step !== undefined; n++) {
          const pageSize = sizes[n % sizes.length]!;
          const asked = body(certificates.records(certificates.options.parse({}), { pageSize, step }));
          const size = asked['pageSize'] as number;
          const first = (asked['pageNumber'] as number) * size;
          const records = Math.max(0, Math.min(size, rows - first));
          for (let row = first; row < first + records; row++) read.add(row);
          const before: Step = step;
          const end = { root: 'json', envelope: {}, outer: records, records, bytes: 0 };
          step = nextOfPages(before, { end, highest: undefined, pageSize }, 200);
          if (step !== undefined) expect(Number(step.cursor)).toBeGreaterThan(Number(before.cursor ?? 0));
        }
        expect(read.size).toBe(rows);
      },
    ),
    { seed: Date.now() % 2 ** 31, numRuns: 300 },
  );
});

describe('FIM events', () => {
  const begin = (given: object, since: string | undefined, now: string) =>
    steps<unknown>(fimEvents).begin(fimEvents.options.parse(given), { since, now });

  // The windows of the example are 48 hours long.
  it('[F31] are read in windows of two days at most that leave no gap, each list in each window', () => {
    const now = fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(now, fc.integer({ min: 1, max: 400 * 86_400_000 }), fc.boolean(), (until, span, ignored) => {
        const from = new Date(until.getTime() - span).toISOString();
        const all = begin({ ignored }, from, until.toISOString());
        const lists = [undefined, ...(ignored ? ['ignored'] : [])];
        for (const list of lists) {
          const windows = all.filter(({ part }) => part === list);
          expect(windows[0]!.from).toBe(from);
          expect(windows.at(-1)!.to).toBe(until.toISOString());
          windows.forEach((window, i) => {
            expect(Date.parse(window.to!) - Date.parse(window.from!)).toBeLessThanOrEqual(2 * 86_400_000);
            if (i > 0) expect(window.from).toBe(windows[i - 1]!.to);
          });
        }
        expect(all.length).toBe(lists.length * Math.ceil(span / (2 * 86_400_000)));
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 200 },
    );
  });

  it('reach 15 months back, whatever was asked for, and not beyond now', () => {
    const now = '2026-11-20T10:00:00.000Z';
    expect(fimBeginning(now)).toBe('2025-08-20T10:00:00.000Z');
    expect(begin({}, undefined, now)[0]!.from).toBe('2025-08-20T10:00:00.000Z');
    expect(begin({}, '2020-01-01T00:00:00Z', now)[0]!.from).toBe('2025-08-20T10:00:00.000Z');
    expect(begin({}, now, now)).toEqual([]);
    expect(begin({}, '2026-11-21T00:00:00Z', now)).toEqual([]);
  });

  it('are asked for by the time they were processed, in that order, with the filter of the user', () => {
    const step = { from: '2026-11-01T00:00:00Z', to: '2026-11-03T00:00:00.000Z' };
    const call = fimEvents.records(fimEvents.options.parse({ filter: "action:'Create' OR severity:5" }), {
      pageSize: 5000,
      step,
    });
    expect(call.path).toBe('/fim/v2/events/search');
    expect(body(call)).toEqual({
      filter:
        "(processedTime:['2026-11-01T00:00:00.000Z'..'2026-11-03T00:00:00.000Z']) AND (action:'Create' OR severity:5)",
      pageNumber: 0,
      pageSize: 1000,
      sort: '[{"processedTime":"asc"},{"id":"asc"}]',
    });
    const ignored = fimEvents.records(fimEvents.options.parse({}), {
      pageSize: 10,
      step: { ...step, part: 'ignored', cursor: '[1,"b"]' },
    });
    expect(ignored.path).toBe('/fim/v2/events/ignore/search');
    expect(body(ignored)).toMatchObject({ searchAfter: [1, 'b'], pageSize: 10 });
    expect(body(ignored)).not.toHaveProperty('pageNumber');
  });

  const rows = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ sortValues: [1604188800000 + i, `e${i}`], data: { id: `e${i}` } }));

  it('go on behind the last row while answers are full', () => {
    const step = { from: 'a', to: 'b', part: 'ignored' };
    const next = rest(fimEvents, step, rows(3), 3);
    expect(next).toEqual({ ...step, cursor: '[1604188800002,"e2"]' });
    expect(rest(fimEvents, next!, rows(2), 3)).toBeUndefined();
    expect(rest(fimEvents, next!, [], 3)).toBeUndefined();
  });

  it('never end where rows come without what to go on behind', () => {
    const bare = rows(3).map(({ data }) => ({ data }));
    const behind = { from: 'a', to: 'b', cursor: '[1]' };
    // The same place again: the collector refuses to go round in circles (QRY2033).
    expect(rest(fimEvents, behind, bare, 3)).toEqual(behind);
    expect(rest(fimEvents, { from: 'a', to: 'b' }, bare, 3)).toEqual({ from: 'a', to: 'b', cursor: '3' });
  });

  it('[F6, F7] are known by the name of the Devo service, too', () => {
    expect(fimEvents.aliases).toEqual(['fim_alerts']);
    expect(fimEvents.destinations.devo).toBe('monitor.qualys.fim.event');
    expect(fimIncidents.destinations.devo).toBe('monitor.qualys.fim.incident');
  });
});

describe('FIM incidents', () => {
  const begin = (since: string | undefined) =>
    steps<unknown>(fimIncidents).begin(fimIncidents.options.parse({}), { since, now: '2026-11-20T10:00:00.000Z' });

  it('are asked for as changed since, or still open; for everything without a filter', () => {
    const asked = (given: object, step: Step) =>
      fimIncidents.records(fimIncidents.options.parse(given), { pageSize: 100, step });
    const [step] = begin('2026-11-20T09:00:00Z');
    const changed =
      "lastUpdatedBy.date:['2026-11-20T09:00:00.000Z'..'2026-11-20T10:00:00.000Z'] OR NOT status:'CLOSED'";
    expect(body(asked({}, step!))).toEqual({
      filter: changed,
      pageNumber: 0,
      pageSize: 100,
      sort: '[{"createdBy.date":"asc"},{"id":"asc"}]',
    });
    const mine = "approvalStatus:'PENDING'";
    expect(body(asked({ filter: mine }, step!))['filter']).toBe(`(${changed}) AND (${mine})`);
    expect(begin(undefined)).toEqual([{}]);
    expect(body(asked({}, {}))).not.toHaveProperty('filter');
    expect(asked({}, {}).path).toBe('/fim/v3/incidents/search');
    expect(asked({ version: 'v2' }, {}).path).toBe('/fim/v2/incidents/search');
  });

  it('of v2 come flat and go on by number, those of v3 wrapped and behind the last row', () => {
    const one = { id: 'a', lastUpdatedBy: { date: 1613378492427, user: { name: 'u' } } };
    const flat = [one, { ...one, id: 'b' }];
    const wrapped = flat.map((data) => ({ sortValues: [1, data.id], data }));
    expect(read(fimIncidents.format, flat).got.map(({ record }) => record)).toEqual(flat);
    expect(read(fimIncidents.format, wrapped).got.map(({ record }) => record)).toEqual(flat);
    expect(rest(fimIncidents, {}, flat, 2)).toEqual({ cursor: '2' });
    expect(rest(fimIncidents, { cursor: '2' }, flat, 2)).toEqual({ cursor: '4' });
    expect(rest(fimIncidents, {}, wrapped, 2)).toEqual({ cursor: '[1,"b"]' });
    expect(rest(fimIncidents, {}, flat, 3)).toBeUndefined();
  });

  it('are dated by a value inside an object', () => {
    const texts: (string | undefined)[] = [];
    const reader = createReader(fimIncidents.format, {
      record: (view) => {
        const paths = ['lastUpdatedBy/date', 'createdBy/date', 'filters/0', 'lastUpdatedBy', 'lastUpdatedBy/user/name'];
        texts.push(...paths.map((path) => view.text(path)));
      },
    });
    reader.write(
      Buffer.from('[{"id":"a","createdBy":null,"filters":["x"],"lastUpdatedBy":{"date":7,"user":{"name":"u"}}}]'),
    );
    reader.end();
    expect(texts).toEqual(['7', undefined, undefined, undefined, 'u']);
  });
});

it('conditions are joined without changing what each of them means', () => {
  expect(allOf(undefined, undefined)).toBeUndefined();
  expect(allOf('a OR b', undefined)).toBe('a OR b');
  expect(allOf('a OR b', 'c OR d')).toBe('(a OR b) AND (c OR d)');
});

/** Documented answers of Qualys, where they are at hand: they are not part of this repository. */
const SAMPLES = join(import.meta.dirname, '../../../shared/samples/rest');

describe(
  'samples of gateway answers',
  skipUnless(existsSync(SAMPLES), 'documented answers of Qualys are not here'),
  () => {
    it.each([
      ['certview-v2-certificates.field-shape.json', certificates],
      ['fim-v2-events-search.demisto-shape.json', fimEvents],
      ['fim-v3-incidents-search.demisto-shape.json', fimIncidents],
      ['fim-v2-incidents-search.flat.inferred.json', fimIncidents],
    ] as const)('%s: every field is known', (name, facts) => {
      const { got } = read(facts.format, JSON.parse(readFileSync(join(SAMPLES, name), 'utf8')));
      expect(got.length).toBeGreaterThan(0);
      const known = new Set(facts.format.fields);
      expect(got.flatMap(({ record }) => Object.keys(record)).filter((field) => !known.has(field))).toEqual([]);
    });
  },
);
