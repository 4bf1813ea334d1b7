import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRequestXml } from './request-xml.ts';

describe('a request in XML', () => {
  test('is read: attributes in either quotes, entities, CDATA, comments, empty elements', () => {
    const root = readRequestXml(
      `<?xml version="1.0"?>\n<!-- a --><a x="1 &lt; 2" y='"'>t&amp;u<b/><c>&#233;&#x41;&apos;<![CDATA[<&>]]></c></a>\n`,
    );
    expect(root).toMatchObject({ name: 'a', attributes: { x: '1 < 2', y: '"' }, text: 't&u' });
    expect(root?.children).toMatchObject([{ name: 'b' }, { name: 'c', text: "éA'<&>" }]);
  });

  test.each(['', 'text', '<a>', '<a></b>', '</a>', '<a/><b/>', '<a x=1/>', '<a', '<a><b></a></b>', '<!DOCTYPE a><a/>'])(
    '%s is refused',
    (text) => {
      expect(readRequestXml(text)).toBeUndefined();
    },
  );

  test('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', '"', '=', ' ', '&', ';', '!', '-') }),
        (text) => {
          const root = readRequestXml(text);
          expect(root === undefined || root.name !== '').toBe(true);
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 2000 },
    );
  });
});
