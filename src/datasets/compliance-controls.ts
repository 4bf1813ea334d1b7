import { z } from 'zod';
import type { Ask, Call } from '../core/dataset.ts';
import { COMPLIANCE_LICENCE, COMPLIANCE_ROLES } from './compliance-list.ts';
import { defineDataset, params } from './define.ts';
import { idRange } from './id-list.ts';
import { byWarning } from './paging.ts';

/** 4.0 is named by one source only; documented are 3.0 and 2.0. */
const VERSIONS = ['4.0', '3.0', '2.0'];

const list = (ask: Ask, details: string): Call => ({
  api: 'compliance/control',
  path: '/api/{version}/fo/compliance/control/',
  versions: VERSIONS,
  method: 'POST',
  params: params({
    action: 'list',
    details,
    updated_after_datetime: ask.since,
    ...idRange(ask),
    truncation_limit: String(ask.pageSize),
  }),
});

export default defineDataset({
  name: 'compliance_controls',
  aliases: [],
  title: 'Compliance controls',
  about: 'Every compliance control the user can see: statement, criticality, technologies, frameworks.',
  kind: 'entity',
  options: z.object({
    details: z
      .enum(['Basic', 'All'])
      .default('All')
      .meta({ description: 'How much of each control Qualys sends; All has the frameworks.' }),
  }),
  format: {
    kind: 'xml',
    root: 'CONTROL_LIST_OUTPUT',
    record: 'RESPONSE/CONTROL_LIST/CONTROL',
    idSet: 'RESPONSE/ID_SET',
    lists: [
      'TECHNOLOGY_LIST/TECHNOLOGY',
      'FRAMEWORK_LIST/FRAMEWORK',
      'FRAMEWORK_LIST/FRAMEWORK/REFERENCE_LIST/REFERENCE',
    ],
    verbatim: [],
    fields: [
      'ID',
      'UPDATE_DATE',
      'CREATED_DATE',
      'CATEGORY',
      'SUB_CATEGORY',
      'STATEMENT',
      'CRITICALITY',
      'DEPRECATED',
      'DEPRECATED_DATE',
      'CHECK_TYPE',
      'COMMENT',
      'IGNORE_ERROR',
      'IGNORE_ITEM_NOT_FOUND',
      'SCAN_PARAMETERS',
      'TECHNOLOGY_LIST',
      'FRAMEWORK_LIST',
      'IS_ACTIVE',
    ],
  },
  key: [{ from: 'record', field: 'ID' }],
  order: 'id',
  paging: byWarning,
  incremental: true,
  noise: [],
  unordered: ['TECHNOLOGY_LIST', 'FRAMEWORK_LIST'],
  version: 'UPDATE_DATE',
  time: ['UPDATE_DATE', 'CREATED_DATE'],
  records: ({ details }, ask) => list(ask, details),
  ids: (_, ask) => list({ ...ask, pageSize: 0 }, 'None'),
  overlapMs: 86_400_000,
  scope: () => 'all',
  schedule: { every: 6 * 3_600_000, sweepIds: 86_400_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
  fields: {
    ID: { type: 'integer', about: 'Control id (CID), ascending in answers.' },
    UPDATE_DATE: { type: 'date-time', about: 'Last change, UTC.' },
    CREATED_DATE: { type: 'date-time', about: 'When it was made, UTC.' },
    CATEGORY: { type: 'text', about: 'Category.' },
    STATEMENT: { type: 'text', about: 'What is to hold.' },
    CRITICALITY: { type: 'object', about: 'LABEL and VALUE.' },
    DEPRECATED: { type: 'boolean', about: '1 where it is deprecated, with its date.' },
    CHECK_TYPE: { type: 'text', about: 'Kind of check of a user’s own control.' },
    TECHNOLOGY_LIST: { type: 'object', about: 'TECHNOLOGY is a list: ID, NAME, RATIONALE, DATAPOINT.' },
    FRAMEWORK_LIST: { type: 'object', about: 'FRAMEWORK is a list: ID, NAME and its references.' },
    IS_ACTIVE: { type: 'boolean', about: 'Newer answers: whether it is in use.' },
  },
  permission: { roles: COMPLIANCE_ROLES, licence: COMPLIANCE_LICENCE },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.compliance_controls',
    interflow: 'qualys_compliance_controls',
    elastic: 'qualys_vmdr.compliance_control',
    ocsf: 'entity_management',
  },
  example: {
    ID: '1044',
    UPDATE_DATE: '2026-03-12T00:00:00Z',
    CATEGORY: 'Access Control Requirements',
    STATEMENT: 'Status of the guest account',
    CRITICALITY: { LABEL: 'SERIOUS', VALUE: '3' },
    TECHNOLOGY_LIST: { TECHNOLOGY: [{ ID: '1', NAME: 'Windows XP desktop' }] },
  },
  links: ['https://docs.qualys.com/en/pc/api/compliance_control/list_controls.htm'],
});
