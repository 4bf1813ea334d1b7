import { defineDataset, flag } from './define.ts';
import { SCAN_ABOUT, SCANS, scanList } from './scan-list.ts';

export default defineDataset({
  name: 'vm_scans',
  aliases: [],
  title: 'Vulnerability scans',
  about: 'Every vulnerability scan: what was scanned when, by whom, with which profile, and how it ended.',
  ...SCANS,
  records: ({ show_ags, show_op }, ask) => scanList(ask, { show_ags: flag(show_ags), show_op: flag(show_op) }),
  fields: {
    REF: { type: 'text', about: 'Reference of the scan: scan/1735543972.16308.' },
    ...SCAN_ABOUT,
  },
  permission: {
    roles:
      'Managers see all scans; Unit Managers those of their business unit; Scanners and Readers their own. Auditors have no access.',
    licence: 'VM or VMDR with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.vulnerabilities',
    interflow: 'qualys_vm_scans',
    elastic: 'qualys_vmdr.vm_scan',
    ocsf: 'scan_activity',
  },
  example: {
    REF: 'scan/1735543972.16308',
    TYPE: 'Scheduled',
    TITLE: 'Weekly, servers',
    LAUNCH_DATETIME: '2026-11-14T07:32:52Z',
    STATUS: { STATE: 'Finished', SUB_STATE: 'No_Host' },
  },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-scans/vm_scans/list_vm_scans.htm'],
});
