import { beforeNow, returnedSince } from './shown.ts';
import {
  count,
  flag,
  list,
  number,
  ownedBy,
  owner,
  text,
  time,
  type View,
  type ViewColumn,
  type ViewContext,
  words,
} from './view.ts';

/** Whether an object is there, and since when not. */
const standing = (): ViewColumn[] => [
  flag('is_removed', `CASE WHEN o.removed = '' THEN 0 ELSE 1 END`),
  text('removed_reason', 'o.removed'),
  time('removed_at', 'o.removed_at'),
];
const PRESENT = `o.removed = ''`;

/** The device a host id stands for, where there is one. */
const ON_HOST = `LEFT JOIN device_host dh ON dh.space = o.space AND dh.host = o.host
  LEFT JOIN device d ON d.space = o.space AND d.device = dh.device`;
const onDevice = (): ViewColumn[] => [text('device', 'd.device'), number('host_id', 'o.host')];

interface Plain {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly source: string;
  readonly table: string;
  readonly join?: string;
  readonly where?: string;
  readonly key: readonly string[];
  readonly columns: readonly ViewColumn[];
}

const plain = ({ source, table, join = '', where = PRESENT, key, columns, ...named }: Plain): View => ({
  ...named,
  sources: [source],
  from: `${table} o ${ownedBy('o')} ${join}`,
  where,
  key: ['tenant', 'subscription', ...key],
  columns: [...owner(), ...columns, ...standing()],
});
const texts = (...names: readonly string[]): ViewColumn[] => names.map((name) => text(name, `o.${name}`));
const searched = (...names: readonly string[]): ViewColumn[] => names.map((name) => words(name, `o.${name}`));
const numbers = (...names: readonly string[]): ViewColumn[] => names.map((name) => number(name, `o.${name}`));
const times = (...names: readonly string[]): ViewColumn[] => names.map((name) => time(name, `o.${name}`));
const lists = (...names: readonly string[]): ViewColumn[] => names.map((name) => list(name, `o.${name}`));

/** SQL: whether user `o` is shown under the policy. A user nobody has seen sign in is shown. */
function userShown({ policy, now, readings = [] }: ViewContext): string {
  const { ignoreNotSeen, deleteNotReturned, deleteNotReturnedBySuccess: kept } = policy.users;
  const conditions = [kept === undefined ? PRESENT : `(${PRESENT} OR o.removed_at >= ${beforeNow(now, kept)})`];
  if (ignoreNotSeen !== undefined)
    conditions.push(`(o.last_login = 0 OR o.last_login >= ${beforeNow(now, ignoreNotSeen)})`);
  if (deleteNotReturned !== undefined)
    conditions.push(returnedSince('o', `'users'`, beforeNow(now, deleteNotReturned), readings));
  return conditions.join(' AND ');
}

export const users = (context: ViewContext): View =>
  plain({
    ...{ name: 'users', title: 'Users', about: 'Qualys users, as the account list has them.' },
    ...{ source: 'users', table: 'qualys_user', where: userShown(context), key: ['login', 'user_id', 'created'] },
    columns: [
      ...searched('login', 'first_name', 'last_name', 'email'),
      ...texts('user_id', 'external_id', 'title', 'company', 'status', 'role', 'business_unit'),
      ...lists('asset_groups'),
      ...times('created', 'last_login'),
    ],
  });

export const roles = (context: ViewContext): View => ({
  ...{ name: 'roles', title: 'Roles', about: 'Roles of Qualys users, from the users who have them.' },
  sources: ['users'],
  from: `(SELECT o.space, o.role, count(*) AS users, sum(CASE WHEN o.status = 'Active' THEN 1 ELSE 0 END) AS active
    FROM qualys_user o ${ownedBy('o')} WHERE ${userShown(context)} AND o.role <> '' GROUP BY o.space, o.role) o ${ownedBy('o')}`,
  where: '1 = 1',
  key: ['tenant', 'subscription', 'role'],
  columns: [...owner(), words('role', 'o.role'), count('users', 'o.users'), count('active_users', 'o.active')],
});

export const saasApplications = (): View => ({
  ...{ name: 'saas_applications', title: 'SaaS applications', about: 'Cloud applications in use.' },
  sources: [],
  from: `(SELECT id AS space, '' AS name FROM space WHERE 1 = 0) o ${ownedBy('o')}`,
  where: '1 = 1',
  key: ['tenant', 'subscription', 'name'],
  columns: [...owner(), words('name', 'o.name')],
  empty: 'None of the data sets of Qualys that Quarry reads says which SaaS applications are in use.',
});

export const tickets = (): View =>
  plain({
    ...{ name: 'tickets', title: 'Tickets', about: 'Remediation tickets.', source: 'tickets', table: 'ticket' },
    ...{ key: ['number'], join: ON_HOST },
    columns: [
      ...numbers('number'),
      ...searched('title', 'assignee'),
      ...texts('state', 'status', 'assignee_email', 'ip', 'dns', 'protocol'),
      ...onDevice(),
      ...numbers('port', 'qid', 'severity'),
      flag('invalid', 'o.invalid'),
      list('cves', 'o.cves', { searchable: true }),
      ...times('created', 'due', 'last_found', 'last_closed'),
    ],
  });

