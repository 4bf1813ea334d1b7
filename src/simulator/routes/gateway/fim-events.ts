/**
 * FIM events (reference, 8): `/fim/v2/events/{search,count}`, one by id, the same for ignored ones, and the events of
 * an incident. An ignored event leaves the one list for the other. Rows are ordered by processedTime or dateTime, then
 * by id where asked; equal ones in no promised order otherwise, as at Qualys.
 */
import { type FimEvent, fimEventById, fimEvents, fimStart, incidentOf, isIgnored, LAG } from '../../world/fim.ts';
import { fimIncidents } from '../../world/fim-incident.ts';
import { json, jsonAnswer, type RestCall, RestRefusal, type RestRoute } from '../rest.ts';
import type { Answer } from '../route.ts';
import { eventRecord } from './fim-record.ts';
import { compareValues, type FimRequest, type Row, readFimRequest, rowsText } from './fim-search.ts';
import { boundsOf, holds, type Query, valuesAt } from './qql.ts';

const SORTABLE = ['dateTime', 'processedTime', 'id'];
const FIELDS = [
  ...SORTABLE,
  'name',
  'fullPath',
  'type',
  'action',
  'class',
  'severity',
  'platform',
  'profiles',
  'actor',
  'asset',
  'incidentId',
];

/** Which events a path is about, and when those were processed. */
interface Scope {
  readonly from: number;
  readonly to: number;
  has(event: FimEvent): boolean;
}

const EVER = { from: 0, to: Number.MAX_SAFE_INTEGER };
const current = ({ now }: RestCall): Scope => ({ ...EVER, has: (event) => !isIgnored(event, now) });
const ignored = ({ now }: RestCall): Scope => ({ ...EVER, has: (event) => isIgnored(event, now) });

function ofIncident({ world, now, id }: RestCall): Scope {
  for (const incident of fimIncidents(world, now, fimStart(world))) {
    if (incident.id !== id) continue;
    return { from: incident.from, to: incident.to, has: (event) => incidentOf(world, event, now) === id };
  }
  return { from: 0, to: -1, has: () => false };
}

export function eventRoutes(base: string): readonly RestRoute[] {
  const route = (methods: readonly string[], path: string, answer: RestRoute['answer']): RestRoute => {
    return { family: 'gateway', methods, path: base + path, answer };
  };
  return [
    ...[
      ['/v2/events', current] as const,
      ['/v2/events/ignore', ignored] as const,
      ['/v2/incidents/{id}/events', ofIncident] as const,
      ['/v3/incidents/{id}/events', ofIncident] as const,
    ].flatMap(([path, scope]) => [
      route(['POST'], `${path}/search`, (call) => search(call, scope(call))),
      route(['POST'], `${path}/count`, (call) => count(call, scope(call))),
    ]),
    route(['GET'], '/v2/events/ignore/{id}', (call) => get(call, ignored(call))),
    route(['GET'], '/v2/events/{id}', (call) => get(call, current(call))),
  ];
}

function search(call: RestCall, scope: Scope): Answer {
  const request = readFimRequest(call, FIELDS, SORTABLE);
  function* body(): Generator<string> {
    const rows: Row[] = [];
    let skip = request.skip;
    for (const event of request.pageSize === 0 ? [] : ordered(call, request, scope)) {
      if (event === undefined) yield '';
      else if (skip > 0) skip--;
      else {
        const data = (): object => eventRecord(call.world, event, call.now);
        if (rows.push({ sortValues: sortValues(event, request), data }) === request.pageSize) break;
      }
    }
    yield* rowsText(rows, true, call);
  }
  return jsonAnswer(body());
}

function count(call: RestCall, scope: Scope): Answer {
  const request = readFimRequest(call, FIELDS, SORTABLE);
  function* body(): Generator<string> {
    let found = 0;
    const groups: Record<string, number> = {};
    for (const event of matching(call, request, scope, false)) {
      if (event === undefined) {
        yield '';
        continue;
      }
      found++;
      if (request.groupBy === undefined) continue;
      for (const value of valuesAt(eventRecord(call.world, event, call.now), request.groupBy)) {
        groups[String(value)] = (groups[String(value)] ?? 0) + 1;
      }
    }
    yield json(request.groupBy === undefined ? { count: found } : groups);
  }
  return jsonAnswer(body());
}

