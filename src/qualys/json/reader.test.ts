import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, collectWith } from '../../../test/support/collect-records.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import { QuarryError } from '../../core/errors.ts';
import type { JsonFormat } from '../../core/format.ts';
import type { RecordView } from '../../core/words.ts';
import type { JsonLimits } from './limits.ts';
import { createJsonReader } from './reader.ts';

const BARE: JsonFormat = { kind: 'json', records: '', fields: ['id'] };
const ASSETS: JsonFormat = { ...BARE, records: 'assetListData/asset' };
const EVENTS: JsonFormat = { ...BARE, wrapped: 'data' };

const bytesOf = (document: string | Buffer) => (typeof document === 'string' ? Buffer.from(document) : document);
const read = (
  document: string | Buffer,
  format = BARE,
  size = Number.MAX_SAFE_INTEGER,
  limits: Partial<JsonLimits> = {},
) => collectWith((handler) => createJsonReader(format, handler, limits), chunksOf(bytesOf(document), size));
const texts = (document: string | Buffer, format = BARE) => read(document, format).got.map(({ text }) => text);

/** What the reader says of a document it cannot read; the same, whole and byte by byte. */
function refusal(document: string | Buffer, format = BARE, limits: Partial<JsonLimits> = {}): string {
  const [whole, bytewise] = [Number.MAX_SAFE_INTEGER, 1].map((size) => {
    try {
      read(document, format, size, limits);
      return 'read';
    } catch (thrown) {
      if (!(thrown instanceof QuarryError)) throw thrown;
      return `${thrown.code} ${thrown.message} (${/^byte \d+/.exec(thrown.where ?? '')?.[0]})`;
    }
  });
  expect(bytewise).toBe(whole);
  return whole!;
}

