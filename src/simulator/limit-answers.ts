/** What the limits make of an answer: headers, and the two 409s (bodies after Qualys's limits paper, reference 0.7). */
import { simpleReturn } from './answers.ts';
import type { ActiveFaults } from './faults.ts';
import type { Admission, Limits } from './limits.ts';
import type { Answer } from './routes/route.ts';

export function forcedRefusal(faults: ActiveFaults): Admission | undefined {
  const nothing = { remaining: 0, running: 2, release: () => {} };
  if (faults.has('http-409-1960')) return { ...nothing, refused: '1960', toWait: 0 };
  const wait = faults.number('http-409-1965', 120);
  return wait === undefined ? undefined : { ...nothing, refused: '1965', toWait: wait, running: 0 };
}

export function limitAnswer(base: string, now: number, { refused, toWait, running }: Admission): Answer {
  const rate = refused === '1965';
  const text = rate
    ? `This API cannot be run again for another ${spell(toWait)}.`
    : `This API cannot be run again until ${Math.max(1, running)} currently running API instance has finished.`;
  const items: Record<string, string> = rate
    ? { SECONDS_TO_WAIT: String(toWait) }
    : { CALLS_TO_FINISH: String(Math.max(1, running)) };
  return simpleReturn({ base, now, status: 409, code: refused ?? '', text, items });
}

function spell(seconds: number): string {
  return `${Math.floor(seconds / 3600)} hours, ${Math.floor((seconds % 3600) / 60)} minutes and ${seconds % 60} seconds`;
}

/** The six headers; a call refused for concurrency says neither what remains nor how long to wait. */
export function rateHeaders(
  { refused, toWait, remaining, running }: Admission,
  limits: Limits,
  faults: ActiveFaults,
  includesSelf: boolean,
): Record<string, string> {
  if (faults.has('rate-headers-missing')) return {};
  const headers: Record<string, string> = {
    'X-RateLimit-Limit': String(limits.limit),
    'X-RateLimit-Window-Sec': String(limits.windowSec),
    'X-Concurrency-Limit-Limit': String(limits.concurrency),
    'X-Concurrency-Limit-Running': String(running + (includesSelf && refused === undefined ? 1 : 0)),
  };
  if (refused !== '1960') {
    headers['X-RateLimit-ToWait-Sec'] = String(faults.number('to-wait', 1_000_000_000) ?? toWait);
    headers['X-RateLimit-Remaining'] = String(remaining);
  }
  if (faults.has('rate-headers-blank')) for (const name of Object.keys(headers)) headers[name] = '';
  return headers;
}

/** The gateway's three headers; how long to wait stands on a refused call only. */
export function gatewayHeaders(
  { refused, toWait, remaining }: Admission,
  limits: Limits,
  faults: ActiveFaults,
): Record<string, string> {
  if (faults.has('rate-headers-missing')) return {};
  const headers: Record<string, string> = {
    'X-RateLimit-Limit': String(limits.limit),
    'X-RateLimit-Window-Sec': String(limits.windowSec),
    'X-RateLimit-Remaining': String(remaining),
  };
  if (refused !== undefined && !faults.has('to-wait-missing')) {
    headers['X-RateLimit-ToWait-Sec'] = String(faults.number('to-wait', 1_000_000_000) ?? toWait);
  }
  if (faults.has('rate-headers-blank')) for (const name of Object.keys(headers)) headers[name] = '';
  return headers;
}
