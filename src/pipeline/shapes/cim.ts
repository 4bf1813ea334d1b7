import type { Fields } from '../../core/words.ts';
import { activityOf, failed } from './activity.ts';
import { provenance, type ShapedEvent, type ShapeFacts, timeOf } from './event.ts';
import { type Finding, findingOf } from './finding.ts';
import { type Host, hostOf } from './host.ts';
import { cimSeverity } from './severity.ts';
import { integer, iso, plain, said, textAt, texts } from './values.ts';

type Model = (
  event: ShapedEvent,
  facts: ShapeFacts,
  host: Host | undefined,
  found: Finding | undefined,
) => Fields | object;

const inventory: Model = ({ record }, { dataset }, host) => ({
  model: 'Inventory',
  vendor_product: `Qualys ${PRODUCTS.get(dataset) ?? 'Cloud Platform'}`,
  os: host?.os,
  version: host?.osVersion,
  mac: host?.macs,
  serial: host?.serial,
  family: host?.kind,
  user: host?.owner,
  description: textAt(record, 'COMMENTS'),
});

/** The data models of Splunk's Common Information Model; what has none is sent with the common fields and the record. */
const MODELS: ReadonlyMap<string, Model> = new Map<string, Model>([
  ['host_list_detection', vulnerabilities],
  ['vm_scan_results', vulnerabilities],
  ['webapp_findings', vulnerabilities],
  ['knowledge_base', knowledge],
  ['host_list', inventory],
  ['host_assets', inventory],
  ['assets', inventory],
  ['appliances', inventory],
  ['ips', inventory],
  ['user_activity', activity],
  ['fim_events', filesystem],
  ['certificates', certificates],
  ['tickets', tickets],
  ['users', users],
]);

const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ['host_list', 'VMDR'],
  ['host_list_detection', 'VMDR'],
  ['vm_scan_results', 'VMDR'],
  ['webapp_findings', 'WAS'],
  ['assets', 'CSAM'],
  ['host_assets', 'CSAM'],
]);

/** An event for Splunk: fields of the Common Information Model beside each other, the record as it is below. */
export function cim(event: ShapedEvent, facts: ShapeFacts): Record<string, unknown> {
  const host = hostOf(facts.dataset, event.record);
  const found = findingOf(event, facts);
  const model = MODELS.get(facts.dataset);
  return {
    ...said({
      _time: timeOf(event, facts) / 1000,
      ...provenance(event, facts),
      dest: host?.fqdn ?? host?.name ?? host?.ips[0] ?? host?.id ?? host?.assetId,
      dest_ip: host?.ips[0],
      dest_dns: host?.fqdn,
      dest_nt_host: host?.netbios,
      vendor_product: 'Qualys Cloud Platform',
      ...(model === undefined ? {} : said({ ...model(event, facts, host, found) })),
    }),
    record: event.record,
  };
}

function vulnerabilities(
  event: ShapedEvent,
  { dataset }: ShapeFacts,
  _: Host | undefined,
  found: Finding | undefined,
): object {
  const entry = found?.entry;
  return {
    model: 'Vulnerabilities',
    dvc: 'Qualys',
    vendor_product: `Qualys ${PRODUCTS.get(dataset) ?? 'VMDR'}`,
    signature: found?.title ?? (found?.qid === undefined ? undefined : `QID ${found.qid}`),
    signature_id: found?.qid === undefined ? undefined : String(found.qid),
    severity: cimSeverity(found?.severity),
    severity_id: found?.severity,
    category: found?.category,
    cve: found?.cves,
    cvss: entry?.cvss3?.base ?? entry?.cvss2?.base,
    dest_port: integer(found?.port),
    transport: found?.protocol,
    url: found?.url,
    status: event.change === 'removed' ? 'removed' : found?.status,
    first_found: found?.firstFound,
    last_found: found?.lastFound,
    signature_solution: plain(entry?.solution),
  };
}

function knowledge({ record }: ShapedEvent): object {
  const severity = integer(record['SEVERITY_LEVEL']);
  return {
    signature: textAt(record, 'TITLE'),
    signature_id: textAt(record, 'QID'),
    category: textAt(record, 'CATEGORY'),
    severity: cimSeverity(severity),
    severity_id: severity,
  };
}

