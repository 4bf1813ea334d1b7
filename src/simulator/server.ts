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
import { htmlPage, notFound, simpleReturn } from './answers.ts';
import { handleControl } from './control.ts';
import { createCounting } from './counters.ts';
import { deliver } from './delivery.ts';
import { INSTEAD_ANSWERS } from './fault-answers.ts';
import { type ActiveFaults, createFaultBoard, type FaultSetting, INSTEAD_FAULTS, parseFault } from './faults.ts';
import { forcedRefusal, limitAnswer, rateHeaders } from './limit-answers.ts';
import { type Admission, createLimiter, LEVELS } from './limits.ts';
import { checkParams, readParams } from './params.ts';
import { Refusal } from './refusal.ts';
import { matchRoute } from './routes/index.ts';
import type { Answer, Call, Route } from './routes/route.ts';
import { createSignIn, type Principal } from './signin.ts';
import { DEFAULT_USER, type Simulator, type SimulatorOptions } from './simulator.ts';
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
  const world = createWorld(options);
  const limits = typeof options.limits === 'object' ? options.limits : LEVELS[options.limits ?? 'off'];
  const limiter = createLimiter(limits);
  const signIn = createSignIn(users, options.lockAfter ?? 5);
  const counting = createCounting(limiter, signIn);
  const board = createFaultBoard(() => {
    const late = board.peek('detections-late');
    world.setLateness(late === undefined ? 0 : Number(late.argument ?? 1_800_000));
  });
  const closing = new AbortController();
  let offset = 0;
  const limitsNow = (): number => clock.now() + offset;
  const worldNow = (): number => ((options.frozen ?? true) ? world.epoch + offset : clock.now() + offset);
  const setFault = (fault: string | FaultSetting): void =>
    board.set(typeof fault === 'string' ? parseFault(fault) : fault);
  for (const fault of options.faults ?? []) setFault(fault);
  let url = '';

  const simulator: Simulator = {
    get url() {
      return url;
    },
    username: first.username,
    password: first.password,
    world,
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
      // A client that hangs up while sending is no defect; anything else must not pass for an answer.
      if (!response.headersSent) response.writeHead(599);
      response.end(String(error));
    });
  });
  // Slow readers and stalls are the client's to end.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 30_000;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.sendDate = false;
    const target = request.url ?? '/';
    const [path, query] = splitTarget(target);
    const body = await readBody(request);
    if (path.startsWith('/simulator/')) {
      await handleControl({ request, response, path, body, simulator });
      return;
    }
    const at = limitsNow();
    const now = worldNow();
    const params = readParams(query, isForm(request) ? body : '');
    const faults = board.take(path);
    const endpoint = path.replace(/^\/api\/\d+\.\d+\//, '/api/');
    let left = false;
    let counted = false;
    response.on('close', () => {
      left = !counted;
    });
    const common: Record<string, string> = {
      Date: new Date(now + (faults.number('clock-skew', 7200) ?? 0) * 1000).toUTCString(),
      Server: 'qweb',
    };
    let release = (): void => {};
    const finish = (status: number, user: string | undefined): void => {
      release();
      if (counted) return;
      counted = true;
      counting.call({
        at,
        endpoint,
        method: request.method ?? 'GET',
        status,
        user,
        params: withoutPassword(params),
        abandoned: left,
      });
    };
    const send = async (
      answer: Answer,
      user: string | undefined,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<void> => {
      await deliver({
        request,
        response,
        answer,
        headers: { ...common, ...headers, ...answer.headers },
        faults,
        clock,
        closing: closing.signal,
        bytes: (count) => counting.bytes(count),
        ending: () => finish(answer.status, user),
      });
    };
    const inFront = frontDoor(request, path, target, faults, options);
    if (inFront !== undefined) {
      await send(inFront, undefined);
      finish(inFront.status, undefined);
      return;
    }
    if (path === SESSION_PATH) {
      const answer = session(request, params, now);
      await send(answer, params.get('username'));
      finish(answer.status, params.get('username'));
      return;
    }
    const match = matchRoute(path);
    if (match === undefined || match === 'slash') throw new Error('front door left open');
    const { route, version } = match;
    const principal = faults.has('http-401')
      ? undefined
      : signIn.byHeaders(request.headers.authorization, route.cookie ? request.headers.cookie : undefined, limitsNow());
    if (principal === undefined) {
      const answer = simpleReturn({ base: url, now, status: 401, code: '2000', text: 'Bad Login/Password' });
      await send(answer, undefined, { 'WWW-Authenticate': 'Basic realm="Qualys API"' });
      finish(401, undefined);
      return;
    }

    const call: Call = {
      world,
      now,
      method: request.method ?? 'GET',
      version,
      path,
      base: url,
      user: principal.username,
      params,
      faults,
      trial: options.trial ?? true,
    };
    const admission = limiter.admit(`${principal.subscription} ${endpoint}`, at, {
      calls: faults.number('foreign-caller', 1) ?? 0,
      running: faults.number('foreign-running', 1) ?? 0,
    });
    release = admission.release;
    let status = 0;
    try {
      status = await answerCall(
        call,
        route,
        principal,
        admission,
        (answer, headers) => send(answer, principal.username, headers),
        {
          request,
          endpoint,
          response,
        },
      );
    } finally {
      finish(status, principal.username);
    }
  }

  async function answerCall(
    call: Call,
    route: Route,
    principal: Principal,
    admission: Admission,
    send: (answer: Answer, headers?: Readonly<Record<string, string>>) => Promise<void>,
    at: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly endpoint: string },
  ): Promise<number> {
    const { faults, now } = call;
    const forced = forcedRefusal(faults);
    const refused = forced ?? admission;
    if (refused.refused !== undefined) {
      counting.refusal(refused.refused);
      const answer = limitAnswer(url, now, refused);
      await send(answer, rateHeaders(refused, limits, faults, options.runningIncludesSelf ?? false));
      return answer.status;
    }
    const service = options.serviceMs ?? 0;
    const serviceMs = typeof service === 'number' ? service : service({ endpoint: at.endpoint, params: call.params });
    const slow = faults.number('slow', 5000) ?? 0;
    if (serviceMs + slow > 0) await quietSleep(serviceMs + slow);
    if (at.response.destroyed) return 0;
    const answer = answerOf(call, route, principal, at.request);
    const headers = answer.rated ? rateHeaders(admission, limits, faults, options.runningIncludesSelf ?? false) : {};
    await send(answer, headers);
    if (at.response.destroyed && !at.response.writableFinished && (options.abandonedMs ?? 0) > 0) {
      await quietSleep(options.abandonedMs ?? 0);
    }
    return answer.status;
  }

  async function quietSleep(ms: number): Promise<void> {
    await clock.sleep(ms, closing.signal).catch(() => {});
  }

  function answerOf(call: Call, route: Route, principal: Principal, request: IncomingMessage): Answer {
    const { faults, now } = call;
    for (const name of INSTEAD_FAULTS) {
      const newest = name !== 'newest-version-404' || call.version === (route.versions.at(-1) ?? 'none');
      const make = INSTEAD_ANSWERS[name];
      if (faults.has(name) && make !== undefined && newest) {
        return make({ base: url, user: principal.username, now, faults });
      }
    }
    try {
      if (
        route.requestedWith &&
        (options.demandRequestedWith ?? true) &&
        request.headers['x-requested-with'] === undefined
      ) {
        throw new Refusal(400, '1903', 'Missing required header: X-Requested-With');
      }
      if (route.parameters !== undefined) checkParams(call.params, route.parameters(call.version), now);
      return route.answer(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return simpleReturn({ base: url, now, status: error.status, code: error.code, text: error.message });
    }
  }

  function session(request: IncomingMessage, params: ReadonlyMap<string, string>, now: number): Answer {
    const action = params.get('action');
    if (request.headers['x-requested-with'] === undefined && (options.demandRequestedWith ?? true)) {
      return simpleReturn({
        base: url,
        now,
        status: 400,
        code: '1903',
        text: 'Missing required header: X-Requested-With',
        rated: false,
      });
    }
    if (action === 'login' && request.method === 'POST') {
      const id = signIn.login(params.get('username') ?? '', params.get('password') ?? '', limitsNow());
      if (id === undefined)
        return simpleReturn({ base: url, now, status: 401, code: '2000', text: 'Bad Login/Password' });
      counting.login();
      // Real cookies are also `secure`; this server has no TLS, and clients would rightly not send such a cookie back.
      const headers = { 'Set-Cookie': `QualysSession=${id}; path=/api` };
      return simpleReturn({ base: url, now, status: 200, text: 'Logged in', headers });
    }
    if (action === 'logout') {
      signIn.logout(request.headers.cookie);
      return simpleReturn({ base: url, now, status: 200, text: 'Logged out' });
    }
    return simpleReturn({
      base: url,
      now,
      status: 400,
      code: '1903',
      text: 'Missing required parameter(s): action',
      rated: false,
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return simulator;
}

/** What answers before Qualys does: the firewall, Apache, paths nobody serves. */
function frontDoor(
  request: IncomingMessage,
  path: string,
  target: string,
  faults: ActiveFaults,
  options: SimulatorOptions,
): Answer | undefined {
  if (request.headers['user-agent'] === undefined) return { status: 200, type: 'text/html', rated: false, body: [] };
  if (target.length > MAX_URL) return htmlPage(414, '414 Request-URI Too Long', 'Request-URI Too Long');
  if (path === SESSION_PATH) return undefined;
  const match = `${path}/` === SESSION_PATH ? 'slash' : matchRoute(path);
  if (match === undefined) return notFound();
  if (match === 'slash') {
    const host = request.headers.host ?? '127.0.0.1';
    return htmlPage(
      301,
      '301 Moved Permanently',
      `The document has moved <a href="http://${host}:443${path}/">here</a>.`,
      {
        Location: `http://${host}${path}/`,
      },
    );
  }
  if (match.route.ended.includes(match.version) && options.endedVersions === '404') return notFound();
  if (faults.has('newest-version-404') && match.version === (match.route.versions.at(-1) ?? 'none')) return notFound();
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

function withoutPassword(params: ReadonlyMap<string, string>): string {
  const kept = new URLSearchParams([...params].filter(([name]) => name !== 'password'));
  return kept.toString().slice(0, 500);
}