describe('records', () => {
  it('stand in a bare array, in order, as JSON.stringify would write them', () => {
    const { got, end } = read('[ {"id":1, "b":[1.50,{"c":null}]},\n{"id":"\\u00e9\\/","d":-0}, {} ]');
    expect(got.map(({ text }) => text)).toEqual(['{"id":1,"b":[1.5,{"c":null}]}', '{"id":"é/","d":0}', '{}']);
    expect(got[0]!.members).toEqual([
      ['id', '"id":1'],
      ['b', '"b":[1.5,{"c":null}]'],
    ]);
    expect(end).toEqual({ root: 'json', envelope: {}, outer: 3, records: 3, bytes: 65 });
  });

  it('stand under a path; the rest of the document is the envelope', () => {
    const document =
      '{"responseCode":"SUCCESS","x":{"asset":[{"id":9}]},"assetListData":{"asset":[{"id":1},{"id":2}],"n":1},"lastSeenAssetId":9007199254740993}';
    const { got, end } = read(document, ASSETS);
    expect(got.map(({ record }) => record)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(end.envelope).toEqual({
      responseCode: 'SUCCESS',
      x: { asset: [{ id: 9 }] },
      assetListData: { n: 1 },
      lastSeenAssetId: '9007199254740993',
    });
    expect(read('{"assetListData":{"asset":[]},"hasMore":0}', ASSETS).end).toMatchObject({
      records: 0,
      envelope: { hasMore: 0 },
    });
  });

  it('are unwrapped where they are wrapped, and taken as they are elsewhere', () => {
    const document =
      '[{"sortValues":[1,{"x":2}],"data":{"id":"a","n":{"m":1}}},{"id":"b"},{"data":null,"id":"c"},{"data":{}},{"sortValues":[3],"data":{"id":"d","x":"y"}}]';
    const { got, end } = read(document, EVENTS);
    expect(got.map(({ text }) => text)).toEqual([
      '{"id":"a","n":{"m":1}}',
      '{"id":"b"}',
      '{"data":null,"id":"c"}',
      '{}',
      '{"id":"d","x":"y"}',
    ]);
    expect(got[0]!.members.map(([, text]) => text)).toEqual(['"id":"a"', '"n":{"m":1}']);
    expect(end.beside).toEqual({ sortValues: [3] });
    expect(read('[{"sortValues":[1],"data":{"id":1}},{"id":2}]', EVENTS).end).not.toHaveProperty('beside');
  });

  it('[fault 58] one object in place of the array is one record, null or nothing is none', () => {
    expect(texts('{"assetListData":{"asset":{"id":1}},"hasMore":0}', ASSETS)).toEqual(['{"id":1}']);
    expect(texts('{"id":1}')).toEqual(['{"id":1}']);
    for (const none of ['{"hasMore":0}', '{"assetListData":null}', '{"assetListData":{"asset":null}}', '{}'])
      expect(read(none, ASSETS).end.records).toBe(0);
  });

  it('[fault 42] an error in place of the records is another document', () => {
    expect(refusal('{"errorCode":"1001","message":"Unauthorized"}')).toMatch(/^QRY3001 .*\(byte 0\)$/);
    expect(refusal('{"assetListData":"none"}', ASSETS)).toMatch(/^QRY3001 Neither records nor null/);
    expect(refusal('[{"id":1}]', ASSETS)).toMatch(/^QRY3001 A list stands where assetListData/);
    expect(refusal('[{"id":1},7]')).toMatch(/^QRY3001 An element of the list is no record \(byte 10\)/);
  });

  it('text gives strings as they are, numbers and booleans as JSON, nothing for the rest', () => {
    const seen: (string | undefined)[] = [];
    const reader = createJsonReader(BARE, {
      record: (view: RecordView) => {
        for (const name of ['s', 'n', 'b', 'z', 'o', 'a', 'absent', 'toString', '__proto__'])
          seen.push(view.text(name));
        expect(view.contextText('s')).toBeUndefined();
      },
    });
    reader.write(Buffer.from('[{"s":" x ","n":1.5,"b":false,"z":null,"o":{},"a":[1]}]'));
    reader.end();
    expect(seen).toEqual([' x ', '1.5', 'false', ...Array(6).fill(undefined)]);
  });
});

describe('odd content', () => {
  it('keeps integers beyond 2^53 as text, also negative and in exponents too large', () => {
    expect(
      texts(
        '[{"a":9007199254740991,"b":9007199254740992,"c":-12345678901234567890,"d":[8464359598295418000],"e":1e400,"f":0.12345678901234567}]',
      ),
    ).toEqual([
      '{"a":9007199254740991,"b":"9007199254740992","c":"-12345678901234567890","d":["8464359598295418000"],"e":"1e400","f":0.12345678901234566}',
    ]);
  });

  it('__proto__ and names that come twice do no harm', () => {
    const [got] = read('[{"__proto__":{"polluted":1},"constructor":{"x":1},"a":1,"a":2,"n":{"b":1,"b":2}}]').got;
    expect(got!.text).toBe('{"__proto__":{"polluted":1},"constructor":{"x":1},"a":2,"n":{"b":2}}');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('[fault 59] replaces and flags invalid UTF-8 and lone surrogates; a pair is a pair, U+FFFD is itself', () => {
    const invalid = Buffer.concat([Buffer.from('[{"id":"'), Buffer.from([0xff, 0xe2, 0x82]), Buffer.from('"}]')]);
    expect(read(invalid).got[0]).toMatchObject({ text: '{"id":"\ufffd\ufffd"}', flags: ['invalid_utf8'] });
    expect(read('[{"id":"\\ud83d","\\udc00":[1]}]').got[0]).toMatchObject({
      text: '{"id":"\ufffd","\ufffd":[1]}',
      flags: ['invalid_utf8'],
    });
    expect(read('[{"id":"\\ud83d\\udd12"}]').got[0]).toMatchObject({ text: '{"id":"🔒"}', flags: [] });
    expect(read('[{"id":"\ufffd"}]').got[0]).toMatchObject({ text: '{"id":"\ufffd"}', flags: [] });
  });

  it('[fault 59] keeps and flags bare control characters', () => {
    expect(read('[{"id":"a\tb\u0000\\n"},{"id":2}]').got).toMatchObject([
      { text: '{"id":"a\\tb\\u0000\\n"}', flags: ['control_chars'] },
      { text: '{"id":2}', flags: [] },
    ]);
    expect(refusal('[{"id":"a\\\u0001"}]')).toMatch(/^QRY3001 A record is no JSON/);
  });

  it('skips a byte order mark', () => {
    expect(texts('\ufeff[{"id":1}]')).toEqual(['{"id":1}']);
    expect(read('\ufeff[{"id":1}]', BARE, 1).end.records).toBe(1);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['', 'QRY3002 The answer is empty (byte 0)'],
    ['  \n', 'QRY3002 The answer ends before its document does (byte 3)'],
    ['[', 'QRY3002 The answer ends before its document does (byte 1)'],
    ['[{"id":1}', 'QRY3002 The answer ends before its document does (byte 9)'],
    ['[{"id":1},', 'QRY3002 The answer ends before its document does (byte 10)'],
    ['[{"id":"1', 'QRY3002 The answer ends before its document does (byte 9)'],
    ['[{"id":1},]', 'QRY3001 An element of the list is no record (byte 10)'],
    ['[{"id":1}{"id":2}]', 'QRY3001 No comma stands between two records (byte 9)'],
    ['[{"id":1}] x', 'QRY3001 Something follows the document (byte 11)'],
    ['[{"id":NaN}]', 'QRY3001 This is no part of JSON (byte 7)'],
    ['[/* all */{"id":1}]', 'QRY3001 An element of the list is no record (byte 1)'],
    ['[{"id":1/**/}]', 'QRY3001 This is no part of JSON (byte 8)'],
    ['[{"id":[1}]', 'QRY3001 A bracket is closed that is not open (byte 9)'],
    ['[{"id":01}]', 'QRY3001 A record is no JSON (byte 8)'],
    ['[{"é":01}]', 'QRY3001 A record is no JSON (byte 8)'],
    ['[{"id":"\\x"}]', 'QRY3001 A record is no JSON (byte 9)'],
    ['<html><body>Maintenance</body></html>', 'QRY3001 This is no JSON: it begins like XML or HTML (byte 0)'],
    ['Service unavailable', 'QRY3001 This is no JSON (byte 0)'],
    ['"text"', 'QRY3001 This is no JSON (byte 0)'],
  ])('%j: %s', (document, says) => {
    expect(refusal(document)).toBe(says);
  });

  it('says where in the whole document the fault around the records lies', () => {
    expect(refusal('{"a":1,,"assetListData":{"asset":[{"id":1}]}}', ASSETS)).toMatch(/^QRY3001 .*\(byte 7\)$/);
    expect(refusal('{"assetListData":{"asset":[{"id":1}]},"b" 3}', ASSETS)).toMatch(/^QRY3001 .*\(byte 42\)$/);
  });

  it('stays failed', () => {
    const reader = createJsonReader(BARE, { record: () => undefined });
    expect(() => reader.write(Buffer.from('x'))).toThrow(QuarryError);
    expect(() => reader.write(Buffer.from('[]'))).toThrow('This is no JSON');
    expect(() => reader.end()).toThrow('This is no JSON');
  });

  it('holds its limits', () => {
    const deep = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`;
    expect(refusal(`[{"id":${deep(9)}}]`, BARE, { depth: 8 })).toMatch(/^QRY3003 Arrays and objects/);
    expect(refusal(`{"x":${deep(100_000)}}`, ASSETS)).toMatch(/^QRY3003 Arrays and objects/);
    expect(refusal(`[{"id":[${'1,'.repeat(50)}1]}]`, BARE, { recordElements: 50 })).toMatch(
      /^QRY3003 A record has too many/,
    );
    expect(refusal('[{"a":1,"b":2,"c":3}]', BARE, { names: 2 })).toMatch(/^QRY3003 Too many different names/);
    expect(refusal(`{"x":"${'y'.repeat(99)}"}`, ASSETS, { envelopeBytes: 50 })).toMatch(
      /^QRY3003 Too much stands around/,
    );
    const huge = `[{"id":"${'x'.repeat(5000)}"}]`;
    expect(() => read(huge, BARE, 100, { recordBytes: 2000 })).toThrow('A record is too large');
    expect(() => read(huge, BARE, 100, { totalBytes: 2000 })).toThrow('The answer is too large');
  });
});

describe('any document, however it is cut', () => {
  const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
  const record = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), value, { maxKeys: 6 });
  const document = fc.record({
    records: fc.array(fc.tuple(record, fc.boolean()), { maxLength: 6 }),
    rest: fc.dictionary(fc.constantFrom('a', 'b', 'asset'), value),
    space: fc.constantFrom(undefined, 0, 1, '\t'),
    escaped: fc.boolean(),
  });
  const written = (whole: unknown, space: number | string | undefined, escaped: boolean): string => {
    const text = JSON.stringify(whole, undefined, space);
    return escaped
      ? text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : text;
  };
  /** What is to come out: as JSON.parse reads it, integers beyond 2^53 as written. */
  const exact = (one: unknown): unknown =>
    JSON.parse(
      JSON.stringify(one, (_, inner: unknown) =>
        typeof inner === 'number' && /^-?\d+$/.test(String(inner)) && !Number.isSafeInteger(inner)
          ? String(inner)
          : inner,
      ),
    );

  it('reads as JSON.parse does', () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 1, max: 40 }), ({ records, rest, space, escaped }, size) => {
        const elements = records.map(([one, wrap]) => (wrap ? { sort: [1], data: one, x: {} } : { id: 1, plain: one }));
        const text = written({ rest, assetListData: { asset: elements } }, space, escaped);
        const { got, end } = read(text, { ...ASSETS, wrapped: 'data' }, size);
        const expected = records.map(([one, wrap]) => exact(wrap ? one : { id: 1, plain: one }));
        expect(got.map((one) => one.text)).toEqual(expected.map((one) => JSON.stringify(one)));
        for (const { record: it, members } of got)
          expect(members).toEqual(
            Object.entries(it).map(([name, one]) => [name, `${JSON.stringify(name)}:${JSON.stringify(one)}`]),
          );
        expect(end).toMatchObject({ records: records.length, bytes: Buffer.byteLength(text) });
        expect(end.envelope).toEqual({ rest: exact(rest) });
        expect(end.beside).toEqual(records.at(-1)?.[1] === true ? { sort: [1], x: {} } : undefined);
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 400 },
    );
  });

  it('reads what JSON.parse reads and nothing else, when bytes are changed', () => {
    const odd = fc.constantFrom(...'{}[]",:\\0129eE+-.tfn/u é');
    const changed = fc.tuple(fc.array(record, { maxLength: 3 }), fc.nat(), fc.nat({ max: 2 }), odd);
    fc.assert(
      fc.property(changed, fc.integer({ min: 1, max: 9 }), ([records, place, drop, insert], size) => {
        const sound = JSON.stringify(records);
        const at = place % (sound.length + 1);
        const bytes = Buffer.from(sound.slice(0, at) + insert + sound.slice(at + drop));
        const expected = outcome(() => {
          const parsed = JSON.parse(bytes.toString()) as unknown;
          const list = Array.isArray(parsed) ? parsed : [parsed];
          if (!list.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one)))
            throw new SyntaxError();
          if (!Array.isArray(parsed) && !Object.hasOwn(parsed as object, 'id')) throw new SyntaxError();
          return list.length;
        });
        expect(outcome(() => read(bytes, BARE, size).got.length)).toBe(expected);
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 1000 },
    );
  });
});

/** What comes of reading; 'refused' where it cannot be read. */
function outcome(step: () => number): number | string {
  try {
    return step();
  } catch (thrown) {
    if (thrown instanceof QuarryError || thrown instanceof SyntaxError) return 'refused';
    throw thrown;
  }
}

/** Recorded and documented answers of Qualys, where they are at hand: they are not part of this repository. */
const SAMPLES = join(import.meta.dirname, '../../../../shared/samples');
const isHere = existsSync(SAMPLES);

describe('samples of Qualys answers', skipUnless(isHere, 'documented answers of Qualys are not here'), () => {
  const files = isHere ? readdirSync(join(SAMPLES, 'rest')).filter((name) => name.endsWith('.json')) : [];
  const plain = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as unknown;

  it.each(files)('%s, whole and byte by byte', (name) => {
    const path = join(SAMPLES, 'rest', name);
    const document = plain(path) as Record<string, unknown> | Record<string, unknown>[];
    const list = Array.isArray(document);
    const format: JsonFormat = list ? EVENTS : { ...BARE, records: 'users' };
    const whole = read(readFileSync(path), format);
    expect(read(readFileSync(path), format, 1)).toEqual(whole);
    const elements = list ? document : ((document['users'] as Record<string, unknown>[] | undefined) ?? []);
    expect(whole.got.map(({ record }) => record)).toEqual(elements.map((one) => one['data'] ?? one));
    const { users: _, ...around } = list ? {} : document;
    expect(whole.end.envelope).toEqual(around);
  });

  it('rows of a scan result', () => {
    const path = join(SAMPLES, 'classic/scan-fetch-json-extended.json');
    const { got } = read(readFileSync(path), { ...BARE, fields: ['ip', 'qid'] }, 1000);
    expect(got).toHaveLength(90);
    expect(got.map(({ record }) => record)).toEqual(plain(path));
  });
});
