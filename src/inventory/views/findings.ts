import { STATUS, TYPE } from '../finding/said.ts';
import { CLOSED, WHAT } from '../finding/state.ts';
import { deviceShown } from './devices.ts';
import {
  count,
  flag,
  list,
  named,
  number,
  ownedBy,
  owner,
  text,
  time,
  type View,
  type ViewContext,
  words,
} from './view.ts';

const DAY = 86_400_000;
/** When it was opened for the last time. */
const SINCE = 'CASE WHEN f.reopened > f.opened THEN f.reopened ELSE f.opened END';

/** SQL: when finding `f` is due; 0 where the policy says nothing of its severity. */
export function dueSql({ policy: { sla } }: ViewContext): string {
  const cases = Object.entries(sla).map(([severity, ms]) => `WHEN ${Number(severity)} THEN ${SINCE} + ${ms}`);
  return cases.length === 0 ? 'CAST(0 AS bigint)' : `CASE f.severity ${cases.join(' ')} ELSE 0 END`;
}

const ofHost = `JOIN device_host dh ON dh.space = f.space AND dh.host = f.host
  JOIN device d ON d.space = f.space AND d.device = dh.device ${ownedBy('f')}`;
const KNOWN =
  'LEFT JOIN knowledge k ON k.tenant = sp.tenant AND k.subscription = sp.subscription AND k.qid = f.qid AND k.removed = 0';
/** From each device to its findings; adding 0 keeps SQLite from going the other way. */
const BY_DEVICE = `device d ${ownedBy('d')} JOIN device_host dh ON dh.space = d.space AND dh.device = d.device
  JOIN finding f ON f.space = dh.space AND f.host = dh.host + 0`;
const TEXTS =
  'LEFT JOIN finding_results r ON r.host = f.host AND r.space = f.space AND r.qid = f.qid AND r.place = f.place';
const KEEP_RESULTS =
  'Set inventory.results: true in the configuration, then run quarry inventory rebuild: docs/guide/queries.md, “Words”.';
/** There are fewer than 2^20 spaces, and ids below 2^43, so that one number holds both. */
const inSpace = (id: string, space: string): string => `${id} * 1048576 + ${space}`;
const SMALL: NonNullable<View['small']> = {
  d: {
    key: inSpace('f.host', 'f.space'),
    select: `SELECT ${inSpace('h_.host', 'h_.space')} FROM device d_
      JOIN device_host h_ ON h_.space = d_.space AND h_.device = d_.device WHERE `,
  },
  k: {
    key: inSpace('f.qid', 'f.space'),
    select: `SELECT ${inSpace('k_.qid', 's_.id')} FROM knowledge k_
      JOIN space s_ ON s_.tenant = k_.tenant AND s_.subscription = k_.subscription WHERE k_.removed = 0 AND `,
  },
};
const SOURCES = ['host_list_detection', 'knowledge_base'];

const which = (): View['columns'] => [
  ...owner(),
  text('device', 'd.device'),
  words('device_name', 'd.name'),
  text('device_ip', 'd.ip'),
  number('host_id', 'f.host'),
  number('qid', 'f.qid'),
];
const KEY = ['tenant', 'subscription', 'host_id', 'qid', 'place'];

const results = text('results', 'r.results', {
  ...{ sql: 'r.results', sortable: false, searchable: true, isOnRequest: true },
  about: 'RESULTS: what the scan printed; shown where fields name it.',
});

export const findings = (context: ViewContext): View => ({
  name: 'findings',
  title: 'Findings',
  about:
    'Vulnerabilities on devices, each port and instance apart, with their life: opened, fixed, opened again, gone.',
  sources: SOURCES,
  from: `finding f ${ofHost} ${KNOWN} ${TEXTS}`,
  whole: { from: `${BY_DEVICE} ${KNOWN} ${TEXTS}`, indexed: ['f.host', 'f.qid'], pieces: 'r.results' },
  small: SMALL,
  where: `f.removed = 0 AND ${deviceShown(context)}`,
  key: KEY,
  columns: [
    ...which(),
    text('place', 'f.place', { sortable: true, about: 'Port, protocol, SSL, FQDN and instance, apart by /.' }),
    words('title', 'k.title'),
    named('status', 'f.status', STATUS),
    flag('is_open', 'CASE WHEN f.closed = 0 THEN 1 ELSE 0 END'),
    named('type', 'f.type', TYPE),
    number('severity', 'f.severity', { most: 5 }),
    number('qds', 'f.qds', { about: 'Qualys detection score, 1 to 100.' }),
    flag('ignored', 'f.ignored'),
    flag('disabled', 'f.disabled'),
    number('port', 'f.port'),
    text('protocol', 'f.protocol'),
    flag('ssl', 'f.ssl'),
    text('fqdn', 'f.fqdn'),
    text('instance', 'f.instance'),
    time('first_found', 'f.first_found'),
    time('last_found', 'f.last_found'),
    time('last_fixed', 'f.last_fixed'),
    number('times_found', 'f.times_found'),
    time('opened', 'f.opened'),
    time('reopened', 'f.reopened'),
    count('reopenings', 'f.reopenings'),
    time('closed', 'f.closed'),
    named('closed_reason', 'f.closed_reason', CLOSED),
    time('removed_at', 'f.removed', { about: 'When Qualys was found without it.' }),
    count('age_days', `(CASE WHEN f.closed = 0 THEN ${context.now} ELSE f.closed END - ${SINCE}) / ${DAY}`),
    time('due', dueSql(context), { about: 'By the SLA of its severity.' }),
    flag(
      'overdue',
      `CASE WHEN f.closed = 0 AND ${dueSql(context)} > 0 AND ${dueSql(context)} < ${context.now} THEN 1 ELSE 0 END`,
    ),
    list('cves', `coalesce(k.cves, '[]')`, { searchable: true }),
    flag('patchable', 'k.patchable'),
    text('category', 'k.category'),
    text('os', 'd.os'),
    list('tags', 'd.tags'),
    number('criticality', 'd.criticality'),
    ...(context.policy.results ? [results] : []),
  ],
  ...(context.policy.results ? {} : { notKept: { results: KEEP_RESULTS } }),
});

