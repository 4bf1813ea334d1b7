/** HTTP headers as Node and undici give them; names in any case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What one answer said about the limits of its API. A header that is missing, blank or no number is absent: unknown, never zero. */
export interface LimitHeaders {
  /** Calls per window. Zero would forbid everything and was never seen: read as unknown. */
  readonly limit?: number;
  readonly windowMs?: number;
  readonly remaining?: number;
  /** As sent, possibly negative or absurd; `X-RateLimit-ToWait-Sec`, else `Retry-After` in seconds. */
  readonly toWaitMs?: number;
  /** Calls at once. */
  readonly concurrency?: number;
  readonly running?: number;
}

/** The first value of a header, trimmed; undefined where it is missing or blank. */
export function header(headers: Headers, name: string): string | undefined {
  let value = headers[name];
  if (value === undefined) {
    const found = Object.keys(headers).find((key) => key.toLowerCase() === name);
    if (found !== undefined) value = headers[found];
  }
  const first = typeof value === 'string' ? value : value?.[0];
  const trimmed = first?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function integer(headers: Headers, name: string): number | undefined {
  const text = header(headers, name);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/**
 * Reads the limit headers of one answer. Source: Qualys API guide, "API limits" (names), recorded answers (present on
 * 200 and 400, absent on 401, on session calls and on redirects). Gateway APIs send the same names.
 */
export function readLimits(headers: Headers): LimitHeaders {
  const limit = positive(integer(headers, 'x-ratelimit-limit'));
  const windowSec = positive(integer(headers, 'x-ratelimit-window-sec'));
  const remaining = integer(headers, 'x-ratelimit-remaining');
  const toWait = integer(headers, 'x-ratelimit-towait-sec') ?? integer(headers, 'retry-after');
  const concurrency = positive(integer(headers, 'x-concurrency-limit-limit'));
  const running = integer(headers, 'x-concurrency-limit-running');
  return {
    ...(limit !== undefined && { limit }),
    ...(windowSec !== undefined && { windowMs: windowSec * 1000 }),
    ...(remaining !== undefined && { remaining: Math.max(0, remaining) }),
    ...(toWait !== undefined && { toWaitMs: toWait * 1000 }),
    ...(concurrency !== undefined && { concurrency }),
    ...(running !== undefined && { running: Math.max(0, running) }),
  };
}
