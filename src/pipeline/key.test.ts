import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Dataset } from '../core/dataset.ts';
import type { RecordView } from '../core/words.ts';
import { keyJson, keyParts, keyReader, keyRecord } from './key.ts';

const detection = {
  name: 'host_list_detection',
  order: 'id',
  key: [{ from: 'context', field: 'ID' }, ...['QID', 'PORT', 'FQDN'].map((field) => ({ from: 'record', field }))],
  format: { kind: 'xml', inner: { as: 'HOST' } },
} as unknown as Dataset;
const events = {
  name: 'events',
  order: 'none',
  key: [{ from: 'record', field: 'id' }],
  format: {},
} as unknown as Dataset;

const view = (record: Record<string, string>, context: Record<string, string> = {}): RecordView =>
  ({ text: (name: string) => record[name], contextText: (name: string) => context[name] }) as unknown as RecordView;

test('a key is the leading id as a number and the rest as one text, absent parts empty', () => {
  const key = keyReader(detection)(view({ QID: '38170', FQDN: 'a.example' }, { ID: '7' }), '');
  expect(key).toEqual({ lead: 7, key: '38170\t\ta.example' });
  expect(keyParts(detection, key)).toEqual(['7', '38170', '', 'a.example']);
});

test('any parts come back as they went in, and different parts never share a key', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '\t', '\\', '\0', '\u0001', 't', '1', 'é', '0') });
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(part, part, part, (QID, PORT, FQDN) => {
      const key = keyReader(detection)(view({ QID, PORT, FQDN }, { ID: '7' }), '');
      expect(keyParts(detection, key)).toEqual(['7', QID, PORT, FQDN]);
      expect(key.key).not.toContain('\u0001');
      const parts = JSON.stringify([QID, PORT, FQDN]);
      expect(seen.get(key.key) ?? parts).toBe(parts);
      seen.set(key.key, parts);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});

test('an event shows a key as JSON, whatever is in it', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '\t', '\\', '"', '\n', '\0', '\u0001', '\ud800', 'é', '😀') });
  fc.assert(
    fc.property(part, part, part, (QID, PORT, FQDN) => {
      const key = keyReader(detection)(view({ QID, PORT, FQDN }, { ID: '7' }), '');
      expect(keyJson(detection, key)).toBe(JSON.stringify(keyParts(detection, key)));
      const second = { ...key, key: `${key.key}\u00012` };
      expect(keyJson(detection, second)).toBe(JSON.stringify(keyParts(detection, second)));
      const id = keyReader(events)(view({ id: QID }), '');
      expect(keyJson(events, id)).toBe(JSON.stringify(keyParts(events, id)));
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
  const alone = { ...detection, key: detection.key.slice(0, 1) } as Dataset;
  expect(keyJson(alone, { lead: 7, key: '' })).toBe('["7"]');
});

test('the number of a second record with one key is no part of the key', () => {
  expect(keyParts(detection, { lead: 7, key: '1\t2\t3\u00011' })).toEqual(['7', '1', '2', '3']);
});

test('a data set without ordered ids has all parts in the text', () => {
  const key = keyReader(events)(view({ id: 'e-1' }), '');
  expect(key).toEqual({ lead: 0, key: 'e-1' });
  expect(keyParts(events, key)).toEqual(['e-1']);
});

test('an id that is absent or no number is an error that isolates', () => {
  for (const ID of ['', 'x7', '-1', '1e400', '1.5']) {
    expect(() => keyReader(detection)(view({ QID: '1' }, { ID }), '')).toThrow(
      expect.objectContaining({ code: 'QRY3005', next: 'isolate' }),
    );
  }
  expect(() => keyReader(detection)(view({ QID: '1' }), '')).toThrow(expect.objectContaining({ code: 'QRY3005' }));
});

test('the record of a removed key names its fields, the context under its name', () => {
  expect(keyRecord(detection, ['7', '38170', '', 'a.example'])).toEqual({
    QID: '38170',
    FQDN: 'a.example',
    HOST: { ID: '7' },
  });
});