const EDGE = 'JOIN knowledge_cve c ON c.space = f.space AND c.qid = f.qid';

export const exposures = (context: ViewContext): View => ({
  name: 'exposures',
  title: 'CVEs on devices',
  about: 'Open findings by CVE: a finding with several CVEs is there several times, one without none is not.',
  sources: SOURCES,
  from: `finding f ${ofHost} ${EDGE}`,
  whole: {
    from: `${BY_DEVICE} ${EDGE}`,
    indexed: ['f.host', 'f.qid', 'c.cve'],
  },
  small: SMALL,
  where: `f.removed = 0 AND f.closed = 0 AND f.type <> 3 AND ${deviceShown(context)}`,
  key: [...KEY, 'cve'],
  columns: [
    ...which(),
    text('place', 'f.place'),
    words('cve', 'c.cve'),
    named('status', 'f.status', STATUS),
    named('type', 'f.type', TYPE),
    number('severity', 'f.severity'),
    number('qds', 'f.qds'),
    flag('ignored', 'f.ignored'),
    flag('disabled', 'f.disabled'),
    time('first_found', 'f.first_found'),
    time('last_found', 'f.last_found'),
    number('asset_id', 'd.asset'),
    time('device_modified', 'd.modified'),
  ],
});

export const history = (): View => ({
  name: 'finding_history',
  title: 'History of findings',
  about: 'What happened to findings, and when: opened, closed and why, opened again.',
  sources: ['host_list_detection'],
  from: `(SELECT space, host, qid, place, at, what, reason FROM finding_history
      UNION ALL SELECT space, host, qid, place, opened, 1, 0 FROM finding) e
    JOIN finding f ON f.space = e.space AND f.host = e.host AND f.qid = e.qid AND f.place = e.place ${ofHost} ${KNOWN}`,
  small: SMALL,
  where: '1 = 1',
  key: [...KEY, 'at', 'what'],
  columns: [
    ...which(),
    text('place', 'f.place'),
    words('title', 'k.title'),
    time('at', 'e.at'),
    named('what', 'e.what', WHAT),
    named('reason', 'e.reason', CLOSED),
    number('severity', 'f.severity'),
    named('type', 'f.type', TYPE),
  ],
});

export const vulnerabilities = (context: ViewContext): View => {
  const having = (condition: string): string =>
    `(SELECT count(DISTINCT d.device) FROM finding f ${ofHost} WHERE f.space = v.id AND f.qid = k.qid
      AND f.removed = 0 AND ${deviceShown(context)}${condition})`;
  return {
    name: 'vulnerabilities',
    title: 'Vulnerabilities',
    about: 'Entries of the KnowledgeBase by QID, with their CVEs and on how many devices each is open.',
    sources: ['knowledge_base', 'host_list_detection'],
    from: 'knowledge k LEFT JOIN space v ON v.tenant = k.tenant AND v.subscription = k.subscription',
    where: 'k.removed = 0',
    key: ['tenant', 'subscription', 'qid'],
    columns: [
      text('tenant', 'k.tenant'),
      text('subscription', 'k.subscription'),
      number('qid', 'k.qid'),
      words('title', 'k.title'),
      text('type', 'k.type'),
      number('severity', 'k.severity'),
      text('category', 'k.category'),
      list('cves', 'k.cves', { searchable: true }),
      text('cvss2_base', 'k.cvss2_base'),
      text('cvss3_base', 'k.cvss3_base'),
      text('cvss3_vector', 'k.cvss3_vector'),
      flag('patchable', 'k.patchable'),
      flag('pci', 'k.pci'),
      flag('disabled', 'k.disabled'),
      text('published', 'k.published', { about: 'ISO 8601, UTC.' }),
      text('modified', 'k.modified', { about: 'ISO 8601, UTC.' }),
      text('threats', 'k.threats', { about: 'JSON: id and name of each threat indicator.' }),
      text('solution', 'k.solution', { sortable: false }),
      text('diagnosis', 'k.diagnosis', { sortable: false }),
      text('consequence', 'k.consequence', { sortable: false }),
      count('open_devices', having(' AND f.closed = 0'), { about: 'Devices it is open on.' }),
      count('devices', having(''), { about: 'Devices it was ever found on and that are still there.' }),
    ],
  };
};
