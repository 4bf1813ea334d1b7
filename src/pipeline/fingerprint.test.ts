import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Dataset } from '../core/dataset.ts';
import type { RecordHandler } from '../core/words.ts';
import { createReader } from '../qualys/reader.ts';
import { fingerprinter, fingerprintOf } from './fingerprint.ts';

const facts = {
  format: {
    kind: 'xml',
    root: 'R',
    record: 'L/X',
    lists: ['TAGS/TAG'],
    verbatim: [],
    fields: ['ID', 'A', 'B', 'TAGS', 'SEEN'],
  },
  noise: ['SEEN'],
  unordered: ['TAGS'],
} as unknown as Dataset;

/** Fingerprints of the records of a document, as the hot path takes them, with the records as objects. */
function read(xml: string): { fingerprint: string; record: Record<string, never> }[] {
  const found: { fingerprint: string; record: Record<string, never> }[] = [];
  const take = fingerprinter(facts);
  const handler: RecordHandler = {
    record: (view) => {
      const target = Buffer.alloc(view.maxBytes + 8);
      const end = view.write(target, 4);
      found.push({
        fingerprint: take(view, target),
        record: JSON.parse(target.toString('utf8', 4, end)) as Record<string, never>,
      });
    },
  };
  const reader = createReader(facts.format, handler);
  reader.write(Buffer.from(`<R><L>${xml}</L></R>`));
  reader.end();
  return found;
}

const one = (members: string): string => read(`<X>${members}</X>`)[0]!.fingerprint;

test('the order of elements does not matter', () => {
  expect(one('<ID>1</ID><A>a</A><B>b</B>')).toBe(one('<B>b</B><ID>1</ID><A>a</A>'));
});

test('noise does not matter, content does', () => {
  expect(one('<ID>1</ID><SEEN>yesterday</SEEN>')).toBe(one('<ID>1</ID><SEEN>today</SEEN>'));
  expect(one('<ID>1</ID><A>a</A>')).not.toBe(one('<ID>1</ID><A>b</A>'));
  expect(one('<ID>1</ID><A>a</A>')).not.toBe(one('<ID>1</ID><B>a</B>'));
  expect(one('<ID>1</ID><A>a</A>')).not.toBe(one('<ID>1</ID>'));
});

test('lists without an order of their own are compared as sets', () => {
  const tags = (...names: string[]) => `<ID>1</ID><TAGS>${names.map((name) => `<TAG>${name}</TAG>`).join('')}</TAGS>`;
  expect(one(tags('x', 'y', 'z'))).toBe(one(tags('z', 'x', 'y')));
  expect(one(tags('x', 'y'))).not.toBe(one(tags('x', 'y', 'y')));
});

test('how the bytes are written does not matter: CDATA, entities, white space around', () => {
  expect(one('<ID>1</ID><A>a&amp;b</A>')).toBe(one('<ID> 1 </ID>\n<A><![CDATA[a&b]]></A>'));
});

test('the hot path and the path over objects agree on any record', () => {
  const seed = Date.now() % 2 ** 31;
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '"', '\\', '🔒', ' ', '\t', '7') });
  const member = fc.tuple(fc.constantFrom('ID', 'A', 'B', 'SEEN', 'NEW1', 'NEW2', 'Z'), text);
  fc.assert(
    fc.property(fc.uniqueArray(member, { selector: ([name]) => name }), fc.array(text), (members, tags) => {
      const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      const xml =
        members.map(([name, value]) => `<${name}>${escaped(value)}</${name}>`).join('') +
        `<TAGS>${tags.map((tag) => `<TAG>${escaped(tag)}</TAG>`).join('')}</TAGS>`;
      const [found] = read(`<X>${xml}</X>`);
      expect(found!.fingerprint).toBe(fingerprintOf(facts, found!.record));
    }),
    { seed },
  );
});

test('members whose lists are sorted lie anywhere among others, nested lists in them; JSON may be written oddly', () => {
  const json = {
    ...facts,
    format: { kind: 'json', records: 'list', fields: ['ID', 'A', 'TAGS'] },
  } as unknown as Dataset;
  const item = fc.letrec<{ item: unknown }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>('b', 'a', 'é"', '', 7, 1e20, null, true),
      fc.array(tie('item'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('ID', 'URL', '__proto__'), tie('item'), { maxKeys: 2 }),
    ),
  })).item;
  const oddly = (text: string) => text.replaceAll('é', '\\u00e9').replaceAll('100000000000000000000', '1e20');
  const record = fc.record({ ID: fc.constant('1'), A: item, TAGS: item, Z: item }, { requiredKeys: ['ID'] });
  fc.assert(
    fc.property(record, fc.boolean(), fc.boolean(), (fields, isOdd, isReversed) => {
      const members = isReversed ? Object.fromEntries(Object.entries(fields).reverse()) : fields;
      const text = JSON.stringify({ list: [members] });
      const take = fingerprinter(json);
      const reader = createReader(json.format, {
        record: (view) => {
          const target = Buffer.alloc(view.maxBytes + 8);
          const end = view.write(target, 4);
          const written = JSON.parse(target.toString('utf8', 4, end)) as Record<string, never>;
          expect(take(view, target)).toBe(fingerprintOf(json, written));
        },
      });
      reader.write(Buffer.from(isOdd ? oddly(text) : text));
      expect(reader.end().records).toBe(1);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});

test('a fingerprint without the fields of later forms is that of the record before they came', () => {
  const [before] = read('<X><ID>1</ID><A>a</A></X>');
  const [after] = read('<X><ID>1</ID><A>a</A><NEW1>n</NEW1></X>');
  expect(after!.fingerprint).not.toBe(before!.fingerprint);
  expect(fingerprintOf(facts, after!.record, new Set(['NEW1']))).toBe(before!.fingerprint);
});

test('the canonical form stands still: raise CANONICAL_FORM when this fails', () => {
  expect(one('<ID>1</ID><A>a</A><TAGS><TAG>x</TAG></TAGS><NEW1>n</NEW1>')).toMatchInlineSnapshot(
    `"K1PU9Qvsr1zO9zMoUo5zzk"`,
  );
  const nested = { CVE: [{ ID: 'CVE-2', URL: 'u' }, { ID: 'CVE-1', URL: 'é', X: ['b', 'a'] }, 'z', 'a'] };
  expect(fingerprintOf(facts, { ID: '7', TAGS: nested })).toBe('zA4tpSRth_8g5V23qmdCsU');
});
