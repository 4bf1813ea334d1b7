import { expect, it } from 'vitest';
import type { Fields } from '../core/words.ts';
import { hashOf, obfuscator } from './obfuscate.ts';

const record: Fields = JSON.parse(
  '{"QID":"1","RESULTS":"secret","__proto__":"x","NULL":null,"N":7,"LIST":[{"NAME":"a","X":["b",""]},{"NAME":"c"},"d"],"HOST":{"IP":"10.0.0.7","DNS":""}}',
) as Fields;

it('[D6] masks, hashes and drops, inside objects and lists, and nothing else', () => {
  const hide = obfuscator(
    [
      { path: 'RESULTS', how: 'mask' },
      { path: 'LIST.NAME', how: 'drop' },
      { path: 'LIST.X', how: 'mask' },
      { path: 'N', how: 'hash' },
      { path: 'HOST', how: 'hash' },
      { path: 'NULL', how: 'mask' },
      { path: 'ABSENT.FIELD', how: 'mask' },
    ],
    'a key of some length',
  );
  expect(JSON.stringify(hide(record))).toBe(
    `{"QID":"1","RESULTS":"***","__proto__":"x","NULL":null,"N":"${hashOf('7', 'a key of some length')}","LIST":[{"X":["***",""]},{},"d"],` +
      `"HOST":{"IP":"${hashOf('10.0.0.7', 'a key of some length')}","DNS":""}}`,
  );
});

it('hashes the same to the same under one key, and otherwise under another', () => {
  expect(hashOf('10.0.0.7', 'one')).toMatch(/^[\w-]{22}$/);
  expect(hashOf('10.0.0.7', 'one')).toBe(hashOf('10.0.0.7', 'one'));
  expect(hashOf('10.0.0.7', 'one')).not.toBe(hashOf('10.0.0.7', 'two'));
  expect(hashOf('10.0.0.7', 'one')).not.toBe(hashOf('10.0.0.8', 'one'));
});
