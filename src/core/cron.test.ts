import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageMs, dueAfter, isCron, isTimeZone, localOf } from './cron.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const next = (cron: string, after: string, timeZone = 'UTC') =>
  new Date(dueAfter({ cron, timeZone }, Date.parse(after))).toISOString().slice(0, 16);

describe('five fields', () => {
  it.each([
    ['0 3 * * *', '2026-11-20T02:59:59Z', '2026-11-20T03:00'],
    ['0 3 * * *', '2026-11-20T03:00:00Z', '2026-11-21T03:00'],
    ['*/20 * * * *', '2026-11-20T10:41:00Z', '2026-11-20T11:00'],
    ['5/20 8-9 * * *', '2026-11-20T08:26:00Z', '2026-11-20T08:45'],
    ['30 22 * * mon-fri', '2026-11-20T23:00:00Z', '2026-11-23T22:30'],
    ['0 0 * * 7', '2026-11-20T00:00:00Z', '2026-11-22T00:00'],
    ['0 0 29 2 *', '2096-03-01T00:00:00Z', '2104-02-29T00:00'],
    ['0 0 1 JAN,JUL *', '2026-11-20T00:00:00Z', '2027-01-01T00:00'],
    ['0 0 13 * 5', '2026-11-20T12:00:00Z', '2026-11-27T00:00'],
  ])('%s after %s is %s', (cron, after, due) => expect(next(cron, after)).toBe(due));

  it.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '*-5 * * * *',
    'x * * * *',
    '1,,2 * * * *',
    '-1 * * * *',
    '@daily',
    '0 0 30 2 *',
  ])('%j is none', (text) => expect(isCron(text)).toBe(false));

  it('how often, on the average', () => {
    const of = (cron: string) => averageMs({ cron, timeZone: 'UTC' }, Date.parse('2026-11-20T00:00:00Z'));
    expect([of('*/20 * * * *'), of('0 3 * * *'), of('0 3 * * sun')]).toEqual([HOUR / 3, DAY, 7 * DAY]);
    expect(of('0 3 * * 1-5')).toBe((7 * DAY) / 5);
    expect(averageMs(HOUR, 0)).toBe(HOUR);
  });

  it('knows time zones', () => {
    expect([isTimeZone('Europe/Berlin'), isTimeZone('UTC'), isTimeZone('Mars/Olympus')]).toEqual([true, true, false]);
  });
});

describe('daylight saving', () => {
  it('a time that is jumped over is due at the jump, one that comes twice the first time', () => {
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T01:00');
    expect(next('30 2 * * *', '2026-03-29T01:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30');
    expect(next('30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Berlin')).toBe('2026-10-25T00:30');
    expect(next('30 2 * * *', '2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe('2026-10-26T01:30');
  });

  it('property: as a clock that is watched minute by minute', () => {
    const changes: readonly (readonly [string, string])[] = [
      ['Europe/Berlin', '2026-03-29T01:00:00Z'],
      ['Europe/Berlin', '2026-10-25T01:00:00Z'],
      ['America/New_York', '2026-03-08T07:00:00Z'],
      ['America/New_York', '2026-11-01T06:00:00Z'],
      ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
      ['Asia/Kolkata', '2026-06-01T00:00:00Z'],
      ['UTC', '2026-02-28T12:00:00Z'],
    ];
    const field = (low: number, high: number) =>
      fc.oneof(
        fc.constant(undefined),
        fc.uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 4 }),
      );
    const text = (values: readonly number[] | undefined) => values?.join(',') ?? '*';
    fc.assert(
      fc.property(
        fc.constantFrom(...changes),
        fc.integer({ min: -40 * 60, max: 3 * 60 }),
        field(0, 59),
        fc.oneof(field(0, 23), field(0, 3)),
        field(1, 31),
        field(0, 6),
        ([timeZone, change], minutes, minute, hour, dayOfMonth, dayOfWeek) => {
          const after = Date.parse(change) + minutes * MINUTE;
          const matches = (local: number): boolean => {
            const date = new Date(local);
            const onMonthDay = dayOfMonth?.includes(date.getUTCDate());
            const onWeekDay = dayOfWeek?.includes(date.getUTCDay());
            const either = onMonthDay !== undefined && onWeekDay !== undefined;
            return (
              (minute?.includes(date.getUTCMinutes()) ?? true) &&
              (hour?.includes(date.getUTCHours()) ?? true) &&
              (either ? onMonthDay || onWeekDay : (onMonthDay ?? true) && (onWeekDay ?? true))
            );
          };
          // The clock's highest reading so far: each reading above it, jumped over or shown, is reached now.
          let top = localOf(after - 3 * HOUR, timeZone);
          let expected: number | undefined;
          for (let at = after - 3 * HOUR + MINUTE; at <= after + 2 * DAY && expected === undefined; at += MINUTE) {
            const shown = localOf(at, timeZone);
            for (let local = top + MINUTE; local <= shown; local += MINUTE)
              if (matches(local) && at > after) expected = at;
            top = Math.max(top, shown);
          }
          const cron = `${text(minute)} ${text(hour)} ${text(dayOfMonth)} * ${text(dayOfWeek)}`;
          const due = dueAfter({ cron, timeZone }, after);
          if (expected === undefined) expect(due).toBeGreaterThan(after + 2 * DAY);
          else expect(new Date(due).toISOString()).toBe(new Date(expected).toISOString());
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 60 },
    );
  }, 60_000);
});