const RESULTS = { create: 'created', read: 'read', update: 'modified', delete: 'deleted' } as const;

function activity({ record }: ShapedEvent): object {
  const row = activityOf(record);
  const outcome = failed(row) ? 'failure' : 'success';
  const common = { user: row.user, src_user_role: row.role, src: row.ip, src_ip: row.ip, app: 'Qualys', dvc: 'Qualys' };
  if (row.kind === 'logon' || row.kind === 'logoff')
    return {
      model: 'Authentication',
      ...common,
      dest: 'Qualys',
      action: outcome,
      signature: row.action,
      reason: row.details,
    };
  return {
    model: 'Change',
    ...common,
    dest: 'Qualys',
    action: RESULTS[row.verb],
    status: outcome,
    command: row.action,
    object_category: row.kind === 'account' ? 'user' : row.module,
    change_type: row.kind === 'account' ? 'AAA' : 'configuration',
    object: row.details,
    result: row.details,
  };
}

const FILE_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['create', 'created'],
  ['delete', 'deleted'],
  ['content', 'modified'],
  ['rename', 'renamed'],
  ['attributes', 'acl_modified'],
  ['security', 'acl_modified'],
]);

function filesystem({ record }: ShapedEvent): object {
  return {
    model: 'Endpoint.Filesystem',
    vendor_product: 'Qualys FIM',
    action: FILE_ACTIONS.get(textAt(record, 'action')?.toLowerCase() ?? '') ?? textAt(record, 'action'),
    file_path: textAt(record, 'fullPath'),
    file_name: textAt(record, 'name'),
    user: textAt(record, 'actor', 'userName'),
    user_id: textAt(record, 'actor', 'userID'),
    process: textAt(record, 'actor', 'process'),
    process_id: textAt(record, 'actor', 'processID'),
    process_path: textAt(record, 'actor', 'imagePath'),
    severity: cimSeverity(integer(record['severity'])),
    severity_id: integer(record['severity']),
  };
}

function certificates({ record }: ShapedEvent): object {
  return {
    model: 'Certificates',
    ssl_serial: textAt(record, 'serialNumber'),
    ssl_hash: textAt(record, 'certhash'),
    ssl_subject: textAt(record, 'dn'),
    ssl_subject_common_name: textAt(record, 'subject', 'name'),
    ssl_issuer: textAt(record, 'issuer', 'name'),
    ssl_issuer_organization: textAt(record, 'issuer', 'organization'),
    ssl_start_time: iso(record['validFromDate']) ?? iso(record['validFrom']),
    ssl_end_time: iso(record['validToDate']) ?? iso(record['validTo']),
    ssl_signature_algorithm: textAt(record, 'signatureAlgorithm'),
  };
}

function tickets(
  { record }: ShapedEvent,
  _facts: ShapeFacts,
  _host: Host | undefined,
  found: Finding | undefined,
): object {
  return {
    model: 'Ticket_Management',
    ticket_id: textAt(record, 'NUMBER'),
    status: textAt(record, 'CURRENT_STATE'),
    description: found?.title,
    signature_id: found?.qid === undefined ? undefined : String(found.qid),
    severity: cimSeverity(found?.severity),
    severity_id: found?.severity,
    cve: found?.cves,
    user: textAt(record, 'ASSIGNEE', 'LOGIN') ?? textAt(record, 'ASSIGNEE', 'NAME'),
  };
}

function users({ record }: ShapedEvent): object {
  const names = texts([textAt(record, 'CONTACT_INFO', 'FIRSTNAME'), textAt(record, 'CONTACT_INFO', 'LASTNAME')]);
  return {
    model: 'Inventory',
    user: textAt(record, 'USER_LOGIN') ?? textAt(record, 'USER_ID'),
    user_id: textAt(record, 'USER_ID'),
    user_name: names.join(' '),
    role: textAt(record, 'USER_ROLE'),
    status: textAt(record, 'USER_STATUS'),
    email: textAt(record, 'CONTACT_INFO', 'EMAIL'),
  };
}
