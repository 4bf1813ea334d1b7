import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Collected, collectWith } from '../../test/support/collect-records.ts';
import { skipUnless } from '../../test/support/skip.ts';
import type { Ask, Call, PageAnswer } from '../core/dataset.ts';
import type { Format } from '../core/format.ts';
import { createReader } from '../qualys/reader.ts';
import hostAssets from './host-assets.ts';
import { byLastId } from './paging.ts';
import { qpsCount, qpsFormat, qpsSearch, withoutTags } from './qps.ts';
import tags from './tags.ts';
import webappFindings from './webapp-findings.ts';
import webapps from './webapps.ts';

const OBJECT = { version: '2.0', name: 'am/hostasset' };
const text = (call: Call): string => call.body?.text ?? '';
const criteria = (call: Call): string[] =>
  [...text(call).matchAll(/<Criteria field="([^"]+)" operator="([^"]+)">([^<]*)/g)].map(
    ([, field, operator, value]) => `${field} ${operator} ${value}`,
  );
const read = (format: Format, body: string | Buffer): Collected =>
  collectWith((handler) => createReader(format, handler), [Buffer.from(body)]);

describe('a QPS request', () => {
  it('is XML: preferences, conditions, and nothing where there is nothing to say', () => {
    expect(qpsSearch(OBJECT, { pageSize: 250, range: { first: 11, last: 22 } }, [], { verbose: 'true' })).toEqual({
      api: 'search/am/hostasset',
      path: '/qps/rest/2.0/search/am/hostasset',
      method: 'POST',
      params: {},
      body: {
        type: 'text/xml',
        text:
          '<ServiceRequest><preferences><limitResults>250</limitResults><verbose>true</verbose></preferences>' +
          '<filters><Criteria field="id" operator="GREATER">10</Criteria>' +
          '<Criteria field="id" operator="LESSER">23</Criteria></filters></ServiceRequest>',
      },
    });
    expect(text(qpsCount(OBJECT, []))).toBe('<ServiceRequest></ServiceRequest>');
    expect(criteria(qpsSearch(OBJECT, { pageSize: 1, range: { first: 1, last: null } }, []))).toEqual(['id GREATER 0']);
  });

  it('asks for no more objects than Qualys gives at once', () => {
    expect(text(qpsSearch(OBJECT, { pageSize: 5000 }, []))).toContain('<limitResults>1000</limitResults>');
  });

  it('escapes what a person wrote', () => {
    const { options, records } = hostAssets;
    const asked = text(records(options.parse({ tags_include: ['R&D <a> "b"'] }), { pageSize: 1 }));
    expect(asked).toContain('R&amp;D &lt;a&gt; "b"');
  });

  // Times compare strictly: an object of that very second would be missed.
  it.each([
    ['updated', hostAssets.records(hostAssets.options.parse({}), { pageSize: 1, since: '2026-01-01T00:00:00Z' })],
    ['updatedDate', webapps.records(webapps.options.parse({}), { pageSize: 1, since: '2026-01-01T00:00:00Z' })],
    [
      'lastTestedDate',
      webappFindings.records(webappFindings.options.parse({}), { pageSize: 1, since: '2026-01-01T00:00:00Z' }),
    ],
  ])('asks for changes by %s, from the second before on', (field, call) => {
    expect(criteria(call)).toEqual([`${field} GREATER 2025-12-31T23:59:59Z`]);
  });

  it('narrows findings to types, states and tags, and web applications to tags', () => {
    const chosen = { types: ['VULNERABILITY'], statuses: ['NEW', 'ACTIVE'], tag_ids: [7, 8] };
    const { options, records } = webappFindings;
    expect(criteria(records(options.parse(chosen), { pageSize: 1 }))).toEqual([
      'type IN VULNERABILITY',
      'status IN NEW,ACTIVE',
      'webApp.tags.id IN 7,8',
    ]);
    expect(criteria(webapps.records(webapps.options.parse({ tag_ids: [7] }), { pageSize: 1 }))).toEqual([
      'tags.id IN 7',
    ]);
  });

  it('counts what it would read, and nothing where records are left out only here', () => {
    const chosen = webappFindings.options.parse({ types: ['VULNERABILITY'], tag_ids: [7] });
    const call = webappFindings.count!(chosen, '2026-01-01T00:00:00Z')!;
    expect(call.path).toBe('/qps/rest/3.0/count/was/finding');
    expect(criteria(call)).toEqual([
      ...['lastTestedDate GREATER 2025-12-31T23:59:59Z', 'type IN VULNERABILITY', 'webApp.tags.id IN 7'],
    ]);
    expect(criteria(webapps.count!(webapps.options.parse({}))!)).toEqual([]);
    const { options, count } = hostAssets;
    expect(criteria(count!(options.parse({}), '2026-01-01T00:00:00Z')!)).toEqual([
      'updated GREATER 2025-12-31T23:59:59Z',
    ]);
    for (const some of [{ tags_include: ['a'] }, { tags_exclude: ['a'] }, { modified_within: '90d' }])
      expect(count!(options.parse(some))).toBeUndefined();
  });

  it('leaves requests and responses out of findings unless they are wanted', () => {
    const ask: Ask = { pageSize: 1 };
    const { options, records } = webappFindings;
    expect(text(records(options.parse({}), ask))).not.toContain('verbose');
    expect(text(records(options.parse({ verbose: true }), ask))).toContain('<verbose>true</verbose>');
  });

  it('has a scope that says everything that leaves objects out', () => {
    const scopes = [
      hostAssets.scope(hostAssets.options.parse({})),
      hostAssets.scope(hostAssets.options.parse({ tags_include: ['a'] })),
      hostAssets.scope(hostAssets.options.parse({ tags_exclude: ['a'] })),
    ];
    const { options, scope } = webappFindings;
    const findings = [{}, { types: ['VULNERABILITY'] }, { statuses: ['NEW'] }, { tag_ids: [1] }, { verbose: true }];
    expect(new Set(scopes).size).toBe(3);
    expect(new Set(findings.map((one) => scope(options.parse(one)))).size).toBe(5);
  });
});

