import { z } from 'zod';
import { defineDataset } from './define.ts';
import { isFinished, isUnfinished, SCAN_LIST, scanList } from './scan-list.ts';

export default defineDataset({
  name: 'vm_scan_results',
  aliases: [],
  title: 'Results of vulnerability scans',
  about: 'Every row of the results of each finished scan, one event each, with the scan’s reference.',
  kind: 'log',
  options: z.object({
    mode: z
      .enum(['brief', 'extended'])
      .default('extended')
      .meta({ description: 'How much each row says; extended has protocol, port and names.' }),
  }),
  format: {
    kind: 'json',
    records: '',
    fields: ['ip', 'dns', 'netbios', 'qid', 'instance', 'result', 'protocol', 'port', 'ssl', 'fqdn'],
  },
  key: [
    { from: 'part', field: 'scan_reference' },
    { from: 'record', field: 'ip' },
    { from: 'record', field: 'qid' },
    { from: 'record', field: 'port' },
    { from: 'record', field: 'protocol' },
    { from: 'record', field: 'fqdn' },
    { from: 'record', field: 'instance' },
    { from: 'occurrence', field: 'occurrence' },
  ],
  order: 'time',
  paging: {
    by: 'step',
    begin: () => [],
    next: () => undefined,
    parts: {
      list: (_, ask) => scanList(ask),
      format: SCAN_LIST,
      // What was canceled or failed has no results to fetch.
      part: (view) => ({
        part: isFinished(view) || isUnfinished(view) ? (view.text('REF') ?? '') : '',
        time: view.text('LAUNCH_DATETIME') ?? '',
        state: isFinished(view) ? 'ready' : 'unfinished',
      }),
      once: true,
    },
  },
  incremental: true,
  // Some answers begin or end with an object about the scan, which is no row.
  skips: () => (view) => view.text('qid') === undefined,
  noise: [],
  time: [],
  records: ({ mode }, { step }) => ({
    api: 'scan',
    // Fetching is of 2.0 alone.
    path: '/api/2.0/fo/scan/',
    method: 'POST',
    params: { action: 'fetch', scan_ref: step?.part ?? '', mode, output_format: 'json' },
  }),
  overlapMs: 3_600_000,
  scope: () => 'all',
  schedule: { every: 900_000 },
  pageSize: 1000,
  fields: {
    ip: { type: 'text', about: 'Address of the host.', sensitive: true },
    dns: { type: 'text', about: 'DNS name.', sensitive: true },
    netbios: { type: 'text', about: 'NetBIOS name.', sensitive: true },
    qid: { type: 'integer', about: 'Qualys id of what was found.' },
    instance: { type: 'text', about: 'Instance it was found in, where there are several.' },
    result: { type: 'text', about: 'What the scanner saw.' },
    protocol: { type: 'text', about: 'tcp or udp.' },
    port: { type: 'integer', about: 'Port it was found on.' },
    ssl: { type: 'text', about: 'yes or no.' },
    fqdn: { type: 'text', about: 'Name the port was reached by.', sensitive: true },
  },
  permission: {
    roles:
      'Managers read all results; Unit Managers those of their business unit; Scanners and Readers their own. Auditors have no access.',
    licence: 'VM or VMDR with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.vulnerabilities',
    interflow: 'qualys_vulnerabilities',
    elastic: 'qualys_vmdr.vm_scan_result',
    ocsf: 'vulnerability_finding',
  },
  example: { ip: '192.0.2.7', qid: 82040, result: 'ICMP Reply Type…', protocol: 'icmp', ssl: 'no' },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-scans/vm_scans/fetch_vm_scan.htm'],
});
