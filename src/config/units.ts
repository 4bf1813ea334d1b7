/** Milliseconds of each unit, largest first; a duration names each at most once, in this order. */
const DURATION_UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

export const DURATION_PATTERN = /^(?=\d)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** `15m`, `1h30m`, `500ms` as milliseconds; undefined when the text is no duration or has no exact number. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION_PATTERN.exec(text);
  if (found === null) return undefined;
  const ms = DURATION_UNITS.reduce((sum, [, factor], i) => sum + Number(found[i + 1] ?? 0) * factor, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Milliseconds as a duration that `parseDuration` reads back: `1h30m`, `7d`. */
export function durationText(ms: number): string {
  let left = ms;
  let text = '';
  for (const [unit, factor] of DURATION_UNITS.slice(1)) {
    const count = Math.floor(left / factor);
    left -= count * factor;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

export const SIZE_PATTERN = /^(\d+)(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** `64KiB`, `10MB` as bytes; undefined when the text is no size or has no exact number. */
export function parseSize(text: string): number | undefined {
  const found = SIZE_PATTERN.exec(text);
  const factor = SIZE_UNITS[found?.[2] ?? ''];
  if (found === null || factor === undefined) return undefined;
  const bytes = Number(found[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

export const TIME_PATTERN = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A date or a date with time, UTC unless it names an offset, as Qualys spells times: `2026-01-01T00:00:00Z`, whole
 * seconds. Undefined when the text is no time that exists.
 */
export function parseTime(text: string): string | undefined {
  const found = TIME_PATTERN.exec(text);
  if (found === null) return undefined;
  const [, date = '', time = '00:00:00', offset = 'Z'] = found;
  // Date.parse takes 2026-02-30 for 2 March: a date must come back as it went in.
  const day = Date.parse(`${date}T00:00:00Z`);
  const at = Date.parse(`${date}T${time}${offset}`);
  if (Number.isNaN(at) || Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