export const certificates = ({ now }: ViewContext): View =>
  plain({
    ...{ name: 'certificates', title: 'Certificates', about: 'Certificates found, with the assets that show them.' },
    ...{ source: 'certificates', table: 'certificate', key: ['id'] },
    columns: [
      ...searched('name', 'organization', 'dn', 'issuer', 'serial'),
      ...texts('id', 'hash', 'issuer_category', 'type', 'signature'),
      flag('self_signed', 'o.self_signed'),
      ...numbers('key_size'),
      ...times('valid_from', 'valid_to', 'last_found'),
      flag('is_expired', `CASE WHEN o.valid_to > 0 AND o.valid_to < ${now} THEN 1 ELSE 0 END`),
      ...lists('assets', 'grades'),
    ],
  });

export const webapps = (): View =>
  plain({
    ...{ name: 'webapps', title: 'Web applications', about: 'Web applications of WAS.' },
    ...{ source: 'webapps', table: 'webapp', key: ['id'] },
    columns: [
      ...numbers('id'),
      ...searched('name', 'url'),
      ...texts('owner'),
      ...numbers('risk_score'),
      ...lists('tags'),
      ...times('created', 'updated'),
    ],
  });

export const webappFindings = (): View =>
  plain({
    ...{ name: 'webapp_findings', title: 'Findings of web applications', about: 'What WAS found, with its state.' },
    ...{ source: 'webapp_findings', table: 'webapp_finding', key: ['id'] },
    columns: [
      ...numbers('id', 'webapp'),
      ...searched('webapp_name', 'name', 'url'),
      ...texts('type', 'status'),
      ...numbers('qid', 'severity', 'score', 'times_found'),
      ...[flag('potential', 'o.potential'), flag('ignored', 'o.ignored')],
      ...times('first_found', 'last_found', 'last_tested', 'fixed'),
    ],
  });

export const compliance = (): View => ({
  ...plain({
    ...{ name: 'compliance', title: 'Compliance results', about: 'Controls of policies on hosts: passed or failed.' },
    ...{
      source: 'compliance_posture',
      table: 'posture',
      key: ['host_id', 'policy_id', 'control_id', 'technology_id', 'instance'],
    },
    join: `${ON_HOST} LEFT JOIN policy y ON y.space = o.space AND y.policy = o.policy
      LEFT JOIN control c ON c.space = o.space AND c.control = o.control`,
    columns: [
      ...onDevice(),
      words('device_name', 'd.name'),
      number('policy_id', 'o.policy'),
      words('policy', 'y.title'),
      number('control_id', 'o.control'),
      words('control', 'c.statement'),
      number('criticality', 'c.criticality'),
      number('technology_id', 'o.technology'),
      ...texts('instance', 'status', 'previous_status', 'exception'),
      ...times(
        'exception_until',
        'modified',
        'evaluated',
        'first_failed',
        'last_failed',
        'first_passed',
        'last_passed',
      ),
    ],
  }),
  sources: ['compliance_posture', 'compliance_policies', 'compliance_controls'],
});

export const fimEvents = (): View =>
  plain({
    ...{ name: 'fim_events', title: 'File changes', about: 'Changes of watched files and registry keys.' },
    ...{ source: 'fim_events', table: 'fim_event', key: ['id'], join: ON_HOST },
    columns: [
      ...texts('id'),
      ...times('at', 'processed'),
      ...onDevice(),
      ...searched('device_name', 'path', 'process', 'user_name'),
      ...texts('action', 'kind', 'agent', 'incident'),
      ...numbers('severity'),
    ],
  });

export const fimIncidents = (): View =>
  plain({
    ...{ name: 'fim_incidents', title: 'File integrity incidents', about: 'Incidents made of file changes.' },
    ...{ source: 'fim_incidents', table: 'fim_incident', key: ['id'] },
    columns: [
      ...texts('id', 'status', 'type', 'approval', 'disposition', 'rule'),
      ...searched('name', 'comment'),
      ...times('created', 'updated'),
    ],
  });

export const appliances = (): View =>
  plain({
    ...{
      name: 'appliances',
      title: 'Scanner appliances',
      about: 'Scanner appliances and when they were last heard of.',
    },
    ...{ source: 'appliances', table: 'appliance', key: ['id'] },
    columns: [
      ...numbers('id'),
      ...searched('name', 'ip'),
      ...texts('uuid', 'status', 'type', 'model', 'serial', 'software'),
      count('heartbeats_missed', 'o.heartbeats_missed'),
      ...times('last_connected', 'updated'),
    ],
  });

export const tags = (): View =>
  plain({
    ...{
      name: 'tags',
      title: 'Tags',
      about: 'Asset tags, with how many devices have each.',
      source: 'tags',
      table: 'tag',
    },
    key: ['id'],
    columns: [
      ...numbers('id', 'parent', 'criticality'),
      ...searched('name'),
      ...texts('rule_type', 'rule'),
      ...times('created', 'modified'),
      count('devices', '(SELECT count(*) FROM device_tag t WHERE t.space = o.space AND t.name = o.name)'),
    ],
  });

export const assetGroups = (): View =>
  plain({
    ...{ name: 'asset_groups', title: 'Asset groups', about: 'Asset groups and the addresses in them.' },
    ...{ source: 'asset_groups', table: 'asset_group', key: ['id'] },
    columns: [
      ...numbers('id'),
      ...searched('title', 'owner'),
      ...texts('business_impact'),
      count('hosts', 'o.hosts'),
      ...lists('addresses'),
      ...times('updated'),
    ],
  });

export const addressRanges = (): View =>
  plain({
    ...{
      name: 'address_ranges',
      title: 'Addresses',
      about: 'Addresses of the subscription, scanned or not; no assets.',
    },
    ...{ source: 'ips', table: 'address_range', key: ['addresses', 'network'] },
    columns: [...searched('addresses'), ...texts('network')],
  });
