/** `/api/2.0/fo/activity_log/`: User Activity Log, CSV, newest first (reference, section 5; a captured body). */
import { ACTIVITY_COLUMNS, type ActivityRow, activityFields } from '../activity-log.ts';
import { csvLine } from '../csv.ts';
import { readLogDate } from '../params.ts';
import type { Answer, Call, Route } from './route.ts';

const ROLES = [
  'Manager',
  'Unit Manager',
  'Auditor',
  'Scanner',
  'Reader',
  'KnowledgeBase Only',
  'Remediation User',
  'Contact',
];
const DEFAULT_LIMIT = 1000;

export const activityLog: Route = {
  path: '/api/{version}/fo/activity_log/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    output_format: ['csv', 'CSV'],
    user_action: 'free',
    action_details: 'free',
    username: 'free',
    user_role: ROLES,
    since_datetime: 'log-date',
    until_datetime: 'log-date',
    truncation_limit: 'count',
    id_min: 'count',
    id_max: 'count',
  }),
  answer: (call): Answer => ({ status: 200, type: 'text/csv;charset=UTF-8', rated: true, body: log(call) }),
};

function* log(call: Call): Generator<string> {
  const { faults, params } = call;
  const asked = Number(params.get('truncation_limit') ?? DEFAULT_LIMIT);
  const cap = faults.number('page-size-capped', 10);
  const limit = cap === undefined ? asked : asked === 0 ? cap : Math.min(asked, cap);
  const marked = !faults.has('activity-plain');
  const cut = faults.has('activity-cut') || faults.has('activity-cut-quoted');
  yield (marked ? '----BEGIN_RESPONSE_BODY_CSV\n' : '') + csvLine(ACTIVITY_COLUMNS);
  let count = 0;
  let first: ActivityRow | undefined;
  let last: ActivityRow | undefined;
  let goOn: number | undefined;
  // One row is held back, so that a cut can fall on the last one.
  let held = '';
  for (const row of admitted(call)) {
    if (row === undefined) {
      yield '';
      continue;
    }
    if (count === 0 && faults.has('empty-page-with-warning') && params.get('id_max') !== String(row.id)) {
      goOn = row.id;
      break;
    }
    if (limit > 0 && count === limit) {
      if (faults.has('next-url-loop')) goOn = first!.id;
      else if (faults.has('duplicate-host')) goOn = last!.id;
      // One more than the next id, where that is nobody's, is as right as the id itself, and makes the next page empty.
      else goOn = faults.has('empty-page-with-warning') && row.id + 1 < last!.id ? row.id + 1 : row.id;
      break;
    }
    first ??= row;
    last = row;
    if (held !== '') yield held;
    held = csvLine(activityFields(row));
    count++;
  }
  if (cut) {
    if (faults.has('activity-cut-quoted')) yield held.slice(0, held.indexOf('","') + 5);
    return;
  }
  yield held + (marked ? '----END_RESPONSE_BODY_CSV\n' : '');
  if (goOn !== undefined) yield footer(call, limit, String(goOn));
  else if (faults.has('activity-last-footer')) yield footer(call, limit, undefined);
}

/** The rows a call asks for; `undefined` is a breath. */
function* admitted(call: Call): Generator<ActivityRow | undefined> {
  const { params, now, activity } = call;
  const since = readLogDate(params.get('since_datetime') ?? '') ?? 0;
  const until = readLogDate(params.get('until_datetime') ?? '') ?? Number.POSITIVE_INFINITY;
  const idMin = Number(params.get('id_min') ?? 0);
  const idMax = Number(params.get('id_max') ?? Number.MAX_SAFE_INTEGER);
  const actions = params.get('user_action')?.split(',');
  const is = (name: string, value: string): boolean => !params.has(name) || params.get(name) === value;
  for (const row of activity.rows(now, { idMax, since })) {
    if (row.id < idMin) return;
    const wanted =
      row.at <= until &&
      (actions === undefined || actions.includes(row.action)) &&
      is('username', row.user) &&
      is('user_role', row.role) &&
      row.details.includes(params.get('action_details') ?? '');
    yield wanted ? row : undefined;
  }
}

/** The way on, as captured: the call's own URL with the id the next page begins at. */
function footer(call: Call, limit: number, idMax: string | undefined): string {
  const query = new URLSearchParams([...call.params].filter(([name]) => name !== 'id_max'));
  if (idMax !== undefined) query.set('id_max', idMax);
  const text = `${limit} record limit exceeded. Use URL to get next batch of results.`;
  return `----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n${csvLine(['CODE', 'TEXT', 'URL'])}${csvLine(['1980', text, `${call.base}${call.path}?${query}`])}----END_RESPONSE_FOOTER_CSV\n`;
}
