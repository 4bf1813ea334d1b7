import { z } from 'zod';
import type { Ask, Call } from '../core/dataset.ts';
import { defineDataset, flag, params } from './define.ts';
import { byWarning } from './paging.ts';

/** 4.0 is what the newest clients ask for; a table of versions was not found. */
const VERSIONS = ['4.0', '3.0', '2.0'];

const list = (ask: Ask, more: Readonly<Record<string, string | undefined>>): Call => ({
  api: 'knowledge_base/vuln',
  path: '/api/{version}/fo/knowledge_base/vuln/',
  versions: VERSIONS,
  method: 'POST',
  params: params({
    action: 'list',
    ids: ask.step?.ids?.join(','),
    // From the first id on is everything; Qualys's answer is sorted by QID and has no pages.
    id_min: ask.range === undefined || ask.range.first <= 1 ? undefined : String(ask.range.first),
    id_max: ask.range?.last == null ? undefined : String(ask.range.last),
    last_modified_after: ask.since,
    ...more,
  }),
});

/** An entry that every KnowledgeBase has: a certificate whose signature cannot be verified. All of them take minutes. */
const PROBED = 38173;

const options = z.object({
  details: z
    .enum(['Basic', 'All'])
    .default('All')
    .meta({ description: 'How much of each vulnerability Qualys sends.' }),
  show_pci_reasons: z.boolean().default(true).meta({ description: 'Reasons for failing PCI.' }),
  show_supported_modules_info: z.boolean().default(true).meta({ description: 'Qualys modules that can detect it.' }),
  show_qid_change_log: z.boolean().default(false).meta({ description: 'What changed in the entry, and when.' }),
});

const records = (own: z.output<typeof options>, ask: Ask): Call =>
  list(ask, {
    details: own.details,
    show_pci_reasons: flag(own.show_pci_reasons),
    show_supported_modules_info: flag(own.show_supported_modules_info),
    show_qid_change_log: own.show_qid_change_log ? '1' : undefined,
    show_disabled_flag: '1',
  });

