import type { ShapedEvent, ShapeFacts } from '../event.ts';
import { type Finding, findingOf, objectUid } from '../finding.ts';
import { hostOf } from '../host.ts';
import { ocsfSeverity } from '../severity.ts';
import { at, integer, plain, said, textAt, time } from '../values.ts';
import { ms, nameless, type OcsfClass } from './base.ts';
import { resourceOf } from './device.ts';
import { vulnerabilitiesOf } from './vulnerabilities.ts';

/** Activity (1 create, 2 update, 3 close) and status of a finding, from Qualys's status. */
export function lifeOf(
  event: ShapedEvent,
  status: string | undefined,
  suppressed: boolean,
): Record<'activity_id' | 'status_id', number> {
  if (event.change === 'removed') return { activity_id: 3, status_id: event.reason === 'purged' ? 6 : 5 };
  if (suppressed) return { activity_id: 2, status_id: 3 };
  const word = status?.toLowerCase().replace(/[^a-z]/g, '');
  if (word === 'fixed' || word === 'passed') return { activity_id: 3, status_id: 4 };
  if (word === 'new') return { activity_id: 1, status_id: 1 };
  if (word === 'reopened') return { activity_id: 2, status_id: 1 };
  if (word === 'active' || word === 'protected') return { activity_id: 2, status_id: 2 };
  return { activity_id: event.change === 'new' ? 1 : 2, status_id: 1 };
}

/** 3 high, 1 low, 0 unknown: how sure Qualys is. */
function confidenceOf(type: string | undefined): number {
  if (/potential|poss/i.test(type ?? '')) return 1;
  return /confirmed|^vuln/i.test(type ?? '') ? 3 : 0;
}

const infoOf = (finding: Finding): Record<string, unknown> =>
  said({
    uid: finding.uid,
    uid_alt: finding.uniqueId,
    title: finding.title ?? (finding.qid === undefined ? undefined : `QID ${finding.qid}`),
    desc: plain(finding.entry?.diagnosis),
    types: finding.type === undefined ? undefined : [finding.type],
    first_seen_time: ms(finding.firstFound),
    last_seen_time: ms(finding.lastFound),
    modified_time: ms(finding.updated),
  });

const resultOf = ({ results, port, protocol, fqdn }: Finding): Record<string, unknown> =>
  said({ results, port, protocol, fqdn });

/** A vulnerability on a machine. */
export function vulnerabilityFinding(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const finding = findingOf(event, facts)!;
  const { activity_id, status_id } = lifeOf(event, finding.status, finding.suppressed);
  const data = resultOf(finding);
  return {
    class_uid: 2002,
    activity_id,
    severity_id: ocsfSeverity(finding.severity, facts.options.severities),
    product: 'VMDR',
    attributes: {
      finding_info: infoOf(finding),
      vulnerabilities: vulnerabilitiesOf(finding),
      status_id,
      status: finding.status,
      confidence_id: confidenceOf(finding.type),
      resources: [{ ...resourceOf(hostOf(facts.dataset, event.record), nameless(event)), ...said({ data }) }],
      message: finding.title,
    },
  };
}

/** A finding of Web Application Scanning. */
export function webappFinding(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const finding = findingOf(event, facts)!;
  const { activity_id, status_id } = lifeOf(event, finding.status, finding.suppressed);
  const app = said({
    uid: textAt(event.record, 'webApp', 'id'),
    name: textAt(event.record, 'webApp', 'name'),
    type: 'web application',
    data: said({ url: finding.url, param: textAt(event.record, 'param') }),
  });
  return {
    class_uid: 2007,
    activity_id,
    severity_id: ocsfSeverity(finding.severity, facts.options.severities),
    product: 'WAS',
    attributes: {
      finding_info: infoOf(finding),
      vulnerabilities: vulnerabilitiesOf(finding),
      status_id,
      status: finding.status,
      confidence_id: confidenceOf(finding.type),
      resources: app['uid'] === undefined && app['name'] === undefined ? undefined : [app],
      message: finding.title,
    },
  };
}

const COMPLIANCE: ReadonlyMap<string, number> = new Map([
  ['passed', 1],
  ['failed', 3],
]);

