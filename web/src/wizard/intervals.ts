import type { Dataset } from '../api/types.ts';

/** Intervals to choose from, as the configuration spells them. */
export const EVERY = ['5m', '10m', '15m', '30m', '1h', '4h', '6h', '12h', '1d', '7d'];
const MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440 };
export const minutesOf = (every: string): number => Number.parseInt(every, 10) * (MINUTES[every.slice(-1)] ?? 1);

/** A data set's own interval in words. */
export function ownEvery({ schedule: { every_ms } }: Dataset): string {
  const minutes = Math.round(every_ms / 60_000);
  return minutes % 1440 === 0 ? `${minutes / 1440}d` : minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
