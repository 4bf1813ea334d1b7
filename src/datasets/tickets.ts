import { z } from 'zod';
import type { Ask, Call, StepPaging } from '../core/dataset.ts';
import type { Fields } from '../core/words.ts';
import { defineDataset, params } from './define.ts';
import { inEnvelope } from './paging.ts';

const STATES = ['OPEN', 'RESOLVED', 'CLOSED', 'IGNORED'] as const;

const options = z.object({
  states: z
    .array(z.enum(STATES))
    .min(1)
    .default([...STATES])
    .meta({ description: 'Ticket states to read; all of them by default.' }),
  show_vuln_details: z.boolean().default(false).meta({
    description:
      'Diagnosis, consequence, solution and result with each ticket; the KnowledgeBase has the first three once.',
  }),
});
type Options = z.output<typeof options>;

/**
 * What is read one after the other: all tickets; or those modified and then all open ones, since a ticket whose
 * vulnerability is merely found again does not count as modified.
 */
type Pass = 'all' | 'modified' | 'open';

/** A cursor is the pass and the first ticket number that is wanted. */
const cursorOf = (pass: Pass, first: number): string => `${pass} ${first}`;

function passOf({ step, since }: Ask): { pass: Pass; first: string } {
  const [pass = since === undefined ? 'all' : 'modified', first = '1'] = step?.cursor?.split(' ') ?? [];
  return { pass: pass as Pass, first };
}

/** At most 1000 tickets, by number; TRUNCATION names the last one where there are more. */
const byTruncation: StepPaging<Options> = {
  by: 'step',
  begin: ({ states }, { since }) => {
    if (since === undefined) return [{ cursor: cursorOf('all', 1) }];
    const open = states.includes('OPEN') ? [{ cursor: cursorOf('open', 1) }] : [];
    return [{ cursor: cursorOf('modified', 1) }, ...open];
  },
  next: (step, answer) => {
    const truncation = inEnvelope(answer, 'TRUNCATION');
    if (truncation === undefined) return undefined;
    const { pass, first } = passOf({ step, pageSize: 0 });
    const last = Number((truncation as Fields)['@last'] ?? Number.NaN);
    // The same step again is refused as leading nowhere.
    return Number.isSafeInteger(last) && last >= Number(first) ? { cursor: cursorOf(pass, last + 1) } : step;
  },
};

/** The endpoint refuses a request without a filter: the states are one. */
const list = (states: readonly string[], more: Readonly<Record<string, string | undefined>>): Call => ({
  api: 'msp/ticket_list.php',
  path: '/msp/ticket_list.php',
  method: 'POST',
  params: params({ states: states.join(','), show_host_id: '1', ...more }),
});

export default defineDataset({
  name: 'tickets',
  aliases: [],
  title: 'Remediation tickets',
  about: 'Every remediation ticket: host, vulnerability, assignee, due date, state and history.',
  kind: 'entity',
  options,
  format: {
    kind: 'xml',
    root: 'REMEDIATION_TICKETS',
    record: 'TICKET_LIST/TICKET',
    lists: [
      'HISTORY_LIST/HISTORY',
      'VULNINFO/CVE_ID_LIST/CVE_ID',
      'VULNINFO/BUGTRAQ_ID_LIST/BUGTRAQ_ID',
      'VULNINFO/VENDOR_REF_LIST/VENDOR_REF',
    ],
    verbatim: [],
    fields: [
      'NUMBER',
      'CREATION_DATETIME',
      'DUE_DATETIME',
      'CURRENT_STATE',
      'CURRENT_STATUS',
      'INVALID',
      'ASSIGNEE',
      'DETECTION',
      'STATS',
      'HISTORY_LIST',
      'VULNINFO',
      'DETAILS',
    ],
  },
  key: [{ from: 'record', field: 'NUMBER' }],
  order: 'none',
  paging: byTruncation,
  incremental: true,
  noise: [],
  time: ['CREATION_DATETIME'],
  records: ({ states, show_vuln_details }, ask) => {
    const { pass, first } = passOf(ask);
    return list(pass === 'open' ? ['OPEN'] : states, {
      since_ticket_number: first,
      modified_since_datetime: pass === 'modified' ? ask.since : undefined,
      show_vuln_details: show_vuln_details ? '1' : undefined,
    });
  },
  // Scans modify tickets while their results are processed, minutes after the scan.
  overlapMs: 3_600_000,
  scope: ({ states }) => JSON.stringify(states),
  // Every pull reads all open tickets, 1000 a call.
  schedule: { every: 4 * 3_600_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
  fields: {
    NUMBER: { type: 'integer', about: 'Ticket number, ascending in answers.' },
    CREATION_DATETIME: { type: 'date-time', about: 'When it was opened, UTC.' },
    DUE_DATETIME: { type: 'date-time', about: 'When it is due, UTC.' },
    CURRENT_STATE: { type: 'text', about: 'OPEN, RESOLVED, CLOSED or IGNORED.' },
    CURRENT_STATUS: { type: 'text', about: 'More on the state.' },
    INVALID: { type: 'boolean', about: '1 where the host or the assignee is gone.' },
    ASSIGNEE: { type: 'object', about: 'NAME, EMAIL and LOGIN of who is to act.', sensitive: true },
    DETECTION: {
      type: 'object',
      about: 'Where: IP, HOST_ID, names, PORT, SERVICE, PROTOCOL, INSTANCE.',
      sensitive: true,
    },
    STATS: { type: 'object', about: 'When and how often it was found, and when its state changed.' },
    HISTORY_LIST: {
      type: 'object',
      about: 'HISTORY is a list: time, actor, old and new state, assignee, scan, comment.',
    },
    VULNINFO: { type: 'object', about: 'What: TITLE, TYPE (VULN, POSS), QID, SEVERITY, CVE ids.' },
    DETAILS: { type: 'object', about: 'DIAGNOSIS, CONSEQUENCE, SOLUTION, RESULT; only when asked for.' },
  },
  permission: {
    roles: 'Managers see all tickets; Unit Managers those of their business unit; Scanners and Readers their own.',
    licence: 'VM or VMDR with remediation policies and API access.',
  },
  signIn: ['basic'],
  probe: () => list(['OPEN'], { since_ticket_number: '1', until_ticket_number: '1' }),
  destinations: {
    devo: 'my.app.qualys.tickets',
    interflow: 'qualys_tickets',
    elastic: 'qualys_vmdr.ticket',
    ocsf: 'incident_finding',
  },
  example: {
    NUMBER: '1234',
    CREATION_DATETIME: '2026-10-01T08:00:00Z',
    DUE_DATETIME: '2026-10-15T08:00:00Z',
    CURRENT_STATE: 'OPEN',
    DETECTION: { IP: '10.0.0.7', PORT: '443', PROTOCOL: 'tcp' },
    VULNINFO: { TITLE: 'SSL Certificate - Self-Signed Certificate', TYPE: 'VULN', QID: '38169', SEVERITY: '2' },
  },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-remediation/get_ticket_info.htm'],
});
