import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchOf } from '../../../test/support/batches.ts';
import { copyText } from './rows.ts';

/** What PostgreSQL makes of a value in the text form of COPY, by its manual. */
const unescaped = (value: string): string =>
  value.replaceAll(/\\(.)/gs, (_, sign: string) => ({ n: '\n', r: '\r', t: '\t' })[sign] ?? sign);

const seed = Date.now() % 2 ** 31;

test(`whatever stands in an event comes out of COPY as it went in (seed ${seed})`, () => {
  const text = fc.string({ unit: fc.constantFrom('\\', '\n', '\r', '\t', 'n', '"', 'é', '𝒳', ' '), maxLength: 30 });
  fc.assert(
    fc.property(text, text, text, (id, tenant, key) => {
      const batch = { ...batchOf('b', [{ id, text: key }]), tenant, key: () => key };
      const line = copyText([{ batch, event: 0 }]).toString();
      expect(line.endsWith('\n')).toBe(true);
      const values = line.slice(0, -1).split('\t').map(unescaped);
      expect(values).toHaveLength(13);
      expect([values[1], values[3], values[7], values[12]]).toEqual([
        id,
        tenant,
        key,
        JSON.stringify({ id, text: key }),
      ]);
    }),
    { seed, numRuns: 2000 },
  );
});
