import { z } from 'zod';
import { COMPLIANCE_LICENCE, COMPLIANCE_ROLES, POLICIES_AT_ONCE, POLICY_LIST, policyList } from './compliance-list.ts';
import { defineDataset } from './define.ts';
import { byWarning } from './paging.ts';

export default defineDataset({
  name: 'compliance_policies',
  aliases: [],
  title: 'Compliance policies',
  about: 'Every compliance policy the user can see: title, state, asset groups, tags and controls.',
  kind: 'entity',
  options: z.object({
    details: z
      .enum(['Basic', 'All'])
      .default('All')
      .meta({ description: 'How much of each policy Qualys sends; All has the controls.' }),
  }),
  format: POLICY_LIST,
  key: [{ from: 'record', field: 'ID' }],
  order: 'id',
  paging: byWarning,
  incremental: true,
  // Moves with every evaluation, which is what the posture says.
  noise: ['LAST_EVALUATED'],
  unordered: ['TAG_SET_INCLUDE', 'TAG_SET_EXCLUDE'],
  time: [],
  records: ({ details }, ask) => policyList(details, ask),
  ids: (_, ask) => policyList('None', ask),
  overlapMs: 3_600_000,
  scope: () => 'all',
  schedule: { every: 6 * 3_600_000, sweepIds: 86_400_000, sweepFull: 7 * 86_400_000 },
  pageSize: POLICIES_AT_ONCE,
  fields: {
    ID: { type: 'integer', about: 'Policy id, ascending in answers.' },
    TITLE: { type: 'text', about: 'Title.' },
    CREATED: { type: 'object', about: 'DATETIME and BY, the user.' },
    LAST_MODIFIED: { type: 'object', about: 'DATETIME and BY, the user.' },
    LAST_EVALUATED: { type: 'object', about: 'DATETIME of the last evaluation; absent where there was none.' },
    STATUS: { type: 'text', about: 'active or inactive.' },
    IS_LOCKED: { type: 'boolean', about: '1 where only its owner may change it.' },
    ASSET_GROUP_IDS: { type: 'text', about: 'Ids of asset groups; @has_hidden_data where some are out of sight.' },
    TAG_SET_INCLUDE: { type: 'object', about: 'TAG_ID is a list: tags of the hosts it is about.' },
    CONTROL_LIST: { type: 'object', about: 'CONTROL is a list: ID, STATEMENT, CRITICALITY, STATUS, technologies.' },
  },
  permission: { roles: COMPLIANCE_ROLES, licence: COMPLIANCE_LICENCE },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.compliance_policies',
    interflow: 'qualys_compliance_policies',
    elastic: 'qualys_vmdr.compliance_policy',
    ocsf: 'entity_management',
  },
  example: {
    ID: '99001',
    TITLE: 'CIS, Windows servers',
    LAST_MODIFIED: { DATETIME: '2026-10-11T12:01:00Z', BY: 'acme_ab1' },
    LAST_EVALUATED: { DATETIME: '2026-11-20T03:12:45Z' },
    STATUS: 'active',
    IS_LOCKED: '0',
    ASSET_GROUP_IDS: '442838,442840',
  },
  links: ['https://docs.qualys.com/en/pc/api/compliance_policy/list_policies.htm'],
});
