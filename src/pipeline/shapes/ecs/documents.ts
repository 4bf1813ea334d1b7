import type { Fields } from '../../../core/words.ts';
import { activityOf, failed } from '../activity.ts';
import type { ShapedEvent } from '../event.ts';
import { isAddress } from '../host.ts';
import { qualysSeverity } from '../severity.ts';
import { integer, iso, list, plain, said, saidOrNone, text, textAt, texts, truth, withoutBlanks } from '../values.ts';
import { detectionDocument, vulnerabilityPart } from './detection.ts';
import type { Document, EcsDocument } from './document.ts';
import { fieldNames } from './names.ts';

/** Findings of other kinds than host detections. */
const finding: Document = (_, { finding: found, host }) => ({
  event: { kind: 'alert', category: ['vulnerability'], severity: found?.severity },
  document: said({
    vulnerability: vulnerabilityPart(found),
    resource: said({ id: host?.id, name: host?.fqdn ?? host?.name }),
    url: said({ full: found?.url }),
  }),
});

const ticket: Document = (event, around) => ({
  ...finding(event, around),
  event: said({ kind: 'state', category: ['vulnerability'], severity: around.finding?.severity }),
});

const configuration: Document = () => ({ event: { category: ['configuration'] } });
const scan: Document = ({ record }) => ({
  event: said({ kind: 'event', category: ['vulnerability'], start: iso(record['LAUNCH_DATETIME']), action: 'scan' }),
  document: said({ user: said({ name: textAt(record, 'USER_LOGIN') }) }),
});

/** What each data set says of itself; the others are inventory with their record. */
export const DOCUMENTS: ReadonlyMap<string, Document> = new Map<string, Document>([
  ['host_list_detection', detectionDocument],
  ['vm_scan_results', finding],
  ['webapp_findings', finding],
  ['knowledge_base', knowledgeBase],
  ['user_activity', userActivity],
  [
    'assets',
    (event) => ({
      event: { kind: 'event', risk_score: integer(event.record['riskScore']) },
      product: 'Global AssetView',
    }),
  ],
  ['fim_events', fimEvent],
  ['fim_incidents', fimIncident],
  ['certificates', certificate],
  ['compliance_posture', posture],
  ['compliance_controls', configuration],
  ['compliance_policies', configuration],
  ['tickets', ticket],
  ['users', user],
  ['vm_scans', scan],
  ['compliance_scans', scan],
  [
    'webapps',
    ({ record }) => ({ event: { category: ['web'] }, document: said({ url: said({ full: textAt(record, 'url') }) }) }),
  ],
]);

/** Keyed by QID, as Elastic's transform of this stream is. */
function knowledgeBase({ record }: ShapedEvent): EcsDocument {
  const { CVE_LIST, PATCHABLE, PCI_FLAG, THREAT_INTELLIGENCE, VENDOR_REFERENCE_LIST, ...rest } = record;
  const cves = texts(list(CVE_LIST, 'CVE').map((cve) => textAt(cve, 'ID')));
  const category = textAt(record, 'CATEGORY');
  return {
    event: said({ id: textAt(record, 'QID'), kind: 'alert', category: ['vulnerability'] }),
    document: said({
      vulnerability: said({
        id: cves,
        enumeration: cves.length > 0 ? 'CVE' : undefined,
        title: textAt(record, 'TITLE'),
        description: plain(textAt(record, 'DIAGNOSIS')),
        category: category === undefined ? undefined : [category],
        severity: qualysSeverity(integer(record['SEVERITY_LEVEL'])),
        reference: texts(list(VENDOR_REFERENCE_LIST, 'VENDOR_REFERENCE').map((one) => textAt(one, 'URL'))),
        scanner: { vendor: 'Qualys' },
      }),
    }),
    vendor: said({
      ...(fieldNames(withValues(rest)) as object | undefined),
      cve_list: cves,
      patchable: truth(PATCHABLE),
      pci_flag: truth(PCI_FLAG),
      threat_intelligence: said({
        intel: list(THREAT_INTELLIGENCE, 'THREAT_INTEL').map((one) =>
          said({ id: textAt(one, '@id'), text: text(one) }),
        ),
      }),
      vendor_reference_list: fieldNames(list(VENDOR_REFERENCE_LIST, 'VENDOR_REFERENCE')),
    }),
  };
}

/** Elastic keeps the long texts of an entry below `value`, and the last changes below `last`. */
function withValues({ LAST_SERVICE_MODIFICATION_DATETIME: modified, ...entry }: Fields): Fields {
  const made: Record<string, Fields[string]> = { ...entry };
  for (const name of ['DIAGNOSIS', 'CONSEQUENCE', 'SOLUTION'])
    if (typeof entry[name] === 'string') made[name] = { value: entry[name] };
  return modified === undefined ? made : { ...made, LAST: { SERVICE_MODIFICATION_DATETIME: modified } };
}

