import { expect, it } from 'vitest';
import { QuarryError } from '../../core/errors.ts';
import { withEgress } from './egress.ts';

const refused = (code: 'QRY2012' | 'QRY2034' | 'QRY2010', status: number, text: string) =>
  new QuarryError(code, { what: text, where: 'asset/host', qualys: { status, text } });

it('[M24] a refusal by address names the addresses to allow, and keeps what Qualys said', () => {
  for (const error of [
    refused('QRY2034', 403, 'Request blocked'),
    refused('QRY2012', 403, 'Your IP is not allowed to access this API.'),
    refused('QRY2010', 401, 'Access denied from this IP address'),
  ]) {
    const told = withEgress(error, ['198.51.100.7', '203.0.113.0/24']);
    expect(told.fix).toContain('198.51.100.7, 203.0.113.0/24');
    expect([told.code, told.message, told.qualys, told.where]).toEqual([
      error.code,
      error.message,
      error.qualys,
      'asset/host',
    ]);
    expect(withEgress(error, undefined).fix).toContain('egress_addresses');
  }
});

it('any other refusal stays as it is', () => {
  for (const error of [
    refused('QRY2012', 403, 'You do not have permission to run this API.'),
    refused('QRY2034', 200, 'Welcome'),
    refused('QRY2010', 401, 'Bad Login/Password'),
  ])
    expect(withEgress(error, ['198.51.100.7'])).toBe(error);
});