const HOSTS = (...names: readonly (readonly string[])[]): string =>
  `<ServiceResponse><responseCode>SUCCESS</responseCode><data>${names
    .map(
      (own, i) =>
        `<HostAsset><id>${i + 1}</id><tags><list>${own
          .map((name) => `<TagSimple><id>9</id><name>${name}</name></TagSimple>`)
          .join('')}</list></tags></HostAsset>`,
    )
    .join('')}<HostAsset><id>99</id></HostAsset></data></ServiceResponse>`;

describe('tags by name', () => {
  const kept = (include?: string[], exclude?: string[]): string[] => {
    const skips = withoutTags('TagSimple', include, exclude);
    const ids: string[] = [];
    const body = HOSTS(['Production', 'a&amp;b'], ['Test'], [], ['Production', 'Test']);
    const reader = createReader(hostAssets.format, {
      record: (view) => void (skips?.(view) !== true && ids.push(view.text('id')!)),
    });
    reader.write(Buffer.from(body));
    reader.end();
    return ids;
  };

  // Several are any of them, which QPS cannot be asked for.
  it.each<[string[] | undefined, string[] | undefined, string[]]>([
    [undefined, undefined, ['1', '2', '3', '4', '99']],
    [['Production'], undefined, ['1', '4']],
    [['Production', 'Test'], undefined, ['1', '2', '4']],
    [['a&b', 'none'], undefined, ['1']],
    [['production'], undefined, []],
    [undefined, ['Test'], ['1', '3', '99']],
    [['Production'], ['Test', 'x'], ['1']],
  ])('include %j, exclude %j keeps %j', (include, exclude, ids) => {
    expect(kept(include, exclude)).toEqual(ids);
  });

  it('asks Qualys for one, and sorts out several here', () => {
    const { options, records } = hostAssets;
    expect(criteria(records(options.parse({ tags_include: ['A'] }), { pageSize: 1 }))).toEqual(['tagName EQUALS A']);
    expect(criteria(records(options.parse({ tags_include: ['A', 'B'] }), { pageSize: 1 }))).toEqual([]);
  });

  it('reads a record larger than the room it began with', () => {
    const skips = withoutTags('TagSimple', ['Production'], undefined)!;
    const wide = HOSTS([...Array.from({ length: 5000 }, (_, i) => `tag number ${i}`), 'Production']);
    const ids: string[] = [];
    const reader = createReader(hostAssets.format, {
      record: (view) => void (!skips(view) && ids.push(view.text('id')!)),
    });
    reader.write(Buffer.from(wide));
    reader.end();
    expect(ids).toEqual(['1']);
  });
});

