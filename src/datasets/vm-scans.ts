import { z } from 'zod';
import { defineDataset, flag } from './define.ts';
import { oneAnswer } from './paging.ts';
import { isUnfinished, SCAN_LIST, scanList } from './scan-list.ts';

export default defineDataset({
  name: 'vm_scans',
  aliases: [],
  title: 'Vulnerability scans',
  about: 'Every vulnerability scan: what was scanned when, by whom, with which profile, and how it ended.',
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
  records: ({ show_ags, show_op }, ask) => scanList(ask, { show_ags: flag(show_ags), show_op: flag(show_op) }),
  // The filter is the launch time: what was launched in the hour before may have been listed too early.
  overlapMs: 3_600_000,
  scope: () => 'all',
  schedule: { every: 900_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
  fields: {
    REF: { type: 'text', about: 'Reference of the scan: scan/1735543972.16308.' },
    TYPE: { type: 'text', about: 'On-Demand, Scheduled or API.' },
    TITLE: { type: 'text', about: 'Title given at launch.', sensitive: true },
    USER_LOGIN: { type: 'text', about: 'Who launched it.', sensitive: true },
    LAUNCH_DATETIME: { type: 'date-time', about: 'Launch time, UTC.' },
    DURATION: { type: 'text', about: 'HH:MM:SS so far.' },
    PROCESSED: { type: 'boolean', about: '1 once the results are in the subscription’s data.' },
    STATUS: { type: 'object', about: 'STATE (Queued, Running, Paused, Finished, Canceled, Error …) and SUB_STATE.' },
    TARGET: { type: 'text', about: 'Addresses, ranges, names or cloud ids, separated by commas.', sensitive: true },
  },
  permission: {
    roles: 'Managers see all scans; Unit Managers those of their business unit; Scanners and Readers their own.',
    licence: 'VM or VMDR with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'vuln.qualys.scans',
    interflow: 'scans',
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
