/** `/api/{version}/fo/scan/`: VM scans, the list, newest first, and what a scan found (reference, section 1). */
import { listHead, listTail } from '../answers.ts';
import { actionOf, checkValues, invalid, type ParameterKinds, readDate } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { DAY, stamp } from '../world/time.ts';
import { standingOf, type VmScan, type VmScanStanding, type VmScanState, vmScansAt } from '../world/vm-scans.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import type { Answer, Call, Route } from './route.ts';
import { durationText, fetchScan } from './scan-fetch.ts';

const ROOT = 'SCAN_LIST_OUTPUT';
const STATES: readonly VmScanState[] = ['Running', 'Paused', 'Canceled', 'Finished', 'Error', 'Queued', 'Loading'];
const TYPES = ['On-Demand', 'Scheduled', 'API'];

const LIST_PARAMETERS: ParameterKinds = {
  action: 'free',
  echo_request: 'flag',
  scan_ref: 'free',
  state: 'free',
  processed: 'flag',
  type: 'free',
  user_login: 'free',
  launched_after_datetime: 'date',
  launched_before_datetime: 'moment',
  show_ags: 'flag',
  show_op: 'flag',
  show_status: 'flag',
  show_last: 'flag',
  ignore_target: 'flag',
  scan_id: 'unsimulated',
  scan_type: 'unsimulated',
  target: 'unsimulated',
  pci_only: 'unsimulated',
  client_id: 'unsimulated',
  client_name: 'unsimulated',
};

const FETCH_PARAMETERS: ParameterKinds = {
  action: 'free',
  echo_request: 'flag',
  scan_ref: 'free',
  ips: 'ips',
  mode: ['brief', 'extended'],
  output_format: ['csv', 'json', 'csv_extended', 'json_extended'],
  client_id: 'unsimulated',
  client_name: 'unsimulated',
};

export const scan: Route = {
  path: '/api/{version}/fo/scan/',
  versions: ['2.0', '3.0'],
  ended: ['2.0'],
  // Fetching knows no other version than 2.0.
  neverEnds: (params) => params.get('action') === 'fetch',
  requestedWith: true,
  cookie: true,
  answer: (call) => {
    const { params, version, now } = call;
    if (actionOf(params, version === '2.0' ? (['list', 'fetch'] as const) : (['list'] as const)) === 'list') {
      checkValues(params, LIST_PARAMETERS, now);
      return listScans(call);
    }
    checkValues(params, FETCH_PARAMETERS, now);
    if (!params.has('scan_ref')) throw new Refusal(400, '1903', 'Missing required parameter(s): scan_ref');
    return fetchScan(call);
  },
};

function listScans(call: Call): Answer {
  const { params, now } = call;
  const states = oneOf(params, 'state', STATES);
  const types = oneOf(params, 'type', TYPES);
  const after = readDate(params.get('launched_after_datetime') ?? '');
  const before = readDate(params.get('launched_before_datetime') ?? '') ?? Number.POSITIVE_INFINITY;
  const dated = after !== undefined || Number.isFinite(before) || params.has('scan_ref');
  const since = after === undefined ? (dated ? 0 : now - 30 * DAY) : after + 1;
  const is = (name: string, value: string): boolean => !params.has(name) || params.get(name) === value;
  const wanted = (one: VmScan, { state, processed }: VmScanStanding): boolean =>
    one.launched < before &&
    states.includes(state) &&
    types.includes(one.type) &&
    is('processed', processed ? '1' : '0') &&
    is('scan_ref', one.ref) &&
    is('user_login', one.login);

  function* body(): Generator<string> {
    yield listHead(call, ROOT, `/api/${call.version}/fo/scan/scan_list_output.dtd`);
    let open = false;
    for (const one of vmScansAt(call.world, now, since)) {
      const standing = standingOf(call.world, one, now);
      if (!wanted(one, standing)) {
        yield '';
        continue;
      }
      yield (open ? '' : '    <SCAN_LIST>\n') + scanElement(params, one, standing);
      open = true;
      if (params.get('show_last') === '1') break;
    }
    yield (open ? '    </SCAN_LIST>\n' : '') + listTail(call, ROOT);
  }
  return { status: 200, type: 'application/xml', rated: true, body: body() };
}

/** The values a parameter admits: those named in its comma list, or all. */
function oneOf(params: ReadonlyMap<string, string>, name: string, known: readonly string[]): readonly string[] {
  const value = params.get(name);
  if (value === undefined) return known;
  const named = value.split(',').map((part) => part.trim());
  if (named.some((one) => !known.includes(one))) throw invalid(name, value, `must be of: ${known.join(', ')}`);
  return named;
}

const I = '        ';

function scanElement(params: ReadonlyMap<string, string>, one: VmScan, standing: VmScanStanding): string {
  const { state, subState, processed, duration } = standing;
  const status = `${I}<STATUS>\n${element(`${I}  `, 'STATE', state)}${element(`${I}  `, 'SUB_STATE', subState)}${I}</STATUS>\n`;
  const titles = one.assetGroups.map((title) => cdataElement(`${I}  `, 'ASSET_GROUP_TITLE', title)).join('');
  const groups = `${I}<ASSET_GROUP_TITLE_LIST>\n${titles}${I}</ASSET_GROUP_TITLE_LIST>\n`;
  const { title, isDefault } = one.profile;
  const profile = `${I}<OPTION_PROFILE>\n${I}  <TITLE>${cdata(title)}</TITLE>\n${I}  <DEFAULT_FLAG>${isDefault ? 1 : 0}</DEFAULT_FLAG>\n${I}</OPTION_PROFILE>\n`;
  return (
    `      <SCAN>\n${element(I, 'REF', one.ref)}` +
    element(I, 'SCAN_TYPE', one.scanType) +
    element(I, 'TYPE', one.type) +
    cdataElement(I, 'TITLE', one.title, one.n % 4 === 0) +
    element(I, 'USER_LOGIN', one.login) +
    element(I, 'LAUNCH_DATETIME', stamp(one.launched)) +
    element(I, 'DURATION', duration === undefined ? 'Pending' : durationText(duration)) +
    element(I, 'PROCESSING_PRIORITY', one.priority) +
    element(I, 'PROCESSED', processed ? 1 : 0) +
    (params.get('show_status') === '0' ? '' : status) +
    (params.get('ignore_target') === '1' ? '' : cdataElement(I, 'TARGET', one.target, one.n % 4 === 0)) +
    (params.get('show_ags') === '1' && titles !== '' ? groups : '') +
    (params.get('show_op') === '1' ? profile : '') +
    '      </SCAN>\n'
  );
}
