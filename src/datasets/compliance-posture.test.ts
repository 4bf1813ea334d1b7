import { describe, expect, it } from 'vitest';
import type { XmlFormat } from '../core/format.ts';
import { createXmlReader } from '../qualys/xml/reader.ts';
import posture from './compliance-posture.ts';

const options = posture.options.parse({});
const { paging } = posture;
if (paging.by !== 'step' || paging.parts === undefined) throw new Error('posture is read policy by policy');
const { parts } = paging;

describe('compliance posture [A27]', () => {
  it('is read of policies that were evaluated, at the time they were', () => {
    const found: unknown[] = [];
    const reader = createXmlReader(parts.format as XmlFormat, { record: (view) => found.push(parts.part(view)) });
    reader.write(
      Buffer.from(
        '<POLICY_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-21T10:00:00Z</DATETIME><POLICY_LIST>' +
          '<POLICY><ID>11</ID><TITLE><![CDATA[CIS]]></TITLE><LAST_EVALUATED><DATETIME>2026-11-20T03:12:45Z</DATETIME></LAST_EVALUATED></POLICY>' +
          '<POLICY><ID>12</ID><TITLE>never</TITLE></POLICY>' +
          '<POLICY><ID>13</ID><LAST_EVALUATED/></POLICY>' +
          '</POLICY_LIST><GLOSSARY><USER_LIST><USER/></USER_LIST></GLOSSARY></RESPONSE></POLICY_LIST_OUTPUT>',
      ),
    );
    expect(reader.end().envelope).toEqual({ RESPONSE: { DATETIME: '2026-11-21T10:00:00Z' } });
    expect(found).toEqual([
      { part: '11', time: '2026-11-20T03:12:45Z', state: 'ready' },
      { part: '', time: '', state: 'ready' },
      { part: '', time: '', state: 'ready' },
    ]);
  });

  it('asks for one policy, from the id on that the page before named', () => {
    const end = { root: 'POSTURE_INFO_LIST_OUTPUT', envelope: {}, outer: 5000, records: 5000, bytes: 1 };
    const seen = { end, highest: undefined, pageSize: 5000 };
    const first = { part: '11' };
    const second = paging.next(first, { ...seen, nextParams: { policy_id: '11', id_min: '7005' } });
    expect(second).toEqual({ part: '11', cursor: '7005' });
    const asked = [first, second!].map((step) => posture.records(options, { step, pageSize: 5000 }).params);
    expect(asked.map(({ policy_id, id_min, truncation_limit }) => [policy_id, id_min, truncation_limit])).toEqual([
      ['11', undefined, '5000'],
      ['11', '7005', '5000'],
    ]);
    expect(paging.next(second!, seen)).toBeUndefined();
    // A page that says there is more, but not from where, is the same page again: reading refuses that.
    expect(paging.next(second!, { ...seen, nextParams: { policy_id: '11' } })).toEqual(second);
  });

  it('takes evidence as wanted', () => {
    const asked = (evidence: string) =>
      posture.records(posture.options.parse({ evidence }), { step: { part: '11' }, pageSize: 5000 }).params;
    expect(asked('none')).toMatchObject({ hide_evidence: '1' });
    expect(asked('extended')).toMatchObject({ show_extended_evidence: '1' });
    expect(Object.keys(asked('normal')).filter((name) => name.endsWith('evidence'))).toEqual([]);
  });
});
