import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../../test/support/collect-xml.ts';
import type { XmlFormat } from '../core/format.ts';
import type { Fields } from '../core/words.ts';
import { xmlFragment } from './xml-fragment.ts';

const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'OUT',
  record: 'HOST',
  lists: ['TAGS/TAG', 'NOTE'],
  verbatim: ['RESULTS'],
  fields: [],
};

function read(fragment: string): Fields {
  const [seen] = collect(FORMAT, [`<OUT>${fragment}</OUT>`]).seen;
  return (seen as { record: Fields }).record;
}

describe('xmlFragment', () => {
  it('writes attributes, text, lists and children', () => {
    const record = {
      ID: '7',
      QDS: { '@severity': 'HIGH "x"', '#text': '95' },
      TAGS: { TAG: [{ NAME: 'a & b' }, { NAME: '<c>' }] },
      EMPTY: '',
    };
    expect(xmlFragment('HOST', record)).toBe(
      '<HOST><ID>7</ID><QDS severity="HIGH &quot;x&quot;">95</QDS>' +
        '<TAGS><TAG><NAME>a &amp; b</NAME></TAG><TAG><NAME>&lt;c&gt;</NAME></TAG></TAGS><EMPTY/></HOST>',
    );
  });

  it('keeps values of JSON records readable, and stays on one line', () => {
    expect(xmlFragment('E', { n: 1, b: true, z: null, l: [], t: 'a\tb\r\nc' })).toBe(
      '<E><n>1</n><b>true</b><z/><t>a&#9;b&#13;&#10;c</t></E>',
    );
  });

  it('makes harmless what XML cannot hold', () => {
    const record = { '1 a>': '\u0000\u001b\ud800\uffff\u0085', '@on x': '<"\n', '': 'x', __proto__x: 'y' };
    expect(xmlFragment('<e/>', record)).toBe(
      '<_x003C_e_x002F__x003E_ on_x0020_x="&lt;&quot;&#10;"><_x0031__x0020_a_x003E_>\ufffd\ufffd\ufffd\ufffd\u0085</_x0031__x0020_a_x003E_>' +
        '<_>x</_><__proto__x>y</__proto__x></_x003C_e_x002F__x003E_>',
    );
  });

  it('gives the same record when read again', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'ab0 &<>"\'\n\r\t]é資🔒;#') });
    const trimmed = letters.map((text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
    const name = fc.constantFrom('ID', 'DNS', 'Größe', '__proto__', 'constructor', 'a-b.c', 'x:y');
    const attributes = fc.dictionary(fc.constantFrom('@severity', '@x'), letters, { maxKeys: 2 });
    const { scalar } = fc.letrec((tie) => ({
      scalar: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        trimmed,
        fc
          .tuple(attributes, trimmed)
          .map(([held, text]) => (Object.keys(held).length === 0 ? text : { ...held, '#text': text })),
        fc
          .tuple(
            attributes,
            trimmed,
            fc.dictionary(name, tie('scalar'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
          )
          .map(([held, text, children]) =>
            Object.fromEntries([
              ...Object.entries(held),
              ...(text === '' ? [] : [['#text', text]]),
              ...Object.entries(children),
            ]),
          ),
      ),
    }));
    const record = fc
      .tuple(
        fc.dictionary(name, scalar as fc.Arbitrary<Fields>, { maxKeys: 5, noNullPrototype: true }),
        letters,
        fc.array(trimmed, { minLength: 1, maxLength: 3 }),
        fc.array(scalar as fc.Arbitrary<Fields>, { minLength: 2, maxLength: 3 }),
      )
      .map(
        ([fields, results, tags, twice]) =>
          ({ ...fields, RESULTS: results, TAGS: { TAG: tags }, NOTE: twice }) as Fields,
      );
    fc.assert(
      fc.property(record, (held) => {
        const fragment = xmlFragment('HOST', held);
        expect(fragment).not.toMatch(/[\n\r\t]/);
        expect(JSON.stringify(read(fragment))).toBe(JSON.stringify(held));
      }),
      { numRuns: 500 },
    );
  });
});
