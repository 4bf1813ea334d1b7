/**
 * The form of a REST route, of QPS (`/qps/rest/…`, Basic or Bearer) or of the gateway (Bearer, JSON). One file per
 * product, listed in `routes/rest-index.ts`; sign-in, limits, faults and compression are the server's.
 */
import type { ActiveFaults } from '../faults.ts';
import type { World } from '../world/world.ts';
import type { Answer } from './route.ts';

export interface RestCall {
  readonly world: World;
  /** Virtual server time, milliseconds since 1970, UTC; the same for the whole answer. */
  readonly now: number;
  readonly method: string;
  readonly path: string;
  readonly base: string;
  readonly user: string;
  readonly query: ReadonlyMap<string, string>;
  readonly body: string;
  readonly contentType: string;
  readonly accept: string;
  /** What stands for `{id}` in the path; empty where there is none. */
  readonly id: string;
  readonly faults: ActiveFaults;
}

export interface RestRoute {
  readonly family: 'qps' | 'gateway';
  readonly methods: readonly string[];
  /** Path with at most one `{id}`; a slash at the end is as good as none. */
  readonly path: string;
  /** A promise where the status depends on a search that may take long. */
  answer(call: RestCall): Answer | Promise<Answer>;
}

export interface RestMatch {
  readonly route: RestRoute;
  readonly id: string;
}

/** Finds the route of a path among `routes`. */
export function restMatcher(routes: readonly RestRoute[]): (path: string) => RestMatch | undefined {
  const exact = new Map<string, RestMatch>();
  const open: { readonly route: RestRoute; readonly pattern: RegExp }[] = [];
  for (const route of routes) {
    if (!route.path.includes('{id}')) exact.set(route.path, { route, id: '' });
    else open.push({ route, pattern: new RegExp(`^${route.path.replace('{id}', '([^/]+)')}$`) });
  }
  return (path) => {
    const plain = path.endsWith('/') ? path.slice(0, -1) : path;
    const found = exact.get(plain);
    if (found !== undefined) return found;
    for (const { route, pattern } of open) {
      const id = pattern.exec(plain)?.[1];
      if (id !== undefined) return { route, id: decodeURIComponent(id) };
    }
    return undefined;
  };
}

/** A JSON answer whose body is made while the client reads. */
export function jsonAnswer(body: Iterable<string>, status = 200): Answer {
  const headers = {
    'Cache-Control': 'no-cache, no-store, max-age=0, must-revalidate',
    Pragma: 'no-cache',
    Expires: '0',
  };
  return { status, type: 'application/json;charset=UTF-8', rated: true, headers, body };
}

/** The gateway's error in JSON; nobody documents it, the form is Spring's (reference, 12). */
export function gatewayError(
  call: { readonly now: number; readonly path: string },
  status: number,
  message: string,
): Answer {
  const error =
    {
      400: 'Bad Request',
      401: 'Unauthorized',
      403: 'Forbidden',
      404: 'Not Found',
      405: 'Method Not Allowed',
      416: 'Requested Range Not Satisfiable',
      429: 'Too Many Requests',
    }[status] ?? 'Error';
  const said = { timestamp: new Date(call.now).toISOString(), status, error, message, path: call.path };
  return { status, type: 'application/json', rated: status === 429, body: [JSON.stringify(said)] };
}

/** A REST call that cannot be answered: thrown by routes, answered by their family's form of error. */
export class RestRefusal extends Error {
  readonly status: number;
  /** QPS: responseCode; unused by the gateway. */
  readonly code: string;
  readonly resolution: string | undefined;
  constructor(status: number, text: string, code = 'INVALID_REQUEST', resolution?: string) {
    super(text);
    this.status = status;
    this.code = code;
    this.resolution = resolution;
  }
}

/** Text of a value in JSON; integers of any size stand as bare numbers. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${MARK}${one}` : one)).replace(
    BARE,
    '$1',
  );
}

const MARK = '\uE001';
const BARE = /"\uE001(-?\d+)"/g;
