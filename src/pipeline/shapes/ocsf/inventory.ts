import type { ShapedEvent, ShapeFacts } from '../event.ts';
import { hostOf } from '../host.ts';
import { ocsfSeverity, qualysSeverity } from '../severity.ts';
import { integer, list, number, plain, said, textAt, texts, time } from '../values.ts';
import { goneStatus, inventoryActivity, nameless, type OcsfClass } from './base.ts';
import { deviceOf } from './device.ts';

/** Inventory says nothing bad by itself. */
const INFORMATIONAL = 1;

export function deviceInventory(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  return {
    class_uid: 5001,
    activity_id: inventoryActivity(event),
    severity_id: INFORMATIONAL,
    product: facts.dataset === 'assets' ? 'Global AssetView' : 'Cloud Platform',
    attributes: {
      device: deviceOf(hostOf(facts.dataset, event.record), nameless(event)),
      ...goneStatus(event),
    },
  };
}

export function userInventory(event: ShapedEvent): OcsfClass {
  const { record } = event;
  const role = textAt(record, 'USER_ROLE');
  const names = [textAt(record, 'CONTACT_INFO', 'FIRSTNAME'), textAt(record, 'CONTACT_INFO', 'LASTNAME')];
  return {
    class_uid: 5003,
    activity_id: inventoryActivity(event),
    severity_id: INFORMATIONAL,
    attributes: {
      user: said({
        name: textAt(record, 'USER_LOGIN'),
        uid: textAt(record, 'USER_ID') ?? nameless(event),
        uid_alt: textAt(record, 'EXTERNAL_ID'),
        full_name: texts(names).join(' '),
        email_addr: textAt(record, 'CONTACT_INFO', 'EMAIL'),
        phone_number: textAt(record, 'CONTACT_INFO', 'PHONE'),
        type_id: role === undefined ? 0 : /manager|administrator/i.test(role) ? 2 : 1,
        type: role,
        groups: list(record, 'ASSIGNED_ASSET_GROUPS', 'ASSET_GROUP_TITLE').flatMap((one) =>
          texts([one]).map((name) => ({ name })),
        ),
      }),
      ...goneStatus(event),
    },
  };
}

/** An entry of the KnowledgeBase: intelligence about a vulnerability, under its QID. */
export function osintInventory(event: ShapedEvent, facts: ShapeFacts): OcsfClass {
  const { record } = event;
  const qid = textAt(record, 'QID') ?? nameless(event);
  const severity = integer(record['SEVERITY_LEVEL']);
  const title = textAt(record, 'TITLE');
  const cves = texts(list(record, 'CVE_LIST', 'CVE').map((cve) => textAt(cve, 'ID')));
  const base = number(textAt(record, 'CVSS_V3', 'BASE'));
  const cvss = base === undefined ? undefined : [{ version: '3.1', base_score: base }];
  const subjects: Record<string, unknown>[] =
    cves.length === 0
      ? [{ advisory: said({ uid: `QID-${qid}`, title }) }]
      : cves.map((uid) => ({ cve: said({ uid, cvss }) }));
  const shared = said({
    title,
    severity: qualysSeverity(severity),
    category: textAt(record, 'CATEGORY'),
    vendor_name: 'Qualys',
  });
  return {
    class_uid: 5021,
    activity_id: inventoryActivity(event),
    severity_id: ocsfSeverity(severity, facts.options.severities),
    product: 'KnowledgeBase',
    attributes: {
      osint: said({
        type_id: 10,
        type: 'Vulnerability',
        value: `QID-${qid}`,
        uid: qid,
        desc: plain(textAt(record, 'DIAGNOSIS')),
        category: textAt(record, 'CATEGORY'),
        severity: qualysSeverity(severity),
        vendor_name: 'Qualys',
        created_time: time(record['PUBLISHED_DATETIME']),
        modified_time: time(record['LAST_SERVICE_MODIFICATION_DATETIME']),
        references: texts(list(record, 'VENDOR_REFERENCE_LIST', 'VENDOR_REFERENCE').map((one) => textAt(one, 'URL'))),
        vulnerabilities: subjects.map((subject) => ({ ...subject, ...shared })),
      }),
      ...goneStatus(event),
    },
  };
}

/** What is a resource and no device: certificates (which have no class of their own) and web applications. */
export function resourceInventory(event: ShapedEvent, { dataset }: ShapeFacts): OcsfClass {
  const { record } = event;
  const isCertificate = dataset === 'certificates';
  const resource = said({
    uid: textAt(record, 'id') ?? nameless(event),
    uid_alt: textAt(record, 'certhash'),
    name: textAt(record, 'name') ?? textAt(record, 'subject', 'name') ?? textAt(record, 'dn') ?? nameless(event),
    type: isCertificate ? 'certificate' : 'web application',
    created_time: time(record['createdDate']) ?? time(record['createDate']),
    modified_time: time(record['updateDate']) ?? time(record['updatedDate']),
    labels: texts(list(record, 'tags', 'list', 'Tag').map((tag) => textAt(tag, 'name'))),
    data: said(isCertificate ? certificateOf(event) : { url: textAt(record, 'url') }),
  });
  return {
    class_uid: 5023,
    activity_id: inventoryActivity(event),
    severity_id: INFORMATIONAL,
    product: isCertificate ? 'CertView' : 'WAS',
    attributes: { resources: [resource], ...goneStatus(event) },
  };
}

/** OCSF's certificate object, inside the resource's data. */
function certificateOf({ record }: ShapedEvent): Record<string, unknown> {
  const hash = textAt(record, 'certhash');
  return {
    serial_number: textAt(record, 'serialNumber'),
    issuer: textAt(record, 'issuer', 'name'),
    subject: textAt(record, 'dn'),
    created_time: time(record['validFromDate']) ?? time(record['validFrom']),
    expiration_time: time(record['validToDate']) ?? time(record['validTo']),
    fingerprints: hash === undefined ? undefined : [{ algorithm_id: 3, value: hash }],
  };
}

const ENTITY_ACTIVITIES = { new: 1, updated: 3, removed: 4 } as const;

/** An object of the subscription's administration: groups, tags, policies, controls, reports. */
export function entityManagement(event: ShapedEvent, { dataset }: ShapeFacts): OcsfClass {
  const { record } = event;
  return {
    class_uid: 3004,
    activity_id: ENTITY_ACTIVITIES[event.change],
    severity_id: INFORMATIONAL,
    attributes: {
      entity: said({
        uid: textAt(record, 'ID') ?? textAt(record, 'id') ?? nameless(event),
        name: textAt(record, 'TITLE') ?? textAt(record, 'name') ?? textAt(record, 'STATEMENT'),
        type: dataset.replace(/ies$/, 'y').replace(/s$/, '').replaceAll('_', ' '),
      }),
      status_detail: event.reason,
    },
  };
}
