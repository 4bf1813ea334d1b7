import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseSize, parseTime } from './units.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

describe('durations', () => {
  it.each([
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1m500ms', 60_500],
    ['2w', 1_209_600_000],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', 'm', '15', '15 m', '1.5h', '-1m', '30m1h', '1m1m', '15M', '1mss', '99999999999999999w'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it(`any amounts in order of size are summed (seed ${seed})`, () => {
    const units = ['w', 'd', 'h', 'm', 's', 'ms'];
    const factors = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
    const amounts = fc.tuple(...units.map(() => fc.option(fc.nat(9999), { nil: undefined })));
    fc.assert(
      fc.property(
        amounts.filter((parts) => parts.some((part) => part !== undefined)),
        (parts) => {
          const text = parts.map((part, i) => (part === undefined ? '' : `${part}${units[i]}`)).join('');
          expect(parseDuration(text)).toBe(parts.reduce<number>((sum, part, i) => sum + (part ?? 0) * factors[i]!, 0));
        },
      ),
      { seed },
    );
  });

  it(`any text is either a number of milliseconds or none, never NaN and never a throw (seed ${seed})`, () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9wdhms.\s-]{0,12}$/));
    fc.assert(
      fc.property(text, (value) => {
        const ms = parseDuration(value);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
      { seed },
    );
  });
});

describe('sizes', () => {
  it.each([
    ['64KiB', 65_536],
    ['10MB', 10_000_000],
    ['512B', 512],
    ['2GiB', 2_147_483_648],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
  it.each(['', '64', '64K', '64kib', '1.5MiB', '-1B', '9999999999TiB', '5m', '1constructor'])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe('times', () => {
  it.each([
    ['2026-01-01', '2026-01-01T00:00:00Z'],
    ['2026-01-01T10:20:30Z', '2026-01-01T10:20:30Z'],
    ['2026-01-01T10:20:30', '2026-01-01T10:20:30Z'],
    ['2026-01-01 10:20:30', '2026-01-01T10:20:30Z'],
    ['2026-01-01T10:20:30.987Z', '2026-01-01T10:20:30Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
  ])('%s is %s, whatever the time zone here', (text, time) => {
    const zone = process.env['TZ'];
    try {
      for (const TZ of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
        process.env['TZ'] = TZ;
        expect(parseTime(text)).toBe(time);
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });
  it.each(['', '2026', '2026-02-30', '2025-02-29', '2026-13-01', '2026-01-01T25:00:00Z', '-7d', '01.02.2026'])(
    '%j is none',
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );
});
