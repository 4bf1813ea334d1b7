import { describe, expect, it } from 'vitest';
import { collect, type Seen } from '../../../test/support/collect-xml.ts';
import type { XmlFormat } from '../../core/format.ts';
import type { RecordHandler } from '../../core/words.ts';
import { createXmlReader } from './reader.ts';

const HOSTS: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  idSet: 'RESPONSE/ID_SET',
  lists: ['TAGS/TAG', 'NOTE'],
  verbatim: ['RESULTS'],
  fields: ['ID', 'DNS_DATA'],
};
const DETECTIONS: XmlFormat = {
  ...HOSTS,
  root: 'OUT',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  contextFields: ['ID', 'IP'],
};
delete (DETECTIONS as { idSet?: string }).idSet;

const hosts = (inside: string) =>
  collect(HOSTS, [`<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST>${inside}</HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>`]);
const record = (fields: string) => {
  const [seen] = hosts(`<HOST>${fields}</HOST>`).seen;
  return (seen as Extract<Seen, { record: unknown }>).record;
};
const detections = (inside: string) =>
  collect(DETECTIONS, [`<OUT><RESPONSE><HOST_LIST>${inside}</HOST_LIST></RESPONSE></OUT>`]);

describe('what a record looks like', () => {
  it('keeps scalars as trimmed strings, and empty elements as empty strings', () => {
    expect(record('<ID> 7\n</ID><A/><B></B><C>\n <![CDATA[x y]]>\n</C>')).toEqual({ ID: '7', A: '', B: '', C: 'x y' });
  });

  it('puts attributes before text, and says empty text beside attributes', () => {
    const json = JSON.stringify(record('<QDS severity="HIGH" x=\'"\'>95</QDS><E a="1"/><F a=" b&#10;\n c ">\n</F>'));
    expect(json).toBe(
      '{"QDS":{"@severity":"HIGH","@x":"\\"","#text":"95"},"E":{"@a":"1","#text":""},"F":{"@a":" b\\n  c ","#text":""}}',
    );
  });

  it('makes arrays of declared lists always, of other repeated elements where they repeat, at the first place', () => {
    expect(JSON.stringify(record('<TAGS><TAG>a</TAG></TAGS><X>1</X><NOTE>n</NOTE><Y>2</Y><X><Z/></X><X>3</X>'))).toBe(
      '{"TAGS":{"TAG":["a"]},"X":["1",{"Z":""},"3"],"NOTE":["n"],"Y":"2"}',
    );
  });

  it('tells repeated names apart by their parent', () => {
    expect(record('<A><A>1</A><B><A>2</A></B><A>3</A></A><A>4</A><B><A>5</A></B>')).toEqual({
      A: [{ A: ['1', '3'], B: { A: '2' } }, '4'],
      B: { A: '5' },
    });
  });

  it('keeps text around children', () => {
    expect(record('<A> x <B>1</B> y <C/> \n </A><D>\n<E/>\n</D>')).toEqual({
      A: { '#text': 'x  y', B: '1', C: '' },
      D: { E: '' },
    });
  });

  it('keeps verbatim text whole: outer white space, joined CDATA pieces, no second unescaping', () => {
    expect(record('<RESULTS>\n a<![CDATA[ b]]]]><![CDATA[>c &amp;lt;]]> &amp;lt; \n</RESULTS>')).toEqual({
      RESULTS: '\n a b]]>c &amp;lt; &lt; \n',
    });
    expect(record('<RESULTS>  </RESULTS>')).toEqual({ RESULTS: '  ' });
    expect(record('<RESULTS><![CDATA[ ]]></RESULTS>')).toEqual({ RESULTS: ' ' });
  });

  it('reads CR LF and CR as LF, but not where they are references', () => {
    expect(record('<RESULTS>a\r\nb\rc<![CDATA[\r\n\r]]>&#13;&#xD;\n</RESULTS>')).toEqual({
      RESULTS: 'a\nb\nc\n\n\r\r\n',
    });
  });

  it('resolves the five entities and character numbers, once', () => {
    expect(record('<A>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F512;&#x0000e9;&amp;amp;</A>')).toEqual({
      A: '<>&"\'A🔒é&amp;',
    });
  });

  it('[fault 64] is not impressed by names that objects have already', () => {
    const read = record('<__proto__>1</__proto__><constructor><__proto__ __proto__="x"/></constructor><toString/>');
    expect(JSON.stringify(read)).toBe(
      '{"__proto__":"1","constructor":{"__proto__":{"@__proto__":"x","#text":""}},"toString":""}',
    );
    const { envelope } = collect(HOSTS, ['<X><__proto__><polluted>1</polluted></__proto__></X>']).end;
    expect(JSON.stringify(envelope)).toBe('{"__proto__":{"polluted":"1"}}');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('keeps attributes, text and nothing at all of the record element itself', () => {
    expect(hosts('<HOST id="1">x<A/></HOST><HOST/><HOST> y </HOST>').seen.map((one) => JSON.stringify(one))).toEqual([
      '{"record":{"@id":"1","#text":"x","A":""},"flags":[]}',
      '{"record":{},"flags":[]}',
      '{"record":{"#text":"y"},"flags":[]}',
    ]);
  });

  it('reads names in another case, and spells documented ones as documented', () => {
    const answer = collect(HOSTS, [
      '<host_list_output><response><datetime>T</datetime><host_list><host><id>7</id><dns_data><hostname>h</hostname></dns_data>' +
        '<tags><tag>a</tag></tags></host></host_list></response></host_list_output>',
    ]);
    expect(answer.seen).toEqual([
      { record: { ID: '7', DNS_DATA: { hostname: 'h' }, tags: { tag: ['a'] } }, flags: [] },
    ]);
    expect(answer.end.root).toBe('host_list_output');
    expect(answer.end.envelope).toEqual({ RESPONSE: { DATETIME: 'T' } });
  });
});

describe('odd bytes', () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
  const one = (...parts: (string | number[])[]) =>
    collect(HOSTS, [
      bytes(
        '<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST><HOST><A>',
        ...parts,
        '</A></HOST></HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>',
      ),
    ]).seen[0];

  it('[fault 59] replaces what is not UTF-8 by U+FFFD per maximal subpart, and says so', () => {
    const cases = [
      [0xff],
      [0xc3],
      [0xe2, 0x82],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x9f, 0x94],
      [0xf4, 0x90, 0x80, 0x80],
      [0xc0, 0xaf],
      [0xe0, 0x80, 0xaf],
      [0x80],
    ];
    for (const wrong of cases) {
      const expected = new TextDecoder().decode(bytes('é', wrong, 'x'));
      expect(one('é', wrong, 'x')).toEqual({ record: { A: expected }, flags: ['invalid_utf8'] });
      expect(one('<![CDATA[é', wrong, 'x]]>')).toEqual({ record: { A: expected }, flags: ['invalid_utf8'] });
    }
  });

  it('[fault 59] keeps control characters, raw or as numbers, and says so', () => {
    expect(one([0], '\u001b&#1;&#x1F;\u007f\u0085')).toEqual({
      record: { A: '\u0000\u001b\u0001\u001f\u007f\u0085' },
      flags: ['control_chars'],
    });
  });

  it('[fault 59] replaces numbers of lone surrogates', () => {
    expect(one('a&#xD800;&#57343;b')).toEqual({ record: { A: 'a\ufffd\ufffdb' }, flags: ['invalid_utf8'] });
  });

  it('flags nothing else: astral characters, noncharacters, the last code point', () => {
    expect(one('🔒\u{10ffff}\ufffe\u2028')).toEqual({ record: { A: '🔒\u{10ffff}\ufffe\u2028' }, flags: [] });
  });

  it('flags only the record that is odd', () => {
    const { seen } = hosts('<HOST><A>\u0001</A></HOST><HOST><A>x</A></HOST>');
    expect(seen.map((each) => (each as { flags: unknown }).flags)).toEqual([['control_chars'], []]);
  });
});

