/** `/simulator/…`: the strings the puppeteer pulls. JSON in and out, no sign-in: the server listens on 127.0.0.1 only. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FaultSetting, isFaultName, parseFault } from './faults.ts';
import type { Simulator } from './simulator.ts';
import { writeTruth } from './truth.ts';
import { DAY, stamp } from './world/time.ts';

export interface ControlCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly body: string;
  readonly simulator: Simulator;
}

/** The endpoints, for help texts and the guide. */
export const CONTROL_ENDPOINTS = {
  'GET /simulator/': 'seed, hosts, virtual time',
  'GET /simulator/counters': 'what was called, refused, abandoned; the last 1000 calls',
  'POST /simulator/reset-counters': 'counters to zero, accounts unlocked',
  'POST /simulator/advance': 'moves virtual time forward: {"ms": n} or {"days": n}',
  'GET /simulator/faults': 'the faults set',
  'POST /simulator/faults':
    'sets one: {"fault": "truncated-at=5000*3"} or {"name", "argument", "count", "after", "path"}',
  'DELETE /simulator/faults': 'clears all, or {"name"}',
  'GET /simulator/truth': 'what exists now, NDJSON, from the generator',
} as const;

export async function handleControl({ request, response, path, body, simulator }: ControlCall): Promise<void> {
  const json = (status: number, value: unknown): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(`${JSON.stringify(value)}\n`);
  };
  try {
    switch (`${request.method} ${path}`) {
      case 'GET /simulator/': {
        const { seed, hosts } = simulator.world;
        json(200, { seed, hosts, now: stamp(simulator.now()), endpoints: CONTROL_ENDPOINTS });
        return;
      }
      case 'GET /simulator/counters':
        json(200, simulator.counters());
        return;
      case 'POST /simulator/reset-counters':
        simulator.resetCounters();
        json(200, {});
        return;
      case 'POST /simulator/advance': {
        const asked = object(body);
        simulator.advance(number(asked['ms'], 0) + number(asked['days'], 0) * DAY);
        json(200, { now: stamp(simulator.now()) });
        return;
      }
      case 'GET /simulator/faults':
        json(200, simulator.faults());
        return;
      case 'POST /simulator/faults':
        simulator.setFault(setting(object(body)));
        json(200, simulator.faults());
        return;
      case 'DELETE /simulator/faults': {
        const name = body === '' ? undefined : object(body)['name'];
        if (typeof name === 'string' && !isFaultName(name)) throw new RangeError(`no fault is named ${name}`);
        simulator.clearFaults(typeof name === 'string' && isFaultName(name) ? name : undefined);
        json(200, simulator.faults());
        return;
      }
      case 'GET /simulator/truth':
        response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
        await writeTruth(simulator.world, simulator.now(), response, simulator.activity);
        response.end();
        return;
      default:
        json(404, { error: `no ${request.method} ${path}`, endpoints: CONTROL_ENDPOINTS });
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else json(400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function object(body: string): Record<string, unknown> {
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null) throw new TypeError('a JSON object is expected');
  return value as Record<string, unknown>;
}

function number(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new TypeError('a number is expected');
  return value;
}

function setting(asked: Record<string, unknown>): FaultSetting {
  if (typeof asked['fault'] === 'string') return parseFault(asked['fault']);
  const { name, argument, count, after, path } = asked;
  if (typeof name !== 'string' || !isFaultName(name)) throw new RangeError(`no fault is named ${String(name)}`);
  return {
    name,
    ...(argument === undefined ? {} : { argument: String(argument) }),
    ...(count === undefined ? {} : { count: number(count, 0) }),
    ...(after === undefined ? {} : { after: number(after, 0) }),
    ...(typeof path === 'string' ? { path } : {}),
  };
}
