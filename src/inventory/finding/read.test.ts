import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch } from '../../core/sink.ts';
import type { Fields } from '../../core/words.ts';
import { isFields, time } from '../values.ts';
import { findingEvents, someEvent } from './events.ts';
import { readDetections } from './read.ts';
import { MEMBERS, saidOf } from './said.ts';
import { findingKey } from './state.ts';

interface Line {
  readonly seq: number;
  readonly pulled_at: string;
  readonly time?: string;
  readonly change: 'new' | 'updated' | 'removed';
  readonly reason?: 'purged';
  readonly key: string[];
  readonly record: Record<string, never>;
}

function batchOf(lines: readonly string[]): Batch {
  const all = lines.map((line) => Buffer.from(`${line}\n`));
  const ends: number[] = [];
  for (const line of all) ends.push((ends.at(-1) ?? 0) + line.length);
  // What stands before and behind the lines is not theirs.
  const bytes = Buffer.concat([Buffer.from('"\\x'), ...all, Buffer.from('"}')]).subarray(3, 3 + (ends.at(-1) ?? 0));
  return {
    ...{ id: 'b', tenant: 't', subscription: 's', connection: 'c', dataset: 'host_list_detection', pullingId: '1' },
    ...{ count: lines.length, bytes, ends, eventId: String, seq: Number, key: String },
    ...{ change: () => 'new' as const, time: String },
  };
}

/** The detections of a batch, as objects. */
function detectionsOf(batch: Batch) {
  const events = findingEvents();
  const read: ({ event: ReturnType<typeof someEvent>; host: Fields | undefined } | undefined)[] = [];
  readDetections(batch, events, (i, host) => {
    const event = someEvent();
    if (i !== undefined) events.load(i, event);
    read.push(i === undefined ? undefined : { event, host });
  });
  return read;
}

/** The same by JSON.parse. */
function plainly(text: string) {
  const { seq, pulled_at, change, reason, key, record, ...line } = JSON.parse(text) as Line;
  const at = findingKey(key);
  if (at === undefined) return undefined;
  const event = { connection: 'c', seq, accepted: Date.parse(pulled_at), change, ...at, time: time(line.time) };
  const host = change !== 'removed' && isFields(record['HOST']) ? record['HOST'] : undefined;
  return { event: { ...event, reason, said: saidOf(record) }, host };
}

const names = Object.values(MEMBERS).map(([name]) => name);
const odd = fc.constantFrom(
  ...['', '0', '1', '2', '01', '-1', '1.5', '1e3', ' 7 ', 'true', 'YES', '95', '12345678901', '123456789012345678'],
  ...['Active', 'Fixed', 'Reopened', 'Re-Opened', 'Confirmed', 'Not Available', '2026-01-01T00:00:00Z', '\u00001'],
  ...['2024-02-29T23:59:59Z', '2023-02-29T00:00:00Z', '2023-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '"},{"', '\\'],
  ...[
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00Z',
    '2300-01-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01 00:00:00Z',
  ],
  ...[
    '2026-01-01T00:00:00+0100',
    '2026-01-01T23:59:60Z',
    '2026-01-01T00:00:0\u0660Z',
    ',"HOST":{"ID":"9"}}}\n',
    'ä',
    '😀',
  ],
);
const word = fc.oneof(
  odd,
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 90 }),
);
const when = fc
  .integer({ min: -1e9, max: 9e9 })
  .map((seconds) => new Date(seconds * 1000).toISOString().replace('.000', ''));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { weight: 6, arbitrary: word },
    { weight: 2, arbitrary: fc.oneof(fc.nat().map(String), when) },
    fc.constantFrom(null, true, false, 0, 7, -1.5, 1e21),
    fc.record({ '@severity': word, '#text': word }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names, 'HOST', '#text'), word), tie('value'), { maxKeys: 3 }),
  ),
}));
const host = fc.oneof(fc.dictionary(word, value, { maxKeys: 3 }), fc.constant({ ID: '7' }), value);
const record = fc
  .tuple(fc.dictionary(fc.oneof(fc.constantFrom(...names, 'RESULTS'), word), value, { maxKeys: 14 }), fc.option(host))
  .map(([fields, own]) => (own === null ? fields : { ...fields, HOST: own }));
const id = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 9e6 }).map(String) }, word);
const line = fc.record(
  {
    id: fc.constant('0'),
    seq: fc.nat(),
    pulled_at: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'),
    time: fc.oneof(when, word),
    change: fc.constantFrom('new', 'updated', 'removed'),
    reason: fc.constantFrom('purged', 'aged_out'),
    key: fc.tuple(id, id, ...Array.from({ length: 5 }, () => word)),
    record,
  },
  { requiredKeys: ['seq', 'pulled_at', 'change', 'key', 'record'] },
);

test('what is read is what JSON.parse and saidOf say of every line', () => {
  const seed = Date.now() % 2 ** 31;
  let hosts = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(line, fc.boolean()), { maxLength: 6 }), (lines) => {
      const [first] = lines;
      const texts = lines.map(([one, isSameHost]) => {
        const own = (first?.[0].record as { HOST?: unknown } | undefined)?.HOST;
        return JSON.stringify(isSameHost && own !== undefined ? { ...one, record: { ...one.record, HOST: own } } : one);
      });
      const read = detectionsOf(batchOf(texts));
      expect(read).toEqual(texts.map(plainly));
      hosts += read.filter((one) => one?.host !== undefined).length;
    }),
    { seed, numRuns: 600 },
  );
  expect(hosts).toBeGreaterThan(0);
});

test('lines with white space, or members in another order, are read all the same', () => {
  const said = { STATUS: 'Fixed', QDS: { '@severity': 'HIGH', '#text': '95' }, HOST: { ID: '7' }, TYPE: 'Potential' };
  const parts = { record: said, key: ['7', '100', '443', 'tcp', '1', 'a/b', ''], change: 'updated', seq: 4 };
  const lines = [parts, { ...parts, pulled_at: '2026-01-01T00:00:00.000Z' }];
  const texts = [...lines.map((one) => JSON.stringify(one, null, 1).replaceAll('\n', ' ')), JSON.stringify(lines[1])];
  const read = detectionsOf(batchOf(texts));
  expect(read).toEqual(texts.map(plainly));
  expect(read[2]).toMatchObject({
    event: {
      seq: 4,
      ...{ host: 7, qid: 100, place: { port: 443, fqdn: 'a/b' } },
      said: { status: 4, qds: 95, type: 2 },
    },
    host: { ID: '7' },
  });
});

test('detections of one host share it', () => {
  const of = (seq: number, ip: string) =>
    JSON.stringify({
      ...{ seq, pulled_at: '2026-01-01T00:00:00.000Z', change: 'new', key: ['7', String(seq), '', '', '', '', ''] },
      record: { STATUS: 'New', HOST: { ID: '7', IP: ip } },
    });
  const [a, b, c] = detectionsOf(batchOf([of(1, '10.0.0.1'), of(2, '10.0.0.1'), of(3, '10.0.0.2')]));
  expect(a!.host).toBe(b!.host);
  expect(c!.host).toEqual({ ID: '7', IP: '10.0.0.2' });
});
