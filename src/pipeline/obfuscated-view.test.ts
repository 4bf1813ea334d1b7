import { describe, expect, it } from 'vitest';
import type { Dataset } from '../core/dataset.ts';
import type { Format } from '../core/format.ts';
import type { Fields, RecordView } from '../core/words.ts';
import { createReader } from '../qualys/reader.ts';
import { fingerprinter, fingerprintOf } from './fingerprint.ts';
import { obfuscator } from './obfuscate.ts';
import { obfuscatedView } from './obfuscated-view.ts';

const fields = ['ID', 'A', 'B', 'T', 'L'];
const xml = { kind: 'xml', root: 'R', record: 'L/X', lists: ['L/I'], verbatim: [], fields } satisfies Format;
const json = { kind: 'json', records: 'data', fields } satisfies Format;
const csv = { kind: 'csv', fields } satisfies Format;
const hide = obfuscator(
  [
    { path: 'A', how: 'mask' },
    { path: 'B', how: 'drop' },
    { path: 'L.I', how: 'hash' },
  ],
  'a key of some length',
);

interface Seen {
  readonly given: Fields;
  readonly shown: Fields;
  readonly members: readonly (readonly [string, string])[];
  readonly fingerprint: string;
  readonly texts: readonly (string | undefined)[];
}

/** What comes of each record, written behind some bytes as a page is. */
function read(format: Format, text: string): Seen[] {
  const seen: Seen[] = [];
  const show = obfuscatedView(hide);
  const facts = { format, noise: ['T'] } as unknown as Dataset;
  const take = fingerprinter(facts);
  const written = (view: RecordView, at: number): [Buffer, Fields] => {
    const buffer = Buffer.alloc(view.maxBytes + at);
    const end = view.write(buffer, at);
    return [buffer, JSON.parse(buffer.toString('utf8', at, end)) as Fields];
  };
  const reader = createReader(format, {
    record: (view) => {
      const [, given] = written(view, 0);
      const shownView = show(view);
      // Written twice, elsewhere: where the members are is told of the last time.
      written(shownView, 3);
      const [buffer, shown] = written(shownView, 9);
      const { count, ids, starts, ends } = shownView.members;
      const members = Array.from({ length: count }, (_, i): [string, string] => [
        shownView.members.name(ids[i]!),
        buffer.toString('utf8', starts[i], ends[i]),
      ]);
      const fingerprint = take(shownView, buffer);
      expect(fingerprint).toBe(fingerprintOf(facts, shown));
      seen.push({ given, shown, members, fingerprint, texts: fields.map((name) => shownView.text(name)) });
    },
  });
  reader.write(Buffer.from(text));
  reader.end();
  return seen;
}

describe('[D6] an obfuscated record', () => {
  it.each([
    [
      'XML',
      xml,
      '<R><L><X><ID>1</ID><A x="é">a</A><B>b</B><T>t</T><L><I>i</I><I>j</I></L></X><X><T>u</T><ID>2</ID></X></L></R>',
    ],
    ['JSON', json, '{"data":[{"ID":1,"A":{"x":"é"},"B":[1],"T":null,"L":[{"I":"i"},{"I":7}]},{"T":"u","ID":2}]}'],
    ['CSV', csv, '"ID","A","B","T","L"\n"1","é","b","t",""\n"2","","","",""\n'],
  ] as const)('of %s is what the rules make of the record, in every way it is looked at', (_, format, text) => {
    const records = read(format, text);
    expect(records).toHaveLength(2);
    for (const { given, shown, members, texts } of records) {
      expect(shown).toEqual(hide(given));
      expect(members).toEqual(
        Object.entries(shown).map(([name, value]) => [name, `${JSON.stringify(name)}:${JSON.stringify(value)}`]),
      );
      expect(texts[0]).toBe(String(shown['ID']));
      expect(texts[2]).toBeUndefined();
    }
    expect(records[0]!.shown).not.toEqual(records[0]!.given);
  });
});
