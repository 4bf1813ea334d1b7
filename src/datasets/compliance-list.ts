import type { Ask, Call } from '../core/dataset.ts';
import type { XmlFormat } from '../core/format.ts';
import { params } from './define.ts';
import { idRange } from './id-list.ts';

/** Who may read compliance data, and what it takes: the same for scans, controls, policies and posture. */
export const COMPLIANCE_ROLES =
  'Managers and Auditors see all; Unit Managers, Scanners and Readers what is theirs, with the permission “manage compliance”.';
export const COMPLIANCE_LICENCE = 'Policy Compliance with API access.';

/** The older versions are past End of Support and may be gone. */
const POLICY_VERSIONS = ['4.0', '3.0', '2.0'];

/** Policies come 1000 at most in an answer, whatever is asked for: no page size is sent. */
export const POLICIES_AT_ONCE = 1000;

export const POLICY_LIST: XmlFormat = {
  kind: 'xml',
  root: 'POLICY_LIST_OUTPUT',
  record: 'RESPONSE/POLICY_LIST/POLICY',
  idSet: 'RESPONSE/ID_SET',
  dropped: ['RESPONSE/GLOSSARY'],
  lists: [
    'TAG_SET_INCLUDE/TAG_ID',
    'TAG_SET_EXCLUDE/TAG_ID',
    'CONTROL_LIST/CONTROL',
    'CONTROL_LIST/CONTROL/TECHNOLOGY_LIST/TECHNOLOGY',
  ],
  verbatim: [],
  fields: [
    'ID',
    'TITLE',
    'CREATED',
    'LAST_MODIFIED',
    'LAST_EVALUATED',
    'STATUS',
    'IS_LOCKED',
    'EVALUATE_NOW',
    'ASSET_GROUP_IDS',
    'TAG_SET_INCLUDE',
    'TAG_INCLUDE_SELECTOR',
    'TAG_SET_EXCLUDE',
    'TAG_EXCLUDE_SELECTOR',
    'INCLUDE_AGENT_IPS',
    'CONTROL_LIST',
  ],
};

export const policyList = (details: 'Basic' | 'All' | 'None', ask: Ask): Call => ({
  api: 'compliance/policy',
  path: '/api/{version}/fo/compliance/policy/',
  versions: POLICY_VERSIONS,
  method: 'POST',
  params: params({ action: 'list', details, updated_after_datetime: ask.since, ...idRange(ask) }),
});