export default defineDataset({
  name: 'knowledge_base',
  aliases: [],
  title: 'KnowledgeBase',
  about: 'Every vulnerability Qualys knows, by QID: title, severity, CVEs, CVSS, solution, threat intelligence.',
  kind: 'entity',
  options,
  format: {
    kind: 'xml',
    root: 'KNOWLEDGE_BASE_VULN_LIST_OUTPUT',
    record: 'RESPONSE/VULN_LIST/VULN',
    idSet: 'RESPONSE/ID_SET',
    lists: [
      'BUGTRAQ_LIST/BUGTRAQ',
      'SOFTWARE_LIST/SOFTWARE',
      'VENDOR_REFERENCE_LIST/VENDOR_REFERENCE',
      'CVE_LIST/CVE',
      'COMPLIANCE_LIST/COMPLIANCE',
      'CORRELATION/EXPLOITS/EXPLT_SRC',
      'CORRELATION/EXPLOITS/EXPLT_SRC/EXPLT_LIST/EXPLT',
      'CORRELATION/MALWARE/MW_SRC',
      'CORRELATION/MALWARE/MW_SRC/MW_LIST/MW_INFO',
      'PCI_REASONS/PCI_REASON',
      'THREAT_INTELLIGENCE/THREAT_INTEL',
      'DISCOVERY/AUTH_TYPE_LIST/AUTH_TYPE',
      'CHANGE_LOG_LIST/CHANGE_LOG_INFO',
    ],
    verbatim: [],
    fields: [
      'QID',
      'VULN_TYPE',
      'SEVERITY_LEVEL',
      'TITLE',
      'CATEGORY',
      'DETECTION_INFO',
      'LAST_CUSTOMIZATION',
      'LAST_SERVICE_MODIFICATION_DATETIME',
      'PUBLISHED_DATETIME',
      'CODE_MODIFIED_DATETIME',
      'BUGTRAQ_LIST',
      'PATCHABLE',
      'PATCH_PUBLISHED_DATE',
      'SOFTWARE_LIST',
      'VENDOR_REFERENCE_LIST',
      'CVE_LIST',
      'DIAGNOSIS',
      'DIAGNOSIS_COMMENT',
      'CONSEQUENCE',
      'CONSEQUENCE_COMMENT',
      'SOLUTION',
      'SOLUTION_COMMENT',
      'COMPLIANCE_LIST',
      'CORRELATION',
      'CVSS',
      'CVSS_V3',
      'PCI_FLAG',
      'AUTOMATIC_PCI_FAIL',
      'PCI_REASONS',
      'THREAT_INTELLIGENCE',
      'SUPPORTED_MODULES',
      'DISCOVERY',
      'IS_DISABLED',
      'CHANGE_LOG_LIST',
    ],
  },
  key: [{ from: 'record', field: 'QID' }],
  order: 'id',
  paging: byWarning,
  incremental: true,
  noise: [],
  unordered: ['CVE_LIST', 'THREAT_INTELLIGENCE'],
  version: 'LAST_SERVICE_MODIFICATION_DATETIME',
  time: ['LAST_SERVICE_MODIFICATION_DATETIME', 'PUBLISHED_DATETIME'],
  records,
  probe: (options) => records(options, { pageSize: 1, step: { ids: [PROBED] } }),
  ids: (_, ask) => list(ask, { details: 'None' }),
  overlapMs: 86_400_000,
  scope: () => 'all',
  schedule: { every: 21_600_000, sweepIds: 7 * 86_400_000, sweepFull: 30 * 86_400_000 },
  // All of it is one answer of minutes, held open by comments; ranges of this many ids let several readers share it.
  pageSize: 50_000,
  fields: {
    QID: { type: 'integer', about: 'Qualys id of the vulnerability, ascending in answers.' },
    TITLE: { type: 'text', about: 'Title.' },
    VULN_TYPE: { type: 'text', about: 'Vulnerability, Potential Vulnerability, both, or Information Gathered.' },
    SEVERITY_LEVEL: { type: 'integer', about: '1 (minimal) to 5 (urgent).' },
    CATEGORY: { type: 'text', about: 'Category.' },
    LAST_SERVICE_MODIFICATION_DATETIME: { type: 'date-time', about: 'Qualys’s last change of the entry, UTC.' },
    PUBLISHED_DATETIME: { type: 'date-time', about: 'Publication, UTC.' },
    PATCHABLE: { type: 'boolean', about: '1 where a patch is known.' },
    CVE_LIST: { type: 'object', about: 'CVE is a list of ID and URL.' },
    DIAGNOSIS: { type: 'text', about: 'What it is; holds HTML.' },
    CONSEQUENCE: { type: 'text', about: 'What it leads to; holds HTML.' },
    SOLUTION: { type: 'text', about: 'What to do; holds HTML.' },
    CVSS: { type: 'object', about: 'CVSS 2; absent where scoring is off in the subscription.' },
    CVSS_V3: { type: 'object', about: 'CVSS 3.' },
    THREAT_INTELLIGENCE: {
      type: 'object',
      about: 'THREAT_INTEL is a list of real-time threat indicators with their ids.',
    },
    IS_DISABLED: { type: 'boolean', about: '1 where the subscription has disabled the QID.' },
  },
  permission: {
    roles: 'All roles with API access.',
    licence: 'KnowledgeBase download over the API, switched on by Qualys Support for the subscription.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.knowledgebase',
    interflow: 'qualys_knowledge_base',
    elastic: 'qualys_vmdr.knowledge_base',
    ocsf: 'osint_inventory_info',
  },
  example: {
    QID: '38170',
    TITLE: 'SSL Certificate - Subject Common Name Does Not Match Server FQDN',
    SEVERITY_LEVEL: '2',
  },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-knowledgebase/knowledgebase.htm'],
});
