/**
 * How QPS and gateway calls come in: sign-in, limits, answer. QPS takes Basic or Bearer and has no limits of its own;
 * the gateway takes Bearer only and limits calls per endpoint in a window, with 429 (reference, 12 and 13).
 */

import type { Decision, Exchange } from './exchange.ts';
import { insteadOf } from './fault-answers.ts';
import type { ActiveFaults } from './faults.ts';
import { forcedRefusal, gatewayHeaders, limitAnswer, rateHeaders } from './limit-answers.ts';
import { createLimiter, type Limiter, type Limits } from './limits.ts';
import { qpsError } from './routes/qps/answer.ts';
import { gatewayError, type RestMatch, RestRefusal } from './routes/rest.ts';
import type { Answer } from './routes/route.ts';
import type { Principal, SignIn } from './signin.ts';
import type { Tokens } from './tokens.ts';
import type { World } from './world/world.ts';

export interface RestDoorParts {
  readonly world: World;
  readonly limits: Limits;
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  base(): string;
  /** Works for as long as a call takes. */
  serve(exchange: Exchange): Promise<void>;
  refused(code: string): void;
}

export interface RestDoor {
  readonly limiter: Limiter;
  decide(exchange: Exchange, match: RestMatch): Promise<Decision>;
}

/** Whom the token of a call names; `token-expired` ends it first. */
export function checkToken(
  tokens: Tokens,
  authorization: string | undefined,
  at: number,
  faults: ActiveFaults,
): Principal | undefined {
  if (!faults.has('token-expired')) return tokens.check(authorization, at);
  tokens.revoke(authorization);
  return undefined;
}

export function createRestDoor(parts: RestDoorParts): RestDoor {
  const { world, limits, signIn, tokens } = parts;
  const limiter = createLimiter({ ...limits, concurrency: Number.POSITIVE_INFINITY });

  const whoCalls = ({ request, at, faults }: Exchange, match: RestMatch): Principal | undefined => {
    const { authorization } = request.headers;
    if (faults.has('http-401')) return undefined;
    const byToken = checkToken(tokens, authorization, at, faults);
    return byToken ?? (match.route.family === 'qps' ? signIn.byHeaders(authorization, undefined, at) : undefined);
  };

  return {
    limiter,
    async decide(exchange, match) {
      const { request, faults } = exchange;
      const { route } = match;
      const principal = whoCalls(exchange, match);
      if (principal === undefined) return { answer: notSignedIn(exchange, match, parts.base()) };
      const user = principal.username;
      if (!route.methods.includes(request.method ?? '')) {
        return {
          answer: refusal(
            exchange,
            match,
            new RestRefusal(405, `Request method '${request.method}' not supported`),
            parts.base(),
          ),
          user,
        };
      }
      const forced = forcedRefusal(faults);
      if (forced !== undefined) {
        parts.refused(forced.refused ?? '');
        return {
          answer: limitAnswer(parts.base(), exchange.now, forced),
          headers: rateHeaders(forced, limits, faults, false),
          user,
        };
      }
      const admission =
        route.family === 'qps'
          ? undefined
          : limiter.admit(`${principal.subscription} ${exchange.endpoint}`, exchange.at, {
              calls: faults.number('foreign-caller', 1) ?? 0,
              running: 0,
            });
      const headers = admission === undefined ? {} : gatewayHeaders(admission, limits, faults);
      if (admission?.refused !== undefined) {
        parts.refused('429');
        return { answer: gatewayError(exchange, 429, 'Rate limit exceeded'), headers, user };
      }
      const release = (): void => admission?.release();
      try {
        await parts.serve(exchange);
        const answer = await answerOf(exchange, match, user);
        return { answer, headers: answer.rated ? headers : {}, user, release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };

  async function answerOf(exchange: Exchange, match: RestMatch, user: string): Promise<Answer> {
    const { request, path, params, body, faults, now } = exchange;
    const instead = insteadOf(faults, { base: parts.base(), user, now, path });
    if (instead !== undefined) return instead;
    try {
      return await match.route.answer({
        world,
        now,
        method: request.method ?? '',
        path,
        base: parts.base(),
        user,
        query: params,
        body,
        contentType: String(request.headers['content-type'] ?? ''),
        accept: String(request.headers.accept ?? ''),
        id: match.id,
        faults,
      });
    } catch (error) {
      if (!(error instanceof RestRefusal)) throw error;
      return refusal(exchange, match, error, parts.base());
    }
  }
}

/** QPS: 401 with the recorded body; the recording has 200, which may have been edited (reference, 1.3). */
function notSignedIn(exchange: Exchange, match: RestMatch, base: string): Answer {
  if (match.route.family === 'gateway') {
    return gatewayError(exchange, 401, 'Full authentication is required to access this resource');
  }
  const status = exchange.faults.has('qps-sign-in-200') ? 200 : 401;
  const refused = new RestRefusal(
    status,
    'Authentication failed',
    'INVALID_CREDENTIALS',
    'Verify both, user and password credentials.',
  );
  return refusal(exchange, match, refused, base);
}

function refusal(exchange: Exchange, match: RestMatch, error: RestRefusal, base: string): Answer {
  if (match.route.family === 'gateway') return gatewayError(exchange, error.status, error.message);
  return qpsError({ path: exchange.path, base, headers: exchange.request.headers }, error);
}
