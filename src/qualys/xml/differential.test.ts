import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, collect, cut } from '../../../test/support/collect-xml.ts';
import { type OracleAnswer, readWithSaxes } from '../../../test/support/saxes-reader.ts';
import { scaled } from '../../../test/support/scale.ts';
import { QuarryError } from '../../core/errors.ts';
import type { XmlFormat } from '../../core/format.ts';
import type { Fields } from '../../core/words.ts';

/** Differential tests: saxes is the oracle for what is well-formed and what it says. */

const DETECTIONS: XmlFormat = {
  kind: 'xml',
  root: 'OUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  lists: ['TAGS/TAG', 'QDS_FACTORS/QDS_FACTOR', 'META/EC2/ATTRIBUTE'],
  verbatim: ['RESULTS'],
  fields: ['QID', 'RESULTS', 'QDS', 'TAGS'],
  contextFields: ['ID', 'DNS'],
};
const HOSTS: XmlFormat = { ...DETECTIONS, idSet: 'RESPONSE/ID_SET' };
delete (HOSTS as { inner?: unknown }).inner;
const ADDRESSES: XmlFormat = {
  kind: 'xml',
  root: 'OUT',
  record: 'RESPONSE/IP_SET/IP|IP_RANGE',
  dropped: ['RESPONSE/GLOSSARY'],
  lists: [],
  verbatim: [],
  fields: ['#text', '@severity', 'QID'],
};

// --- documents -----------------------------------------------------------------------------------------------------

const letters = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom(...'abc 019-_."\'\\/\t\n[]>') }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom('é', 'ß', '資', '🔒', '\u2028', '\u00a0', '\ufeff', 'ー') }),
  },
  { weight: 1, arbitrary: fc.constantFrom('\r\n', '\r', ' \r ', ']]', '   ', '\t') },
);
const reference = fc.constantFrom(
  '&amp;',
  '&lt;',
  '&gt;',
  '&quot;',
  '&apos;',
  '&#65;',
  '&#x1F512;',
  '&#xe9;',
  '&#10;',
  '&#13;',
  '&#9;',
  '&#32;',
);
const escaped = (text: string) =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/(^|])>/g, '$1&gt;');
const comment = fc.constantFrom(
  '<!-- keep-alive -->',
  '<!---->',
  '<!-- <HOST> & ]]> -->',
  '<?pi some <thing> ?>',
  '<?x?>',
);
/** One piece of text as it stands in a document. */
const piece = fc.oneof(
  { weight: 4, arbitrary: letters.map(escaped) },
  { weight: 2, arbitrary: reference },
  {
    weight: 4,
    arbitrary: fc
      .tuple(letters, fc.constantFrom('', '</HOST>', '&amp;', '<b>', '<![CDATA['))
      .map(([text, more]) => `<![CDATA[${(text + more).replace(/]]>/g, ']]]]><![CDATA[>')}]]>`),
  },
  { weight: 1, arbitrary: comment },
);
const text = fc.oneof(
  { weight: 5, arbitrary: piece },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 5 }).map((all) => all.join('')) },
);
const attribute = fc.tuple(
  fc.constantFrom('severity', 'name', 'é', 'xml:lang', '_x', '__proto__'),
  fc
    .array(fc.oneof(letters.map(escaped), reference), { maxLength: 3 })
    .map((all) => all.join('').replace(/"/g, '&quot;')),
  fc.constantFrom(' ', '\n  ', ' \t'),
  fc.constantFrom('=', ' = ', '\n='),
);
const attributes = fc
  .uniqueArray(attribute, { maxLength: 3, selector: ([name]) => name })
  .map((all) => all.map(([name, value, space, equals]) => `${space}${name}${equals}"${value}"`).join(''));
const some = <T>(arbitrary: fc.Arbitrary<T>, none: T) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(none) }, { weight: 1, arbitrary });
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', '\n   ', ' ', '\r\n\t') },
  { weight: 1, arbitrary: comment },
);
const trail = fc.constantFrom('', '', ' ', '\n');

const element = (name: string, attrs: string, content: string, end: string) =>
  content === '' && end === '' ? `<${name}${attrs}/>` : `<${name}${attrs}${end}>${content}</${name}${end}>`;
const leaf = (names: string[]) =>
  fc.tuple(fc.constantFrom(...names), some(attributes, ''), text, trail).map((parts) => element(...parts));
