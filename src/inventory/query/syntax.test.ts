import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuarryError } from '../../core/errors.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { viewsOf } from '../views.ts';
import { bindQuery } from './bind.ts';
import { parseQuery } from './syntax.ts';
import { timeSaid } from './times.ts';

const NOW = Date.UTC(2026, 0, 20, 12);
const findings = viewsOf({ policy: DEFAULT_POLICY, now: NOW }).get('findings')!;

function refused(query: string): QuarryError {
  try {
    const syntax = parseQuery(query);
    if (syntax !== undefined) bindQuery(syntax, findings, NOW);
  } catch (error) {
    if (error instanceof QuarryError) return error;
    throw error;
  }
  throw new Error(`nothing is wrong with ${query}`);
}

describe('a query that makes no sense', () => {
  it.each([
    ['severity>=', 11, 'A value was expected'],
    ['(severity>=4', 1, 'never closed'],
    ['severity>=4)', 12, 'no parenthesis that this one closes'],
    ['os:"win', 4, 'never closed'],
    ['severity>=4 and', 16, 'ends where a condition was expected'],
    ['and severity>=4', 1, 'not “and”'],
    ['>=4', 1, 'A column was expected'],
    ['status:(New, Active', 8, 'list of values is never closed'],
    ['status:(New Active)', 13, 'A comma or )'],
    ['()', 2, 'A value was expected'],
    ['x\0y', 2, 'NUL'],
    ['os:windows sevrity>=4', 12, 'did you mean "severity"?'],
    ['fe80::1', 1, 'fe80 is no column'],
    ['severity>=high', 11, 'is a number'],
    ['severity:99999999999999999999', 10, 'is a number'],
    ['last_found<soon', 12, 'is a time'],
    ['last_found=7d', 12, 'is an age'],
    ['opened>2026-02-31', 8, 'is a time'],
    ['is_open=maybe', 9, 'true or false'],
    ['is_open>true', 9, 'no order'],
    ['tags>a', 6, 'no order'],
    ['status=Activ', 8, 'never “Activ”'],
    ['status=active', 8, 'did you mean "Active"?'],
    ['qds>null', 5, 'neither more nor less'],
    ['os:""', 4, 'empty'],
    ['""', 1, 'nothing to look for'],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, 52, 'levels of parentheses'],
    [Array(300).fill('a').join(' '), 401, 'More than 200 conditions'],
    ['a'.repeat(30_000), 20_000, 'characters'],
  ])('%j says where and what', (query, column, what) => {
    const error = refused(query);
    expect([error.code, error.where]).toEqual(['QRY6020', `column ${column}`]);
    expect(error.message).toContain(what);
  });

  it('any text is a query or such an error, and nothing else', () => {
    const pieces = fc.constantFrom(
      ...'( ) " \\ : = != >= < , and or not severity tags opened null * 7d now-1d New 4'.split(' '),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(text, (query) => {
        try {
          const syntax = parseQuery(query);
          if (syntax !== undefined) bindQuery(syntax, findings, NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(QuarryError);
          const column = Number(/^column (\d+)$/.exec((error as QuarryError).where ?? '')?.[1]);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(query.length + 1);
        }
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 2000 },
    );
  });
});

describe('a query', () => {
  it('has “and” between conditions that stand beside each other, and binds it before “or”', () => {
    const shape = (query: string): unknown => {
      const of = (one: ReturnType<typeof parseQuery>): unknown => {
        if (one === undefined) return null;
        if (one.kind === 'word') return one.word.text;
        if (one.kind === 'comparison') return [one.name.text, one.operator, ...one.values.map(({ text }) => text)];
        return { [one.kind]: one.kind === 'not' ? of(one.of) : one.of.map(of) };
      };
      return of(parseQuery(query));
    };
    expect(shape('  ')).toBe(null);
    expect(shape('a b OR c and not d')).toEqual({ any: [{ all: ['a', 'b'] }, { all: ['c', { not: 'd' }] }] });
    expect(shape('a (b or c)')).toEqual({ all: ['a', { any: ['b', 'c'] }] });
    expect(shape('orange notable android')).toEqual({ all: ['orange', 'notable', 'android'] });
    expect(shape('tag : "Prod \\"a\\" \\\\ \\n"')).toEqual(['tag', ':', 'Prod "a" \\ \\n']);
    expect(shape('qid=(1, "2",3)x')).toEqual({ all: [['qid', '=', '1', '2', '3'], 'x'] });
    expect(shape('opened>=2026-01-01T00:00:00Z')).toEqual(['opened', '>=', '2026-01-01T00:00:00Z']);
  });

  it('says times as ages, from now, as days and as instants', () => {
    expect(timeSaid('1w2d3h', NOW)).toEqual({ kind: 'age', ms: (9 * 24 + 3) * 3_600_000 });
    expect(timeSaid('now', NOW)).toEqual({ kind: 'instant', at: NOW });
    expect(timeSaid('now-30d', NOW)).toEqual({ kind: 'instant', at: Date.UTC(2025, 11, 21, 12) });
    expect(timeSaid('NOW+90m', NOW)).toEqual({ kind: 'instant', at: NOW + 5_400_000 });
    const day = { kind: 'day', from: Date.UTC(2026, 0, 31), to: Date.UTC(2026, 1, 1) };
    expect(timeSaid('2026-01-31', NOW)).toEqual(day);
    expect(timeSaid('2026-01-31T12:00', NOW)).toEqual({ kind: 'instant', at: Date.UTC(2026, 0, 31, 12) });
    expect(timeSaid('2026-01-31 12:00:01.5+02:00', NOW)).toEqual({
      kind: 'instant',
      at: Date.UTC(2026, 0, 31, 10, 0, 1, 500),
    });
    for (const no of ['2026-13-01', '2026-02-30', 'now-', 'now-x', '7', '7y', '', '2026-01-31T25:00'])
      expect([no, timeSaid(no, NOW)]).toEqual([no, undefined]);
  });
});
