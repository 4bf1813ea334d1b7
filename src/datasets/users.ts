import { z } from 'zod';
import { defineDataset, flag } from './define.ts';
import { byLastId, oneAnswer } from './paging.ts';
import { qpsFormat, qpsSearch } from './qps.ts';

export default defineDataset({
  name: 'users',
  aliases: [],
  title: 'Users',
  about: 'Every user account of the subscription: contact, role, business unit, asset groups, last login.',
  kind: 'entity',
  options: z.object({
    show_access_permissions: z
      .boolean()
      .default(true)
      .meta({ description: 'How each user may come in: by browser, over the API.' }),
    roles: z.boolean().default(true).meta({
      description:
        'Roles and tag scope of each user as well; needs the permission to view users in the Administration utility.',
    }),
  }),
  format: {
    kind: 'xml',
    root: 'USER_LIST_OUTPUT',
    record: 'USER_LIST/USER',
    lists: ['ASSIGNED_ASSET_GROUPS/ASSET_GROUP_TITLE'],
    verbatim: [],
    fields: [
      'USER_LOGIN',
      'USER_ID',
      'EXTERNAL_ID',
      'CONTACT_INFO',
      'ASSIGNED_ASSET_GROUPS',
      'USER_STATUS',
      'CREATION_DATE',
      'LAST_LOGIN_DATE',
      'USER_ROLE',
      'BUSINESS_UNIT',
      'UNIT_MANAGER_POC',
      'MANAGER_POC',
      'UI_INTERFACE_STYLE',
      'PERMISSIONS',
      'NOTIFICATIONS',
      'scopeTags',
      'roleList',
    ],
  },
  // Login and id are hidden from Unit Managers outside their business unit; the time of creation never changes, and
  // tells such users apart.
  key: [
    { from: 'record', field: 'USER_LOGIN' },
    { from: 'record', field: 'USER_ID' },
    { from: 'record', field: 'CREATION_DATE' },
  ],
  order: 'none',
  paging: oneAnswer,
  incremental: false,
  noise: [],
  unordered: ['ASSIGNED_ASSET_GROUPS', 'scopeTags', 'roleList'],
  time: [],
  records: ({ show_access_permissions }) => ({
    api: 'msp/user_list.php',
    path: '/msp/user_list.php',
    method: 'POST',
    params: { show_access_permissions: flag(show_access_permissions) },
  }),
  // The classic list knows one role of each user; this one knows all, and leaves out Managers other than the caller.
  beside: {
    wanted: ({ roles }) => roles,
    records: (_, ask) => qpsSearch({ version: '2.0', name: 'am/user' }, ask, []),
    format: qpsFormat(
      'User',
      ['id', 'username', 'scopeTags', 'roleList'],
      ['scopeTags/list/TagData', 'roleList/list/RoleData'],
    ),
    paging: byLastId,
    pageSize: 500,
    id: 'id',
    match: [
      { first: 'USER_ID', second: 'id' },
      { first: 'USER_LOGIN', second: 'username' },
    ],
    adds: ['scopeTags', 'roleList'],
  },
  overlapMs: 0,
  scope: () => 'all',
  schedule: { every: 6 * 3_600_000 },
  pageSize: 1000,
  fields: {
    USER_LOGIN: { type: 'text', about: 'Login; absent where it is hidden from the caller.', sensitive: true },
    USER_ID: { type: 'integer', about: 'User id; absent where it is hidden from the caller.' },
    EXTERNAL_ID: { type: 'text', about: 'Id of another system, for single sign-on.', sensitive: true },
    CONTACT_INFO: { type: 'object', about: 'Names, e-mail, telephone, company, address, time zone.', sensitive: true },
    ASSIGNED_ASSET_GROUPS: { type: 'object', about: 'ASSET_GROUP_TITLE is a list.' },
    USER_STATUS: { type: 'text', about: 'Active, Inactive or Pending Activation.' },
    CREATION_DATE: { type: 'date-time', about: 'When the account was made, UTC.' },
    LAST_LOGIN_DATE: { type: 'date-time', about: 'Last login, UTC, or N/A; shown to Managers and Unit Managers.' },
    USER_ROLE: { type: 'text', about: 'Manager, Unit Manager, Scanner, Reader, Auditor …' },
    BUSINESS_UNIT: { type: 'text', about: 'Business unit, Unassigned for none.' },
    scopeTags: { type: 'object', about: 'Tags that bound what the user sees: list.TagData; where it may be read.' },
    roleList: { type: 'object', about: 'All roles: list.RoleData of id and name; where it may be read.' },
  },
  permission: {
    roles:
      'Managers and Administrators see all users; Unit Managers those of their business unit whole and others in part or not at all.',
    licence: 'Any module with API access; some VMDR subscriptions refuse the call.',
  },
  signIn: ['basic'],
  destinations: {
    devo: 'my.app.qualys.users',
    interflow: 'qualys_users',
    elastic: 'qualys_vmdr.user',
    ocsf: 'user_inventory',
  },
  example: {
    USER_LOGIN: 'acme_ab1',
    USER_ID: '1056860',
    CONTACT_INFO: { FIRSTNAME: 'Ada', LASTNAME: 'Example', EMAIL: 'ada@example.com' },
    USER_STATUS: 'Active',
    CREATION_DATE: '2024-05-20T15:38:20Z',
    USER_ROLE: 'Scanner',
  },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-users/list_users.htm'],
});
