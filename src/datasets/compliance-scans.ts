import { z } from 'zod';
import { COMPLIANCE_LICENCE, COMPLIANCE_ROLES } from './compliance-list.ts';
import { defineDataset, flag } from './define.ts';
import { oneAnswer } from './paging.ts';
import { BEFORE_EVERYTHING, isUnfinished, SCAN_LIST } from './scan-list.ts';

export default defineDataset({
  name: 'compliance_scans',
  aliases: [],
  title: 'Compliance scans',
  about: 'Every compliance scan: what was scanned when, by whom, with which profile, and how it ended.',
  kind: 'entity',
  options: z.object({
    show_ags: z.boolean().default(true).meta({ description: 'Asset groups the scan was launched on.' }),
    show_op: z.boolean().default(true).meta({ description: 'Option profile of the scan.' }),
  }),
  format: SCAN_LIST,
  key: [{ from: 'record', field: 'REF' }],
  order: 'none',
  paging: oneAnswer,
  incremental: true,
  unfinished: { time: 'LAUNCH_DATETIME', is: isUnfinished },
  // Counts up while a scan runs; its last value comes with the change of state.
  noise: ['DURATION'],
  unordered: ['ASSET_GROUP_TITLE_LIST'],
  time: ['LAUNCH_DATETIME'],
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
  // The filter is the launch time: what was launched in the hour before may have been listed too early.
  overlapMs: 3_600_000,
  scope: () => 'all',
  schedule: { every: 900_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
  fields: {
    ID: { type: 'integer', about: 'Scan id.' },
    REF: { type: 'text', about: 'Reference of the scan: compliance/1344842952.1340.' },
    TYPE: { type: 'text', about: 'On-Demand, Scheduled or API.' },
    TITLE: { type: 'text', about: 'Title given at launch.', sensitive: true },
    USER_LOGIN: { type: 'text', about: 'Who launched it.', sensitive: true },
    LAUNCH_DATETIME: { type: 'date-time', about: 'Launch time, UTC.' },
    DURATION: { type: 'text', about: 'HH:MM:SS so far.' },
    PROCESSED: { type: 'boolean', about: '1 once the results are in the subscription’s data.' },
    STATUS: { type: 'object', about: 'STATE (Queued, Running, Paused, Finished, Canceled, Error …) and SUB_STATE.' },
    TARGET: { type: 'text', about: 'Addresses, ranges, names or cloud ids, separated by commas.', sensitive: true },
  },
  permission: { roles: COMPLIANCE_ROLES, licence: COMPLIANCE_LICENCE },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.compliance_scans',
    interflow: 'scans',
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
