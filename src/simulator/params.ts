/**
 * Request parameters: names are case-sensitive, a repeated name keeps its last value, an unknown one is an error.
 * Texts are Qualys's (Appendix D; the one for bad ids is recorded).
 */
import { Refusal } from './refusal.ts';

export type Kind =
  | 'free'
  | 'flag' // 0 or 1
  | 'ids' // 1,2,10-20
  | 'ips' // a.b.c.d and a.b.c.d-a.b.c.e
  | 'count' // 0, 1, 2 …
  | 'date' // YYYY-MM-DD[THH:MM:SSZ], not in the future
  | 'moment' // the same, in the future as well
  | 'log-date' // a moment, or YYYY-MM-DD HH:MM:SS
  | 'severities' // 1-3,5
  | 'unsimulated' // documented by Qualys, not simulated: refused rather than silently ignored
  | readonly string[]; // one of these

export type ParameterKinds = Readonly<Record<string, Kind>>;

/** Query string and form body together; the body wins. */
export function readParams(query: string, body: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const text of [query, body]) {
    for (const [name, value] of new URLSearchParams(text)) params.set(name, value);
  }
  return params;
}

/** Throws Refusal (400) for the first thing wrong with a call of a list action. */
export function checkParams(params: ReadonlyMap<string, string>, kinds: ParameterKinds, now: number): void {
  actionOf(params, ['list']);
  checkValues(params, { ...kinds, action: 'free' }, now);
}

/** The action of a call; throws Refusal where it is none of `actions`. */
export function actionOf<A extends string>(params: ReadonlyMap<string, string>, actions: readonly A[]): A {
  const action = params.get('action');
  if (action === undefined || action === '') throw new Refusal(400, '1903', 'Missing required parameter(s): action');
  const known = actions.find((one) => one === action);
  if (known === undefined) throw invalid('action', action, `must be one of: ${actions.join(', ')}`);
  return known;
}

/** The same without an action, for the first API and where the action decides which parameters there are. */
export function checkValues(params: ReadonlyMap<string, string>, kinds: ParameterKinds, now: number): void {
  const unknown = [...params.keys()].filter((name) => !Object.hasOwn(kinds, name));
  if (unknown.length > 0) throw new Refusal(400, '1901', `Unrecognized parameter(s): ${unknown.join(', ')}`);
  for (const [name, value] of params) {
    const kind = kinds[name];
    if (kind !== undefined) checkValue(name, value, kind, now);
  }
}

/** Throws Refusal 1904 when more than one of `names` is given. */
export function atMostOne(params: ReadonlyMap<string, string>, ...names: string[]): void {
  const given = names.filter((name) => params.has(name));
  if (given.length > 1) {
    throw new Refusal(400, '1904', `Please specify only one of these parameters: ${names.join(', ')}`);
  }
}

function checkValue(name: string, value: string, kind: Kind, now: number): void {
  if (kind === 'free') return;
  if (kind === 'unsimulated') {
    const text = `The following combination of key=value pairs is not supported: ${name}=${value} (not simulated)`;
    throw new Refusal(400, '1907', text);
  }
  if (kind === 'flag') {
    if (value !== '0' && value !== '1') throw invalid(name, value, 'must be 0 or 1');
  } else if (kind === 'count') {
    if (!/^\d{1,15}$/.test(value)) throw invalid(name, value, 'not a non-negative integer');
  } else if (kind === 'ids') {
    for (const part of value.split(',')) {
      if (!/^\s*[1-9]\d{0,14}(-[1-9]\d{0,14})?\s*$/.test(part)) {
        throw invalid(name, value, `neither a positive integer nor a range: ${part}`);
      }
    }
  } else if (kind === 'ips') {
    for (const part of value.split(',')) {
      if (!IP_OR_RANGE.test(part.trim())) throw invalid(name, value, `neither an IP nor a range: ${part}`);
    }
  } else if (kind === 'severities') {
    if (!/^[1-5](-[1-5])?(,[1-5](-[1-5])?)*$/.test(value)) throw invalid(name, value, 'severities are 1 to 5');
  } else if (kind === 'log-date') {
    if (readLogDate(value) === undefined) throw invalid(name, value, 'date must be YYYY-MM-DD[ HH:MM:SS]');
  } else if (kind === 'date' || kind === 'moment') {
    const at = readDate(value);
    if (at === undefined) throw invalid(name, value, 'date must be YYYY-MM-DD[THH:MM:SSZ]');
    if (kind === 'date' && at > now) throw invalid(name, value, 'date is in the future');
  } else if (!kind.includes(value)) {
    throw invalid(name, value, `must be one of: ${kind.join(', ')}`);
  }
}

export function invalid(name: string, value: string, why: string): Refusal {
  return new Refusal(400, '1905', `parameter ${name} has invalid value: ${value} (${why})`);
}

const OCTETS = '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}';
const IP_OR_RANGE = new RegExp(`^${OCTETS}(-${OCTETS})?$`);

/** Milliseconds since 1970 of a Qualys date; a date alone is its midnight UTC. Undefined for anything else. */
export function readDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** The same, or `YYYY-MM-DD HH:MM:SS` as the activity log's page has it. */
export function readLogDate(text: string): number | undefined {
  return readDate(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(' ', 'T')}Z` : text);
}

/** The ranges of an ids parameter, both ends included, merged and ascending. */
export function readIds(text: string): [number, number][] {
  const ranges = text.split(',').map((part): [number, number] => {
    const [first, last] = part.trim().split('-').map(Number);
    return [first!, last ?? first!];
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const before = merged.at(-1);
    if (before !== undefined && range[0] <= before[1] + 1) before[1] = Math.max(before[1], range[1]);
    else merged.push(range);
  }
  return merged;
}

export function ipNumber(ip: string): number {
  return ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function readIps(text: string): [number, number][] {
  return text.split(',').map((part): [number, number] => {
    const [first, last] = part.trim().split('-');
    return [ipNumber(first!), ipNumber(last ?? first!)];
  });
}

export function inRanges(value: number, ranges: readonly (readonly [number, number])[]): boolean {
  return ranges.some(([first, last]) => value >= first && value <= last);
}
