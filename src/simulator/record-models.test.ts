/** The answers of the same lists, held against the content models of the reference. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { breaches, type ContentModels } from '../../test/support/content-model.ts';
import {
  APPLIANCES,
  CONTROLS,
  GROUPS,
  IPS,
  list,
  type Params,
  POLICIES,
  POSTURES,
  REPORTS,
  SCANS,
  TICKETS,
  USERS,
} from '../../test/support/records-client.ts';
import { all, ask, child, type Node, parseXml } from '../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from './index.ts';
import { DAY } from './world/time.ts';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 260, seed: 11 });
  sim.advance(40 * DAY);
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

/** As the reference writes them, sections 2, 6 to 11, 13 to 15. */
const WARNING = 'CODE?,TEXT,URL?';
const CRITICALITY = 'LABEL,VALUE';
const TECHNOLOGY = 'ID,NAME';
const MODELS: Record<string, readonly [path: string, params: Params, models: ContentModels]> = {
  ips: [IPS, {}, { IP_LIST_OUTPUT: 'REQUEST?,RESPONSE', RESPONSE: 'DATETIME,IP_SET?', IP_SET: '(IP|IP_RANGE)+' }],
  asset_groups: [
    GROUPS,
    { show_attributes: 'ALL', truncation_limit: 11 },
    {
      ASSET_GROUP_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,(ASSET_GROUP_LIST?|ID_SET?),WARNING?',
      WARNING,
      ASSET_GROUP_LIST: 'ASSET_GROUP+',
      ASSET_GROUP:
        'ID,TITLE?,(OWNER_ID|OWNER_USER_ID)?,OWNER_USER_NAME?,(UNIT_ID|OWNER_UNIT_ID)?,(NETWORK_ID|NETWORK_IDS)?,LAST_UPDATE?,BUSINESS_IMPACT?,CVSS_ENVIRO_CDP?,CVSS_ENVIRO_TD?,CVSS_ENVIRO_CR?,CVSS_ENVIRO_IR?,CVSS_ENVIRO_AR?,DEFAULT_APPLIANCE_ID?,APPLIANCE_IDS?,IP_SET?,DOMAIN_LIST?,DNS_LIST?,NETBIOS_LIST?,HOST_IDS?,EC2_IDS?,ASSIGNED_USER_IDS?,ASSIGNED_UNIT_IDS?,COMMENTS?',
      IP_SET: '(IP|IP_RANGE)+',
      DOMAIN_LIST: 'DOMAIN+',
      DNS_LIST: 'DNS+',
      NETBIOS_LIST: 'NETBIOS+',
    },
  ],
  reports: [
    REPORTS,
    {},
    {
      REPORT_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,REPORT_LIST?',
      REPORT_LIST: 'REPORT+',
      REPORT: 'ID,TITLE?,CLIENT?,TYPE,USER_LOGIN,LAUNCH_DATETIME,OUTPUT_FORMAT,SIZE,STATUS,EXPIRATION_DATETIME',
      STATUS: 'STATE,MESSAGE?,PERCENT?',
    },
  ],
  tickets: [
    TICKETS,
    { since_ticket_number: 0, show_host_id: 1, show_vuln_details: 1 },
    {
      REMEDIATION_TICKETS: '(ERROR|(HEADER,TICKET_LIST?,TRUNCATION?))',
      HEADER: 'USER_LOGIN,COMPANY,DATETIME,WHERE',
      TICKET_LIST: 'TICKET+',
      TICKET:
        'NUMBER,CREATION_DATETIME,DUE_DATETIME,CURRENT_STATE,CURRENT_STATUS?,INVALID?,ASSIGNEE,DETECTION,STATS?,HISTORY_LIST?,VULNINFO?,DETAILS?',
      ASSIGNEE: 'NAME,EMAIL,LOGIN',
      DETECTION: 'IP,HOST_ID?,DNSNAME?,FQDN?,NBHNAME?,PORT?,SERVICE?,PROTOCOL?,INSTANCE?',
      STATS:
        'FIRST_FOUND_DATETIME,LAST_FOUND_DATETIME,LAST_SCAN_DATETIME,TIMES_FOUND,TIMES_NOT_FOUND,LAST_OPEN_DATETIME,LAST_RESOLVED_DATETIME?,LAST_CLOSED_DATETIME?,LAST_IGNORED_DATETIME?',
      HISTORY_LIST: 'HISTORY+',
      HISTORY: 'DATETIME,ACTOR,STATE?,ADDED_ASSIGNEE?,REMOVED_ASSIGNEE?,SCAN?,RULE?,COMMENT?',
      STATE: 'OLD?,NEW?',
      SCAN: 'REF,DATETIME',
      VULNINFO: 'TITLE,TYPE,QID,SEVERITY,STANDARD_SEVERITY,CVE_ID_LIST?,BUGTRAQ_ID_LIST?,VENDOR_REF_LIST?',
      CVE_ID_LIST: 'CVE_ID+',
      DETAILS: 'DIAGNOSIS,CONSEQUENCE,SOLUTION,CORRELATION?,RESULT',
    },
  ],
  users: [
    USERS,
    { show_access_permissions: 1 },
    {
      USER_LIST_OUTPUT: '(ERROR?|USER_LIST?)',
      USER_LIST: 'USER+',
      USER: 'USER_LOGIN?,USER_ID?,EXTERNAL_ID?,CONTACT_INFO,ASSIGNED_ASSET_GROUPS?,USER_STATUS,CREATION_DATE,LAST_LOGIN_DATE?,USER_ROLE?,BUSINESS_UNIT?,UNIT_MANAGER_POC?,MANAGER_POC?,UI_INTERFACE_STYLE?,PERMISSIONS?,NOTIFICATIONS?',
      CONTACT_INFO:
        'FIRSTNAME,LASTNAME,TITLE,PHONE,FAX,EMAIL,COMPANY,ADDRESS1,ADDRESS2,CITY,COUNTRY,STATE,ZIP_CODE,TIME_ZONE_CODE',
      ASSIGNED_ASSET_GROUPS: 'ASSET_GROUP_TITLE+',
      PERMISSIONS: 'CREATE_OPTION_PROFILES,PURGE_INFO,ADD_ASSETS,EDIT_REMEDIATION_POLICY,EDIT_AUTH_RECORDS',
      NOTIFICATIONS: 'LATEST_VULN,MAP,SCAN,DAILY_TICKETS',
    },
  ],
  appliances: [
    APPLIANCES,
    { output_mode: 'full', include_cloud_info: 1, include_license_info: 1 },
    {
      APPLIANCE_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,APPLIANCE_LIST?,LICENSE_INFO?',
      LICENSE_INFO: 'QVSA_LICENSES_COUNT,QVSA_LICENSES_USED',
      APPLIANCE_LIST: 'APPLIANCE+',
      APPLIANCE:
        'ID,UUID?,NAME,NETWORK_ID?,SOFTWARE_VERSION,RUNNING_SLICES_COUNT?,RUNNING_SCAN_COUNT,STATUS,MODEL_NUMBER?,TYPE?,SERIAL_NUMBER?,ACTIVATION_CODE?,INTERFACE_SETTINGS*,PROXY_SETTINGS?,IS_CLOUD_DEPLOYED?,CLOUD_INFO?,VLANS?,STATIC_ROUTES?,ML_LATEST?,ML_VERSION?,VULNSIGS_LATEST?,VULNSIGS_VERSION?,ASSET_GROUP_COUNT?,ASSET_GROUP_LIST?,ASSET_TAGS_LIST?,LAST_UPDATED_DATE?,POLLING_INTERVAL?,USER_LOGIN?,HEARTBEATS_MISSED?,SS_CONNECTION?,SS_LAST_CONNECTED?,FDCC_ENABLED?,USER_LIST?,UPDATED?,COMMENTS?,RUNNING_SCANS?,MAX_CAPACITY_UNITS?',
      INTERFACE_SETTINGS: 'SETTING?,INTERFACE,IP_ADDRESS,NETMASK,GATEWAY,LEASE,IPV6_ADDRESS?,SPEED,DUPLEX,DNS',
      DNS: 'DOMAIN?,PRIMARY,SECONDARY',
      PROXY_SETTINGS: 'SETTING,PROXY*',
      PROXY: 'TYPE?,PROTOCOL?,IP_ADDRESS,HOSTNAME?,PORT,USER',
      CLOUD_INFO: 'PLATFORM_PROVIDER,EC2_INFO?',
      EC2_INFO: 'INSTANCE_ID,EC2_REGION',
      VLANS: 'SETTING,VLAN*',
      VLAN: 'ID,NAME,IP_ADDRESS,NETMASK',
      // Childless lists occur (section 0.5).
      ASSET_GROUP_LIST: 'ASSET_GROUP*',
      ASSET_GROUP: 'ID,NAME',
      USER_LIST: 'USER_ACCOUNT*',
      USER_ACCOUNT: 'ID,NAME',
    },
  ],
  compliance_scans: [
    SCANS,
    { show_ags: 1, show_op: 1 },
    {
      SCAN_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,SCAN_LIST?',
      SCAN_LIST: 'SCAN+',
      SCAN: 'ID,REF,SCAN_TYPE?,TYPE,TITLE,CLIENT?,USER_LOGIN,LAUNCH_DATETIME,DURATION,PROCESSING_PRIORITY?,PROCESSED,STATUS?,TARGET?,ASSET_GROUP_TITLE_LIST?,OPTION_PROFILE?',
      STATUS: 'STATE,SUB_STATE?',
      ASSET_GROUP_TITLE_LIST: 'ASSET_GROUP_TITLE+',
      OPTION_PROFILE: 'TITLE,DEFAULT_FLAG?',
    },
  ],
  compliance_controls: [
    CONTROLS,
    { details: 'All', truncation_limit: 300 },
    {
      CONTROL_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,(CONTROL_LIST?|ID_SET?),WARNING?',
      WARNING,
      CONTROL_LIST: 'CONTROL+',
      CONTROL:
        'ID,UPDATE_DATE,CREATED_DATE,CATEGORY,SUB_CATEGORY,STATEMENT,CRITICALITY?,DEPRECATED?,DEPRECATED_DATE?,CHECK_TYPE?,COMMENT?,IGNORE_ERROR?,IGNORE_ITEM_NOT_FOUND?,SCAN_PARAMETERS?,TECHNOLOGY_LIST,FRAMEWORK_LIST?,IS_ACTIVE?',
      CRITICALITY,
      SCAN_PARAMETERS: 'DATA_TYPE,DESCRIPTION',
      TECHNOLOGY_LIST: 'TECHNOLOGY+',
      TECHNOLOGY: 'ID,NAME,RATIONALE,DATAPOINT?',
      FRAMEWORK_LIST: 'FRAMEWORK+',
      FRAMEWORK: 'ID,NAME,REFERENCE_LIST',
      REFERENCE_LIST: 'REFERENCE+',
      REFERENCE: 'SECTION,COMMENTS',
    },
  ],
  compliance_policies: [
    POLICIES,
    { details: 'All' },
    {
      POLICY_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,(POLICY_LIST?|ID_SET?),GLOSSARY?,WARNING?',
      POLICY_LIST: 'POLICY+',
      POLICY:
        'ID,TITLE,CREATED,LAST_MODIFIED,LAST_EVALUATED?,STATUS,IS_LOCKED,EVALUATE_NOW?,ASSET_GROUP_IDS?,TAG_SET_INCLUDE?,TAG_INCLUDE_SELECTOR?,TAG_SET_EXCLUDE?,TAG_EXCLUDE_SELECTOR?,INCLUDE_AGENT_IPS?,CONTROL_LIST?',
      CREATED: 'DATETIME,BY',
      LAST_MODIFIED: 'DATETIME,BY',
      LAST_EVALUATED: 'DATETIME',
      CONTROL_LIST: 'CONTROL+',
      CONTROL: 'ID,STATEMENT?,CRITICALITY?,STATUS?,TECHNOLOGY_LIST?',
      CRITICALITY,
      GLOSSARY: 'ASSET_GROUP_LIST?,ASSET_TAG_LIST?,USER_LIST?',
      ASSET_GROUP_LIST: 'ASSET_GROUP+',
      ASSET_GROUP: 'ID,TITLE',
    },
  ],
  compliance_posture: [
    POSTURES,
    {
      policy_id: 99_186,
      details: 'All',
      show_extended_evidence: 1,
      cause_of_failure: 1,
      show_remediation_info: 1,
      truncation_limit: 400,
    },
    {
      POSTURE_INFO_LIST_OUTPUT: 'REQUEST?,RESPONSE',
      RESPONSE: 'DATETIME,INFO_LIST?,SUMMARY?,(WARNING|WARNING_LIST)?,GLOSSARY?',
      WARNING,
      INFO_LIST: 'INFO+',
      INFO: 'ID,HOST_ID,CONTROL_ID,TECHNOLOGY_ID,INSTANCE?,STATUS,REMEDIATION?,POSTURE_MODIFIED_DATE,EVALUATION_DATE?,PREVIOUS_STATUS?,FIRST_FAIL_DATE?,LAST_FAIL_DATE?,FIRST_PASS_DATE?,LAST_PASS_DATE?,EXCEPTION?,EVIDENCE?,CAUSE_OF_FAILURE?',
      EXCEPTION: 'ASSIGNEE,STATUS,END_DATETIME?,CREATED?,LAST_MODIFIED?,COMMENT_LIST?',
      CREATED: 'BY,DATETIME',
      LAST_MODIFIED: 'BY,DATETIME',
      COMMENT_LIST: 'COMMENT+',
      COMMENT: 'DATETIME,BY,TEXT',
      EVIDENCE: 'BOOLEAN_EXPR,DPV_LIST?,EXTENDED_EVIDENCE?',
      DPV_LIST: 'DPV+',
      DPV: 'LABEL,(V*|TM_REF)',
      CAUSE_OF_FAILURE: 'UNEXPECTED?,MISSING?',
      UNEXPECTED: 'V+',
      MISSING: 'V+',
      SUMMARY: 'TOTAL_ASSETS,TOTAL_CONTROLS,CONTROL_INSTANCES',
      CONTROL_INSTANCES: 'TOTAL,TOTAL_PASSED,TOTAL_FAILED,TOTAL_ERROR,TOTAL_EXCEPTIONS',
      GLOSSARY: 'USER_LIST?,HOST_LIST?,CONTROL_LIST?,TECHNOLOGY_LIST?,TP_LIST?,FV_LIST?,TM_LIST?,DPD_LIST?',
      HOST_LIST: 'HOST+',
      HOST: 'ID,IP,TRACKING_METHOD,DNS?,NETBIOS?,OS?,LAST_COMPLIANCE_SCAN_DATETIME?',
      CONTROL_LIST: 'CONTROL+',
      CONTROL: 'ID,STATEMENT,REFERENCE?,CRITICALITY?,RATIONALE_LIST?',
      CRITICALITY,
      RATIONALE_LIST: 'RATIONALE+',
      RATIONALE: 'TECHNOLOGY_ID,TEXT',
      TECHNOLOGY_LIST: 'TECHNOLOGY+',
      TECHNOLOGY,
      TP_LIST: 'TP+',
      TP: 'LABEL,V+',
      FV_LIST: 'FV+',
      FV: 'LABEL,V+',
      TM_LIST: 'TM+',
      TM: 'LABEL,V+',
      DPD_LIST: 'DPD+',
      DPD: 'LABEL,ID?,NAME?,DESC',
    },
  ],
};