const WAS = `<?xml version="1.0" encoding="UTF-8"?>
<ServiceResponse>
  <responseCode>SUCCESS</responseCode><COUNT>1</COUNT><hasMoreRecords>true</hasMoreRecords><lastId>77</lastId>
  <data><Finding>
    <id>77</id><qid>150001</qid><name><![CDATA[A <b> & c]]></name><isIgnored>false</isIgnored>
    <webApp><id>5</id><url><![CDATA[http://a/?x=1&y=2]]></url><tags><count>1</count><list><Tag><id>3</id></Tag></list></tags></webApp>
    <cwe><count>1</count><list><long>79</long></list></cwe>
    <resultList><count>1</count><list><Result><payloads><count>1</count><list><PayloadInstance>
      <payload><![CDATA[<script>]]></payload></PayloadInstance></list></payloads></Result></list></resultList>
  </Finding></data>
</ServiceResponse>`;

describe('a QPS answer', () => {
  it('keeps lists of one as lists, at every depth, and CDATA as it is', () => {
    const { got } = read(webappFindings.format, WAS);
    expect(got.map(({ record }) => record)).toEqual([
      {
        id: '77',
        qid: '150001',
        name: 'A <b> & c',
        isIgnored: 'false',
        webApp: { id: '5', url: 'http://a/?x=1&y=2', tags: { count: '1', list: { Tag: [{ id: '3' }] } } },
        cwe: { count: '1', list: { long: ['79'] } },
        resultList: {
          count: '1',
          list: { Result: [{ payloads: { count: '1', list: { PayloadInstance: [{ payload: '<script>' }] } } }] },
        },
      },
    ]);
  });

  const next = (body: string, highest?: number, pageSize = 1): number | undefined => {
    const { end } = read(webappFindings.format, body);
    return byLastId.next({ end, highest, pageSize } satisfies PageAnswer);
  };

  it('is followed by ids above the last while there is more, named or not', () => {
    expect(next(WAS, 77)).toBe(78);
    expect(next(WAS.replace('<lastId>77</lastId>', ''), 77)).toBe(78);
    expect(next(WAS.replace('>true<', '>false<'), 77)).toBeUndefined();
    const silent = WAS.replace('<hasMoreRecords>true</hasMoreRecords>', '').replace('<lastId>77</lastId>', '');
    expect(next(silent, 77, 2)).toBeUndefined();
    // A full answer that does not say whether it is the last may not be.
    expect(next(silent, 77, 1)).toBe(78);
  });

  it('may hold nothing: no data, empty data', () => {
    const none = '<ServiceResponse><responseCode>SUCCESS</responseCode><count>0</count></ServiceResponse>';
    expect(read(qpsFormat('Tag', tags.format.fields, []), none).got).toEqual([]);
    expect(next(none)).toBeUndefined();
    expect(
      read(tags.format, none.replace('</count>', '</count><hasMoreRecords>false</hasMoreRecords><data>\n </data>')).got,
    ).toEqual([]);
  });
});

/** Recorded and documented answers of Qualys, where they are at hand: they are not part of this repository. */
const SAMPLES = join(import.meta.dirname, '../../../shared/samples/rest');
const isHere = existsSync(SAMPLES);

describe('samples of QPS answers', skipUnless(isHere, 'documented answers of Qualys are not here'), () => {
  const kinds = [
    ['am-hostasset', hostAssets],
    ['am-tag', tags],
    ['was-webapp', webapps],
    ['was-finding', webappFindings],
  ] as const;
  const files = isHere
    ? kinds.flatMap(([prefix, facts]) =>
        readdirSync(SAMPLES)
          .filter((name) => name.startsWith(prefix))
          .map((name) => [name, facts] as const),
      )
    : [];

  it.each(files)('%s: every object is there, every field is known', (name, facts) => {
    const body = readFileSync(join(SAMPLES, name), 'utf8');
    const { got } = read(facts.format, body);
    const element = (facts.format.kind === 'xml' ? facts.format.record : '').split('/').at(-1)!;
    expect(got.length).toBe(body.split(`<${element}>`).length - 1);
    const known = new Set(facts.format.fields);
    expect(got.flatMap(({ record }) => Object.keys(record)).filter((field) => !known.has(field))).toEqual([]);
    for (const { record } of got) {
      expect(record['id']).toMatch(/^\d+$/);
      expect(notInLists(record)).toEqual([]);
    }
  });

  it('white space inside a date is none of it', () => {
    const { got } = read(hostAssets.format, readFileSync(join(SAMPLES, 'am-hostasset.j1fixture.azure.xml')));
    expect(got.map(({ record }) => record['modified'])).toEqual(['2019-03-07T13:37:02Z', '2020-08-05T19:00:23Z']);
  });
});

/** Names of elements below a `list` that did not come as a list. */
function notInLists(value: unknown, inList = false): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => notInLists(one));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => [
    ...(inList && !Array.isArray(one) ? [name] : []),
    ...notInLists(one, name === 'list'),
  ]);
}
