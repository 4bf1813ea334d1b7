/** Reads the lists of addresses, groups, reports, tickets, users, appliances and compliance off a simulator. */
import { expect } from 'vitest';
import type { Simulator } from '../../src/simulator/index.ts';
import { recordsTruthLines } from '../../src/simulator/truth-records.ts';
import { all, ask, child, type Node, nextIdMin, parseXml, value } from './simulator-client.ts';

export const IPS = '/api/2.0/fo/asset/ip/';
export const GROUPS = '/api/2.0/fo/asset/group/';
export const REPORTS = '/api/2.0/fo/report/';
export const TICKETS = '/msp/ticket_list.php';
export const USERS = '/msp/user_list.php';
export const APPLIANCES = '/api/2.0/fo/appliance/';
export const SCANS = '/api/2.0/fo/scan/compliance/';
export const CONTROLS = '/api/3.0/fo/compliance/control/';
export const POLICIES = '/api/4.0/fo/compliance/policy/';
export const POSTURES = '/api/2.0/fo/compliance/posture/info/';

export type Params = Record<string, string | number>;

export async function list(of: Simulator, path: string, params: Params = {}): Promise<Node> {
  const reply = await ask(of, path, { params: path.startsWith('/api') ? { action: 'list', ...params } : params });
  expect(reply.status, reply.text.slice(0, 500)).toBe(200);
  expect(reply.headers['x-ratelimit-limit']).toBeDefined();
  return parseXml(reply.text);
}

/** All pages by the id_min their WARNINGs name. */
export async function pages(of: Simulator, path: string, params: Params): Promise<Node[]> {
  const found: Node[] = [];
  for (let idMin: number | undefined = 0; idMin !== undefined; ) {
    const root: Node = await list(of, path, { ...params, ...(idMin === 0 ? {} : { id_min: idMin }) });
    found.push(root);
    idMin = nextIdMin(root);
  }
  return found;
}

/** All pages of tickets, each from the number after the last of the one before. */
export async function ticketPages(of: Simulator, params: Params = {}): Promise<Node[]> {
  const found: Node[] = [];
  for (let since: number | undefined = 0; since !== undefined; ) {
    const root = await list(of, TICKETS, { ...params, since_ticket_number: since });
    found.push(root);
    const last: string | undefined = child(root, 'TRUNCATION')?.attributes['last'];
    since = last === undefined ? undefined : Number(last) + 1;
  }
  return found;
}

export interface TruthLine {
  readonly dataset: string;
  readonly key: readonly string[];
  readonly [field: string]: unknown;
}

export function truth(of: Simulator, dataset: string): TruthLine[] {
  const lines = recordsTruthLines(of.world, of.now(), (one) => one === dataset);
  return [...lines].map((line) => JSON.parse(line) as TruthLine);
}

/** Keys of the truth, their parts joined by `|`. */
export function keys(of: Simulator, dataset: string): string[] {
  return truth(of, dataset).map(({ key }) => key.join('|'));
}

/** One value of every element of a name. */
export function values(roots: Node | readonly Node[], element: string, name: string): string[] {
  const list = 'children' in roots ? [roots] : roots;
  return list.flatMap((root) => all(root, element).map((one) => value(one, name) ?? ''));
}