describe('content models', () => {
  test.each(Object.keys(MODELS))('of %s: names, order and nesting', async (dataset) => {
    const [path, params, models] = MODELS[dataset]!;
    const root = await list(sim, path, params);
    expect(breaches(root, models)).toEqual([]);
    const empty = { ...models };
    delete empty[root.name];
    expect(breaches(root, empty), 'the models are held').not.toEqual([]);
  });

  test('every optional element of a ticket, an appliance and a posture comes up', async () => {
    const names = (root: Node): string[] => [root.name, ...root.children.flatMap(names)];
    for (const dataset of ['tickets', 'appliances', 'compliance_posture', 'compliance_controls']) {
      const [path, params, models] = MODELS[dataset]!;
      const seen = new Set(names(await list(sim, path, params)));
      const never = new Set(
        Object.values(models)
          .join(',')
          .match(/[A-Z][A-Z0-9_]*/g)!
          .filter((name) => !seen.has(name)),
      );
      expect([...never].sort(), dataset).toEqual(NEVER[dataset]);
    }
  });

  test('versions name themselves in the DOCTYPE, and older ones lack what is new', async () => {
    for (const [path, version, element, parent, there] of [
      [CONTROLS, '3.0', 'IS_ACTIVE', 'CONTROL', true],
      [CONTROLS, '2.0', 'IS_ACTIVE', 'CONTROL', false],
      [POLICIES, '4.0', 'STATUS', 'CONTROL', true],
      [POLICIES, '2.0', 'STATUS', 'CONTROL', false],
    ] as const) {
      const old = path.replace(/\d\.0/, version);
      const { text } = await ask(sim, old, { params: { action: 'list', details: 'All' } });
      expect(text.split('\n')[1]).toContain(`${sim.url}${old}`);
      const [one] = all(parseXml(text), parent);
      expect(child(one, element) !== undefined, `${old} ${element}`).toBe(there);
    }
    expect((await ask(sim, '/api/9.0/fo/compliance/policy/', { params: { action: 'list' } })).status).toBe(404);
  });

  test('nothing found is a RESPONSE with its DATETIME alone', async () => {
    for (const [path, params] of [
      [GROUPS, { title: 'no such group' }],
      [REPORTS, { id: 1 }],
      [APPLIANCES, { ids: 1 }],
      [SCANS, { launched_before_datetime: '2001-01-01' }],
      [CONTROLS, { ids: 1 }],
      [POLICIES, { ids: 1 }],
      [POSTURES, { policy_id: 1 }],
    ] as const) {
      const root = await list(sim, path, params);
      expect(
        child(root, 'RESPONSE')?.children.map(({ name }) => name),
        path,
      ).toEqual(['DATETIME']);
    }
    expect((await list(sim, TICKETS, { qids: 1 })).children.map(({ name }) => name)).toEqual(['HEADER']);
  });
});

/** Elements of the reference that this world has no use for. */
const NEVER: Record<string, string[]> = {
  tickets: ['BUGTRAQ_ID_LIST', 'CORRELATION', 'ERROR', 'TRUNCATION', 'VENDOR_REF_LIST'],
  appliances: ['ASSET_TAGS_LIST', 'REQUEST', 'RUNNING_SCANS'],
  compliance_posture: ['REFERENCE', 'REQUEST', 'USER_LIST', 'WARNING_LIST'],
  compliance_controls: ['DATAPOINT', 'ID_SET', 'REQUEST'],
};
