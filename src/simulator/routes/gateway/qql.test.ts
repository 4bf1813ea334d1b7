import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RestRefusal } from '../rest.ts';
import { boundsOf, holds, parseQuery, type Query, valuesAt } from './qql.ts';

const known = (field: string): boolean => field !== 'unknown';
const parse = (text: string): Query => parseQuery(text, known);
const record = {
  action: 'Create',
  severity: 4,
  dateTime: '2026-11-01T10:00:00.000+0000',
  asset: { name: 'srv-1', tags: ['1', '2'] },
  profiles: [{ rules: [{ name: 'System32' }, { name: '/etc' }] }],
};
const matches = (text: string): boolean => holds(parse(text), (field) => valuesAt(record, field));

describe('a query', () => {
  test.each([
    ['', true],
    ["action:'create'", true],
    ['action:`create`', false],
    ['action:`Create`', true],
    ["action:'reat'", true],
    ["action: 'Create'", true],
    ["action:['Create','Delete']", true],
    ['action:[Delete, Content]', false],
    ['severity:4', true],
    ['severity > 3', true],
    ['severity>4', false],
    ['severity<=4', true],
    ['severity:[1..4]', true],
    ["dateTime:['2026-11-01T10:00:00.000Z'..'2026-11-01T10:00:00.000Z']", true],
    ["dateTime:['2026-11-01T10:00:00.001Z'..'2027-01-01']", false],
    ["asset.name:'SRV'", true],
    ["asset.tags:'2'", true],
    ["profiles.rules.name:'/etc'", true],
    ["NOT action:'Create'", false],
    ["NOT NOT action:'Create'", true],
    ["action:'x' OR severity:4 AND asset.name:'srv'", true],
    ["(action:'x' OR severity:4) and asset.name:'db'", false],
    ["asset.nothing:'x'", false],
  ])('%s: %s', (text, expected) => {
    expect(matches(text)).toBe(expected);
  });

  test.each([
    'action',
    "action:'x' AND",
    "(action:'x'",
    "action:'x')",
    "AND action:'x'",
    "unknown:'x'",
    "action:'x' action:'y'",
    'NOT',
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow(RestRefusal);
  });
});

test('bounds never leave out a record that holds', () => {
  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-11-${String(n).padStart(2, '0')}`);
  const term = fc.oneof(
    fc.tuple(day, day).map(([a, b]) => `dateTime:['${a}'..'${b}']`),
    day.map((a) => `dateTime>='${a}'`),
    day.map((a) => `dateTime<'${a}'`),
    fc.constant("action:'x'"),
  );
  const { query } = fc.letrec<{ query: string }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 4 },
      term,
      fc.tuple(tie('query'), tie('query'), fc.constantFrom('AND', 'OR')).map(([a, b, word]) => `(${a}) ${word} (${b})`),
      tie('query').map((a) => `NOT (${a})`),
    ),
  }));
  fc.assert(
    fc.property(query, day, fc.constantFrom('x', 'y'), (text, at, action) => {
      const parsed = parse(text);
      const one = { dateTime: `${at}T00:00:00.000+0000`, action };
      const bounds = boundsOf(parsed, 'dateTime');
      const time = Date.parse(at);
      if (holds(parsed, (field) => valuesAt(one, field)))
        expect(time >= bounds.from && time <= bounds.to, text).toBe(true);
    }),
    { seed: Date.now() % 2 ** 31, numRuns: 500 },
  );
});
