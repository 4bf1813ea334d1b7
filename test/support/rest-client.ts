/** QPS and gateway calls for tests of the simulator, on top of `ask`. */
import type { Simulator } from '../../src/simulator/index.ts';
import { restTruthLines } from '../../src/simulator/truth-rest.ts';
import { type Ask, ask, child, type Node, parseXml, type Reply, value } from './simulator-client.ts';

export interface Criterion {
  readonly field: string;
  readonly operator: string;
  readonly value: string | number;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** A ServiceRequest in XML. */
export function serviceRequest(
  criteria: readonly Criterion[] = [],
  preferences: Readonly<Record<string, unknown>> = {},
): string {
  const asked = Object.entries(preferences).map(([name, one]) => `<${name}>${String(one)}</${name}>`);
  const filters = criteria.map(
    (one) => `<Criteria field="${one.field}" operator="${one.operator}">${escaped(String(one.value))}</Criteria>`,
  );
  return `<ServiceRequest><preferences>${asked.join('')}</preferences><filters>${filters.join('')}</filters></ServiceRequest>`;
}

/** A QPS call in XML; GET without a body. */
export function qps(sim: Simulator, path: string, body?: string, more: Ask = {}): Promise<Reply> {
  if (body === undefined) return ask(sim, `/qps/rest/${path}`, more);
  return ask(sim, `/qps/rest/${path}`, {
    ...more,
    method: 'POST',
    body,
    headers: { 'Content-Type': 'text/xml', ...more.headers },
  });
}

/** The same in JSON; the ServiceResponse, parsed. */
export async function qpsJson(sim: Simulator, path: string, request?: object): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  const options: Ask =
    request === undefined
      ? { headers }
      : { method: 'POST', headers, body: JSON.stringify({ ServiceRequest: request }) };
  const reply = await ask(sim, `/qps/rest/${path}`, options);
  return (JSON.parse(reply.text) as { ServiceResponse: Record<string, unknown> }).ServiceResponse;
}

/** Objects of a search in XML. */
export function objects(reply: Reply): readonly Node[] {
  return child(parseXml(reply.text), 'data')?.children ?? [];
}

export const idsOf = (reply: Reply): number[] => objects(reply).map((one) => Number(value(one, 'id')));

export function signIn(sim: Simulator): Promise<Reply> {
  const params = { username: sim.username, password: sim.password, token: 'true', permissions: 'true' };
  return ask(sim, '/auth', { post: true, as: undefined, params });
}

/** A call to the gateway with a token; POST unless told otherwise. */
export function gateway(sim: Simulator, token: string, path: string, body?: object, more: Ask = {}): Promise<Reply> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...more.headers };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return ask(sim, path, { as: undefined, method: 'POST', ...text, ...more, headers });
}

export interface TruthLine {
  readonly dataset: string;
  readonly key: readonly string[];
  readonly [fact: string]: unknown;
}

/** What the simulator says exists of a REST data set now. */
export function truthOf(sim: Simulator, dataset: string): TruthLine[] {
  const lines = restTruthLines(sim.world, sim.now(), (one) => one === dataset);
  return [...lines].map((line) => JSON.parse(line) as TruthLine);
}
