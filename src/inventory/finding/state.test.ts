import { describe, expect, test } from 'vitest';
import { STATUS, saidOf } from './said.ts';
import { CLOSED, findingKey, foldEvent, type HistoryRow, noFinding, WHAT } from './state.ts';

const KEY = ['7', '38170', '443', 'tcp', '1', 'a.example', ''];
const AT = findingKey(KEY)!;
const T = (day: number): string => new Date(Date.UTC(2026, 0, day)).toISOString().replace('.000', '');
const day = (n: number): number => Date.UTC(2026, 0, n);

interface Said {
  readonly day: number;
  readonly status?: string;
  readonly reason?: 'purged' | 'out_of_scope' | 'aged_out';
  readonly more?: Record<string, string>;
}

/** What events make of a finding, and its history in words. */
function life(...events: readonly Said[]) {
  const history: HistoryRow[] = [];
  const row = noFinding();
  let isKnown = false;
  events.forEach(({ day: at, status, reason, more }, i) => {
    const origin = { connection: 'c', seq: i + 1, accepted: day(at), ...AT, reason };
    const event =
      reason !== undefined
        ? { ...origin, change: 'removed' as const, time: 0, said: saidOf({}) }
        : {
            ...{ ...origin, change: 'updated' as const, time: day(at) },
            said: saidOf({ STATUS: status!, SEVERITY: '4', TYPE: 'Confirmed', FIRST_FOUND_DATETIME: T(1), ...more }),
          };
    isKnown = foldEvent(row, isKnown, event, history) || isKnown;
  });
  const told = history.map(({ at, what, reason }) => [(at - day(0)) / 86_400_000, WHAT[what], CLOSED[reason]]);
  return { row, told };
}

describe('the life of a finding', () => {
  test('opened when first found, fixed when Qualys says, opened again', () => {
    const { row, told } = life(
      { day: 1, status: 'New' },
      { day: 2, status: 'Active' },
      { day: 5, status: 'Fixed', more: { LAST_FIXED_DATETIME: T(4) } },
      { day: 9, status: 'Re-Opened', more: { LAST_REOPENED_DATETIME: T(8), LAST_FIXED_DATETIME: T(4) } },
    );
    expect(told).toEqual([
      [4, 'closed', 'fixed'],
      [8, 'reopened', ''],
    ]);
    expect(row).toMatchObject({
      opened: day(1),
      reopened: day(8),
      reopenings: 1,
      closed: 0,
      closed_reason: 0,
      severity: 4,
    });
    expect([STATUS[row.status], row.port, row.protocol, row.ssl, row.fqdn]).toEqual([
      'Re-Opened',
      443,
      'tcp',
      1,
      'a.example',
    ]);
  });

  test('seen first when it was fixed already, or had come back already', () => {
    expect(life({ day: 9, status: 'Fixed', more: { LAST_FIXED_DATETIME: T(3) } }).told).toEqual([
      [3, 'closed', 'fixed'],
    ]);
    const back = life({ day: 9, status: 'Active', more: { LAST_REOPENED_DATETIME: T(5), TIMES_REOPENED: '3' } });
    expect(back.told).toEqual([[5, 'reopened', '']]);
    expect(back.row).toMatchObject({ opened: day(1), reopened: day(5), reopenings: 3, closed: 0 });
  });

  test.each(['purged', 'out_of_scope', 'aged_out'] as const)(
    '%s: closed for that, when it was found missing',
    (reason) => {
      const { row, told } = life({ day: 1, status: 'Active' }, { day: 6, reason });
      expect(told).toEqual([[6, 'closed', reason]]);
      expect(row).toMatchObject({ closed: day(6), closed_reason: CLOSED.indexOf(reason), removed: day(6) });
    },
  );

  test('fixed and then gone: it stays closed as fixed', () => {
    const { row, told } = life({ day: 1, status: 'Active' }, { day: 3, status: 'Fixed' }, { day: 6, reason: 'purged' });
    expect(told).toEqual([[3, 'closed', 'fixed']]);
    expect([CLOSED[row.closed_reason], row.removed]).toEqual(['fixed', day(6)]);
  });

  test('gone and back: open again, with its history', () => {
    const { row, told } = life(
      { day: 1, status: 'Active' },
      { day: 3, reason: 'out_of_scope' },
      { day: 6, status: 'Active' },
    );
    expect(told).toEqual([
      [3, 'closed', 'out_of_scope'],
      [6, 'reopened', ''],
    ]);
    expect(row).toMatchObject({ closed: 0, removed: 0, opened: day(1), reopened: day(6) });
  });

  test('what is not newer changes nothing, what was never seen needs no ending', () => {
    const history: HistoryRow[] = [];
    const event = {
      ...{ connection: 'c', seq: 5, accepted: 1, ...AT, change: 'new' as const, reason: undefined, time: 1 },
      said: saidOf({ STATUS: 'Active' }),
    };
    const row = noFinding();
    expect(foldEvent(row, false, event, history)).toBe(true);
    const before = { ...row };
    expect(foldEvent(row, true, { ...event, said: saidOf({ STATUS: 'Fixed' }) }, history)).toBe(false);
    expect(foldEvent(row, true, { ...event, seq: 4, said: saidOf({ STATUS: 'Fixed' }) }, history)).toBe(false);
    expect(row).toEqual(before);
    const end = { ...event, change: 'removed' as const, reason: 'purged' as const };
    expect(foldEvent(noFinding(), false, end, history)).toBe(false);
    expect(history).toEqual([]);
  });
});

test('keys that differ never share a place', () => {
  const place = (...parts: string[]) => findingKey(['1', '2', ...parts])?.place;
  expect(place('', '', '0', 'a/b', 'c')).not.toBe(place('', '', '0', 'a', 'b/c'));
  expect(place('', '', '0', 'a%2Fb', 'c')).not.toBe(place('', '', '0', 'a/b', 'c'));
  expect(findingKey(['', '2'])).toBeUndefined();
  expect(findingKey(['1', 'x'])).toBeUndefined();
});
