import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from './pattern.ts';

describe('compilePattern', () => {
  it.each([
    ['^10\\.0\\.', '10.0.0.7', true],
    ['^10\\.0\\.', '110.0.0.7', false],
    ['(?i)apache', 'The APACHE server', true],
    ['(?i)[a-c]x', 'Bx', true],
    ['(?i)[^a]', 'A', false],
    ['^(web|db)-\\d{2,3}$', 'db-042', true],
    ['^(web|db)-\\d{2,3}$', 'db-0421', false],
    ['\\bCVE-\\d+', 'see CVE-2026-1', true],
    ['\\bCVE-\\d+', 'seeCVE-2026-1', false],
    ['a.c', 'a\nc', false],
    ['', '', true],
    ['^(|a)b*$', 'bb', true],
    ['^\\x41\\u00e9$', 'Aé', true],
    ['^.$', '𝒳', true],
    ['[\\]a-]', '-', true],
    ['a{,2}', 'a{,2}', true],
  ])('%s on %s: %s', (source, text, expected) => {
    expect(compilePattern(source)(text)).toBe(expected);
  });

  it.each([
    ['(a', 'a group is not closed'],
    ['a)', 'closes nothing'],
    ['*a', 'nothing to repeat (character 1)'],
    ['a**', 'a repetition of a repetition'],
    ['[a', 'a class is not closed'],
    ['[b-a]', 'out of order'],
    ['a{3,1}', 'out of order'],
    ['(?=a)', 'nothing else may follow (?'],
    ['(a)\\1', '\\1 is not known here'],
    ['\\xg0', 'hexadecimal'],
    ['a\\', 'a backslash at the end'],
    ['((a{100}){100}){100}', 'too large'],
    ['('.repeat(2000), 'nested too deep'],
  ])('refuses %s', (source, message) => {
    expect(() => compilePattern(source)).toThrow(message);
  });

  it('ends where backtracking does not', () => {
    expect(compilePattern('^(a+)+$')(`${'a'.repeat(20_000)}b`)).toBe(false);
    expect(compilePattern('(x+x+)+y')('x'.repeat(20_000))).toBe(false);
    expect(compilePattern('^(.*)*(.*)*=$')('='.repeat(20_000))).toBe(true);
  });

  it('finds what the language’s own expressions find', () => {
    const letter = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '^', '$', '1', '-');
    const pattern = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        letter,
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,}', '*?'))
          .map(([a, times]) => `(${a})${times}`),
      ),
    })).node;
    fc.assert(
      fc.property(
        pattern,
        fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', '\n'), maxLength: 8 }),
        (source, text) => {
          expect(compilePattern(source)(text), `${source} on ${JSON.stringify(text)}`).toBe(
            new RegExp(source, 'u').test(text),
          );
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 2000 },
    );
  });
});