function get(call: RestCall, scope: Scope): Answer {
  const event = fimEventById(call.world, call.now, call.id);
  if (event === undefined || !scope.has(event)) throw new RestRefusal(404, `No event ${call.id}`);
  return jsonAnswer([json(eventRecord(call.world, event, call.now))]);
}

const timeOrId = (event: FimEvent, field: string): string | number =>
  field === 'processedTime' ? event.processed : field === 'dateTime' ? event.happened : event.id;

function sortValues(event: FimEvent, { sort }: FimRequest): (string | number)[] {
  return sort.map(({ field }) => timeOrId(event, field));
}

/** What the filter selects, by processing time. */
function* matching(
  call: RestCall,
  request: FimRequest,
  scope: Scope,
  descending: boolean,
): Generator<FimEvent | undefined> {
  const { world } = call;
  const now = call.now - (call.faults.number('fim-late', 1_800_000) ?? 0);
  const { query, after, sort } = request;
  const processed = boundsOf(query, 'processedTime');
  const happened = boundsOf(query, 'dateTime');
  let from = Math.max(processed.from, happened.from, scope.from);
  let to = Math.min(processed.to, happened.to + LAG, scope.to);
  const [first] = sort;
  const [cursor] = after ?? [];
  if (typeof cursor === 'number' && first !== undefined && first.field !== 'id') {
    if (!first.descending) from = Math.max(from, cursor);
    else to = Math.min(to, first.field === 'dateTime' ? cursor + LAG : cursor);
  }
  const plain = onlyTimes(query);
  let passed = 0;
  for (const event of fimEvents(world, now, from, to, descending)) {
    if (event === undefined) yield undefined;
    else if (scope.has(event) && holdsFor(call, query, event, plain)) yield event;
    else if (++passed % 500 === 0) yield undefined;
  }
}

/** The record itself is made only for a query that asks for more than times. */
function holdsFor({ world, now }: RestCall, query: Query, event: FimEvent, plain: boolean): boolean {
  if (plain) return holds(query, (field) => [timeOrId(event, field)]);
  const record = eventRecord(world, event, now);
  return holds(query, (field) => valuesAt(record, field));
}

function onlyTimes(query: Query): boolean {
  if (query.kind === 'all') return true;
  if (query.kind === 'not') return onlyTimes(query.part);
  if (query.kind === 'term') return SORTABLE.includes(query.field);
  return query.parts.every(onlyTimes);
}

/**
 * In the order asked for. Events come by processing time; one that is sorted by when it happened waits until no other
 * can come before it any more, LAG at most.
 */
function* ordered(call: RestCall, request: FimRequest, scope: Scope): Generator<FimEvent | undefined> {
  const { sort, after } = request;
  const [first] = sort;
  if (first === undefined || first.field === 'id')
    throw new RestRefusal(400, 'sort by dateTime or processedTime first');
  const { descending, field } = first;
  let waiting: FimEvent[] = [];
  const byOrder = (a: FimEvent, b: FimEvent): number =>
    compareValues(sortValues(a, request), sortValues(b, request), sort);
  const isAfter = (event: FimEvent): boolean =>
    after === undefined || compareValues(sortValues(event, request), after, sort) > 0;
  const ready = (at: number): FimEvent[] => {
    const settled = (event: FimEvent): boolean => {
      const value = Number(timeOrId(event, field));
      return descending ? value > at : value < (field === 'dateTime' ? at - LAG : at);
    };
    const out = waiting.filter(settled).sort(byOrder);
    if (out.length > 0) waiting = waiting.filter((event) => !settled(event));
    return out;
  };
  let reached: number | undefined;
  for (const event of matching(call, request, scope, descending)) {
    if (event === undefined) {
      yield undefined;
      continue;
    }
    if (event.processed !== reached) yield* ready(event.processed);
    reached = event.processed;
    if (isAfter(event)) waiting.push(event);
  }
  yield* waiting.sort(byOrder);
}
