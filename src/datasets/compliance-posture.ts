import { z } from 'zod';
import type { StepPaging } from '../core/dataset.ts';
import { COMPLIANCE_LICENCE, COMPLIANCE_ROLES, POLICY_LIST, policyList } from './compliance-list.ts';
import { defineDataset, flag, params } from './define.ts';

const options = z.object({
  details: z
    .enum(['None', 'Basic', 'Light', 'All'])
    .default('All')
    .meta({ description: 'How much of each posture Qualys sends; All has the evidence.' }),
  evidence: z
    .enum(['normal', 'extended', 'none'])
    .default('normal')
    .meta({ description: 'Evidence as usual, with the extended evidence, or none.' }),
  status: z
    .enum(['Passed', 'Failed', 'Error'])
    .meta({
      description: 'Only postures of this status. Qualys filters; on one platform it was seen to answer nothing then.',
    })
    .optional(),
});
type Options = z.output<typeof options>;

/** One policy after the other, and inside a policy page after page: WARNING 1980 names the first id of the next. */
const byPolicy: StepPaging<Options> = {
  by: 'step',
  begin: () => [],
  next: (step, { nextParams }) => {
    if (nextParams === undefined) return undefined;
    const first = nextParams['id_min'];
    // The same step again is refused as leading nowhere.
    return first === undefined ? step : { ...step, cursor: first };
  },
  parts: {
    list: () => policyList('Basic', { pageSize: 0 }),
    format: POLICY_LIST,
    // A policy that was never evaluated has no posture.
    part: (view) => {
      const time = view.text('LAST_EVALUATED/DATETIME') ?? '';
      return { part: time === '' ? '' : (view.text('ID') ?? ''), time, state: 'ready' };
    },
    once: false,
  },
};

export default defineDataset({
  name: 'compliance_posture',
  aliases: [],
  title: 'Compliance posture',
  about: 'For every policy, host and control whether it passed, failed or could not be told, with the evidence.',
  kind: 'entity',
  options,
  format: {
    kind: 'xml',
    root: 'POSTURE_INFO_LIST_OUTPUT',
    record: 'RESPONSE/INFO_LIST/INFO',
    // The hosts and controls in it are records of their own data sets.
    dropped: ['RESPONSE/GLOSSARY', 'RESPONSE/SUMMARY'],
    lists: [
      'EXCEPTION/COMMENT_LIST/COMMENT',
      'EVIDENCE/DPV_LIST/DPV',
      'EVIDENCE/DPV_LIST/DPV/V',
      'CAUSE_OF_FAILURE/UNEXPECTED/V',
      'CAUSE_OF_FAILURE/MISSING/V',
    ],
    verbatim: [],
    fields: [
      'ID',
      'HOST_ID',
      'CONTROL_ID',
      'TECHNOLOGY_ID',
      'INSTANCE',
      'STATUS',
      'REMEDIATION',
      'POSTURE_MODIFIED_DATE',
      'EVALUATION_DATE',
      'PREVIOUS_STATUS',
      'FIRST_FAIL_DATE',
      'LAST_FAIL_DATE',
      'FIRST_PASS_DATE',
      'LAST_PASS_DATE',
      'EXCEPTION',
      'EVIDENCE',
      'CAUSE_OF_FAILURE',
    ],
  },
  key: [
    { from: 'part', field: 'POLICY_ID' },
    { from: 'record', field: 'HOST_ID' },
    { from: 'record', field: 'CONTROL_ID' },
    { from: 'record', field: 'TECHNOLOGY_ID' },
    { from: 'record', field: 'INSTANCE' },
  ],
  order: 'none',
  paging: byPolicy,
  incremental: true,
  // Each evaluation moves these; a change of status moves others besides.
  noise: ['EVALUATION_DATE', 'LAST_FAIL_DATE', 'LAST_PASS_DATE'],
  time: ['EVALUATION_DATE', 'POSTURE_MODIFIED_DATE'],
  records: ({ details, evidence, status }, { step, pageSize }) => ({
    api: 'compliance/posture/info',
    path: '/api/2.0/fo/compliance/posture/info/',
    method: 'POST',
    params: params({
      action: 'list',
      policy_id: step?.part,
      details,
      hide_evidence: evidence === 'none' ? '1' : undefined,
      show_extended_evidence: evidence === 'extended' ? '1' : undefined,
      show_remediation_info: flag(true),
      cause_of_failure: flag(true),
      status,
      id_min: step?.cursor,
      truncation_limit: String(pageSize),
    }),
  }),
  // Policies evaluated since are read whole; an evaluation may be listed some minutes after its time.
  overlapMs: 3_600_000,
  scope: ({ status }) => JSON.stringify([status]),
  schedule: { every: 6 * 3_600_000, sweepFull: 7 * 86_400_000 },
  pageSize: 5000,
  fields: {
    ID: { type: 'integer', about: 'Id of the posture, ascending in the answers about a policy.' },
    HOST_ID: { type: 'integer', about: 'Host, as on the host list.' },
    CONTROL_ID: { type: 'integer', about: 'Control, as among the compliance controls.' },
    TECHNOLOGY_ID: { type: 'integer', about: 'Technology the control was checked for.' },
    INSTANCE: { type: 'text', about: 'Instance on the host, such as a database; absent or empty for the host itself.' },
    STATUS: { type: 'text', about: 'Passed, Failed or Error.' },
    REMEDIATION: { type: 'text', about: 'What to do.' },
    POSTURE_MODIFIED_DATE: { type: 'date-time', about: 'Last change of status, UTC.' },
    EVALUATION_DATE: { type: 'date-time', about: 'Last evaluation, UTC.' },
    EXCEPTION: { type: 'object', about: 'An exception asked for or granted: ASSIGNEE, STATUS, END_DATETIME …' },
    EVIDENCE: {
      type: 'object',
      about: 'The expression that was evaluated and the data points found; labels are those of Qualys’s glossary.',
      sensitive: true,
    },
    CAUSE_OF_FAILURE: { type: 'object', about: 'Values found that should not be there, and those missing.' },
  },
  permission: { roles: COMPLIANCE_ROLES, licence: COMPLIANCE_LICENCE },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.compliance_posture',
    interflow: 'qualys_compliance_posture',
    elastic: 'qualys_vmdr.compliance_posture',
    ocsf: 'compliance_finding',
  },
  example: {
    ID: '7004',
    HOST_ID: '112',
    CONTROL_ID: '1044',
    TECHNOLOGY_ID: '1',
    STATUS: 'Failed',
    POSTURE_MODIFIED_DATE: '2026-11-12T09:00:00Z',
  },
  links: ['https://docs.qualys.com/en/pc/api/posture_info/list_posture_info.htm'],
});
