import { describe, expect, it } from 'vitest';
import { isPrivate } from '../core/private-addresses.ts';
import { PRIVATE_ADDRESS, publicLookup } from './public-lookup.ts';
import { createTransport } from './transport.ts';

describe('names that lead inside', () => {
  it('[fault 90] are refused when they are looked up, in both forms of the answer', async () => {
    for (const all of [true, false]) {
      const code = await new Promise((resolve) => {
        publicLookup('localhost', { all }, (error) => resolve(error?.code));
      });
      expect(code).toBe(PRIVATE_ADDRESS);
    }
  });

  it('are refused by a connection that must not go there, and by no other', async () => {
    for (const publicOnly of [true, false]) {
      const transport = createTransport({ connectMs: 2000, publicOnly });
      const sent = transport.dispatcher().request({ origin: 'http://localhost:9', path: '/', method: 'GET' });
      const code = await sent.then(
        () => 'answered',
        (error: unknown) => (error as { code?: string }).code,
      );
      expect(code === PRIVATE_ADDRESS).toBe(publicOnly);
      await transport.close();
    }
  });

  it('IPv4 inside IPv6 counts as what it is', () => {
    for (const address of ['::ffff:10.0.0.1', '169.254.169.254', '::1', 'fd00::1', '100.64.0.1', '0.0.0.0'])
      expect(isPrivate(address), address).toBe(true);
    for (const address of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '172.32.0.1', 'example.com'])
      expect(isPrivate(address), address).toBe(false);
  });
});