describe('records inside an outer element', () => {
  it('gives every detection its host so far, and the whole host at its end', () => {
    const { seen, end } = detections(
      '<HOST><ID>7</ID><DETECTION_LIST><DETECTION><QID>1</QID></DETECTION> <DETECTION><QID>2</QID></DETECTION></DETECTION_LIST>' +
        '<IP>10.0.0.7</IP><DETECTION_LIST><DETECTION><QID>3</QID></DETECTION></DETECTION_LIST><OS>x</OS></HOST><HOST><ID>8</ID></HOST>',
    );
    expect(seen).toEqual([
      { record: { QID: '1' }, context: { ID: '7' }, flags: [] },
      { record: { QID: '2' }, context: { ID: '7' }, flags: [] },
      { record: { QID: '3' }, context: { ID: '7', IP: '10.0.0.7' }, flags: [] },
      { outer: { ID: '7', IP: '10.0.0.7', OS: 'x' }, flags: [] },
      { outer: { ID: '8' }, flags: [] },
    ]);
    expect(end).toMatchObject({ outer: 2, records: 3, root: 'OUT', envelope: {} });
  });

  it('reads context fields while the host is open', () => {
    const ids: unknown[] = [];
    const handler: RecordHandler = {
      record: (view) => ids.push([view.contextText('ID'), view.contextText('IP'), view.text('QID'), view.text('ID')]),
    };
    const reader = createXmlReader(DETECTIONS, handler);
    reader.write(
      Buffer.from(
        '<OUT><RESPONSE><HOST_LIST><HOST><ID> 7</ID><DETECTION_LIST><DETECTION><QID>1</QID></DETECTION></DETECTION_LIST></HOST>' +
          '<HOST><DETECTION_LIST><DETECTION/></DETECTION_LIST></HOST></HOST_LIST></RESPONSE></OUT>',
      ),
    );
    reader.end();
    expect(ids).toEqual([
      ['7', undefined, '1', undefined],
      [undefined, undefined, undefined, undefined],
    ]);
  });

  it('drops nothing that stands in the list beside the records', () => {
    const { seen } = detections(
      '<HOST><DETECTION_LIST n="2">stray<DETECTION/><NOTE>kept</NOTE></DETECTION_LIST><DETECTION_LIST/><DETECTION_LIST>more</DETECTION_LIST></HOST>',
    );
    expect(seen.at(-1)).toEqual({
      outer: { DETECTION_LIST: [{ '@n': '2', '#text': 'stray', NOTE: 'kept' }, 'more'] },
      flags: [],
    });
  });

  it('keeps markup inside CDATA as text', () => {
    const { seen } = detections(
      '<HOST><DETECTION_LIST><DETECTION><RESULTS><![CDATA[</RESULTS></DETECTION></HOST><HOST>]]></RESULTS></DETECTION></DETECTION_LIST></HOST>',
    );
    expect(seen[0]).toMatchObject({ record: { RESULTS: '</RESULTS></DETECTION></HOST><HOST>' } });
  });

  it('keeps every byte of a CDATA section, wherever among eight it stands', () => {
    const odd = ['\t', '\n', '\u0001', '\u001f', '"', '\\', ']', '\u007f', 'é', '🔒', ' ', '!', '#', '[', '^'];
    for (const letter of odd)
      for (let at = 0; at < 12; at++) {
        const text = 'x'.repeat(at) + letter + 'y'.repeat(12 - at) + letter;
        const [seen] = hosts(`<HOST><RESULTS><![CDATA[${text}]]></RESULTS></HOST>`).seen;
        expect(seen).toMatchObject({
          record: { RESULTS: text },
          flags: letter < ' ' && letter !== '\t' && letter !== '\n' ? ['control_chars'] : [],
        });
      }
  });

  it('[fault 57] holds one record, not a host: 50,000 detections in one host need the buffer of one', () => {
    let count = 0;
    let written = 0;
    const reader = createXmlReader(
      DETECTIONS,
      {
        record: () => count++,
        outer: (view) => {
          written = view.maxBytes;
        },
      },
      {
        // Were hosts, or what lies between detections, kept, these would be passed.
        recordBytes: 4096,
        bufferBytes: 1024,
      },
    );
    reader.write(Buffer.from('<OUT><RESPONSE><HOST_LIST><HOST><ID>7</ID><DETECTION_LIST>'));
    const some = Buffer.from(
      '\n   <DETECTION>\n  <QID>1</QID><RESULTS>x</RESULTS></DETECTION> <!-- keep-alive -->'.repeat(50),
    );
    for (let i = 0; i < 1000; i++) reader.write(some);
    reader.write(Buffer.from('</DETECTION_LIST><IP>10.0.0.7</IP></HOST></HOST_LIST></RESPONSE></OUT>'));
    expect(reader.end().records).toBe(50_000);
    expect(count).toBe(50_000);
    expect(written).toBeLessThan(500);
  });
});

