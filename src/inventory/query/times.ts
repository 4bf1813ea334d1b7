const UNITS: Readonly<Record<string, number>> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
const DAY = 86_400_000;
const DURATION = /^(?:\d{1,6}[wdhms])+$/;

/** How a query says a time: how long ago, an instant, or a whole day (UTC). Milliseconds since the epoch, or long. */
export type Said =
  | { readonly kind: 'age'; readonly ms: number }
  | { readonly kind: 'instant'; readonly at: number }
  | { readonly kind: 'day'; readonly from: number; readonly to: number };

/** `7d`, `now-30d`, `2026-01-31`, `2026-01-31T12:00Z`; undefined for anything else. Without a zone it is UTC. */
export function timeSaid(text: string, now: number): Said | undefined {
  if (DURATION.test(text)) return { kind: 'age', ms: durationOf(text) };
  const [, sign, away] = /^now(?:([+-])(\S+))?$/i.exec(text) ?? [undefined, undefined, undefined];
  if (/^now$/i.test(text)) return { kind: 'instant', at: now };
  if (away !== undefined && DURATION.test(away))
    return { kind: 'instant', at: now + (sign === '-' ? -1 : 1) * durationOf(away) };
  const [, date, clock, zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text) ?? [];
  if (date === undefined) return undefined;
  const from = Date.parse(`${date}T00:00:00Z`);
  // 31 February is no day, whatever a parser makes of it.
  if (!Number.isFinite(from) || !new Date(from).toISOString().startsWith(date)) return undefined;
  if (clock === undefined) return { kind: 'day', from, to: from + DAY };
  const at = Date.parse(`${date}T${clock}${(zone ?? 'Z').toUpperCase()}`);
  return Number.isFinite(at) ? { kind: 'instant', at } : undefined;
}

const durationOf = (text: string): number =>
  [...text.matchAll(/(\d+)([wdhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