const nested = (names: string[], depth: number): fc.Arbitrary<string> => {
  const below = depth === 0 ? leaf(names) : fc.oneof({ weight: 3, arbitrary: leaf(names) }, nested(names, depth - 1));
  return fc
    .tuple(
      fc.constantFrom(...names),
      some(attributes, ''),
      fc.array(fc.tuple(gap, below, some(text, '')), { maxLength: 4 }),
      trail,
    )
    .map(([name, attrs, children, end]) => element(name, attrs, children.map((child) => child.join('')).join(''), end));
};
const FIELD_NAMES = [
  'QID',
  'RESULTS',
  'QDS',
  'TAGS',
  'TAG',
  'QDS_FACTORS',
  'QDS_FACTOR',
  'META',
  'EC2',
  'ATTRIBUTE',
  'X',
  'qid',
  'Tag',
  'constructor',
  '__proto__',
  'Größe',
  'DETECTION',
  'HOST',
];
const field = fc.oneof({ weight: 4, arbitrary: leaf(FIELD_NAMES) }, { weight: 2, arbitrary: nested(FIELD_NAMES, 2) });
const fields = fc.array(fc.tuple(gap, field), { maxLength: 8 }).map((all) => all.map((pair) => pair.join('')).join(''));
const detection = fc
  .tuple(some(attributes, ''), fields, gap)
  .map(([attrs, inside, end]) => element('DETECTION', attrs, inside + end, ''));
const list = fc
  .tuple(some(attributes, ''), fc.array(fc.tuple(gap, detection), { maxLength: 4 }), some(leaf(['NOTE']), ''))
  .map(([attrs, all, more]) => element('DETECTION_LIST', attrs, all.map((pair) => pair.join('')).join('') + more, ''));
const host = (inner: boolean) =>
  fc
    .tuple(some(attributes, ''), fields, inner ? fc.array(list, { maxLength: 2 }) : fc.constant([]), some(fields, ''))
    .map(([attrs, before, lists, after]) => element('HOST', attrs, before + lists.join(' ') + after, ''));
const ids = fc
  .array(
    fc.oneof(
      fc.nat().map((id) => `<ID> ${id}\n</ID>`),
      fc.nat(99).map((id) => `<ID_RANGE>${id}-${id + 9}</ID_RANGE>`),
    ),
  )
  .map((all) => `<ID_SET>${all.join(' ')}</ID_SET>`);
const document = (inner: boolean) =>
  fc
    .tuple(
      fc.constantFrom(
        '',
        '<?xml version="1.0" encoding="UTF-8" ?>\n',
        '<!DOCTYPE OUT SYSTEM "https://x/dtd">',
        '\ufeff',
        '<!-- hello -->\n',
      ),
      fc.array(
        fc
          .array(fc.tuple(gap, host(inner)), { maxLength: 3 })
          .map((all) => `<HOST_LIST>${all.map((pair) => pair.join('')).join('')}</HOST_LIST>`),
        { maxLength: 2 },
      ),
      inner ? fc.constant('') : some(ids, ''),
      some(leaf(['WARNING', 'DATETIME']), ''),
      fc.tuple(fc.constantFrom('OUT', 'OUT', 'OUT', 'out', 'OTHER'), some(attributes, '')),
      fc.constantFrom('', '\n', '\n<!-- CONFIDENTIAL //-->\n'),
    )
    .map(
      ([head, lists, set, warning, [root, attrs], tail]) =>
        `${head}${element(root, attrs, `\n<RESPONSE>${lists.join('\n')}${set}${warning}</RESPONSE>`, '')}${tail}`,
    );
/** Records of two names, most of them text and attributes alone, and what is not kept. */
const address = fc.oneof({ weight: 5, arbitrary: leaf(['IP', 'IP_RANGE', 'ip', 'IPS']) }, nested(['IP', 'QID'], 1));
const addresses = fc
  .tuple(
    fc.array(fc.tuple(gap, address), { maxLength: 6 }),
    some(nested(['GLOSSARY', 'IP', 'IP_SET', 'WARNING'], 2), ''),
  )
  .map(
    ([all, more]) =>
      `<OUT><RESPONSE><IP_SET>${all.map((pair) => pair.join('')).join('')}</IP_SET>${more}</RESPONSE></OUT>`,
  );
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

// --- comparison ----------------------------------------------------------------------------------------------------

