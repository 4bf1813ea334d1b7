/** One call as it came in, and what becomes of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveFaults } from './faults.ts';
import type { RestMatch } from './routes/rest.ts';
import type { Answer } from './routes/route.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Path without version, or the pattern of a REST path: what limits and counters go by. */
  readonly endpoint: string;
  readonly params: ReadonlyMap<string, string>;
  readonly body: string;
  /** Set for the paths of QPS and the gateway. */
  readonly rest: RestMatch | undefined;
  readonly faults: ActiveFaults;
  /** On the limits' clock. */
  readonly at: number;
  /** On the world's clock. */
  readonly now: number;
}

export interface Decision {
  readonly answer: Answer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  /** Gives the call's slot back. */
  readonly release?: () => void;
}
