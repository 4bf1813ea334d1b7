/** FIM incidents (reference, 8): v3 wraps rows with their sort values, v2 gives them flat. */
import { fimStart, RETENTION } from '../../world/fim.ts';
import { fimIncidents } from '../../world/fim-incident.ts';
import { json, jsonAnswer, type RestCall, type RestRoute } from '../rest.ts';
import type { Answer } from '../route.ts';
import { incidentRecord } from './fim-record.ts';
import { compareValues, type FimRequest, type Row, readFimRequest, rowsText } from './fim-search.ts';
import { holds, valuesAt } from './qql.ts';

const SORTABLE = ['createdBy.date', 'lastUpdatedBy.date', 'id', 'name'];
const FIELDS = [
  'id',
  'name',
  'type',
  'status',
  'createdBy',
  'lastUpdatedBy',
  'approvalStatus',
  'changeType',
  'ruleName',
  'deleted',
];

export function incidentRoutes(base: string): readonly RestRoute[] {
  const route = (path: string, answer: RestRoute['answer']): RestRoute => {
    return { family: 'gateway', methods: ['POST'], path: base + path, answer };
  };
  return [
    route('/v3/incidents/search', (call) => search(call, true)),
    route('/v2/incidents/search', (call) => search(call, false)),
    route('/v3/incidents/count', count),
    route('/v2/incidents/count', count),
  ];
}

function search(call: RestCall, wrapped: boolean): Answer {
  const request = readFimRequest(call, FIELDS, SORTABLE);
  const { sort, after, skip, pageSize } = request;
  const rows: Row[] = matching(call, request)
    .map((record) => ({
      sortValues: sort.map(({ field }) => valuesAt(record, field)[0] as string | number),
      data: () => record,
    }))
    .filter(({ sortValues }) => after === undefined || compareValues(sortValues, after, sort) > 0)
    .sort((a, b) => compareValues(a.sortValues, b.sortValues, sort))
    .slice(skip, skip + pageSize);
  return jsonAnswer(rowsText(rows, wrapped, call));
}

function count(call: RestCall): Answer {
  const found = matching(call, readFimRequest(call, FIELDS, SORTABLE));
  return jsonAnswer([json({ count: found.length })]);
}

/** Two hours make one, so that a year has a few thousand. */
function matching({ world, now }: RestCall, { query }: FimRequest): object[] {
  const start = Math.max(fimStart(world), now - RETENTION);
  return [...fimIncidents(world, now, start)]
    .map((incident) => incidentRecord(incident, now))
    .filter((record) => holds(query, (field) => valuesAt(record, field)));
}