function userActivity({ record }: ShapedEvent): EcsDocument {
  const row = activityOf(record);
  const address = row.ip !== undefined && isAddress(row.ip) ? row.ip : undefined;
  const signIn = row.kind === 'logon' || row.kind === 'logoff';
  return {
    event: said({
      kind: 'event',
      category: signIn ? ['authentication'] : row.kind === 'account' ? ['iam'] : ['api'],
      type: [signIn ? (row.kind === 'logon' ? 'start' : 'end') : 'info'],
      action: row.action,
      provider: row.module,
      outcome: signIn ? (failed(row) ? 'failure' : 'success') : undefined,
    }),
    document: said({
      message: row.details,
      user: said({ name: row.user, roles: row.role === undefined ? undefined : [row.role] }),
      source: said({ ip: address, address: address === undefined ? row.ip : undefined }),
      related: said({ user: texts([row.user]), ip: texts([address]) }),
    }),
    // Elastic keeps Qualys's own names here, with underscores.
    vendor: withoutBlanks(
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name.replaceAll(/[ .]/g, '_'), value])),
    ),
  };
}

const FILE_TYPES: ReadonlyMap<string, string> = new Map([
  ['create', 'creation'],
  ['delete', 'deletion'],
]);

function fimEvent({ record }: ShapedEvent): EcsDocument {
  const action = textAt(record, 'action');
  const rules = list(record, 'profiles').flatMap((profile) => list(profile, 'rules'));
  const image = textAt(record, 'actor', 'imagePath');
  return {
    event: said({
      kind: 'event',
      category: ['file'],
      type: [FILE_TYPES.get(action?.toLowerCase() ?? '') ?? 'change'],
      action: action?.toLowerCase(),
      severity: integer(record['severity']),
      reference: textAt(record, 'incidentId'),
    }),
    document: said({
      file: said({
        path: textAt(record, 'fullPath'),
        name: textAt(record, 'name'),
        type: textAt(record, 'type')?.toLowerCase() === 'directory' ? 'dir' : 'file',
      }),
      user: said({ name: textAt(record, 'actor', 'userName'), id: textAt(record, 'actor', 'userID') }),
      process: said({
        name: textAt(record, 'actor', 'process'),
        pid: integer(textAt(record, 'actor', 'processID')),
        executable: image,
      }),
      rule: said({
        name: texts(rules.map((rule) => textAt(rule, 'name'))),
        id: texts(rules.map((rule) => textAt(rule, 'id'))),
      }),
      related: said({ user: texts([textAt(record, 'actor', 'userName')]) }),
    }),
  };
}

function fimIncident({ record }: ShapedEvent): EcsDocument {
  return {
    event: said({ kind: 'alert', category: ['file'], reason: textAt(record, 'comment') }),
    document: said({
      rule: said({ name: textAt(record, 'ruleName'), id: textAt(record, 'ruleId') }),
      message: textAt(record, 'name'),
    }),
  };
}

function certificate({ record }: ShapedEvent): EcsDocument {
  const x509 = said({
    serial_number: textAt(record, 'serialNumber'),
    subject: said({
      distinguished_name: textAt(record, 'dn'),
      common_name: texts([textAt(record, 'subject', 'name')]),
    }),
    issuer: said({
      common_name: texts([textAt(record, 'issuer', 'name')]),
      organization: texts([textAt(record, 'issuer', 'organization')]),
    }),
    not_before: iso(record['validFromDate']) ?? iso(record['validFrom']),
    not_after: iso(record['validToDate']) ?? iso(record['validTo']),
    alternative_names: texts(list(record, 'subjectAlternativeNames', 'DNS Name')),
    public_key_size: integer(record['keySize']),
    signature_algorithm: textAt(record, 'signatureAlgorithm'),
  });
  return {
    event: { category: ['host'] },
    document: said({
      tls: saidOrNone({ server: said({ x509, hash: said({ sha256: textAt(record, 'certhash')?.toUpperCase() }) }) }),
    }),
  };
}

function posture({ record }: ShapedEvent): EcsDocument {
  const status = textAt(record, 'STATUS')?.toLowerCase();
  return {
    event: said({
      kind: 'state',
      category: ['configuration'],
      outcome: status === 'passed' ? 'success' : status === 'failed' ? 'failure' : 'unknown',
    }),
    document: said({
      rule: said({ id: textAt(record, 'CONTROL_ID'), ruleset: textAt(record, 'POLICY_ID') }),
      resource: said({ id: textAt(record, 'HOST_ID') }),
      result: said({ evaluation: status }),
    }),
  };
}

function user({ record }: ShapedEvent): EcsDocument {
  const name = textAt(record, 'USER_LOGIN');
  return {
    event: { category: ['iam'], type: ['user', 'info'] },
    document: said({
      user: said({
        name,
        id: textAt(record, 'USER_ID'),
        email: textAt(record, 'CONTACT_INFO', 'EMAIL'),
        full_name: texts([
          textAt(record, 'CONTACT_INFO', 'FIRSTNAME'),
          textAt(record, 'CONTACT_INFO', 'LASTNAME'),
        ]).join(' '),
        roles: texts([textAt(record, 'USER_ROLE')]),
      }),
      related: said({ user: texts([name]) }),
    }),
  };
}