/** The posture of a host under a control. */
export function complianceFinding(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const { record } = event;
  const status = textAt(record, 'STATUS');
  const control = textAt(record, 'CONTROL_ID');
  const policy = textAt(record, 'POLICY_ID');
  const excepted = /accept|approv/i.test(textAt(record, 'EXCEPTION', 'STATUS') ?? '');
  const { activity_id, status_id } = lifeOf(event, status, excepted);
  const advice = plain(textAt(record, 'REMEDIATION'));
  const modified = time(record['POSTURE_MODIFIED_DATE']);
  return {
    class_uid: 2003,
    activity_id,
    severity_id: 0,
    product: 'Policy Compliance',
    attributes: {
      finding_info: said({
        uid: objectUid(event, facts),
        uid_alt: textAt(record, 'ID'),
        title: control === undefined ? undefined : `Control ${control}`,
        first_seen_time: time(record['FIRST_FAIL_DATE']),
        last_seen_time: time(record['EVALUATION_DATE']),
        modified_time: modified,
      }),
      compliance: said({
        control,
        standards: policy === undefined ? undefined : [policy],
        status_id: COMPLIANCE.get(status?.toLowerCase() ?? '') ?? (status === undefined ? 0 : 99),
        status,
      }),
      remediation: advice === undefined ? undefined : { desc: advice },
      resources: [resourceOf(hostOf(facts.dataset, record), nameless(event))],
      status_id,
    },
  };
}

const TICKETS: ReadonlyMap<string, number> = new Map([
  ['open', 1],
  ['resolved', 4],
  ['closed', 5],
  ['ignored', 3],
]);

/** Open 1, being changed 2, closed 3; by the status of an incident. */
function incidentActivity({ change }: ShapedEvent, status: number): number {
  if (change === 'removed' || status >= 4) return 3;
  return change === 'new' ? 1 : 2;
}

/** A remediation ticket. */
export function ticketIncident(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const { record } = event;
  const finding = findingOf(event, facts)!;
  const state = textAt(record, 'CURRENT_STATE');
  const status_id = event.change === 'removed' ? 5 : (TICKETS.get(state?.toLowerCase() ?? '') ?? 1);
  const number = textAt(record, 'NUMBER') ?? nameless(event);
  const assignee = said({
    uid: textAt(record, 'ASSIGNEE', 'LOGIN'),
    name: textAt(record, 'ASSIGNEE', 'NAME'),
    email_addr: textAt(record, 'ASSIGNEE', 'EMAIL'),
  });
  return {
    class_uid: 2005,
    activity_id: incidentActivity(event, status_id),
    severity_id: ocsfSeverity(finding.severity, facts.options.severities),
    product: 'VMDR',
    attributes: {
      finding_info_list: [infoOf(finding)],
      status_id,
      status: state,
      ...assigned(assignee),
      desc: finding.title,
      ticket: said({ uid: number }),
      start_time: time(record['CREATION_DATETIME']),
      end_time:
        time(at(record, 'STATS', 'LAST_CLOSED_DATETIME')) ?? time(at(record, 'STATS', 'LAST_RESOLVED_DATETIME')),
    },
  };
}

/** The class wants somebody: a user with a name or id, else a group that says there is none. */
const assigned = (user: Record<string, unknown>): Record<string, unknown> =>
  user['name'] === undefined && user['uid'] === undefined
    ? { assignee_group: { name: 'Unassigned' } }
    : { assignee: user };

/** An incident of File Integrity Monitoring. */
export function fimIncident(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const { record } = event;
  const status = textAt(record, 'status');
  const closed = event.change === 'removed' || status?.toUpperCase() === 'CLOSED';
  const status_id = closed ? 5 : /progress|assign/i.test(status ?? '') ? 2 : 1;
  const reviewer = textAt(record, 'reviewers') ?? textAt(record, 'reviewedByName');
  return {
    class_uid: 2005,
    activity_id: incidentActivity(event, status_id),
    severity_id: ocsfSeverity(integer(record['severity']), facts.options.severities),
    product: 'File Integrity Monitoring',
    attributes: {
      finding_info_list: [
        said({ uid: textAt(record, 'id') ?? objectUid(event, facts), title: textAt(record, 'name') }),
      ],
      status_id,
      status,
      ...assigned(said({ name: reviewer })),
      desc: textAt(record, 'name'),
      comment: textAt(record, 'comment'),
      start_time: time(at(record, 'createdBy', 'date')),
      end_time: closed ? time(at(record, 'lastUpdatedBy', 'date')) : undefined,
    },
  };
}
