import fc from 'fast-check';
import { contextAs } from '../../../src/core/format.ts';
import type { Fields, Value } from '../../../src/core/words.ts';
import type { DatasetFile } from '../../../src/datasets/define.ts';
import type { Said } from './source.ts';

/** Names that records nest: what readers of records look for, in places where they do not expect them. */
const NESTED = [
  '#text',
  '@name',
  '@id',
  '@severity',
  'STATE',
  'DATETIME',
  'list',
  'TAG',
  'name',
  'ID',
  'QID',
  'IP',
  'HOST_ID',
  'BASE',
  'CVE',
];

const hostile = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '5',
  '99',
  'true',
  'N/A',
  '\n',
  'a\tb\r\nc',
  '<x>&amp;]]>',
  '\ud800',
  '\u0000',
  '10.0.0.7',
  'fe80::1',
  '999.1.1.1',
  '1:2:3:4',
  '10.0.0.1-10.0.0.9',
);
const scalar: fc.Arbitrary<Value> = fc.oneof(
  hostile,
  fc.string({ unit: 'grapheme' }),
  fc.integer().map(String),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    'Active',
    'Fixed',
    'Re-Opened',
    'Passed',
    'Failed',
    'OPEN',
    'Finished',
    'Delete',
    'login',
    'CVE-2026-0001',
    '2021-02-15T09:05:49.980+0000',
  ),
);
const name = fc.oneof(
  fc.constantFrom(...NESTED),
  fc.constantFrom('__proto__', 'constructor', 'a.b', ''),
  fc.string({ maxLength: 8 }),
);

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value;

/** An event of a data set whose fields are there or not and hold anything at all. */
export function anyEvent(facts: DatasetFile): fc.Arbitrary<Said> {
  const fields = recordOf([
    ...facts.format.fields,
    ...facts.key.filter(({ from }) => from === 'part').map(({ field }) => field),
  ]);
  const context = contextAs(facts.format);
  const around = facts.format.kind === 'xml' ? recordOf(facts.format.contextFields ?? []) : undefined;
  return fc
    .record({
      own: fields,
      around:
        around === undefined || context === undefined ? fc.constant(undefined) : fc.option(around, { nil: undefined }),
      key: fc.array(fc.oneof(fc.constantFrom('', '7', '38170', '150001'), fc.string({ maxLength: 6 })), {
        minLength: facts.key.length,
        maxLength: facts.key.length,
      }),
      time: fc.option(
        fc
          .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
          .map((date) => date.toISOString()),
        { nil: undefined },
      ),
      change: fc.constantFrom('new', 'updated', 'removed'),
      reason: fc.constantFrom('purged', 'out_of_scope', 'aged_out'),
      flags: fc.option(fc.constant(['control_chars'] as const), { nil: undefined }),
    })
    .map(({ own, around: found, key, time, change, reason, flags }) => ({
      record: context === undefined || found === undefined ? own : { ...own, [context]: found },
      key,
      change,
      ...(time === undefined ? {} : { time }),
      ...(change === 'removed' ? { reason } : {}),
      ...(flags === undefined ? {} : { flags }),
    }));
}

const recordOf = (fields: readonly string[]): fc.Arbitrary<Fields> =>
  fields.length === 0
    ? fc.constant({})
    : fc
        .array(
          fc.tuple(
            fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...fields) }, { weight: 1, arbitrary: name }),
            value,
          ),
          { maxLength: 12 },
        )
        .map((members) => Object.fromEntries(members));