describe('around the records', () => {
  it('gives everything else as the envelope, from several lists of hosts too', () => {
    const { end, seen } = collect(HOSTS, [
      '\ufeff<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE HOST_LIST_OUTPUT SYSTEM "https://q/dtd">\n<!-- trial //-->\n<HOST_LIST_OUTPUT v="5">' +
        '<REQUEST><PARAM_LIST><PARAM><KEY>ids</KEY><VALUE>1</VALUE></PARAM><PARAM><KEY>x</KEY><VALUE/></PARAM></PARAM_LIST></REQUEST>' +
        '<RESPONSE><DATETIME> T </DATETIME><!-- keep-alive --><HOST_LIST><HOST/></HOST_LIST><HOST_LIST>\n<HOST/><?pi?></HOST_LIST>' +
        '<WARNING><CODE>1980</CODE><URL><![CDATA[https://q/?a=1&id_min=9]]></URL></WARNING></RESPONSE></HOST_LIST_OUTPUT>\n<!-- bye //--> ',
    ]);
    expect(seen).toHaveLength(2);
    expect(end.envelope).toEqual({
      '@v': '5',
      REQUEST: {
        PARAM_LIST: {
          PARAM: [
            { KEY: 'ids', VALUE: '1' },
            { KEY: 'x', VALUE: '' },
          ],
        },
      },
      RESPONSE: { DATETIME: 'T', WARNING: { CODE: '1980', URL: 'https://q/?a=1&id_min=9' } },
    });
  });

  it('hands out ids and ranges of an id set', () => {
    const { seen, end } = collect(HOSTS, [
      '<HOST_LIST_OUTPUT><RESPONSE><ID_SET><ID>7</ID><ID_RANGE> 10-20 </ID_RANGE>\n<ID><![CDATA[9007199254740991]]></ID></ID_SET></RESPONSE></HOST_LIST_OUTPUT>',
    ]);
    expect(seen).toEqual([{ ids: [7, 7] }, { ids: [10, 20] }, { ids: [9007199254740991, 9007199254740991] }]);
    expect(end.envelope).toEqual({});
  });

  it('[A13] reads records of several names, and their own text and attributes, in the order of the answer', () => {
    const seen: unknown[] = [];
    const format: XmlFormat = {
      ...HOSTS,
      root: 'OUT',
      record: 'RESPONSE/IP_SET/IP|IP_RANGE',
      fields: ['#text', '@network_id'],
    };
    const reader = createXmlReader(format, {
      record: (view) => seen.push([view.text('#text'), view.text('@network_id'), view.text('@other')]),
    });
    reader.write(
      Buffer.from(
        '<OUT><RESPONSE><IP_SET><IP>10.0.0.1</IP><IP_RANGE network_id="7"> 10.0.0.3-10.0.0.9\n</IP_RANGE>' +
          '<NOTE>no record</NOTE><IP network_id=""/><IP other="1"><A/></IP></IP_SET></RESPONSE></OUT>',
      ),
    );
    expect(reader.end().envelope).toEqual({ RESPONSE: { IP_SET: { NOTE: 'no record' } } });
    expect(seen).toEqual([
      ['10.0.0.1', undefined, undefined],
      ['10.0.0.3-10.0.0.9', '7', undefined],
      [undefined, '', undefined],
      [undefined, undefined, '1'],
    ]);
  });

  it('[fault 58] finds what is inside a field by its path, in lower case too', () => {
    const seen: unknown[] = [];
    const reader = createXmlReader(HOSTS, {
      record: (view) => seen.push([view.text('DNS_DATA/FQDN'), view.text('DNS_DATA/NONE'), view.text('ID/FQDN')]),
    });
    const upper =
      '<HOST><X><FQDN>not this</FQDN></X><ID>7</ID><DNS_DATA a="1"><FQDN>h.example</FQDN></DNS_DATA></HOST>';
    const document = (hosts: string) =>
      `<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST>${hosts}</HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>`;
    reader.write(Buffer.from(document(upper)));
    reader.end();
    const lower = createXmlReader(HOSTS, { record: (view) => seen.push([view.text('DNS_DATA/FQDN')]) });
    lower.write(Buffer.from(document(upper).toLowerCase()));
    lower.end();
    expect(seen).toEqual([['h.example', undefined, undefined], ['h.example']]);
  });

  it('[fault 42] reads any other root into the envelope', () => {
    const failed = collect(HOSTS, [
      '<!DOCTYPE SIMPLE_RETURN SYSTEM "x"><SIMPLE_RETURN><RESPONSE><CODE>1905</CODE><HOST_LIST><HOST/></HOST_LIST></RESPONSE></SIMPLE_RETURN>',
    ]);
    expect(failed.seen).toEqual([]);
    expect(failed.end).toMatchObject({
      root: 'SIMPLE_RETURN',
      envelope: { RESPONSE: { CODE: '1905', HOST_LIST: { HOST: '' } } },
      records: 0,
    });
    expect(collect(HOSTS, ['<ERROR number="999">Internal\nerror</ERROR>']).end.envelope).toEqual({
      '@number': '999',
      '#text': 'Internal\nerror',
    });
  });

  it('says how many bytes it read', () => {
    expect(collect(HOSTS, ['<A>', 'é', '</A>', '\n']).end.bytes).toBe(10);
  });
});
