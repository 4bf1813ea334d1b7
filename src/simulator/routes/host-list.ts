/** `/api/{version}/fo/asset/host/`: Host List (reference, section 3). */
import { listHead, listTail } from '../answers.ts';
import { ASSET_GROUPS } from '../world/catalogue.ts';
import type { Host } from '../world/host.ts';
import { DAY, HOUR, stamp } from '../world/time.ts';
import type { HostScan } from '../world/world.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import {
  cloudElements,
  cloudTagElements,
  dnsElements,
  I,
  metadataElements,
  qdsSeverity,
  scanElements,
  tagElements,
} from './host-elements.ts';
import { HOST_PARAMETERS } from './host-filter.ts';
import { type HostPage, hostPage, poisonedId } from './host-page.ts';
import { type Call, CutOff, type Route } from './route.ts';

const ROOT = 'HOST_LIST_OUTPUT';
const DETAILS = ['Basic', 'Basic/AGs', 'All', 'All/AGs', 'None'] as const;

export const hostList: Route = {
  path: '/api/{version}/fo/asset/host/',
  versions: ['2.0', '3.0', '4.0', '5.0'],
  ended: ['2.0', '3.0', '4.0'],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    ...HOST_PARAMETERS,
    details: DETAILS,
    show_trurisk: 'flag',
    show_trurisk_factors: 'flag',
    trurisk_min: 'count',
    trurisk_max: 'count',
    compliance_scan_since: 'unsimulated',
    no_compliance_scan_since: 'unsimulated',
    scap_scan_since: 'unsimulated',
    no_scap_scan_since: 'unsimulated',
    pc_auth_success_date_after: 'unsimulated',
    pc_auth_success_date_before: 'unsimulated',
    show_ars: 'unsimulated',
    show_ars_factors: 'unsimulated',
    ars_min: 'unsimulated',
    ars_max: 'unsimulated',
  }),
  answer: (call) => {
    const page = hostPage(call);
    const body = call.params.get('details') === 'None' ? idSet(call, page) : hosts(call, page);
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

/** Newer elements stand from 3.0 on, the newest in 5.0 only. */
function* hosts(call: Call, page: HostPage): Generator<string> {
  yield listHead(call, ROOT, `/api/${call.version}/fo/asset/host/dtd/list/output.dtd`);
  const { world, now, params } = call;
  const poison = poisonedId(call, 'poison-host');
  const reset = poisonedId(call, 'poison-reset');
  const min = Number(params.get('trurisk_min') ?? 0);
  const max = Number(params.get('trurisk_max') ?? 1000);
  const details = params.get('details') ?? 'Basic';
  const groups = new Set<number>();
  let open = false;
  for (const n of page.ordinals) {
    const scan = n === undefined ? undefined : world.scanOf(n, now);
    if (n === undefined || scan === undefined) {
      yield '';
      continue;
    }
    const host = world.host(n);
    if (host.truRisk < min || host.truRisk > max) continue;
    if (host.id === reset) throw new CutOff();
    for (const id of host.assetGroupIds) groups.add(id);
    yield `${open ? '' : '    <HOST_LIST>\n'}${hostElement(call, host, scan, details, host.id === poison)}`;
    open = true;
  }
  yield (open ? '    </HOST_LIST>\n' : '') + page.warning() + (open ? glossary(details, groups) : '');
  yield listTail(call, ROOT);
}

function hostElement(call: Call, host: Host, scan: HostScan, details: string, poison: boolean): string {
  const { params, version } = call;
  const risk = params.get('show_trurisk') === '1' || params.get('show_trurisk_factors') === '1';
  return (
    `      <HOST>\n${I}<ID>${host.id}</ID>\n` +
    (params.get('show_asset_id') === '1' ? element(I, 'ASSET_ID', host.assetId) : '') +
    element(I, 'IP', host.ip) +
    element(I, 'IPV6', host.ipv6) +
    (risk ? element(I, 'TRURISK_SCORE', host.truRisk) + element(I, 'ASSET_CRITICALITY_SCORE', host.criticality) : '') +
    (params.get('show_trurisk_factors') === '1' ? riskFactors(call, host) : '') +
    element(I, 'TRACKING_METHOD', host.trackingMethod) +
    element(I, 'NETWORK_ID', host.network.id) +
    (host.network.id === 0 ? '' : element(I, 'NETWORK_NAME', host.network.name)) +
    dnsElements(host) +
    cloudElements(host) +
    cdataElement(I, 'NETBIOS', host.netbios) +
    cdataElement(I, 'OS', host.os, host.padded) +
    cdataElement(I, 'QG_HOSTID', host.qgHostId) +
    (version === '2.0' ? '' : deviceElements(host, scan)) +
    (poison ? `${I}<NAME>R&D \u0002</NAME>\n` : '') +
    tagElements(call, host) +
    metadataElements(call, host, scan) +
    cloudTagElements(call, host, scan) +
    element(I, 'LAST_VULN_SCAN_DATETIME', stamp(scan.processed)) +
    scanElements(host, scan) +
    (version === '5.0' && host.authenticated && !host.agent
      ? element(I, 'VM_AUTH_INSUFFICIENT_PRIVILEGE', host.n % 7 === 0 ? 1 : 0)
      : '') +
    (host.compliance ? element(I, 'LAST_COMPLIANCE_SCAN_DATETIME', stamp(scan.scanned - 2 * HOUR)) : '') +
    (details.startsWith('All') ? ownerElements(host) : '') +
    (details.endsWith('/AGs') ? element(I, 'ASSET_GROUP_IDS', host.assetGroupIds.join(',') || undefined) : '') +
    '      </HOST>\n'
  );
}

function deviceElements(host: Host, scan: HostScan): string {
  return (
    (host.authenticated ? element(I, 'LAST_BOOT', stamp(scan.firstFound - 3 * DAY)) : '') +
    (host.authenticated
      ? element(I, 'SERIAL_NUMBER', host.serial) + element(I, 'HARDWARE_UUID', host.hardwareUuid)
      : '') +
    element(I, 'FIRST_FOUND_DATE', stamp(scan.firstFound)) +
    (host.agent
      ? element(I, 'LAST_ACTIVITY', stamp(scan.processed)) + element(I, 'AGENT_STATUS', 'Manifest Downloaded')
      : '') +
    (host.agent ? element(I, 'CLOUD_AGENT_RUNNING_ON', 'QAGENT_VM') : '')
  );
}

function ownerElements(host: Host): string {
  return (
    element(I, 'OWNER', host.owner) +
    cdataElement(I, 'COMMENTS', host.comments) +
    (host.n % 8 === 0
      ? `${I}<USER_DEF>\n${I}  <VALUE_1>${cdata('Bâtiment 7 & 8')}</VALUE_1>\n${I}  <VALUE_2>${cdata('')}</VALUE_2>\n${I}</USER_DEF>\n`
      : '')
  );
}

function riskFactors(call: Call, host: Host): string {
  const counts = new Map<string, number>();
  for (const detection of call.world.detections(host, call.now)) {
    if (detection.qds === undefined || detection.status === 'Fixed') continue;
    const severity = qdsSeverity(detection.qds);
    counts.set(severity, (counts.get(severity) ?? 0) + 1);
  }
  let text = `${I}<TRURISK_SCORE_FACTORS>\n${I}  <TRURISK_SCORE_FORMULA>${cdata(`${host.criticality} * {1.0(Wc) * Avg(c) + 0.6(Wh) * Avg(h)} & more`)}</TRURISK_SCORE_FORMULA>\n`;
  for (const severity of ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']) {
    const count = counts.get(severity);
    if (count !== undefined) text += `${I}  <VULN_COUNT qds_severity="${severity}">${count}</VULN_COUNT>\n`;
  }
  return `${text}${I}</TRURISK_SCORE_FACTORS>\n`;
}

function glossary(details: string, groups: ReadonlySet<number>): string {
  const users = details.startsWith('All')
    ? `      <USER_DEF>\n        <LABEL_1>${cdata('Location')}</LABEL_1>\n        <LABEL_2>${cdata('Function')}</LABEL_2>\n        <LABEL_3>${cdata('Asset Tag')}</LABEL_3>\n      </USER_DEF>\n` +
      '      <USER_LIST>\n        <USER>\n          <USER_LOGIN>quarry_sim</USER_LOGIN>\n          <FIRST_NAME>Renée</FIRST_NAME>\n          <LAST_NAME>O&apos;Neil</LAST_NAME>\n        </USER>\n      </USER_LIST>\n'
    : '';
  const named = details.endsWith('/AGs') ? ASSET_GROUPS.filter((group) => groups.has(group.id)) : [];
  const list = named
    .map(
      ({ id, title }) =>
        `        <ASSET_GROUP>\n          <ID>${id}</ID>\n          <TITLE>${cdata(title)}</TITLE>\n        </ASSET_GROUP>\n`,
    )
    .join('');
  const asset = list === '' ? '' : `      <ASSET_GROUP_LIST>\n${list}      </ASSET_GROUP_LIST>\n`;
  return users + asset === '' ? '' : `    <GLOSSARY>\n${users}${asset}    </GLOSSARY>\n`;
}

/** `details=None`: ids alone, neighbouring ones as ranges. A range holds no id that is not a listed host. */
function* idSet(call: Call, page: HostPage): Generator<string> {
  yield listHead(call, ROOT, `/api/${call.version}/fo/asset/host/dtd/list/output.dtd`);
  let open = false;
  let first: number | undefined;
  let last = 0;
  const range = (): string => {
    const text = first === last ? `      <ID>${first}</ID>\n` : `      <ID_RANGE>${first}-${last}</ID_RANGE>\n`;
    if (open) return text;
    open = true;
    return `    <ID_SET>\n${text}`;
  };
  for (const n of page.ordinals) {
    if (n === undefined) {
      yield '';
      continue;
    }
    const id = call.world.idOf(n);
    if (id === poisonedId(call, 'poison-reset')) throw new CutOff();
    if (first !== undefined && id !== last + 1) {
      yield range();
      first = id;
    }
    first ??= id;
    last = id;
  }
  if (first !== undefined) yield range();
  yield (open ? '    </ID_SET>\n' : '') + page.warning() + listTail(call, ROOT);
}
