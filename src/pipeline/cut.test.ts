import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutField } from './cut.ts';

test('a text is cut at a character, the rest of the record stays', () => {
  const cut = cutField(JSON.stringify({ QID: '7', RESULTS: 'aé🔒z', STATUS: 'New' }), 'RESULTS', 5);
  expect(JSON.parse(cut!)).toEqual({ QID: '7', RESULTS: 'aé', STATUS: 'New' });
});

test('what is short enough, absent or no text is left alone', () => {
  expect(cutField('{"RESULTS":"abc"}', 'RESULTS', 3)).toBeUndefined();
  expect(cutField('{"QID":"1"}', 'RESULTS', 3)).toBeUndefined();
  expect(cutField('{"RESULTS":{"@a":"x"}}', 'RESULTS', 1)).toBeUndefined();
});

test('a cut is never longer than the limit and always a beginning', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, limit) => {
      const cut = cutField(JSON.stringify({ RESULTS: text }), 'RESULTS', limit);
      const kept = cut === undefined ? text : (JSON.parse(cut) as { RESULTS: string }).RESULTS;
      expect(text.startsWith(kept)).toBe(true);
      expect(cut === undefined || Buffer.byteLength(kept) <= limit).toBe(true);
      expect(cut !== undefined || Buffer.byteLength(text) <= limit).toBe(true);
    }),
    { seed: Date.now() % 2 ** 31 },
  );
});
