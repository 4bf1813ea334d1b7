import { z } from 'zod';
import type { Ask, Call, FieldFact } from '../core/dataset.ts';
import type { XmlFormat } from '../core/format.ts';
import type { RecordView } from '../core/words.ts';
import { params } from './define.ts';
import { oneAnswer } from './paging.ts';

/** Without a launch time Qualys lists the last thirty days. */
export const BEFORE_EVERYTHING = '2000-01-01T00:00:00Z';

/** States a scan never leaves. */
const ENDED = new Set(['Finished', 'Canceled', 'Error']);

export const SCAN_FIELDS = [
  'ID',
  'REF',
  'SCAN_TYPE',
  'TYPE',
  'TITLE',
  'CLIENT',
  'USER_LOGIN',
  'LAUNCH_DATETIME',
  'DURATION',
  'PROCESSING_PRIORITY',
  'PROCESSED',
  'STATUS',
  'TARGET',
  'ASSET_GROUP_TITLE_LIST',
  'OPTION_PROFILE',
] as const;

/** Scan lists of vulnerability and compliance scans have one shape. */
export const SCAN_LIST: XmlFormat = {
  kind: 'xml',
  root: 'SCAN_LIST_OUTPUT',
  record: 'RESPONSE/SCAN_LIST/SCAN',
  lists: ['ASSET_GROUP_TITLE_LIST/ASSET_GROUP_TITLE'],
  verbatim: [],
  fields: SCAN_FIELDS,
};

/**
 * The list of vulnerability scans, whole: it has no pages. It is filtered by launch time, and a scan may run for days.
 * 3.0 is current; 2.0 passed End of Support in December 2025 and may be gone.
 */
export function scanList(ask: Ask, more: Readonly<Record<string, string>> = {}): Call {
  return {
    api: 'scan',
    path: '/api/{version}/fo/scan/',
    versions: ['3.0', '2.0'],
    method: 'POST',
    params: params({
      action: 'list',
      launched_after_datetime: ask.since ?? BEFORE_EVERYTHING,
      show_status: '1',
      ...more,
    }),
  };
}

/** Whether more will be said of a scan: it goes on, or its results are not processed yet. */
export function isUnfinished(view: RecordView): boolean {
  const state = view.text('STATUS/STATE') ?? '';
  return !ENDED.has(state) || (state === 'Finished' && view.text('PROCESSED') === '0');
}

export const isFinished = (view: RecordView): boolean =>
  view.text('STATUS/STATE') === 'Finished' && view.text('PROCESSED') !== '0';

/** What the data sets of vulnerability and of compliance scans have in common. */
export const SCANS = {
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
  // The filter is the launch time: what was launched in the hour before may have been listed too early.
  overlapMs: 3_600_000,
  scope: () => 'all',
  schedule: { every: 900_000, sweepFull: 7 * 86_400_000 },
  pageSize: 1000,
} as const;

export const SCAN_ABOUT = {
  TYPE: { type: 'text', about: 'On-Demand, Scheduled or API.' },
  TITLE: { type: 'text', about: 'Title given at launch.', sensitive: true },
  USER_LOGIN: { type: 'text', about: 'Who launched it.', sensitive: true },
  LAUNCH_DATETIME: { type: 'date-time', about: 'Launch time, UTC.' },
  DURATION: { type: 'text', about: 'HH:MM:SS so far.' },
  PROCESSED: { type: 'boolean', about: '1 once the results are in the subscription’s data.' },
  STATUS: { type: 'object', about: 'STATE (Queued, Running, Paused, Finished, Canceled, Error …) and SUB_STATE.' },
  TARGET: { type: 'text', about: 'Addresses, ranges, names or cloud ids, separated by commas.', sensitive: true },
} as const satisfies Readonly<Record<string, FieldFact>>;
