import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { XmlFormat } from '../../core/format.ts';
import type { Value } from '../../core/words.ts';
import { createXmlReader } from './reader.ts';

const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'R',
  record: 'V',
  lists: ['A/B'],
  verbatim: [],
  fields: ['A', 'B', 'C'],
};

interface Element {
  readonly name: string;
  readonly id: string | undefined;
  readonly text: string;
  readonly cdata: boolean;
  readonly children: readonly Element[];
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function xml({ name, id, text, cdata, children }: Element): string {
  const attribute = id === undefined ? '' : ` id="${escaped(id)}"`;
  const inside = cdata && !text.includes(']]>') ? `<![CDATA[${text}]]>` : escaped(text);
  return `<${name}${attribute}>${inside}${children.map(xml).join('')}</${name}>`;
}

const { element } = fc.letrec<{ element: Element }>((tie) => ({
  element: fc.record({
    name: fc.constantFrom('A', 'B', 'C', 'longer_name'),
    id: fc.option(fc.constantFrom('1', 'x&y', ''), { nil: undefined }),
    text: fc.constantFrom('', '  ', 'CVE-2021-1', ' ü “x” ', 'a & <b>', ']]>', '𝄞\n'),
    cdata: fc.boolean(),
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('element'), { maxLength: 4 }),
    ),
  }),
}));

/** What a path leads to in the parsed record; `alone`: by way of the first of what repeats. */
function walk(record: Value, path: string, alone = false): (string | undefined)[] {
  let at: (Value | undefined)[] = [record];
  for (const name of path.split('/'))
    at = at.flatMap((value) => {
      const member =
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? (value as Record<string, Value>)[name]
          : undefined;
      if (alone && Array.isArray(member)) return [(member as Value[])[0]];
      return member === undefined && !name.startsWith('@')
        ? []
        : Array.isArray(member)
          ? (member as Value[])
          : [member];
    });
  return at.map((value) => {
    const text = typeof value === 'object' && value !== null ? (value as Record<string, Value>)['#text'] : value;
    return text as string | undefined;
  });
}

const PATHS = [
  'A',
  'B',
  'A/B',
  'A/B/C',
  'B/longer_name',
  'longer_name/A',
  'A/A/A',
  'A/@id',
  'A/B/@id',
  'C/none',
  'none',
  'none/@id',
];

it('gives the texts at a path as the written record has them', () => {
  const answer = fc.array(fc.array(element, { maxLength: 6 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(answer, fc.integer({ min: 1, max: 40 }), (records, chunk) => {
      let seen = 0;
      const reader = createXmlReader(FORMAT, {
        record(view) {
          seen++;
          const target = Buffer.alloc(view.maxBytes);
          const record = JSON.parse(target.toString('utf8', 0, view.write(target, 0))) as Value;
          for (const path of PATHS) {
            expect(view.all(path)).toEqual(walk(record, path));
            expect(view.text(path)).toBe(walk(record, path, true)[0]);
          }
        },
      });
      const bytes = Buffer.from(`<R>${records.map((children) => `<V>${children.map(xml).join('')}</V>`).join('')}</R>`);
      for (let at = 0; at < bytes.length; at += chunk) reader.write(bytes.subarray(at, at + chunk));
      reader.end();
      expect(seen).toBe(records.length);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});

it('knows names the answer writes in lower case', () => {
  const seen: unknown[] = [];
  const reader = createXmlReader(
    { ...FORMAT, lists: [] },
    { record: (view) => seen.push(view.all('A/D/E'), view.text('A/D/E')) },
  );
  reader.write(Buffer.from('<r><v><a><d><e>1</e></d><d><e>2</e></d></a></v></r>'));
  reader.end();
  expect(seen).toEqual([['1', '2'], '1']);
});
