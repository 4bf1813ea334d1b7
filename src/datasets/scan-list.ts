import type { Ask, Call } from '../core/dataset.ts';
import type { XmlFormat } from '../core/format.ts';
import type { RecordView } from '../core/words.ts';
import { params } from './define.ts';

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
