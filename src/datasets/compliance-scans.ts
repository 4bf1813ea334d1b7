import { COMPLIANCE_LICENCE, COMPLIANCE_ROLES } from './compliance-list.ts';
import { defineDataset, flag } from './define.ts';
import { BEFORE_EVERYTHING, SCAN_ABOUT, SCANS } from './scan-list.ts';

export default defineDataset({
  name: 'compliance_scans',
  aliases: [],
  title: 'Compliance scans',
  about: 'Every compliance scan: what was scanned when, by whom, with which profile, and how it ended.',
  ...SCANS,
  records: ({ show_ags, show_op }, ask) => ({
    api: 'scan/compliance',
    path: '/api/2.0/fo/scan/compliance/',
    method: 'POST',
    params: {
      action: 'list',
      launched_after_datetime: ask.since ?? BEFORE_EVERYTHING,
      show_status: '1',
      show_ags: flag(show_ags),
      show_op: flag(show_op),
    },
  }),
  fields: {
    ID: { type: 'integer', about: 'Scan id.' },
    REF: { type: 'text', about: 'Reference of the scan: compliance/1344842952.1340.' },
    ...SCAN_ABOUT,
  },
  permission: { roles: COMPLIANCE_ROLES, licence: COMPLIANCE_LICENCE },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.compliance_scans',
    interflow: 'qualys_compliance_scans',
    elastic: 'qualys_vmdr.compliance_scan',
    ocsf: 'scan_activity',
  },
  example: {
    ID: '3332486',
    REF: 'compliance/1344842952.1340',
    TYPE: 'Scheduled',
    TITLE: 'Monthly, CIS',
    LAUNCH_DATETIME: '2026-11-02T07:29:12Z',
    STATUS: { STATE: 'Finished' },
  },
  links: [
    'https://docs.qualys.com/en/pc/api/pc_scans/list_pc_scans.htm',
    'https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-scans/vm_scans/list_vm_scans.htm',
  ],
});
