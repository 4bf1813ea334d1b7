import type { OwnHours } from './own-limit.ts';
import type { RateWindow } from './rate-window.ts';
import type { RunningCalls } from './running-calls.ts';
import { kept, type Waiting } from './waiting.ts';

/** Why a waiting call does not go, in words; undefined where nothing holds it. */
export function waitingReason(
  api: { readonly rate: RateWindow; readonly running: RunningCalls; readonly own: OwnHours },
  { own, reserve }: Waiting,
  now: number,
): string | undefined {
  const { rate, running } = api;
  if (own !== undefined && api.own.freeAt(own, now) > now)
    return `requests_per_hour of connection ${own.connection}: ${own.perHour} calls were made within the last hour`;
  if (rate.told(now)) return 'Qualys asked to wait: the calls of this API are used up';
  if (rate.free(now) <= 0 && rate.limit !== undefined) {
    const others = rate.others(now);
    const ours = others > 0 ? ` (up to ${others} of them not by this collector)` : '';
    return `${rate.limit} of ${rate.limit} calls of the last ${span(rate.windowMs)} are used${ours}`;
  }
  const keep = kept(rate, reserve);
  if (rate.free(now, keep) <= 0)
    return `reserve: ${keep} of ${rate.limit} calls of the last ${span(rate.windowMs)} are left to other users of the subscription`;
  if (running.waiting(now)) return 'Qualys said that as many calls run as it allows';
  if (running.free(now) > 0) return undefined;
  const { concurrency } = running;
  if (concurrency === undefined) return 'its limits are not known yet, so one call at a time';
  const others = running.others(now);
  return `${running.held(now) + others} of ${concurrency} calls are running`;
}

function span(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ];
  for (const [unit, word] of units) {
    if (ms % unit === 0) return ms === unit ? word : `${ms / unit} ${word}s`;
  }
  return `${ms} ms`;
}
