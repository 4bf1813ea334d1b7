import { describe, expect, it } from 'vitest';
import { collect, cut } from '../../../test/support/collect-xml.ts';
import { QuarryError } from '../../core/errors.ts';
import type { XmlFormat } from '../../core/format.ts';
import type { XmlLimits } from './limits.ts';
import { createXmlReader } from './reader.ts';

const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'R',
  record: 'L/H',
  idSet: 'S',
  inner: { list: 'D', element: 'E', as: 'H' },
  lists: [],
  verbatim: ['RESULTS'],
  fields: ['ID'],
};

type Case = readonly [code: string, document: string | Buffer, limits?: Partial<XmlLimits>];
const inRecord = (text: string) => `<R><L><H><D><E><A>${text}</A></E></D></H></L></R>`;

const MALFORMED: Readonly<Record<string, Case>> = {
  'nothing at all': ['QRY3002', ''],
  'white space alone': ['QRY3002', ' \n '],
  'a comment alone': ['QRY3002', '<!-- x -->'],
  'a declaration alone': ['QRY3002', '<?xml version="1.0"?>'],
  'cut in a start tag': ['QRY3002', '<R><L><H'],
  'cut in an attribute': ['QRY3002', '<R><L a="x'],
  'cut in text': ['QRY3002', '<R><L><H><D><E><RESULTS>abc'],
  'cut in CDATA': ['QRY3002', '<R><L><H><D><E><RESULTS><![CDATA[abc]]'],
  'cut in a reference': ['QRY3002', '<R><A>&am'],
  'cut in an end tag': ['QRY3002', '<R></R'],
  'cut before the last bracket': ['QRY3002', '<R>\n</R '],
  'cut in a comment behind the root': ['QRY3002', '<R/><!-- CONFIDENTIAL'],
  'cut in a document type': ['QRY3002', '<!DOCTYPE R SYSTEM "x'],
  JSON: ['QRY3001', '{"a":1}'],
  CSV: ['QRY3001', '"ID","IP"\n1,2'],
  'plain text': ['QRY3001', 'Service unavailable'],
  'a web page': ['QRY3001', '<html><head><title>Maintenance</title></head></html>'],
  'a web page with its type': ['QRY3001', '<!DOCTYPE html>\n<html lang="en">'],
  'a web page in capitals': ['QRY3001', '<HTML><BODY><H1>503</H1></BODY></HTML>'],
  'gzip data': ['QRY3001', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])],
  'UTF-16 with its mark': ['QRY3001', Buffer.from('\ufeff<R/>', 'utf16le')],
  'UTF-16 without': ['QRY3001', Buffer.from('<R></R>', 'utf16le')],
  'another encoding': ['QRY3001', '<?xml version="1.0" encoding="ISO-8859-1"?><R/>'],
  'a malformed declaration': ['QRY3001', '<?xml version="1.0" encoding=UTF-8?><R/>'],
  'a declaration without version': ['QRY3001', '<?xml encoding="UTF-8"?><R/>'],
  'a declaration after white space': ['QRY3001', '\n<?xml version="1.0"?><R/>'],
  'a second declaration': ['QRY3001', '<R/><?xml version="1.0"?>'],
  'an endless declaration': ['QRY3001', `<?xml version="1.0"${' '.repeat(2000)}`],
  'text before the root': ['QRY3001', '<!-- x -->x<R/>'],
  'text behind the root': ['QRY3001', '<R/>x'],
  'text behind the root, then markup': ['QRY3001', '<R/>x<!-- y -->'],
  'a reference behind the root': ['QRY3001', '<R/>&#32;'],
  'a bracket behind the root': ['QRY3001', '<R/>] <!-- -->'],
  'CDATA behind the root': ['QRY3001', '<R/><![CDATA[x]]>'],
  'a second root': ['QRY3001', '<R/><R/>'],
  'an error document behind the root': ['QRY3001', '<R/>\n<SIMPLE_RETURN/>'],
  'an end tag behind the root': ['QRY3001', '<R/></R>'],
  'an end tag first': ['QRY3001', '</R>'],
  'tags crossed': ['QRY3001', inRecord('<b></c>')],
  'an end tag too short': ['QRY3001', '<R><ABC></AB></R>'],
  'an end tag too long': ['QRY3001', '<R><AB></ABC></R>'],
  'an end tag with an attribute': ['QRY3001', '<R></R a="1">'],
  'an end tag with space before its name': ['QRY3001', '<R></ R>'],
  'an end tag in another case': ['QRY3001', '<R></r>'],
  'a host ended by its detection': ['QRY3001', '<R><L><H><D><E></H>'],
  'a name that begins with a digit': ['QRY3001', '<R><1/></R>'],
  'a name that begins with a dash': ['QRY3001', '<R><-a/></R>'],
  'a name with a forbidden character': ['QRY3001', '<R><a×b/></R>'],
  'a name that is not UTF-8': [
    'QRY3001',
    Buffer.concat([Buffer.from('<R><a'), Buffer.from([0xff]), Buffer.from('/></R>')]),
  ],
  'no name': ['QRY3001', '<R>< a/></R>'],
  'a bare less-than': ['QRY3001', inRecord('1 < 2')],
  'a bare ampersand': ['QRY3001', inRecord('a & b')],
  'an ampersand at the end': ['QRY3001', inRecord('AT&')],
  'a query string': ['QRY3001', inRecord('?a=1&b=2;')],
  'an entity of HTML': ['QRY3001', inRecord('&nbsp;')],
  'an entity in capitals': ['QRY3001', inRecord('&AMP;')],
  'a reference without end': ['QRY3001', inRecord(`&${'a'.repeat(100)}`)],
  'an empty reference': ['QRY3001', inRecord('&;')],
  'a number without digits': ['QRY3001', inRecord('&#;')],
  'a hexadecimal number without digits': ['QRY3001', inRecord('&#x;')],
  'a number with a wrong digit': ['QRY3001', inRecord('&#12a;')],
  'a hexadecimal number with a wrong digit': ['QRY3001', inRecord('&#x1G;')],
  'a number with a capital X': ['QRY3001', inRecord('&#X41;')],
  'a number too large': ['QRY3001', inRecord('&#x110000;')],
  'a number far too large': ['QRY3001', inRecord('&#99999999999999999999;')],
  ']]> in text': ['QRY3001', inRecord('a]]>b')],
  'an unquoted attribute': ['QRY3001', '<R><A b=1></A></R>'],
  'an attribute without value': ['QRY3001', '<R><A b></A></R>'],
  'an attribute twice': ['QRY3001', '<R><A b="1" c="2" b="3"/></R>'],
  'an attribute twice in a record': ['QRY3001', '<R><L><H><A b="1" b="1">x</A></H></L></R>'],
  'attributes without space between': ['QRY3001', '<R><L><H><A b="1"c="2">x</A></H></L></R>'],
  'an attribute with less-than': ['QRY3001', '<R><L><H><A b="<">x</A></H></L></R>'],
  'an attribute with a bare ampersand': ['QRY3001', '<R><L><H><A b="a&b">x</A></H></L></R>'],
  'a quote missing': ['QRY3001', `<R><L><H><A b="1>x</A><C d="2">y</C></H></L></R>`],
  'a slash in the wrong place': ['QRY3001', '<R><A / b="1"/></R>'],
  'a lone slash': ['QRY3001', '<R><A/ ></R>'],
  'a comment with two dashes': ['QRY3001', '<R><!-- a -- b --></R>'],
  'a comment with three dashes at its end': ['QRY3001', '<R><!-- a ---></R>'],
  'an instruction without name': ['QRY3001', '<R><? a?></R>'],
  'an instruction with a bad name': ['QRY3001', '<R><?1?></R>'],
  'an instruction named XML': ['QRY3001', '<R><?XML a?></R>'],
  'markup that is none': ['QRY3001', '<R><!FOO></R>'],
  'CDATA in lower case': ['QRY3001', '<R><![cdata[x]]></R>'],
  'an element declaration': ['QRY3001', '<!ELEMENT a (b)><R/>'],
  '[fault 60] billion laughs': [
    'QRY3004',
    '<!DOCTYPE R [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><R>&c;</R>',
  ],
  '[fault 61] an external entity': ['QRY3004', '<!DOCTYPE R [<!ENTITY x SYSTEM "file:///etc/passwd">]><R>&x;</R>'],
  '[fault 61] a parameter entity': ['QRY3004', '<!DOCTYPE R [<!ENTITY % x SYSTEM "http://127.0.0.1/x">%x;]><R/>'],
  'an empty internal subset': ['QRY3004', '<!DOCTYPE R []><R/>'],
  'an internal subset behind an external one': ['QRY3004', '<!DOCTYPE R SYSTEM "x" [<!ATTLIST R a CDATA "b">]><R/>'],
  'an entity outside a document type': ['QRY3004', '<!ENTITY x "y"><R/>'],
  'a second document type': ['QRY3004', '<!DOCTYPE R SYSTEM "x"><!DOCTYPE R SYSTEM "x"><R/>'],
  'a document type inside the root': ['QRY3004', '<R><!DOCTYPE R SYSTEM "x"></R>'],
  'a document type behind the root': ['QRY3004', '<R/><!DOCTYPE R SYSTEM "x">'],
  'a document type without name': ['QRY3001', '<!DOCTYPE><R/>'],
  'a document type without end': ['QRY3003', `<!DOCTYPE R SYSTEM "${'x'.repeat(10_000)}"><R/>`],
  '[fault 63] 10,000 elements deep, in a record': ['QRY3003', `<R><L><H>${'<a>'.repeat(10_000)}`],
  '[fault 63] 10,000 elements deep, outside': ['QRY3003', '<a>'.repeat(10_000)],
  'as deep as allowed, and one more': ['QRY3003', '<a><b><c/></b></a>', { depth: 2 }],
  'as deep as allowed in a record, and one more': ['QRY3003', '<R><L><H><a><b>x</b></a></H></L></R>', { depth: 4 }],
  'a huge name': ['QRY3003', `<R><${'x'.repeat(300)}/></R>`],
  'a huge name without end': ['QRY3003', `<R><${'x'.repeat(3_000_000)}`],
  'a huge attribute name': ['QRY3003', `<R><A ${'x'.repeat(300)}="1"/></R>`],
  'a huge attribute name in a record': ['QRY3003', `<R><L><H><A ${'x'.repeat(300)}="1">x</A></H></L></R>`],
  'a huge instruction name': ['QRY3003', `<R><?${'x'.repeat(300)}?></R>`],
  'too many attributes': ['QRY3003', `<R><A ${Array.from({ length: 33 }, (_, i) => `a${i}="1"`).join(' ')}/></R>`],
  'too many attributes in a record': [
    'QRY3003',
    `<R><L><H><A ${Array.from({ length: 33 }, (_, i) => `a${i}="1"`).join(' ')}>x</A></H></L></R>`,
  ],
  'too many names': ['QRY3003', `<R>${Array.from({ length: 20 }, (_, i) => `<a${i}/>`).join('')}</R>`, { names: 10 }],
  'a text too long': ['QRY3003', inRecord('x'.repeat(2000)), { textBytes: 1000 }],
  'a text too long that never ends': ['QRY3003', inRecord('x'.repeat(2000)).slice(0, 1500), { textBytes: 1000 }],
  'a CDATA section too long': ['QRY3003', inRecord(`<![CDATA[${'x'.repeat(2000)}]]>`), { textBytes: 1000 }],
  'a CDATA section too long that never ends': [
    'QRY3003',
    inRecord(`<![CDATA[${'x'.repeat(2000)}`).slice(0, 1500),
    { textBytes: 1000 },
  ],
  'an attribute value too long': [
    'QRY3003',
    `<R><L><H><A b="${'x'.repeat(2000)}">x</A></H></L></R>`,
    { textBytes: 1000 },
  ],
  'a record too large': ['QRY3003', inRecord('<b>x</b>'.repeat(500)), { recordBytes: 2000 }],
  'a record too large that never ends': [
    'QRY3003',
    inRecord('<b>x</b>'.repeat(500)).slice(0, 3500),
    { recordBytes: 2000, bufferBytes: 512 },
  ],
  'a record of too many elements': ['QRY3003', inRecord('<b/>'.repeat(50)), { recordElements: 40 }],
  'a record of too many pieces of text': ['QRY3003', inRecord('<![CDATA[x]]>'.repeat(50)), { recordElements: 40 }],
  'a context too large': ['QRY3003', `<R><L><H>${'<b>x</b>'.repeat(500)}</H></L></R>`, { recordBytes: 2000 }],
  'an envelope too large': ['QRY3003', `<R><A>${'x'.repeat(2000)}</A></R>`, { envelopeBytes: 1000 }],
  'an envelope of too many empty elements': ['QRY3003', `<R>${'<a/>'.repeat(100_000)}</R>`],
  'an envelope of too many attributes': ['QRY3003', `<R>${'<a b="c"/>'.repeat(100_000)}</R>`],
  'another root too large': ['QRY3003', `<X>${'<a>xxxx</a>'.repeat(100_000)}</X>`],
  'too many references': ['QRY3003', inRecord('&amp;'.repeat(100)), { references: 99 }],
  'too many references in attributes': ['QRY3003', '<R><L><H><A b="&lt;&lt;&lt;">x</A></H></L></R>', { references: 2 }],
  'too many bytes': ['QRY3003', inRecord('x'), { totalBytes: 20 }],
  'an id that is none': ['QRY3005', '<R><S><ID>7a</ID></S></R>'],
  'an empty id': ['QRY3005', '<R><S><ID/></S></R>'],
  'an id with a child': ['QRY3005', '<R><S><ID><A>7</A></ID></S></R>'],
  'an id beyond what numbers hold': ['QRY3005', '<R><S><ID>9007199254740993</ID></S></R>'],
  'a range without end': ['QRY3005', '<R><S><ID_RANGE>7-</ID_RANGE></S></R>'],
  'a range backwards': ['QRY3005', '<R><S><ID_RANGE>8-7</ID_RANGE></S></R>'],
};

