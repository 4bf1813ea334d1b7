import { GATEWAY_ROUTES } from './gateway/index.ts';
import { QPS_ROUTES } from './qps/index.ts';
import { restMatcher } from './rest.ts';

/** The REST route of a path; the gateway shares the listener of the API server, since no path of theirs collides. */
export const matchRest = restMatcher([...QPS_ROUTES, ...GATEWAY_ROUTES]);
