import { z } from 'zod';
import type { Step } from '../core/range.ts';
import { defineDataset, params } from './define.ts';

/** Asked for nothing older, Qualys answers with what the subscription's own setting says; nothing is older than this. */
const BEFORE_EVERYTHING = '2000-01-01T00:00:00Z';

export default defineDataset({
  name: 'user_activity',
  aliases: [],
  title: 'User activity log',
  about: 'Every row of the activity log: who signed in, launched, changed or purged what, and each call of the API.',
  kind: 'log',
  options: z.object({
    exclude_self: z
      .boolean()
      .default(false)
      .meta({ description: 'Leave out the calls this connection’s own user makes, Quarry’s among them.' }),
    user_action: z
      .string()
      .min(1)
      .meta({ description: 'Only rows with this action: login, launch, finished, request, purge …' })
      .optional(),
    username: z.string().min(1).meta({ description: 'Only rows of this user.' }).optional(),
  }),
  format: {
    kind: 'csv',
    fields: ['Date', 'Action', 'Module', 'Details', 'User Name', 'User Role', 'User IP'],
  },
  // Rows have no id: equal ones of a second are counted, and what is counted is the whole row.
  key: [
    { from: 'record', field: 'Date' },
    { from: 'fingerprint', field: 'fingerprint' },
    { from: 'occurrence', field: 'occurrence' },
  ],
  order: 'time',
  paging: {
    by: 'step',
    begin: (_, { since }) => [since === undefined ? {} : { from: since }],
    // Newest first: the next answer begins at a lower row number, always.
    next: (step, { nextParams }): Step | undefined => {
      const next = nextParams?.['id_max'];
      if (next === undefined) return undefined;
      const goesDown = step.cursor === undefined || Number(next) < Number(step.cursor);
      return { ...step, cursor: goesDown ? next : (step.cursor ?? next) };
    },
  },
  incremental: true,
  skips: ({ exclude_self }, principal) =>
    exclude_self ? (view) => view.text('Action') === 'request' && view.text('User Name') === principal : undefined,
  noise: [],
  time: ['Date'],
  records: (options, { step, pageSize }) => ({
    api: 'activity_log',
    path: '/api/2.0/fo/activity_log/',
    method: 'POST',
    params: params({
      action: 'list',
      since_datetime: step?.from ?? BEFORE_EVERYTHING,
      until_datetime: step?.to,
      id_max: step?.cursor,
      user_action: options.user_action,
      username: options.username,
      truncation_limit: String(pageSize),
    }),
  }),
  // Rows are written with a delay of seconds to minutes; an hour read again is one call nearly always.
  overlapMs: 3_600_000,
  scope: ({ user_action, username }) => JSON.stringify([user_action, username]),
  schedule: { every: 900_000 },
  pageSize: 1000,
  fields: {
    Date: { type: 'date-time', about: 'When it happened, UTC, whole seconds.' },
    Action: { type: 'text', about: 'login, request, launch, finished, purge, set …' },
    Module: { type: 'text', about: 'Part of Qualys: auth, scan, host, report …' },
    Details: { type: 'text', about: 'What exactly, in words; may be long.', sensitive: true },
    'User Name': { type: 'text', about: 'Login; shown to Managers and Unit Managers only.', sensitive: true },
    'User Role': { type: 'text', about: 'Role at the time.' },
    'User IP': { type: 'text', about: 'Address the user came from.', sensitive: true },
  },
  permission: {
    roles: 'Managers see all rows; Unit Managers those of their business unit; others their own, without user names.',
    licence: 'Any subscription with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.useractivitylog',
    interflow: 'qualys_user_activity',
    elastic: 'qualys_vmdr.user_activity',
    ocsf: 'api_activity',
  },
  example: {
    Date: '2020-09-23T21:39:10Z',
    Action: 'request',
    Module: 'auth',
    Details: 'API: /api/2.0/fo/activity_log/index.php',
    'User Name': 'quays_ab1',
    'User Role': 'Manager',
    'User IP': '192.0.2.19',
  },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-activity-log/activity_log.htm'],
});
