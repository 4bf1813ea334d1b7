import { describe, expect, it } from 'vitest';
import type { Fields } from '../core/words.ts';
import { type Condition, compileFilter } from './filter.ts';

const record: Fields = {
  QID: '38170',
  SEVERITY: '3',
  QDS: { '@severity': 'HIGH', '#text': '95' },
  LAST_FOUND_DATETIME: '2026-11-19T22:14:05Z',
  EMPTY: '',
  NONE: null,
  N: 7,
  B: true,
  HOST: { ID: '7', IP: '10.0.0.7', TAGS: { TAG: [{ NAME: 'Production' }, { NAME: 'Web' }] } },
};
const fits = (field: string, op: Condition['op'], value?: Condition['value']): boolean =>
  compileFilter([{ field, op, value }], [])(record, false);

describe('conditions', () => {
  it.each<[string, Condition['op'], Condition['value'], boolean]>([
    ['SEVERITY', 'eq', 3, true],
    ['SEVERITY', 'eq', '3', true],
    ['SEVERITY', 'eq', '03', false],
    ['SEVERITY', 'eq', 3.0, true],
    ['SEVERITY', 'ne', 3, false],
    ['SEVERITY', 'lt', 10, true],
    ['SEVERITY', 'lt', '10', true],
    ['SEVERITY', 'ge', 3, true],
    ['SEVERITY', 'gt', 3, false],
    ['SEVERITY', 'le', 2, false],
    ['QDS', 'ge', 90, true],
    ['QDS.@severity', 'eq', 'HIGH', true],
    ['EMPTY', 'lt', 3, false],
    ['EMPTY', 'exists', undefined, true],
    ['ABSENT', 'exists', undefined, false],
    ['ABSENT', 'exists', false, true],
    ['QID', 'exists', false, false],
    ['ABSENT', 'eq', '', false],
    ['ABSENT', 'ne', 'x', true],
    ['N', 'in', [1, '7'], true],
    ['N', 'in', [1, 2], false],
    ['B', 'eq', true, true],
    ['LAST_FOUND_DATETIME', 'ge', '2026-11-01', true],
    ['LAST_FOUND_DATETIME', 'lt', '2026-11-01', false],
    ['HOST.IP', 'matches', '^10\\.', true],
    ['HOST.IP', 'matches', '^0\\.', false],
    ['HOST.TAGS.TAG.NAME', 'eq', 'Web', true],
    ['HOST.TAGS.TAG.NAME', 'ne', 'Web', false],
    ['HOST.TAGS.TAG.NAME', 'ne', 'Other', true],
    ['HOST.TAGS.TAG.NAME', 'contains', 'duct', true],
    ['HOST.TAGS', 'exists', undefined, true],
    ['QID', 'contains', 817, true],
  ])('%s %s %j is %s', (field, op, value, expected) => {
    expect(fits(field, op, value)).toBe(expected);
  });

  it('of one route are all to hold', () => {
    const both = compileFilter(
      [
        { field: 'SEVERITY', op: 'ge', value: 3 },
        { field: 'HOST.ID', op: 'eq', value: '8' },
      ],
      [],
    );
    expect(both(record, false)).toBe(false);
    const without = compileFilter([], [{ field: 'HOST.TAGS.TAG.NAME', op: 'eq', value: 'Web' }]);
    expect(without(record, false)).toBe(false);
    expect(without({ ...record, HOST: {} }, false)).toBe(true);
  });

  it('about what a removal does not hold are passed over, those about its key are not', () => {
    const removal: Fields = { QID: '38170', HOST: { ID: '7' } };
    const goes = (include: Condition[], exclude: Condition[] = []) => compileFilter(include, exclude)(removal, true);
    expect(goes([{ field: 'SEVERITY', op: 'ge', value: 3 }])).toBe(true);
    expect(goes([], [{ field: 'SEVERITY', op: 'ne', value: 3 }])).toBe(true);
    expect(goes([], [{ field: 'SEVERITY', op: 'exists', value: false }])).toBe(true);
    expect(goes([{ field: 'HOST.ID', op: 'eq', value: '8' }])).toBe(false);
    expect(goes([], [{ field: 'QID', op: 'in', value: [38170] }])).toBe(false);
  });
});
