/**
 * Times by five cron fields (minute, hour, day of month, month, day of week) in a time zone.
 *
 * A time is due when the zone's clock first reaches it: one that the clock jumps over in spring is due at the jump, one
 * that it shows twice in autumn is due the first time. Where day of month and day of week are both restricted, either
 * is enough, as in crontab.
 */
export interface Cron {
  /** `0 3 * * 1-5`: numbers, names of months and days, ranges, lists and steps; 7 is Sunday, too. */
  readonly cron: string;
  /** IANA: `Europe/Berlin`. */
  readonly timeZone: string;
}

/** How often something is due: so many milliseconds after the last time, or at set times. */
export type Recurrence = number | Cron;

interface Times {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly onDay: (day: Date) => boolean;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** 29 February is at most eight years away. */
const FAR_DAYS = 8 * 366;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Whether the text is five fields that some time fits: `0 0 30 2 *` is never. */
export function isCron(text: string): boolean {
  const times = parse(text);
  if (times === undefined) return false;
  for (let day = 0; day <= FAR_DAYS; day++) if (times.onDay(new Date(Date.UTC(2000, 0, 1) + day * DAY))) return true;
  return false;
}

export function isTimeZone(name: string): boolean {
  try {
    return clockOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** The first time after `last` (epoch ms) that is due. */
export function dueAfter(recurrence: Recurrence, last: number): number {
  if (typeof recurrence === 'number') return last + recurrence;
  const times = parse(recurrence.cron)!;
  const first = Math.floor(localOf(last, recurrence.timeZone) / DAY) - 1;
  for (let day = first; day <= first + FAR_DAYS + 2; day++) {
    if (!times.onDay(new Date(day * DAY))) continue;
    for (const hour of times.hours) {
      for (const minute of times.minutes) {
        const local = day * DAY + (hour * 60 + minute) * MINUTE;
        const at = instantOf(local, recurrence.timeZone);
        if (at > last) return at;
      }
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** Milliseconds between two times, on the average of a week; for reckoning. */
export function averageMs(recurrence: Recurrence, from: number): number {
  if (typeof recurrence === 'number') return recurrence;
  const first = dueAfter(recurrence, from);
  let last = first;
  let count = 0;
  for (; count < 50 && last - first < 7 * DAY; count++) last = dueAfter(recurrence, last);
  return (last - first) / count;
}

function parse(text: string): Times | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  const minutes = numbers(minute, 0, 59);
  const hours = numbers(hour, 0, 23);
  const days = numbers(dayOfMonth, 1, 31);
  const months = numbers(month, 1, 12, MONTHS);
  const week = numbers(dayOfWeek, 0, 7, DAYS)?.map((day) => day % 7);
  if (!minutes || !hours || !days || !months || !week) return undefined;
  const either = !dayOfMonth.startsWith('*') && !dayOfWeek.startsWith('*');
  const onDay = (date: Date): boolean => {
    const byMonth = days.includes(date.getUTCDate());
    const byWeek = week.includes(date.getUTCDay());
    return months.includes(date.getUTCMonth() + 1) && (either ? byMonth || byWeek : byMonth && byWeek);
  };
  return { minutes, hours, onDay };
}

/** One field as its numbers in order; undefined when it is none. */
function numbers(field: string, low: number, high: number, names: readonly string[] = []): number[] | undefined {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [, from = '', to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const value = (word: string): number => {
      const named = names.indexOf(word.toUpperCase());
      return named >= 0 ? named + low : /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
    };
    const start = from === '*' ? low : value(from);
    const end = from === '*' || (to === undefined && step !== undefined) ? high : value(to ?? from);
    const by = Number(step ?? 1);
    if (from === '*' && to !== undefined) return undefined;
    if (!(start >= low && start <= end && end <= high && by >= 1)) return undefined;
    for (let at = start; at <= end; at += by) found.add(at);
  }
  return [...found].toSorted((a, b) => a - b);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const digits = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...digits });
  clocks.set(timeZone, clock);
  return clock;
}

/** What the zone's clock shows, in whole minutes, as if it were UTC. */
export function localOf(at: number, timeZone: string): number {
  const shown = Object.fromEntries(
    clockOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** When the zone's clock first shows this time or a later one. */
function instantOf(local: number, timeZone: string): number {
  const offsets = [-1.5, 1.5].map((days) => {
    const near = local + days * DAY;
    return localOf(near, timeZone) - near;
  });
  const fits = offsets.map((offset) => local - offset).filter((at) => localOf(at, timeZone) === local);
  if (fits.length > 0) return Math.min(...fits);
  // Jumped over: the first minute at which the clock shows more.
  let low = local - Math.max(...offsets) - MINUTE;
  let high = local - Math.min(...offsets);
  while (high - low > MINUTE) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
    if (localOf(middle, timeZone) > local) high = middle;
    else low = middle;
  }
  return high;
}
