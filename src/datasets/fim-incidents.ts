import { z } from 'zod';
import { defineDataset } from './define.ts';
import { allOf, between, gatewaySearch, nextOfSorted, placeOf } from './gateway.ts';

const MAX_PAGE = 1000;

export default defineDataset({
  name: 'fim_incidents',
  aliases: [],
  title: 'FIM incidents',
  about: 'Every incident of file integrity monitoring: its filter, state, approval, reviewers and disposition.',
  kind: 'entity',
  options: z.object({
    version: z
      .enum(['v3', 'v2'])
      .default('v3')
      .meta({ description: 'Version of the incident search; v2 answers for the first 10,000 incidents only.' }),
    filter: z
      .string()
      .min(1)
      .meta({ description: "Only incidents that match, in Qualys's query language: approvalStatus:'PENDING'." })
      .optional(),
  }),
  // v3 wraps each incident beside its sort values, v2 does not.
  format: {
    kind: 'json',
    records: '',
    wrapped: 'data',
    fields: [
      'id',
      'name',
      'type',
      'status',
      'customerId',
      'filters',
      'filterFromDate',
      'filterToDate',
      'ruleId',
      'ruleName',
      'reviewers',
      'approvalStatus',
      'approvalDate',
      'approvalType',
      'changeType',
      'dispositionCategory',
      'comment',
      'assignDate',
      'markupStatus',
      'marked',
      'deleted',
      'createdBy',
      'lastUpdatedBy',
      'slaDurationKey',
      'slaViolationDate',
      'reviewedById',
      'reviewedByName',
      'reviewedDate',
    ],
  },
  key: [{ from: 'record', field: 'id' }],
  order: 'none',
  paging: {
    by: 'step',
    begin: (_, { since, now }) => (since === undefined ? [{}] : [{ from: since, to: now }]),
    next: (step, answer) => nextOfSorted(step, answer, MAX_PAGE),
  },
  incremental: true,
  noise: [],
  version: 'lastUpdatedBy/date',
  time: ['lastUpdatedBy/date', 'createdBy/date'],
  records: ({ version, filter }, { step = {}, pageSize: wanted }) => {
    const pageSize = Math.min(wanted, MAX_PAGE);
    const { from, to } = step;
    const changed =
      from === undefined || to === undefined
        ? undefined
        : // An open incident goes on without being updated by anyone.
          `${between('lastUpdatedBy.date', from, to)} OR NOT status:'CLOSED'`;
    return gatewaySearch('fim/incidents', `/fim/${version}/incidents/search`, {
      filter: allOf(changed, filter),
      ...placeOf(step, pageSize),
      pageSize,
      // By what never changes: an incident updated meanwhile keeps its place.
      sort: '[{"createdBy.date":"asc"},{"id":"asc"}]',
    });
  },
  overlapMs: 3_600_000,
  scope: ({ version, filter }) => JSON.stringify([version, filter]),
  schedule: { every: 900_000, sweepFull: 86_400_000 },
  pageSize: MAX_PAGE,
  fields: {
    id: { type: 'text', about: 'UUID of the incident.' },
    name: { type: 'text', about: 'Name.' },
    type: { type: 'text', about: 'DEFAULT, or AUTOMATED by a rule.' },
    status: { type: 'text', about: 'CLOSED, or a state of an open one.' },
    filters: { type: 'list', about: 'What its events are found by, in the query language.' },
    ruleName: { type: 'text', about: 'The rule that made it, if any.' },
    reviewers: { type: 'list', about: 'User names, or addresses, of reviewers.', sensitive: true },
    approvalStatus: { type: 'text', about: 'APPROVED, POLICY_VIOLATION, UNAPPROVED or PENDING.' },
    approvalDate: { type: 'date-time', about: 'When it was approved; zone without colon.' },
    changeType: { type: 'text', about: 'MANUAL, AUTOMATED, COMPROMISE, EMERGENCY_CHANGE …' },
    dispositionCategory: { type: 'text', about: 'PATCHING, HUMAN_ERROR, MALWARE, FALSE_POSITIVE …' },
    comment: { type: 'text', about: 'Free text of the reviewer.', sensitive: true },
    deleted: { type: 'boolean', about: 'Whether it was deleted.' },
    createdBy: { type: 'object', about: 'Date in epoch milliseconds, and user.', sensitive: true },
    lastUpdatedBy: { type: 'object', about: 'Date in epoch milliseconds, and user; the time changes are asked by.' },
  },
  permission: {
    roles: 'Managers see all incidents; others, with API Access and the FIM module, those in their scope.',
    licence: 'File Integrity Monitoring (FIM).',
  },
  signIn: ['token'],
  probe: ({ filter }) => gatewaySearch('fim/incidents/count', '/fim/v2/incidents/count', { filter }),
  destinations: {
    devo: 'monitor.qualys.fim.incident',
    interflow: 'qualys_fim_incidents',
    elastic: 'qualys_fim.incident',
    ocsf: 'incident_finding',
  },
  example: {
    id: '3c1dd2a5-7d5a-4a9b-9b40-9d3a2d0e0001',
    name: 'Unexpected change',
    type: 'DEFAULT',
    status: 'CLOSED',
    approvalStatus: 'APPROVED',
    changeType: 'AUTOMATED',
    dispositionCategory: 'CHANGE_CONTROL_VIOLATION',
    lastUpdatedBy: { date: 1613378492427, user: { name: 'quays_ab1' } },
  },
  links: ['https://docs.qualys.com/en/fim/api/get_started/get_started.htm'],
});
