import { z } from 'zod';
import { defineDataset } from './define.ts';
import { byLastId } from './paging.ts';
import { anyOf, changedSince, qpsCount, qpsFormat, qpsSearch } from './qps.ts';

const OBJECT = { version: '3.0', name: 'was/finding' };
const TYPES = ['VULNERABILITY', 'SENSITIVE_CONTENT', 'INFORMATION_GATHERED'] as const;
const STATUSES = ['NEW', 'ACTIVE', 'REOPENED', 'PROTECTED', 'FIXED'] as const;

/** What the options and a time leave of all findings. */
const chosen = (
  options: {
    readonly types?: readonly string[] | undefined;
    readonly statuses?: readonly string[] | undefined;
    readonly tag_ids?: readonly number[] | undefined;
  },
  since: string | undefined,
) => [
  changedSince('lastTestedDate', since),
  anyOf('type', options.types),
  anyOf('status', options.statuses),
  anyOf('webApp.tags.id', options.tag_ids),
];

export default defineDataset({
  name: 'webapp_findings',
  aliases: [],
  title: 'Web application findings',
  about: 'Every vulnerability, sensitive content and information gathered on a web application, one event each.',
  kind: 'entity',
  options: z.object({
    verbose: z.boolean().default(false).meta({
      description: 'Requests, payloads and responses with each finding. They may hold passwords and personal data.',
    }),
    types: z.array(z.enum(TYPES)).min(1).meta({ description: 'Only these types of findings.' }).optional(),
    statuses: z
      .array(z.enum(STATUSES))
      .min(1)
      .meta({ description: 'Only these states; information gathered has none and is then left out.' })
      .optional(),
    tag_ids: z
      .array(z.number().int().positive())
      .min(1)
      .meta({ description: 'Only findings of web applications with one of these tags (by id).' })
      .optional(),
  }),
  format: qpsFormat(
    'Finding',
    [
      'id',
      'uniqueId',
      'qid',
      'name',
      'type',
      'potential',
      'findingType',
      'severity',
      'detectionScore',
      'url',
      'param',
      'group',
      'status',
      'timesDetected',
      'firstDetectedDate',
      'lastDetectedDate',
      'lastTestedDate',
      'updatedDate',
      'fixedDate',
      'isIgnored',
      'ignoredReason',
      'ignoredDate',
      'ignoredComment',
      'ignoredBy',
      'reactivateDate',
      'webApp',
      'cwe',
      'owasp',
      'wasc',
      'cvssV3',
      'resultList',
      'history',
      'patch',
      'externalRef',
    ],
    [
      'webApp/tags/list/Tag',
      'cwe/list/long',
      'owasp/list/OWASP',
      'wasc/list/WASC',
      'resultList/list/Result',
      'resultList/list/Result/accessPath/list/Url',
      'resultList/list/Result/payloads/list/PayloadInstance',
      'history/list/WebAppFindingHistory',
    ],
  ),
  key: [{ from: 'record', field: 'id' }],
  order: 'id',
  paging: byLastId,
  incremental: true,
  noise: [],
  unordered: ['webApp', 'cwe', 'owasp', 'wasc'],
  version: 'updatedDate',
  time: ['lastTestedDate', 'lastDetectedDate', 'firstDetectedDate'],
  records: (options, ask) =>
    qpsSearch(OBJECT, ask, chosen(options, ask.since), options.verbose ? { verbose: 'true' } : {}),
  count: (options, since) => qpsCount(OBJECT, chosen(options, since)),
  overlapMs: 3_600_000,
  scope: ({ verbose, types, statuses, tag_ids }) => JSON.stringify([verbose, types, statuses, tag_ids]),
  // Ignoring a finding does not move the time it is asked by: a full reading each day finds that out.
  schedule: { every: 3_600_000, sweepFull: 86_400_000 },
  pageSize: 1000,
  fields: {
    id: { type: 'integer', about: 'Qualys id of the finding, ascending in answers.' },
    uniqueId: { type: 'text', about: 'UUID of the finding.' },
    qid: { type: 'integer', about: 'Qualys id of the vulnerability, as in the KnowledgeBase.' },
    name: { type: 'text', about: 'Title.' },
    type: { type: 'text', about: 'VULNERABILITY, SENSITIVE_CONTENT or INFORMATION_GATHERED.' },
    severity: { type: 'integer', about: '1 to 5.' },
    detectionScore: { type: 'integer', about: 'Qualys detection score, where there is one.' },
    url: { type: 'text', about: 'Where it was found.', sensitive: true },
    param: { type: 'text', about: 'The parameter it was found in.' },
    status: { type: 'text', about: 'NEW, ACTIVE, REOPENED, PROTECTED or FIXED; absent for information gathered.' },
    timesDetected: { type: 'integer', about: 'How often it was found.' },
    firstDetectedDate: { type: 'date-time', about: 'First found, UTC.' },
    lastDetectedDate: { type: 'date-time', about: 'Last found, UTC.' },
    lastTestedDate: { type: 'date-time', about: 'Last looked for, found or not, UTC; the time changes are asked by.' },
    isIgnored: { type: 'boolean', about: 'Whether somebody ignores it in Qualys.' },
    ignoredReason: { type: 'text', about: 'FALSE_POSITIVE, RISK_ACCEPTED or NOT_APPLICABLE.' },
    webApp: { type: 'object', about: 'The web application: id, name, url.', sensitive: true },
    cwe: { type: 'object', about: 'CWE numbers: list.long; verbose only.' },
    cvssV3: { type: 'object', about: 'CVSS 3 base and temporal score, attack vector; verbose only.' },
    resultList: {
      type: 'object',
      about: 'Requests, payloads and responses, bodies in base64; verbose only.',
      sensitive: true,
    },
  },
  permission: {
    roles:
      'Managers see all findings; others, with API Access and the WAS module, those of web applications in their scope.',
    licence: 'Web Application Scanning (WAS).',
  },
  signIn: ['basic', 'token'],
  probe: () => qpsCount(OBJECT, []),
  destinations: {
    devo: 'my.app.qualys.webapp_findings',
    interflow: 'qualys_webapp_findings',
    elastic: 'qualys_was.vulnerability',
    ocsf: 'application_security_posture_finding',
  },
  example: {
    id: '1280912',
    uniqueId: '4e2bbf4a-4b1c-4f0e-9b39-0a4d51f1c0a7',
    qid: '150001',
    name: 'Reflected Cross-Site Scripting (XSS) Vulnerabilities',
    type: 'VULNERABILITY',
    severity: '5',
    status: 'ACTIVE',
    url: 'https://shop.example.com/search?q=1',
    lastTestedDate: '2022-04-13T02:05:11Z',
    webApp: { id: '238483925', name: 'Shop', url: 'https://shop.example.com' },
  },
  links: ['https://docs.qualys.com/en/was/api/get_started/get_started.htm'],
});