/** Text between children is where it is for both, but a tree does not tell how much of it stood before a record. */
function comparable(answer: Answer | OracleAnswer, format: XmlFormat) {
  const bare = (context: Fields | undefined) => {
    if (context === undefined) return undefined;
    const entries = Object.entries(context).filter(([name]) => name !== '#text' && !/^detection_list$/i.test(name));
    return entries;
  };
  const seen = answer.seen.map((one) =>
    'record' in one
      ? { record: JSON.stringify(one.record), context: format.inner === undefined ? undefined : bare(one.context) }
      : 'outer' in one
        ? { outer: JSON.stringify(one.outer) }
        : one,
  );
  const { root, envelope } = 'end' in answer ? answer.end : answer;
  return { seen, root, envelope: JSON.stringify(envelope) };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What we may do that saxes does not, and the reverse: every line is a decision, none an accident. */
function excused(error: QuarryError): boolean {
  if (error.code === 'QRY3004') return true; // internal subsets, entity declarations: saxes skips them
  if (error.code === 'QRY3005') return true; // an id that is no id: not a matter of well-formedness
  return /encoded as|is not XML but|names may not hold|no known reference|names no element/.test(error.message);
}

/** Characters that XML forbids, raw or by reference, are kept and flagged instead of refused. */
function holdsForbidden(text: string): boolean {
  const forbidden = (code: number) =>
    (code < 0x20 && code !== 9 && code !== 10 && code !== 13) ||
    (code >= 0xd800 && code < 0xe000) ||
    code === 0xfffe ||
    code === 0xffff;
  const numbers = [...text.matchAll(/&#(?:x([0-9a-f]+)|(\d+));/gi)].map(([, hex, decimal]) =>
    hex === undefined ? Number(decimal) : Number.parseInt(hex, 16),
  );
  return [...[...text].map((letter) => letter.codePointAt(0) ?? 0), ...numbers].some(forbidden);
}

function attempt<T>(read: () => T): { value: T } | { error: unknown } {
  try {
    return { value: read() };
  } catch (error) {
    return { error };
  }
}

function compare(format: XmlFormat, bytes: Uint8Array, lengths: readonly number[]): void {
  const ours = attempt(() => collect(format, cut(bytes, lengths), { bufferBytes: 64 }));
  const text = decoder.decode(bytes);
  const theirs = attempt(() => readWithSaxes(format, text));
  if ('error' in ours) {
    expect(ours.error).toBeInstanceOf(QuarryError);
    if ('value' in theirs && !excused(ours.error as QuarryError)) throw ours.error;
    return;
  }
  if ('error' in theirs) {
    if (!holdsForbidden(text)) throw theirs.error;
    return;
  }
  expect(comparable(ours.value, format)).toEqual(comparable(theirs.value, format));
}

describe('the reader against saxes', () => {
  const kinds = [
    { label: 'detections', format: DETECTIONS, documents: document(true) },
    { label: 'hosts', format: HOSTS, documents: document(false) },
    { label: 'addresses', format: ADDRESSES, documents: addresses },
  ];
  for (const { label, format, documents } of kinds) {
    it(`reads generated ${label} alike, however the bytes are cut`, () => {
      fc.assert(
        fc.property(documents, cuts, (xml, lengths) => {
          const bytes = Buffer.from(xml);
          const whole = collect(format, [bytes]);
          expect(comparable(whole, format)).toEqual(comparable(readWithSaxes(format, xml), format));
          expect(collect(format, cut(bytes, lengths))).toEqual(whole);
          expect(collect(format, cut(bytes, [1]))).toEqual(whole);
          expect(collect(format, cut(bytes, lengths), { bufferBytes: lengths[0]! })).toEqual(whole);
          expect(collect(format, [bytes], { bufferBytes: 3 })).toEqual(whole);
        }),
        { numRuns: scaled('documents read twice', { quick: 80, full: 300, soak: 3000 }) },
      );
    });

    it(`[fault 59] reads mutated ${label} alike, or fails with a code`, () => {
      const mutation = fc.tuple(
        fc.constantFrom('flip', 'delete', 'insert', 'cut', 'double'),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.oneof(
          fc.constantFrom(
            '<',
            '>',
            '&',
            ']]>',
            '<!--',
            '-->',
            '<![CDATA[',
            '</HOST>',
            '<HOST>',
            '"',
            '=',
            '/',
            '<?xml?>',
            '<!DOCTYPE x>',
            '\r',
            '\0',
            '&#0;',
            '&#xD800;',
            '&x;',
            '\ufffe',
            '--',
            '<!ENTITY',
            '</',
          ),
          fc.string({ unit: 'binary', maxLength: 3 }),
        ),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 255 }),
      );
      fc.assert(
        fc.property(documents, fc.array(mutation, { minLength: 1, maxLength: 3 }), cuts, (xml, mutations, lengths) => {
          let bytes = Buffer.from(xml);
          for (const [kind, where, more, length, mask] of mutations) {
            const at = Math.floor(where * bytes.length);
            const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
            if (kind === 'flip' && at < bytes.length) {
              bytes = Buffer.from(bytes);
              bytes[at]! ^= mask;
            } else if (kind === 'delete') bytes = Buffer.concat([before, after.subarray(length)]);
            else if (kind === 'insert') bytes = Buffer.concat([before, Buffer.from(more), after]);
            else if (kind === 'double') bytes = Buffer.concat([before, after.subarray(0, length), after]);
            else if (kind === 'cut') bytes = Buffer.from(before);
          }
          compare(format, bytes, lengths);
        }),
        { numRuns: scaled('mutated documents', { quick: 400, full: 1500, soak: 15_000 }) },
      );
    });
  }
});
