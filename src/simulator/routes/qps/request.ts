/** What a QPS client asks for (reference, 2.1): preferences and Criteria, in XML or JSON; no body asks for everything. */
import { type RequestNode, readRequestXml } from '../../request-xml.ts';
import { type RestCall, RestRefusal } from '../rest.ts';

export interface Criterion {
  readonly field: string;
  readonly operator: string;
  readonly value: string;
}

export interface QpsRequest {
  /** 1 to 1000; 100 by default. */
  readonly limit: number;
  /** Ordinal of the first object, from 1; and its id at least. */
  readonly offset: number;
  readonly startFromId: number;
  readonly verbose: boolean;
  readonly criteria: readonly Criterion[];
}

/** JSON only when both headers say so; Qualys falls back to XML. */
export function wantsJson({ contentType, accept }: Pick<RestCall, 'contentType' | 'accept'>): boolean {
  return accept.includes('json') && (contentType === '' || contentType.includes('json'));
}

/** Throws RestRefusal (status 200, INVALID_REQUEST) for what cannot be read. */
export function readQpsRequest(call: RestCall): QpsRequest {
  const { preferences, criteria } = readBody(call);
  const number = (name: string, low: number, high: number, fallback: number): number => {
    const text = preferences.get(name)?.trim();
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      const resolution = `Specify a value between ${low} and ${high}.`;
      throw new RestRefusal(200, `Preferences: Invalid value for '${name}' (${text}).`, 'INVALID_REQUEST', resolution);
    }
    return value;
  };
  return {
    limit: Math.min(number('limitResults', 1, 1000, 100), call.faults.number('page-size-capped', 10) ?? 1000),
    offset: number('startFromOffset', 1, Number.MAX_SAFE_INTEGER, 1),
    startFromId: number('startFromId', 0, Number.MAX_SAFE_INTEGER, 0),
    verbose: preferences.get('verbose')?.trim() === 'true',
    criteria,
  };
}

interface Body {
  readonly preferences: ReadonlyMap<string, string>;
  readonly criteria: readonly Criterion[];
}

const EMPTY: Body = { preferences: new Map(), criteria: [] };

function readBody({ body, contentType }: RestCall): Body {
  if (body.trim() === '') return EMPTY;
  if (contentType.includes('json')) return readJson(body);
  const root = readRequestXml(body);
  if (root?.name !== 'ServiceRequest') throw unreadable();
  const section = (name: string): readonly RequestNode[] =>
    root.children.find((one) => one.name === name)?.children ?? [];
  return {
    preferences: new Map(section('preferences').map(({ name, text }) => [name, text])),
    criteria: section('filters').map(({ name, attributes, text }) => {
      const { field, operator } = attributes;
      if (name !== 'Criteria' || field === undefined || operator === undefined) throw unreadable();
      return { field, operator, value: text.trim() };
    }),
  };
}

function readJson(body: string): Body {
  let request: { preferences?: Record<string, unknown>; filters?: { Criteria?: unknown } };
  try {
    request = (JSON.parse(body) as { ServiceRequest?: object }).ServiceRequest ?? {};
  } catch {
    throw unreadable();
  }
  const given = request.filters?.Criteria ?? [];
  const list = (Array.isArray(given) ? given : [given]) as Record<string, unknown>[];
  return {
    preferences: new Map(Object.entries(request.preferences ?? {}).map(([name, value]) => [name, String(value)])),
    criteria: list.map(({ field, operator, value }) => {
      if (typeof field !== 'string' || typeof operator !== 'string') throw unreadable();
      return { field, operator, value: String(value ?? '') };
    }),
  };
}

function unreadable(): RestRefusal {
  return new RestRefusal(
    200,
    'The request body could not be read.',
    'INVALID_REQUEST',
    'Specify a well-formed ServiceRequest.',
  );
}