function codeOf(read: () => unknown): { code: string; error: QuarryError } {
  try {
    read();
  } catch (error) {
    if (error instanceof QuarryError) return { code: error.code, error };
    throw error;
  }
  return { code: 'accepted', error: undefined as never };
}

describe('malformed answers', () => {
  it.each(Object.entries(MALFORMED))('%s', (_name, [code, document, limits]) => {
    const bytes = Buffer.from(document);
    expect(codeOf(() => collect(FORMAT, [bytes], limits)).code).toBe(code);
    const small = bytes.length > 20_000 ? [1000] : [1];
    expect(codeOf(() => collect(FORMAT, cut(bytes, small), limits)).code).toBe(code);
    expect(codeOf(() => collect(FORMAT, cut(bytes, [3, 1, 7]), { bufferBytes: 16, ...limits })).code).toBe(code);
  });

  it('[fault 43] any answer cut anywhere before the end of its root is cut off, and nothing else', () => {
    const whole = `<?xml version="1.0"?>\n<!DOCTYPE R SYSTEM "x"><!-- a --><R><L><H a="1"><ID>7</ID><D><E>é&amp;<![CDATA[x]]></E></D></H></L></R>`;
    const bytes = Buffer.from(whole);
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => collect(FORMAT, [bytes.subarray(0, length)])).code, `at ${length}`).toBe('QRY3002');
    expect(collect(FORMAT, [bytes]).end.records).toBe(1);
  });

  it('says where: byte, path and surroundings', () => {
    const document = `<R><L><H><ID>7</ID><D><E><RESULTS>${'x'.repeat(1_234_500)} a & b</RESULTS></E></D></H></L></R>`;
    const { error } = codeOf(() => collect(FORMAT, cut(Buffer.from(document), [65_536])));
    expect(error.where).toMatch(
      /^byte 1,234,537, in …\/L\/H\/D\/E\/RESULTS, near «x+ a & b<\/RESULTS><\/E><\/D><\/H><\/L>/,
    );
    expect(error.message).toMatch(/^& begins no known reference/);
  });

  it('[fault 41] says what it was instead of XML', () => {
    const said = (document: string | Buffer) => codeOf(() => collect(FORMAT, [Buffer.from(document)])).error.message;
    expect(said('<!DOCTYPE html><html>Down</html>')).toBe(
      'The answer is not XML but a web page; it begins with «<!DOCTYPE html><html>Down</html>»',
    );
    expect(said('{"error":1}')).toContain('JSON');
    expect(said('\u001f\u008b')).toContain('binary data');
    expect(said(Buffer.from([0x1f, 0x8b, 8, 0]))).toContain('gzip');
    expect(said('Bad\u0000 gateway\u001b[31m')).toBe(
      'The answer is not XML but plain text; it begins with «Bad· gateway·[31m»',
    );
  });

  it('stays failed', () => {
    const reader = createXmlReader(FORMAT, { record: () => undefined });
    expect(() => reader.write(Buffer.from('<R>  </S>'))).toThrow(QuarryError);
    expect(() => reader.write(Buffer.from('<R/>'))).toThrow(/does not close R/);
    expect(() => reader.end()).toThrow(/does not close R/);
  });
});
