import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { XmlFormat } from '../../src/core/format.ts';
import type { Fields } from '../../src/core/words.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { entryFrom, entryOf } from '../../src/inventory/knowledge/entry.ts';
import { createXmlReader } from '../../src/qualys/xml/reader.ts';

const ODD = `<KNOWLEDGE_BASE_VULN_LIST_OUTPUT><RESPONSE><VULN_LIST>
<VULN><PATCHABLE> 1 </PATCHABLE><TITLE><![CDATA[A <b>bold</b> title]]> &amp; more</TITLE><QID>105</QID>
<CVSS_V3><VECTOR_STRING>AV:N</VECTOR_STRING><BASE source="service">9.8</BASE><TEMPORAL>-</TEMPORAL></CVSS_V3><CVSS/>
<CVE_LIST><CVE><URL>u</URL><ID>CVE-2021-44228</ID></CVE><CVE><URL>u</URL></CVE><CVE><ID><![CDATA[CVE-2021-45046]]></ID></CVE></CVE_LIST>
<THREAT_INTELLIGENCE><THREAT_INTEL id="2"><![CDATA[Exploit_Public]]></THREAT_INTEL><THREAT_INTEL>Wormable</THREAT_INTEL><THREAT_INTEL id="5"/></THREAT_INTELLIGENCE>
<SOLUTION>NUL &#0; and ü</SOLUTION><DIAGNOSIS> <x/> </DIAGNOSIS><SEVERITY_LEVEL>5</SEVERITY_LEVEL></VULN>
<VULN><QID>7</QID></VULN><VULN><TITLE>no QID</TITLE></VULN>
</VULN_LIST></RESPONSE></KNOWLEDGE_BASE_VULN_LIST_OUTPUT>`;

it('makes the same entry of a view and of the event the view wrote', () => {
  const fromView: unknown[] = [];
  const fromEvent: unknown[] = [];
  const reader = createXmlReader(datasets.get('knowledge_base')!.format as XmlFormat, {
    record(view) {
      const target = Buffer.alloc(view.maxBytes);
      fromView.push(entryFrom(view));
      fromEvent.push(entryOf(JSON.parse(target.toString('utf8', 0, view.write(target, 0))) as Fields));
    },
  });
  reader.write(Buffer.from(ODD));
  reader.end();
  expect(fromView).toEqual(fromEvent);
  expect(fromView[0]).toMatchObject({
    ...{ qid: 105, title: 'A <b>bold</b> title & more', patchable: true, severity: 5, diagnosis: null },
    ...{ cvss2: null, cvss3: { base: 9.8, temporal: null, vector: 'AV:N' }, solution: 'NUL  and ü' },
    cves: ['CVE-2021-44228', 'CVE-2021-45046'],
    threats: [
      { id: 2, name: 'Exploit_Public' },
      { id: 0, name: 'Wormable' },
      { id: 5, name: '' },
    ],
  });
  expect(fromView[1]).toMatchObject({ qid: 7, title: '', severity: 0, cvss3: null, cves: [], threats: [] });
  expect(fromView[2]).toBeUndefined();
});

const NUMBERS = [
  '0',
  '9.8',
  '10',
  '-',
  '-1',
  '+7',
  '.5',
  '5.',
  '.',
  '1.2.3',
  '1e3',
  '0x10',
  '007',
  ' 3 ',
  '',
  '123456789.123456',
  'NaN',
];

it('reads a number from the bytes as Number() reads the text', () => {
  const digits = fc.stringMatching(/^[0-9.]{1,17}$/);
  const text = fc.oneof(fc.constantFrom(...NUMBERS), digits, fc.double({ noNaN: true, min: 0, max: 10 }).map(String));
  fc.assert(
    fc.property(fc.array(text, { minLength: 4, maxLength: 4 }), fc.integer({ min: 1 }), ([a, b, c, d], qid) => {
      const pairs: unknown[][] = [];
      const reader = createXmlReader(datasets.get('knowledge_base')!.format as XmlFormat, {
        record(view) {
          const target = Buffer.alloc(view.maxBytes);
          const record = JSON.parse(target.toString('utf8', 0, view.write(target, 0))) as Fields;
          pairs.push([entryFrom(view), entryOf(record)]);
        },
      });
      const vuln = `<VULN><QID>${qid}</QID><SEVERITY_LEVEL>${a}</SEVERITY_LEVEL><CVSS><BASE>${b}</BASE><TEMPORAL>${c}</TEMPORAL></CVSS><CVSS_V3><BASE><![CDATA[${d}]]></BASE></CVSS_V3></VULN>`;
      reader.write(
        Buffer.from(
          `<KNOWLEDGE_BASE_VULN_LIST_OUTPUT><RESPONSE><VULN_LIST>${vuln}</VULN_LIST></RESPONSE></KNOWLEDGE_BASE_VULN_LIST_OUTPUT>`,
        ),
      );
      reader.end();
      expect(pairs).toHaveLength(1);
      expect(pairs[0]![0]).toEqual(pairs[0]![1]);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});
