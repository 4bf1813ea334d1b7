import { expect, it } from 'vitest';
import { batchOf } from '../../../test/support/batches.ts';
import { bsdTime, messagesOf, rfc3164 } from './messages.ts';

const header = rfc3164({ priority: 14, hostname: 'h', app: 'a' });
const batch = batchOf('b', [
  { id: '1', text: 'é' },
  { id: '2', text: '' },
]);
const bytes = (counted: boolean, end: '' | '\n', i = 0): string => {
  const pieces = messagesOf(batch, i, { header, counted, end, longest: 100 });
  return Buffer.concat(pieces as Buffer[]).toString('utf8');
};

it('frames by a line feed, or by the length in bytes of all that follows', () => {
  const message = '<14>Nov 19 22:14:05 h a: {"id":"1","text":"é"}';
  expect(Buffer.byteLength(message)).toBe(47);
  expect(bytes(false, '\n')).toBe(`${message}\n`);
  expect(bytes(true, '')).toBe(`47 ${message}`);
  // Devo counts the line feed of a record.
  expect(bytes(true, '\n')).toBe(`48 ${message}\n`);
  expect(bytes(false, '\n', 1)).toBe('<14>Nov 19 22:14:05 h a: {"id":"2","text":""}\n');
});

it('says the length of a message that is too long, header included', () => {
  expect(messagesOf(batch, 0, { header, counted: false, end: '\n', longest: 47 })).not.toBe(47);
  expect(messagesOf(batch, 0, { header, counted: false, end: '\n', longest: 46 })).toBe(47);
});

it.each([
  ['2026-01-01T00:00:00Z', 'Jan  1 00:00:00'],
  ['2026-12-31T23:59:59.999Z', 'Dec 31 23:59:59'],
  ['never', 'Jan  1 00:00:00'],
])('writes %s as %s', (iso, written) => {
  expect(bsdTime(iso)).toBe(written);
});
