import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../../../test/support/collect-xml.ts';
import { everyDataset, factsOf, type Said, sourceOf } from '../../../test/support/shapes/source.ts';
import type { Fields } from '../../core/words.ts';
import { shapeEvents } from '../shape.ts';
import type { ShapeFacts } from './event.ts';

function devo(dataset: string, said: Said, more: Partial<ShapeFacts> = {}): string {
  const known = factsOf(everyDataset.find(({ name }) => name === dataset)!, more);
  return shapeEvents('devo', sourceOf([said], known.contextAs), known).bytes.toString('utf8');
}

const DETECTION: Said = {
  record: { QID: '38170', RESULTS: 'a < b\n\tc & "d"\r\n]]> é', HOST: { ID: '7', IP: '10.0.0.7' } },
  key: ['7', '38170', '', '', '', '', ''],
};

describe('the Devo format', () => {
  it('[D5, D11, D50, D66] writes a detection as Qualys nests it, on one line, whole', () => {
    expect(devo('host_list_detection', DETECTION)).toBe(
      '<HOST devo_pulling_id="1704880028290"><ID>7</ID><IP>10.0.0.7</IP><DETECTION_LIST><DETECTION><QID>38170</QID>' +
        '<RESULTS>a &lt; b&#10;&#9;c &amp; "d"&#13;&#10;]]&gt; é</RESULTS></DETECTION></DETECTION_LIST></HOST>\n',
    );
    const { destinations } = everyDataset.find(({ name }) => name === 'host_list_detection')!;
    expect(destinations.devo).toBe('vuln.qualys.hostdetections');
  });

  it('[F5] writes JSON on request, and for tables that are not of the classic API', () => {
    const options = { eventFormat: 'json' } as const;
    expect(JSON.parse(devo('host_list_detection', DETECTION, { options }))).toEqual({
      ...DETECTION.record,
      '@devo_pulling_id': '1704880028290',
    });
    expect(devo('assets', { record: { assetId: 7 }, key: ['7'] })).toBe(
      '{"assetId":7,"@devo_pulling_id":"1704880028290"}\n',
    );
    expect(devo('assets', { record: {}, key: ['7'] })).toBe('{"@devo_pulling_id":"1704880028290"}\n');
  });

  it.each([
    [
      'vm_scans',
      { REF: 'scan/1' },
      '<SCAN devo_pulling_id="1704880028290"><REF>scan/1</REF></SCAN>',
      'vuln.qualys.vulnerabilities',
    ],
    ['host_list', { ID: '7' }, '<HOST devo_pulling_id="1704880028290"><ID>7</ID></HOST>', 'vuln.qualys.hosts'],
    [
      'user_activity',
      { 'User Name': 'ada', Details: 'a&b' },
      '<ACTIVITY devo_pulling_id="1704880028290"><User_Name>ada</User_Name><Details>a&amp;b</Details></ACTIVITY>',
      'vuln.qualys.useractivitylog',
    ],
    [
      'vm_scan_results',
      { scan_reference: 'scan/1', qid: 82040 },
      '<RESULT devo_pulling_id="1704880028290"><scan_reference>scan/1</scan_reference><qid>82040</qid></RESULT>',
      'vuln.qualys.vulnerabilities',
    ],
  ] as const)('[D7, D9, D13, D37] %s', (dataset, record, line, table) => {
    expect(devo(dataset, { record, key: ['x'] })).toBe(`${line}\n`);
    expect(everyDataset.find(({ name }) => name === dataset)!.destinations.devo).toBe(table);
  });

  it('says what was removed, why, and what was odd', () => {
    const gone: Said = {
      ...DETECTION,
      record: { QID: '38170', HOST: { ID: '7' } },
      change: 'removed',
      reason: 'purged',
      flags: ['results_cut', 'control_chars'],
    };
    const [open] = /^<HOST [^>]*>/.exec(devo('host_list_detection', gone))!;
    expect(open).toBe(
      '<HOST devo_pulling_id="1704880028290" change="removed" reason="purged" flags="results_cut,control_chars">',
    );
    expect(JSON.parse(devo('host_list_detection', gone, { options: { eventFormat: 'json' } }))).toMatchObject({
      '@change': 'removed',
      '@reason': 'purged',
    });
  });

  it('the text comes back exactly, whatever it holds', () => {
    const format = { kind: 'xml', root: 'OUT', record: 'HOST', lists: [], verbatim: ['RESULTS'], fields: [] } as const;
    const letters = fc.string({ unit: fc.constantFrom(...'ab0 &<>"\'\n\r\t]é資🔒;#') });
    fc.assert(
      fc.property(letters, (COMMENTS) => {
        const RESULTS = `x${COMMENTS}x`;
        const line = devo('host_list', { record: { ID: '7', RESULTS }, key: ['7'] });
        expect(line.slice(0, -1)).not.toMatch(/[\n\r]/);
        const [seen] = collect(format, [`<OUT>${line}</OUT>`]).seen;
        expect((seen as { record: Fields }).record).toEqual({ '@devo_pulling_id': '1704880028290', ID: '7', RESULTS });
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 300 },
    );
  });

  it('JSON keeps numbers as Qualys wrote them', () => {
    const known = factsOf(everyDataset.find(({ name }) => name === 'assets')!);
    const source = sourceOf([{ record: { assetId: 7, score: 'X' }, key: ['7'] }], undefined);
    const bytes = Buffer.from(source.bytes.toString('latin1').replace('"X"', '1.0'));
    const shorter = { ...source, bytes, tailEnd: () => bytes.length };
    expect(shapeEvents('devo', shorter, known).bytes.toString()).toContain('"score":1.0,');
  });
});
