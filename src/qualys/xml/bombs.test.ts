import { describe, expect, it } from 'vitest';
import { collect, cut } from '../../../test/support/collect-xml.ts';
import { QuarryError } from '../../core/errors.ts';
import type { XmlFormat } from '../../core/format.ts';
import { XML_LIMITS } from './limits.ts';
import { createXmlReader } from './reader.ts';

/**
 * Answers without end. What is measured is how many bytes a reader takes before it refuses: that bounds its time, and
 * with a bounded buffer its memory too, on any machine.
 */
const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'R',
  record: 'L/H',
  idSet: 'S',
  dropped: ['GLOSSARY'],
  inner: { list: 'D', element: 'E', as: 'H' },
  lists: [],
  verbatim: ['T'],
  fields: [],
};

const CHUNK = 16 * 1024;

/** Feeds `start`, then `more` again and again up to `most` bytes; the code of the refusal and the bytes taken by then. */
function feed(start: string, more: string, most: number): { code: string; taken: number } {
  const reader = createXmlReader(FORMAT, { record: () => undefined });
  const block = Buffer.from(more.repeat(Math.ceil(CHUNK / more.length)));
  let taken = 0;
  try {
    reader.write(Buffer.from(start));
    for (; taken < most; taken += block.length) reader.write(block);
    return { code: 'accepted', taken };
  } catch (error) {
    if (error instanceof QuarryError) return { code: error.code, taken };
    throw error;
  }
}

const MIB = 1024 * 1024;
const inRecord = '<R><L><H><D><E>';

describe('bombs', () => {
  it.each<[name: string, start: string, more: string, code: string, most: number]>([
    ['[fault 63] nesting', '<R>', '<a>', 'QRY3003', CHUNK],
    ['[fault 63] nesting in a record', inRecord, '<a>', 'QRY3003', CHUNK],
    ['a name', '<R><', 'a', 'QRY3003', CHUNK],
    ['a name in a record', `${inRecord}<`, 'a', 'QRY3003', CHUNK],
    ['an end tag that goes on', `${inRecord}<A>x</A`, ' ', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['attributes', `${inRecord}<A`, ' a="1"', 'QRY3001', CHUNK],
    [
      'attributes that differ',
      `${inRecord}<A`,
      Array.from({ length: 3000 }, (_, i) => ` a${i}=""`).join(''),
      'QRY3003',
      CHUNK,
    ],
    ['an attribute value', `${inRecord}<A b="`, 'x', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['space inside a tag', `${inRecord}<A`, ' ', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['a text', `${inRecord}<T>`, 'x', 'QRY3003', XML_LIMITS.textBytes + MIB],
    ['a CDATA section', `${inRecord}<T><![CDATA[`, ']', 'QRY3003', XML_LIMITS.textBytes + MIB],
    ['CDATA sections', `${inRecord}<T>`, '<![CDATA[x]]>', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['elements in a record', inRecord, '<a/>', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['elements in a host', '<R><L><H>', '<a>x</a>', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['comments in a record', inRecord, '<!-- x -->', 'QRY3003', XML_LIMITS.recordBytes + MIB],
    ['names', '<R>', Array.from({ length: 20_000 }, (_, i) => `<n${i}/>`).join(''), 'QRY3003', 2 * MIB],
    ['names in a record', inRecord, Array.from({ length: 20_000 }, (_, i) => `<n${i}/>`).join(''), 'QRY3003', 2 * MIB],
    ['[fault 60] character numbers around the records', '<R><A>', '&#65;', 'QRY3003', 6 * MIB],
    ['a document type', '<!DOCTYPE R SYSTEM "', 'x', 'QRY3003', CHUNK],
    ['an instruction name', '<R><?', 'x', 'QRY3003', CHUNK],
    ['an id', '<R><S><ID>', '1', 'QRY3003', 2 * MIB],
    ['a text around the records', '<R><A>', 'x', 'QRY3003', 2 * MIB],
    ['another root', '<X>', '<a>x</a>', 'QRY3003', 2 * MIB],
  ])('refuses %s without end', (_name, start, more, code, most) => {
    const { code: given, taken } = feed(start, more, most + CHUNK);
    expect(given).toBe(code);
    expect(taken).toBeLessThanOrEqual(most);
  });

  it.each<[name: string, start: string, more: string]>([
    ['comments around the records', '<R>', '<!-- keep-alive -->'],
    ['a comment', '<R><!--', 'x'],
    ['an instruction', '<R><?x ', 'y'],
    ['space between records', '<R><L>', '    \n'],
    ['space between detections', '<R><L><H><D>', '    \n'],
    ['space behind the root', '<R/>', '    \n'],
    ['records', '<R><L>', '<H><D><E/></D></H>'],
    ['detections in one host', '<R><L><H><D>', '<E>x</E> <!-- y -->'],
    ['ids', '<R><S>', '<ID>7</ID><ID_RANGE>1-2</ID_RANGE>\n'],
    ['lists', '<R>', '<L></L>\n'],
    ['a glossary', '<R><GLOSSARY>', '<C a="1">text &amp; <![CDATA[more]]></C> x\n'],
  ])('takes %s without end, and holds none of it', (_name, start, more) => {
    const tight = { recordBytes: 1024, envelopeBytes: 1024, bufferBytes: 1024 };
    const feedAll = () => {
      const reader = createXmlReader(FORMAT, { record: () => undefined }, tight);
      reader.write(Buffer.from(start));
      const block = Buffer.from(more.repeat(Math.ceil(CHUNK / more.length)));
      for (let taken = 0; taken < 4 * MIB; taken += block.length) reader.write(block);
    };
    expect(feedAll).not.toThrow();
  });

  it.each<[name: string, document: string]>([
    ['a text', `${inRecord}<T>${'x]'.repeat(MIB)}</T></E></D></H></L></R>`],
    ['a CDATA section', `${inRecord}<T><![CDATA[${'x]]'.repeat(MIB)}]]></T></E></D></H></L></R>`],
    ['an attribute value', `${inRecord}<T a="${'x>'.repeat(MIB)}"/></E></D></H></L></R>`],
    ['a comment', `<R><!--${'- '.repeat(MIB)}--></R>`],
    ['references', `${inRecord}<T>${'&#65;'.repeat(MIB / 2)}</T></E></D></H></L></R>`],
    ['CDATA sections', `${inRecord}<T>${'<![CDATA[x]]>'.repeat(MIB / 8)}</T></E></D></H></L></R>`],
    ['elements of one name', `${inRecord}${'<T>x</T>'.repeat(MIB / 8)}</E></D></H></L></R>`],
  ])('reads %s of megabytes byte by byte in linear time', (_name, document) => {
    // Quadratic work would be 10^12 steps here: the test would not end.
    const bytes = Buffer.from(document);
    const whole = collect(FORMAT, [bytes]);
    expect(collect(FORMAT, cut(bytes, [1]))).toEqual(whole);
  });
});
