import { z } from 'zod';
import type { Step } from '../core/range.ts';
import { defineDataset } from './define.ts';
import { allOf, between, fimBeginning, gatewaySearch, nextOfSorted, placeOf } from './gateway.ts';

/** Rows per answer; what Qualys's own client asks for. */
const MAX_PAGE = 1000;
const WINDOW_MS = 2 * 86_400_000;
/** Events that a rule ignores stand in a list of their own. */
const IGNORED = 'ignored';

/** Windows from `from` to `to`; with `ignored` each of them twice, the second for the other list. */
function windows(from: string, to: string, ignored: boolean): Step[] {
  const steps: Step[] = [];
  const last = Date.parse(to);
  for (let at = Date.parse(from); at < last; at += WINDOW_MS) {
    const window = { from: new Date(at).toISOString(), to: new Date(Math.min(at + WINDOW_MS, last)).toISOString() };
    steps.push(window);
    if (ignored) steps.push({ ...window, part: IGNORED });
  }
  return steps;
}

export default defineDataset({
  name: 'fim_events',
  aliases: ['fim_alerts'],
  title: 'FIM events',
  about: 'Every change of a watched file, directory or registry key: what, where, by which process and user.',
  kind: 'log',
  options: z.object({
    filter: z
      .string()
      .min(1)
      .meta({ description: "Only events that match, in Qualys's query language: action:'Create' AND severity:5." })
      .optional(),
    ignored: z.boolean().default(true).meta({ description: 'Events ignored by a rule, too.' }),
  }),
  format: {
    kind: 'json',
    records: '',
    wrapped: 'data',
    fields: [
      'dateTime',
      'processedTime',
      'id',
      'name',
      'fullPath',
      'type',
      'action',
      'class',
      'severity',
      'platform',
      'changedAttributes',
      'attributes',
      'oldContent',
      'newContent',
      'customerId',
      'incidentId',
      'actor',
      'profiles',
      'asset',
    ],
  },
  key: [{ from: 'record', field: 'id' }],
  order: 'time',
  paging: {
    by: 'step',
    begin: ({ ignored }, { since, now }) => {
      const oldest = fimBeginning(now);
      const from = since === undefined || Date.parse(since) < Date.parse(oldest) ? oldest : since;
      return windows(from, now, ignored);
    },
    next: (step, answer) => nextOfSorted(step, answer, MAX_PAGE),
  },
  incremental: true,
  // Events are dated when the platform processed them; they can be searched for a little later.
  settleMs: 300_000,
  noise: [],
  time: ['processedTime', 'dateTime'],
  records: ({ filter }, { step = {}, pageSize: wanted }) => {
    const pageSize = Math.min(wanted, MAX_PAGE);
    const { from, to, part } = step;
    const window = from === undefined || to === undefined ? undefined : between('processedTime', from, to);
    const list = part === IGNORED ? 'events/ignore' : 'events';
    return gatewaySearch(`fim/${list}`, `/fim/v2/${list}/search`, {
      filter: allOf(window, filter),
      ...placeOf(step, pageSize),
      pageSize,
      sort: '[{"processedTime":"asc"},{"id":"asc"}]',
    });
  },
  // What can be searched for later than an hour after its processing time is lost: nothing sweeps a log.
  overlapMs: 3_600_000,
  scope: ({ filter, ignored }) => JSON.stringify([filter, ignored]),
  schedule: { every: 900_000 },
  pageSize: MAX_PAGE,
  fields: {
    id: { type: 'text', about: 'UUID of the event.' },
    dateTime: { type: 'date-time', about: 'When it happened on the host; zone without colon.' },
    processedTime: { type: 'date-time', about: 'When the platform processed it; the time windows are asked by.' },
    name: { type: 'text', about: 'Name of the file, directory or key.' },
    fullPath: { type: 'text', about: 'Its path.', sensitive: true },
    type: { type: 'text', about: 'File, Directory, or a kind of registry object.' },
    action: { type: 'text', about: 'Create, Delete, Content, Attributes, Security …' },
    severity: { type: 'integer', about: '1 to 5, from the rule.' },
    platform: { type: 'text', about: 'WINDOWS or LINUX.' },
    attributes: { type: 'object', about: 'Attributes before and after.' },
    oldContent: { type: 'text', about: 'Content before, where the profile records it.', sensitive: true },
    newContent: { type: 'text', about: 'Content after, where the profile records it.', sensitive: true },
    incidentId: { type: 'text', about: 'UUID of the incident it belongs to, if any.' },
    actor: { type: 'object', about: 'Process, its id and image, user and user id.', sensitive: true },
    profiles: { type: 'list', about: 'Profiles and rules that matched.' },
    asset: { type: 'object', about: 'The host: agent id, names, interfaces, system, tags.', sensitive: true },
  },
  permission: {
    roles: 'Managers see all events; others, with API Access and the FIM module, those of assets in their scope.',
    licence: 'File Integrity Monitoring (FIM).',
  },
  signIn: ['token'],
  probe: ({ filter }) => gatewaySearch('fim/events/count', '/fim/v2/events/count', { filter }),
  destinations: {
    devo: 'monitor.qualys.fim.event',
    interflow: 'qualys_fim_events',
    elastic: 'qualys_fim.event',
    ocsf: 'file_activity',
  },
  example: {
    dateTime: '2021-02-15T09:05:49.980+0000',
    processedTime: '2021-02-15T09:05:53.800+0000',
    id: '75539bc1-6b2f-4d93-8b0e-8e56b7e0a001',
    name: 'hosts',
    fullPath: '/etc/hosts',
    type: 'File',
    action: 'Content',
    severity: 4,
    platform: 'LINUX',
    actor: { process: 'vi', processID: 8932, userName: 'root' },
  },
  links: ['https://docs.qualys.com/en/fim/api/get_started/get_started.htm'],
});
