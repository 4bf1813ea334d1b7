import { z } from 'zod';
import { ip, many, moment, object, oneOf, text } from './parts.ts';

const ENTITY = ['name', 'uid'];

export const product = object(
  { name: text, vendor_name: z.literal('Qualys') },
  'cpe_name feature lang path uid url_string version',
  ENTITY,
);

export const metadata = object(
  {
    version: z.literal('1.8.0'),
    product,
    uid: text,
    tenant_uid: text,
    log_name: text,
    original_time: text.optional(),
    processed_time: moment,
    sequence: z.number().int(),
    correlation_uid: text.optional(),
    labels: many(text).optional(),
  },
  'profiles source',
);

export const group = object({ name: text.optional(), uid: text.optional() }, 'desc domain privileges type', ENTITY);

export const user = object(
  {
    name: text.optional(),
    uid: text.optional(),
    uid_alt: text.optional(),
    full_name: text.optional(),
    email_addr: text.optional(),
    phone_number: text.optional(),
    type: text.optional(),
    type_id: oneOf(1, 2, 3, 4).optional(),
    groups: many(group).optional(),
  },
  'account credential_uid display_name domain forward_addr has_mfa org risk_level risk_level_id risk_score',
  ENTITY,
);

const os = object(
  {
    name: text,
    type_id: oneOf(100, 101, 200, 201, 300, 301, 302, 400, 401, 402),
    version: text.optional(),
    cpe_name: text.optional(),
  },
  'build country cpu_bits edition kernel_release lang sp_name sp_ver type',
);

const agent = object(
  { uid: text.optional(), name: text.optional(), type_id: oneOf(1, 2, 3, 4, 5, 6, 7, 8) },
  'policies type uid_alt vendor_name version',
  ENTITY,
);

const networkInterface = object(
  { name: text.optional(), uid: text.optional(), ip: ip.optional(), mac: text.optional(), type_id: oneOf(1, 2, 3, 4) },
  'hostname namespace open_ports subnet_prefix type',
  ENTITY,
);

const ADDRESSED = ['ip', 'uid', 'name', 'hostname', 'instance_uid', 'interface_uid', 'interface_name'];

export const device = object(
  {
    type_id: oneOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    type: text.optional(),
    uid: text.optional(),
    uid_alt: text.optional(),
    name: text.optional(),
    hostname: text.optional(),
    domain: text.optional(),
    ip: ip.optional(),
    mac: text.optional(),
    os: os.optional(),
    network_interfaces: many(networkInterface).optional(),
    agent_list: many(agent).optional(),
    groups: many(group).optional(),
    owner: user.optional(),
    hw_info: object({ serial_number: text }).optional(),
    vendor_name: text.optional(),
    model: text.optional(),
    instance_uid: text.optional(),
    region: text.optional(),
    created_time: moment.optional(),
    first_seen_time: moment.optional(),
    last_seen_time: moment.optional(),
    modified_time: moment.optional(),
    risk_score: z.number().int().optional(),
    risk_level_id: oneOf(1, 2, 3, 4).optional(),
    risk_level: text.optional(),
  },
  'interface_name interface_uid location mac_vendor pool subnet_uid vlan_uid vpc_uid zone desc image is_managed org subnet',
  ENTITY,
  ADDRESSED,
);

export const endpoint = object(
  { ip: ip.optional(), uid: text.optional(), name: text.optional(), hostname: text.optional() },
  'port svc_name',
  [...ADDRESSED, 'svc_name'],
);

export const resource = object(
  {
    uid: text.optional(),
    uid_alt: text.optional(),
    name: text.optional(),
    hostname: text.optional(),
    ip: ip.optional(),
    type: text.optional(),
    criticality: text.optional(),
    labels: many(text).optional(),
    created_time: moment.optional(),
    modified_time: moment.optional(),
  },
  'data tags agent_list cloud_partition group is_backed_up namespace owner provider region resource_relationship role role_id version zone',
  ENTITY,
);

export const findingInfo = object(
  {
    uid: text,
    uid_alt: text.optional(),
    title: text.optional(),
    desc: text.optional(),
    types: many(text).optional(),
    first_seen_time: moment.optional(),
    last_seen_time: moment.optional(),
    created_time: moment.optional(),
    modified_time: moment.optional(),
  },
  'analytic attacks data_sources kill_chain product product_uid related_analytics related_events related_events_count src_url tags traits',
);

const cvss = object(
  {
    version: text,
    base_score: z.number().min(0).max(10),
    overall_score: z.number().optional(),
    vector_string: text.optional(),
  },
  'depth metrics severity src_url vendor_name',
);

const cve = object(
  {
    uid: text,
    cvss: many(cvss).optional(),
    epss: object({ score: text }, 'created_time percentile version').optional(),
  },
  'created_time cwe cwe_uid cwe_url desc modified_time product references related_cwes title type',
);

const packageOf = object(
  { name: text, version: text, fixed_in_version: text.optional() },
  'architecture type_id cpe_name epoch purl release vendor_name path',
);

export const remediation = object({ desc: text }, 'cis_controls kb_article_list kb_articles references');

export const vulnerability = object(
  {
    cve: cve.optional(),
    cwe: object({ uid: z.string().regex(/^CWE-./) }, 'caption src_url').optional(),
    advisory: object(
      { uid: text, title: text.optional() },
      'bulletin created_time desc modified_time references src_url',
    ).optional(),
    title: text.optional(),
    desc: text.optional(),
    severity: text.optional(),
    category: text.optional(),
    vendor_name: text.optional(),
    first_seen_time: moment.optional(),
    last_seen_time: moment.optional(),
    is_fix_available: z.boolean().optional(),
    is_exploit_available: z.boolean().optional(),
    remediation: remediation.optional(),
    affected_packages: many(packageOf).optional(),
  },
  'affected_code dependency_chain exploit_ref_url exploit_type kb_article_list references related_vulnerabilities',
).refine(({ cve: a, cwe: b, advisory: c }) => [a, b, c].filter((one) => one !== undefined).length === 1, {
  error: 'needs exactly one of cve, cwe, advisory',
});

export const file = object(
  { name: text, type_id: oneOf(1, 2, 3, 4, 5, 6, 7), path: text.optional(), type: text.optional() },
  'uid ext hashes accessed_time created_time modified_time owner parent_folder size',
);

const process = object(
  { pid: z.number().int().optional(), name: text.optional(), file: file.optional() },
  'uid cmd_line',
  ['pid', 'uid', 'cpid'],
);

export const actor = object(
  { user: user.optional(), process: process.optional(), app_name: text.optional() },
  'app_uid authorizations idp invoked_by session',
  ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
);
