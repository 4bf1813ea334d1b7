/**
 * A Qualys on a socket. The order of checks is Qualys's as far as it is known: path, sign-in, limits (concurrency
 * before rate), X-Requested-With, parameters, answer.
 *
 * Two clocks: `worldNow` is what Qualys shows (DATETIME, Date header, dates of records) and stands still in a frozen
 * world until advanced; `limitsNow` runs with the injected clock, so that a window slides even over a frozen world.
 * Advancing moves both. A call holds its slot until it has ended here: an abandoned one for its whole service time.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../core/clock.ts';
import { createActivityLog } from './activity-log.ts';
import { htmlPage, notFound, simpleReturn } from './answers.ts';
import { handleControl } from './control.ts';
import { createCounting } from './counters.ts';
import { deliver } from './delivery.ts';
import type { Decision, Exchange } from './exchange.ts';
import { insteadOf } from './fault-answers.ts';
import { createFaultBoard, type FaultName, type FaultSetting, parseFault } from './faults.ts';
import { forcedRefusal, limitAnswer, rateHeaders } from './limit-answers.ts';
import { createLimiter, LEVELS } from './limits.ts';
import { checkParams, readParams } from './params.ts';
import { Refusal } from './refusal.ts';
import { checkToken, createRestDoor } from './rest-door.ts';
import { authAnswer, isAuthPath } from './routes/gateway/auth.ts';
import { matchRoute, type RouteMatch } from './routes/index.ts';
import { matchRest } from './routes/rest-index.ts';
import type { Answer, Call, Route } from './routes/route.ts';
import { createSignIn, type Principal } from './signin.ts';
import { DEFAULT_USER, type Simulator, type SimulatorOptions } from './simulator.ts';
import { createTokens, DEFAULT_CLIENT, DEFAULT_TOKEN_MS } from './tokens.ts';
import { createWorld } from './world/world.ts';

const SESSION_PATH = '/api/2.0/fo/session/';
const MAX_URL = 8190;
const MAX_BODY = 16 * 1024 * 1024;

/** Starts a simulator on 127.0.0.1. Throws RangeError for a fault or number that makes no sense. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const clock = options.clock ?? systemClock;
  const users = options.users ?? [DEFAULT_USER];
  const first = users[0];
  if (first === undefined) throw new RangeError('a simulator needs a user');
  if (!Number.isInteger(options.hosts) || options.hosts < 1) throw new RangeError(`hosts: ${options.hosts}`);
  const world = createWorld(options);
  const activity = createActivityLog(world);
  const limits = typeof options.limits === 'object' ? options.limits : LEVELS[options.limits ?? 'off'];
  const limiter = createLimiter(limits);
  const signIn = createSignIn(users, options.lockAfter ?? 5);
  const owner: Principal = { username: first.username, subscription: first.subscription ?? 'sim' };
  const openId = options.openIdToken === undefined ? undefined : { token: options.openIdToken, as: owner };
  const tokens = createTokens(options.tokenMs ?? DEFAULT_TOKEN_MS, openId);
  const restDoor = createRestDoor({
    world,
    limits,
    signIn,
    tokens,
    base: () => url,
    serve: (exchange) => serve(exchange),
    refused: (code) => counting.refusal(code),
  });
  const authDesk = { signIn, tokens, clients: options.clients ?? [DEFAULT_CLIENT], owner };
  const counting = createCounting([limiter, restDoor.limiter], signIn, tokens);
  const lateness = (fault: FaultName): number => {
    const late = board.peek(fault);
    return late === undefined ? 0 : Number(late.argument ?? 1_800_000);
  };
  const board = createFaultBoard(() => {
    world.setLateness(lateness('detections-late'));
    const scope = board.peek('scope-lost');
    world.setSight(scope === undefined ? 100 : Number(scope.argument ?? 0));
    activity.setLateness(lateness('activity-late'));
  });
  const closing = new AbortController();
  let offset = 0;
  let url = '';
  const limitsNow = (): number => clock.now() + offset;
  // A clock that is set before the world began finds it as it began.
  const worldNow = (): number => ((options.frozen ?? true) ? world.epoch : Math.max(world.epoch, clock.now())) + offset;
  const setFault = (fault: string | FaultSetting): void =>
    board.set(typeof fault === 'string' ? parseFault(fault) : fault);
  for (const fault of options.faults ?? []) setFault(fault);

  const simulator: Simulator = {
    get url() {
      return url;
    },
    username: first.username,
    password: first.password,
    world,
    activity,
    now: worldNow,
    counters: () => counting.read(),
    resetCounters: () => counting.reset(),
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError(`time goes forward only: ${ms}`);
      offset += ms;
    },
    setFault,
    clearFaults: (name) => board.clear(name),
    faults: () => board.list(),
    close: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that hangs up while it sends its request is no defect of ours.
      if (request.complete) counting.defect(error instanceof Error ? (error.stack ?? error.message) : String(error));
      response.destroy();
    });
  });
  // Slow readers and stalls are the client's to end.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 30_000;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false;
    const [path, query] = splitTarget(request.url ?? '/');
    const body = await readBody(request);
    if (path.startsWith('/simulator/')) {
      await handleControl({ request, response, path, body, simulator });
      return;
    }
    const rest = matchRest(path);
    const exchange: Exchange = {
      request,
      response,
      path,
      endpoint: rest?.route.path ?? path.replace(/^\/api\/\d+\.\d+\//, '/api/'),
      params: readParams(query, rest === undefined && isForm(request) ? body : ''),
      body,
      rest,
      faults: board.take(path),
      at: limitsNow(),
      now: worldNow(),
    };
    await reply(exchange, await decide(exchange));
  }

  async function reply(exchange: Exchange, { answer, headers, user, release }: Decision): Promise<void> {
    const { request, response, faults, now } = exchange;
    const date = new Date(now + (faults.number('clock-skew', 7200) ?? 0) * 1000);
    let finished = false;
    const finish = (abandoned: boolean): void => {
      if (finished) return;
      finished = true;
      release?.();
      const { at, endpoint } = exchange;
      const method = request.method ?? 'GET';
      counting.call({ at, endpoint, method, status: answer.status, user, params: asSent(exchange), abandoned });
    };
    let left = false;
    try {
      const outcome = await deliver({
        request,
        response,
        answer,
        headers: { Date: date.toUTCString(), Server: 'qweb', ...headers, ...answer.headers },
        faults,
        clock,
        closing: closing.signal,
        bytes: (count) => counting.bytes(count),
        ending: () => finish(false),
      });
      left = outcome === 'left';
      if (left) await quietSleep(options.abandonedMs ?? 0);
    } finally {
      finish(left);
    }
  }

  async function decide(exchange: Exchange): Promise<Decision> {
    const { request, path, params, faults, now } = exchange;
    const inFront = frontDoor(exchange, options);
    if (inFront !== undefined) return { answer: inFront };
    if (path === SESSION_PATH) return { answer: session(request, params, now), user: params.get('username') };
    if (isAuthPath(path)) {
      const user = params.get('username');
      return {
        answer: insteadOf(faults, { base: url, user: user ?? '', now, path }) ?? authAnswer(exchange, authDesk),
        user,
      };
    }
    if (exchange.rest !== undefined) return await restDoor.decide(exchange, exchange.rest);
    const match = matchRoute(path);
    if (match === undefined || match === 'slash') return { answer: notFound() };

    const cookie = match.route.cookie ? request.headers.cookie : undefined;
    const { authorization } = request.headers;
    const principal = faults.has('http-401')
      ? undefined
      : ((match.route.basicOnly ? undefined : checkToken(tokens, authorization, limitsNow(), faults)) ??
        signIn.byHeaders(authorization, cookie, limitsNow()));
    if (principal === undefined) {
      const answer = simpleReturn({ base: url, now, status: 401, code: '2000', text: 'Bad Login/Password' });
      return { answer, headers: { 'WWW-Authenticate': 'Basic realm="Qualys API"' } };
    }
    return await admitted(exchange, match, principal);
  }

  /** From the limits on. */
  async function admitted(exchange: Exchange, match: RouteMatch, principal: Principal): Promise<Decision> {
    const { request, path, endpoint, params, faults, at, now } = exchange;
    const user = principal.username;
    const includesSelf = options.runningIncludesSelf ?? false;
    const forced = forcedRefusal(faults);
    const admission =
      forced ??
      limiter.admit(`${principal.subscription} ${endpoint}`, at, {
        calls: faults.number('foreign-caller', 1) ?? 0,
        running: faults.number('foreign-running', 1) ?? 0,
      });
    if (admission.refused !== undefined) {
      counting.refusal(admission.refused);
      const headers = rateHeaders(admission, limits, faults, includesSelf);
      return { answer: limitAnswer(url, now, admission), headers, user };
    }
    const { release } = admission;
    try {
      await serve(exchange);
      activity.request(now, user, path);
      const answer = answerOf(request, match.route, {
        world,
        activity,
        now,
        method: request.method ?? 'GET',
        version: match.version,
        path,
        base: url,
        user,
        params,
        faults,
        trial: options.trial ?? true,
      });
      return {
        answer,
        headers: answer.rated ? rateHeaders(admission, limits, faults, includesSelf) : {},
        user,
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Worked through to its end even when the client goes away: nobody tells Qualys. */
  async function serve({ endpoint, params, faults }: Exchange): Promise<void> {
    const service = options.serviceMs ?? 0;
    const serviceMs = typeof service === 'number' ? service : service({ endpoint, params });
    await quietSleep(serviceMs + (faults.number('slow', 5000) ?? 0));
  }

  async function quietSleep(ms: number): Promise<void> {
    if (ms > 0) await clock.sleep(ms, closing.signal).catch(() => {});
  }

  function answerOf(request: IncomingMessage, route: Route, call: Call): Answer {
    const { faults, now, user } = call;
    const instead = insteadOf(faults, { base: url, user, now, path: call.path });
    if (instead !== undefined) return instead;
    try {
      if (route.requestedWith) demandRequestedWith(request);
      if (route.parameters !== undefined) checkParams(call.params, route.parameters(call.version), now);
      return route.answer(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return simpleReturn({ base: url, now, status: error.status, code: error.code, text: error.message });
    }
  }

  function demandRequestedWith(request: IncomingMessage): void {
    if ((options.demandRequestedWith ?? true) && request.headers['x-requested-with'] === undefined) {
      throw new Refusal(400, '1903', 'Missing required header: X-Requested-With');
    }
  }

  /** Sessions are outside the limits, and their answers carry no rate headers. */
  function session(request: IncomingMessage, params: ReadonlyMap<string, string>, now: number): Answer {
    const plain = { base: url, now, rated: false };
    try {
      demandRequestedWith(request);
      const action = params.get('action');
      if (action === 'login' && request.method === 'POST') {
        const id = signIn.login(params.get('username') ?? '', params.get('password') ?? '', limitsNow());
        if (id === undefined) return simpleReturn({ ...plain, status: 401, code: '2000', text: 'Bad Login/Password' });
        counting.login();
        // Real cookies are also `secure`; this server has no TLS, and clients would rightly not send such a cookie back.
        const headers = { 'Set-Cookie': `QualysSession=${id}; path=/api` };
        return simpleReturn({ ...plain, status: 200, text: 'Logged in', headers });
      }
      if (action !== 'logout') throw new Refusal(400, '1903', 'Missing required parameter(s): action');
      signIn.logout(request.headers.cookie);
      return simpleReturn({ ...plain, status: 200, text: 'Logged out' });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return simpleReturn({ ...plain, status: error.status, code: error.code, text: error.message });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return simulator;
}

/** What answers before Qualys does: the firewall, Apache, paths nobody serves. */
function frontDoor({ request, path, params, rest, faults }: Exchange, options: SimulatorOptions): Answer | undefined {
  if (request.headers['user-agent'] === undefined) return { status: 200, type: 'text/html', rated: false, body: [] };
  if ((request.url ?? '').length > MAX_URL) return htmlPage(414, '414 Request-URI Too Long', 'Request-URI Too Long');
  if (path === SESSION_PATH || isAuthPath(path) || rest !== undefined) return undefined;
  const match = `${path}/` === SESSION_PATH ? 'slash' : matchRoute(path);
  if (match === undefined) return notFound();
  if (match === 'slash') {
    const host = request.headers.host ?? '127.0.0.1';
    // The link in the page is as wrong as the recorded one; the header is right.
    const link = `<a href="http://${host.replace(/:\d+$/, '')}:443${path}/">here</a>`;
    return htmlPage(301, '301 Moved Permanently', `The document has moved ${link}.`, {
      Location: `http://${host}${path}/`,
    });
  }
  const { route, version } = match;
  const ended = route.ended.includes(version) && route.neverEnds?.(params) !== true;
  if (ended && options.endedVersions === '404') return notFound();
  if (faults.has('newest-version-404') && version === (route.versions.at(-1) ?? 'none')) return notFound();
  return undefined;
}

function splitTarget(target: string): [string, string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

function isForm(request: IncomingMessage): boolean {
  return request.method === 'POST' && !String(request.headers['content-type'] ?? '').includes('json');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BODY) throw new Error('request body too large');
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Parameters and, for REST, the body; without passwords, cut at 500 characters. */
function asSent({ params, rest, body }: Exchange): string {
  const kept = new URLSearchParams([...params].filter(([name]) => name !== 'password')).toString();
  return `${kept}${rest !== undefined && body !== '' ? ` ${body}` : ''}`.trim().slice(0, 500);
}
