/** `/api/2.0/fo/scan/compliance/`: compliance scans, newest first, by default of the last 30 days (reference, section 2). */
import { invalid, readDate } from '../params.ts';
import { type ComplianceScan, complianceScansAt } from '../world/compliance-scans.ts';
import { DAY, stamp } from '../world/time.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import { framed, listElement, where } from './id-page.ts';
import type { Call, Route } from './route.ts';

const STATES = ['Running', 'Paused', 'Canceled', 'Finished', 'Error', 'Queued', 'Loading'];

export const complianceScanList: Route = {
  path: '/api/{version}/fo/scan/compliance/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    echo_request: 'flag',
    scan_id: 'count',
    scan_ref: 'free',
    state: 'free',
    processed: 'flag',
    type: ['On-Demand', 'Scheduled', 'API'],
    user_login: 'free',
    launched_after_datetime: 'date',
    launched_before_datetime: 'moment',
    show_ags: 'flag',
    show_op: 'flag',
    show_status: 'flag',
    show_last: 'flag',
    ignore_target: 'flag',
    target: 'unsimulated',
    pci_only: 'unsimulated',
    client_id: 'unsimulated',
    client_name: 'unsimulated',
  }),
  answer: (call) => {
    const scans = where(complianceScansAt(call.world, call.now, since(call)), wanted(call));
    const list = listElement(call, '    ', 'SCAN_LIST', lastOnly(call, scans), (scan) => scanElement(call, scan));
    const dtd = '/api/2.0/fo/scan/compliance/compliance_scan_list_output.dtd';
    return { status: 200, type: 'application/xml', rated: true, body: framed(call, 'SCAN_LIST_OUTPUT', dtd, list) };
  },
};

/** Naming a scan looks at all there are. */
function since({ params, now }: Call): number {
  const after = readDate(params.get('launched_after_datetime') ?? '');
  if (after !== undefined) return after;
  return params.has('scan_ref') || params.has('scan_id') ? 0 : now - 30 * DAY;
}

function wanted({ params }: Call): (scan: ComplianceScan) => boolean {
  const states = params.get('state')?.split(',');
  for (const state of states ?? []) {
    if (!STATES.includes(state)) throw invalid('state', states!.join(','), `must be one of: ${STATES.join(', ')}`);
  }
  const ref = params.get('scan_ref');
  if (ref !== undefined && !ref.startsWith('compliance/')) throw invalid('scan_ref', ref, 'not a compliance scan');
  const before = readDate(params.get('launched_before_datetime') ?? '');
  const is = (name: string, value: string): boolean => !params.has(name) || params.get(name) === value;
  return (scan) =>
    (states === undefined || states.includes(scan.state)) &&
    (before === undefined || scan.launched < before) &&
    is('scan_ref', scan.ref) &&
    is('scan_id', String(scan.id)) &&
    is('processed', scan.processed ? '1' : '0') &&
    is('type', scan.type) &&
    is('user_login', scan.userLogin);
}

function* lastOnly(call: Call, scans: Iterable<ComplianceScan | undefined>): Generator<ComplianceScan | undefined> {
  for (const scan of scans) {
    yield scan;
    if (scan !== undefined && call.params.get('show_last') === '1') return;
  }
}

const I = '        ';

function scanElement({ params }: Call, scan: ComplianceScan): string {
  const on = (name: string, byDefault: boolean): boolean => (params.get(name) ?? (byDefault ? '1' : '0')) === '1';
  const titles = scan.groupTitles.map((title) => cdataElement(`${I}  `, 'ASSET_GROUP_TITLE', title)).join('');
  return (
    `      <SCAN>\n${I}<ID>${scan.id}</ID>\n` +
    element(I, 'REF', scan.ref) +
    element(I, 'TYPE', scan.type) +
    cdataElement(I, 'TITLE', scan.title) +
    element(I, 'USER_LOGIN', scan.userLogin) +
    element(I, 'LAUNCH_DATETIME', stamp(scan.launched)) +
    element(I, 'DURATION', scan.duration === undefined ? 'Pending' : clockTime(scan.duration)) +
    element(I, 'PROCESSING_PRIORITY', scan.priority) +
    element(I, 'PROCESSED', scan.processed ? 1 : 0) +
    (on('show_status', true)
      ? `${I}<STATUS>\n${element(`${I}  `, 'STATE', scan.state)}${element(`${I}  `, 'SUB_STATE', scan.subState)}${I}</STATUS>\n`
      : '') +
    (on('ignore_target', false) ? '' : cdataElement(I, 'TARGET', scan.target)) +
    (on('show_ags', false) && titles !== ''
      ? `${I}<ASSET_GROUP_TITLE_LIST>\n${titles}${I}</ASSET_GROUP_TITLE_LIST>\n`
      : '') +
    (on('show_op', false)
      ? `${I}<OPTION_PROFILE>\n${I}  <TITLE>${cdata('Initial PC Options')}</TITLE>\n${I}  <DEFAULT_FLAG>1</DEFAULT_FLAG>\n${I}</OPTION_PROFILE>\n`
      : '') +
    '      </SCAN>\n'
  );
}

/** `HH:MM:SS`; the hours may have more than two digits. */
function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
