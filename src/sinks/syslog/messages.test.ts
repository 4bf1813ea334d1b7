import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchOf } from '../../../test/support/batches.ts';
import { bsdTime, messagesOf, rfc3164, rfc5424 } from './messages.ts';

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

it('keeps any text inside its parameter of the structured data [fault 79]', () => {
  const write = rfc5424({ priority: 14, hostname: 'h', app: 'a' }, 'e@1');
  const value = fc.string({ unit: 'binary', maxLength: 40 });
  const parameters = /^<14>1 \S+ h a - things \[e@1((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] $/;
  fc.assert(
    fc.property(value, value, value, (tenant, eventId, route) => {
      const header = write({ ...batch, tenant, eventId: () => eventId }, 0, route);
      expect(header).not.toMatch(/[\n\r\0]/);
      const found = parameters.exec(header)?.[1] ?? '';
      const read = [...found.matchAll(/ ([a-z]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)].map(([, name, text]) => [name, text]);
      expect(read.map(([name]) => name)).toEqual(['id', 'seq', 'change', 'tenant', 'connection', 'index']);
      const plain = (text: string): string =>
        [...text].map((one) => (/\p{Cc}/u.test(one) && one < '\x80' ? ' ' : one)).join('');
      const texts = Object.fromEntries(read.map(([name, text]) => [name, text!.replaceAll(/\\(["\\\]])/g, '$1')]));
      expect(texts).toMatchObject({ id: plain(eventId), tenant: plain(tenant), index: plain(route) });
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});
