import { type Activity, activityOf, failed } from '../activity.ts';
import type { ShapedEvent, ShapeFacts } from '../event.ts';
import { hostOf, isAddress } from '../host.ts';
import { ocsfSeverity } from '../severity.ts';
import { integer, said, saidOrNone, textAt, time } from '../values.ts';
import { nameless, type OcsfClass } from './base.ts';
import { deviceOf } from './device.ts';

const FILE_ACTIVITIES: ReadonlyMap<string, number> = new Map([
  ['create', 1],
  ['content', 3],
  ['delete', 4],
  ['rename', 5],
  ['attributes', 6],
  ['security', 7],
]);

/** A change that File Integrity Monitoring saw. Registry keys come as files of type 99. */
export function fileActivity(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const { record } = event;
  const action = textAt(record, 'action');
  const path = textAt(record, 'fullPath');
  const kind = textAt(record, 'type');
  const activity_id = FILE_ACTIVITIES.get(action?.toLowerCase() ?? '') ?? (action === undefined ? 0 : 99);
  return {
    class_uid: 1001,
    activity_id,
    severity_id: ocsfSeverity(integer(record['severity']), facts.options.severities),
    product: 'File Integrity Monitoring',
    correlation: textAt(record, 'incidentId'),
    attributes: {
      ...(activity_id === 99 ? { activity_name: action } : {}),
      actor: actorOf(event),
      device: deviceOf(hostOf(facts.dataset, record), textAt(record, 'asset', 'agentId') ?? nameless(event)),
      file: said({
        name: textAt(record, 'name') ?? path?.split(/[\\/]/).at(-1) ?? 'unknown',
        path,
        type_id: fileType(kind),
        type: kind,
      }),
    },
  };
}

function fileType(kind: string | undefined): number {
  if (kind === undefined) return 0;
  if (/^file$/i.test(kind)) return 1;
  return /^(directory|folder)$/i.test(kind) ? 2 : 99;
}

function actorOf({ record }: ShapedEvent): Record<string, unknown> {
  const pid = integer(textAt(record, 'actor', 'processID'));
  const image = textAt(record, 'actor', 'imagePath');
  const name = textAt(record, 'actor', 'process');
  const file =
    image === undefined ? undefined : { name: image.split(/[\\/]/).at(-1) || image, path: image, type_id: 1 };
  const actor = said({
    user: said({ name: textAt(record, 'actor', 'userName'), uid: textAt(record, 'actor', 'userID') }),
    // A process without its id is none in OCSF.
    process: pid === undefined ? undefined : said({ pid, name, file }),
    app_name: pid === undefined ? name : undefined,
  });
  return Object.keys(actor).length === 0 ? { app_name: 'unknown' } : actor;
}

const VERBS = { create: 1, read: 2, update: 3, delete: 4 } as const;

/** A row of the activity log: signing in and out, changes of accounts, and everything else as a call of an API. */
export function userActivity(event: ShapedEvent): OcsfClass {
  const row = activityOf(event.record);
  const bad = failed(row);
  const user = said({ name: row.user ?? 'unknown', groups: row.role === undefined ? undefined : [{ name: row.role }] });
  const common = {
    message: row.details,
    status_id: bad ? 2 : 1,
    status: bad ? 'Failure' : 'Success',
    src_endpoint: endpointOf(row),
  };
  if (row.kind === 'logon' || row.kind === 'logoff')
    return {
      class_uid: 3002,
      activity_id: row.kind === 'logon' ? 1 : 2,
      severity_id: 1,
      attributes: { ...common, user, service: { name: 'Qualys' } },
    };
  if (row.kind === 'account') {
    const activity_id = accountActivity(row);
    const activity_name = activity_id === 99 ? row.action : undefined;
    return {
      class_uid: 3001,
      activity_id,
      severity_id: 1,
      // The log names who did it; whose account it was stands in the details.
      attributes: { ...common, activity_name, actor: { user }, user: { name: row.details ?? 'unknown' } },
    };
  }
  return {
    class_uid: 6003,
    activity_id: VERBS[row.verb],
    severity_id: 1,
    attributes: {
      ...common,
      actor: { user },
      api: said({ operation: row.action ?? 'unknown', service: saidOrNone({ name: row.module }) }),
    },
  };
}

const ACCOUNT: readonly (readonly [RegExp, number])[] = [
  [/unlock/, 12],
  [/lock/, 9],
  [/password.*reset|reset.*password/, 4],
  [/password/, 3],
  [/deactivate|disable/, 5],
  [/activate|enable/, 2],
  [/delete|remove/, 6],
  [/add|create|new/, 1],
];

const accountActivity = ({ action }: Activity): number =>
  ACCOUNT.find(([pattern]) => pattern.test(action?.toLowerCase() ?? ''))?.[1] ?? 99;

const endpointOf = ({ ip }: Activity): Record<string, unknown> =>
  ip === undefined ? { name: 'unknown' } : isAddress(ip) ? { ip, uid: ip } : { name: ip };

const SCAN_STATES: ReadonlyMap<string, number> = new Map([
  ['running', 1],
  ['finished', 2],
  ['canceled', 3],
  ['cancelled', 3],
  ['error', 6],
  ['interrupted', 6],
  ['paused', 7],
  ['queued', 10],
  ['loading', 1],
]);

/** A scan, launched, running or finished. */
export function scanActivity(event: ShapedEvent, { dataset }: ShapeFacts): OcsfClass {
  const { record } = event;
  const state = textAt(record, 'STATUS', 'STATE') ?? textAt(record, 'STATUS');
  const type = textAt(record, 'TYPE');
  const activity_id = SCAN_STATES.get(state?.toLowerCase() ?? '') ?? (state === undefined ? 0 : 99);
  const start = time(record['LAUNCH_DATETIME']);
  const duration = durationOf(textAt(record, 'DURATION'));
  return {
    class_uid: 6007,
    activity_id,
    severity_id: 1,
    product: dataset === 'compliance_scans' ? 'Policy Compliance' : 'VMDR',
    attributes: {
      ...(activity_id === 99 ? { activity_name: state } : {}),
      scan: said({
        uid: textAt(record, 'REF') ?? nameless(event),
        name: textAt(record, 'TITLE'),
        type_id: type === undefined ? 0 : /schedul/i.test(type) ? 2 : /demand|api/i.test(type) ? 1 : 99,
        type,
      }),
      start_time: start,
      duration,
      end_time: activity_id === 2 && start !== undefined && duration !== undefined ? start + duration : undefined,
      status_detail: event.reason ?? textAt(record, 'STATUS', 'SUB_STATE'),
    },
  };
}

/** `2 days 03:04:05` or `03:04:05` in milliseconds; `Pending` and the like is none. */
function durationOf(said: string | undefined): number | undefined {
  const parts = /^(?:(\d{1,4}) days? )?(\d{1,3}):(\d\d):(\d\d)$/.exec(said?.trim() ?? '');
  if (parts === null) return undefined;
  const [days = 0, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000;
}
