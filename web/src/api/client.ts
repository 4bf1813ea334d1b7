import type { Problem } from './types.ts';

/** What the API said when it said no. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** What writes must carry; kept in memory only. */
let csrfToken: string | undefined;
export const rememberCsrf = (token: string | undefined): void => {
  csrfToken = token;
};

export interface CallOptions {
  readonly body?: unknown;
  /** The version that was looked at: refused with 412 where it has changed since. */
  readonly ifMatch?: number | undefined;
  /** A key of `onceKey`: sent twice, it is carried out once. */
  readonly once?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

type Params = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/connections` → `/api/v1/connections?limit=10`, without what is undefined or empty. */
export function apiUrl(path: string, params: Params = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1${path}${query === '' ? '' : `?${query}`}`;
}

/** 128 random bits; `randomUUID` is only there where the page came over TLS or from this machine. */
export const onceKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export async function send(method: string, url: string, options: CallOptions = {}): Promise<Response> {
  const { body, ifMatch, once, accept = 'application/json', signal } = options;
  const response = await fetch(url, {
    method,
    headers: {
      accept,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' || csrfToken === undefined ? {} : { 'x-csrf-token': csrfToken }),
      ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
      ...(once === undefined ? {} : { 'idempotency-key': once }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError({
      title: 'The server does not answer',
      status: 0,
      detail: 'Quarry cannot be reached from this browser.',
      fix: 'See that it runs, then try again.',
    });
  });
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response;
}

async function problemOf(response: Response): Promise<Problem> {
  const said = (await response.json().catch(() => undefined)) as Problem | undefined;
  const { status } = response;
  return said?.title === undefined
    ? { title: `The server answered ${status}`, status, detail: response.statusText }
    : said;
}

/** Throws ApiError. */
export async function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  const response = await send('GET', apiUrl(path, params), signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** Throws ApiError. An answer without a body is undefined. */
export async function write<T = unknown>(
  method: 'POST' | 'PATCH' | 'DELETE' | 'PUT',
  path: string,
  body?: unknown,
  options: Pick<CallOptions, 'ifMatch' | 'once'> = {},
): Promise<T> {
  const response = await send(method, apiUrl(path), { ...options, body });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
