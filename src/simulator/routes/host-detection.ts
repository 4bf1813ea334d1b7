/** `/api/{version}/fo/asset/host/vm/detection/`: Host List Detection (reference, section 4). */
import { listHead, listTail } from '../answers.ts';
import type { ParameterKinds } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { type Detection, resultsOf } from '../world/detection.ts';
import type { Host } from '../world/host.ts';
import { HOUR, stamp } from '../world/time.ts';
import type { HostScan } from '../world/world.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import { detectionFilter } from './detection-filter.ts';
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
import { hostPage, poisonedId } from './host-page.ts';
import { type Call, CutOff, type Route } from './route.ts';

const ROOT = 'HOST_LIST_VM_DETECTION_OUTPUT';
const SERVICES: Readonly<Record<number, string>> = {
  22: 'ssh',
  25: 'smtp',
  80: 'http',
  443: 'http over ssl',
  445: 'microsoft-ds',
  3389: 'win remote desktop',
  8080: 'http',
  8443: 'http over ssl',
};
const FILTER_LEVELS = ['0', '1', '2', '3', '4'];

const PARAMETERS: ParameterKinds = {
  ...HOST_PARAMETERS,
  status: 'free',
  show_igs: 'flag',
  include_vuln_type: ['confirmed', 'potential'],
  qids: 'ids',
  severities: 'severities',
  filter_superseded_qids: 'flag',
  detection_updated_since: 'date',
  detection_updated_before: 'date',
  max_days_since_detection_updated: 'count',
  detection_processed_after: 'date',
  detection_processed_before: 'date',
  detection_last_tested_since: 'date',
  detection_last_tested_before: 'date',
  detection_last_tested_since_days: 'count',
  detection_last_tested_before_days: 'count',
  include_ignored: 'flag',
  include_disabled: 'flag',
  show_results: 'flag',
  show_reopened_info: 'flag',
  show_qds: 'flag',
  qds_min: 'count',
  qds_max: 'count',
  show_qds_factors: 'flag',
  arf_kernel_filter: FILTER_LEVELS,
  arf_service_filter: FILTER_LEVELS,
  arf_config_filter: FILTER_LEVELS,
  output_format: 'free',
  suppress_duplicated_data_from_csv: 'unsimulated',
  show_host_services: 'unsimulated',
  active_kernels_only: 'unsimulated',
  include_search_list_ids: 'unsimulated',
  include_search_list_titles: 'unsimulated',
  exclude_search_list_ids: 'unsimulated',
  exclude_search_list_titles: 'unsimulated',
};

export const hostDetection: Route = {
  path: '/api/{version}/fo/asset/host/vm/detection/',
  versions: ['2.0', '3.0', '4.0', '5.0'],
  ended: ['2.0', '3.0', '4.0'],
  requestedWith: true,
  cookie: true,
  parameters: (version) => (version === '5.0' ? { ...PARAMETERS, vuln_detection_source: 'flag' } : PARAMETERS),
  answer: (call) => {
    const format = call.params.get('output_format') ?? 'xml';
    // Upper case is accepted in recorded calls; the CSV forms are documented, but not simulated.
    if (format.toLowerCase() !== 'xml') {
      throw new Refusal(
        400,
        '1907',
        `The following combination of key=value pairs is not supported: output_format=${format}`,
      );
    }
    const body = document(call);
    // What is wrong with parameters shows before the first byte.
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function document(call: Call): Iterable<string> {
  const page = hostPage(call);
  const filter = detectionFilter(call);
  const write = detectionWriter(call);
  const { world, now } = call;
  const reset = poisonedId(call, 'poison-reset');
  const duplicates = call.faults.has('duplicate-key') ? (call.faults.text('duplicate-key') ?? '') : undefined;

  function* pieces(): Generator<string> {
    yield listHead(call, ROOT, `/api/${call.version}/fo/asset/host/vm/detection/dtd/output.dtd`);
    let listOpen = false;
    for (const n of page.ordinals) {
      const scan = n === undefined ? undefined : world.scanOf(n, now);
      if (n === undefined || scan === undefined || scan.processed < filter.processedFrom) {
        yield '';
        continue;
      }
      const host = world.host(n);
      if (host.id === reset) throw new CutOff();
      let hostOpen = false;
      for (const detection of world.detections(host, now, filter.processedFrom)) {
        if (!filter.admits(detection)) continue;
        if (!hostOpen) {
          yield (listOpen ? '' : '    <HOST_LIST>\n') + hostElement(call, host, scan);
          if (duplicates !== undefined && (duplicates === '' ? n % 10 === 0 : Number(duplicates) === host.id)) {
            yield write(host, {
              ...detection,
              uniqueId: detection.uniqueId + 900_000,
              resultsSeed: detection.resultsSeed ^ 1,
              timesFound: detection.timesFound + 1,
            });
          }
        }
        listOpen = true;
        hostOpen = true;
        yield write(host, detection);
      }
      // Hosts without a matching detection are left out, though the page has counted them.
      yield hostOpen ? `${I}</DETECTION_LIST>\n      </HOST>\n` : '';
    }
    yield (listOpen ? '    </HOST_LIST>\n' : '') + page.warning() + listTail(call, ROOT);
  }
  return pieces();
}

function hostElement(call: Call, host: Host, scan: HostScan): string {
  const poison = host.id === poisonedId(call, 'poison-host');
  return (
    `      <HOST>\n${I}<ID>${host.id}</ID>\n` +
    (call.params.get('show_asset_id') === '1' ? element(I, 'ASSET_ID', host.assetId) : '') +
    element(I, 'IP', host.ip) +
    element(I, 'IPV6', host.ipv6) +
    element(I, 'TRACKING_METHOD', host.trackingMethod) +
    (host.padded ? `${I}<ASSET_GROUP_LIST />\n` : '') +
    element(I, 'NETWORK_ID', host.network.id) +
    (host.network.id === 0 ? '' : element(I, 'NETWORK_NAME', host.network.name)) +
    cdataElement(I, 'OS', host.os, host.padded) +
    dnsElements(host) +
    cloudElements(host) +
    cdataElement(I, 'NETBIOS', host.netbios) +
    cdataElement(I, 'QG_HOSTID', host.qgHostId) +
    element(I, 'LAST_SCAN_DATETIME', stamp(scan.processed)) +
    scanElements(host, scan) +
    (host.compliance ? element(I, 'LAST_PC_SCANNED_DATE', stamp(scan.scanned - 2 * HOUR)) : '') +
    (poison ? `${I}<NAME>R&D \u0002</NAME>\n` : '') +
    tagElements(call, host) +
    metadataElements(call, host, scan) +
    cloudTagElements(call, host, scan) +
    `${I}<DETECTION_LIST>\n`
  );
}

/** One detection as text; what to show is settled once per call. */
function detectionWriter(call: Call): (host: Host, detection: Detection) => string {
  const on = (name: string, byDefault = '0'): boolean => (call.params.get(name) ?? byDefault) === '1';
  const showResults = on('show_results', '1');
  const showQds = on('show_qds') || on('show_qds_factors');
  const showFactors = on('show_qds_factors');
  const showReopened = on('show_reopened_info');
  const showSource = on('vuln_detection_source');
  const affects = (name: string): boolean => call.params.has(name) && call.params.get(name) !== '0';
  const kernel = affects('arf_kernel_filter');
  const service = affects('arf_service_filter');
  const config = affects('arf_config_filter');
  const poison = poisonedId(call, 'poison-results');
  const J = '            ';

  return (host, d) => {
    const v = d.vulnerability;
    let text = `          <DETECTION>\n${J}<UNIQUE_VULN_ID>${d.uniqueId}</UNIQUE_VULN_ID>\n${J}<QID>${v.qid}</QID>\n${J}<TYPE>${v.type}</TYPE>\n${J}<SEVERITY>${v.severity}</SEVERITY>\n`;
    if (d.port !== undefined) text += `${J}<PORT>${d.port}</PORT>\n${J}<PROTOCOL>${d.protocol}</PROTOCOL>\n`;
    if (d.fqdn !== undefined) text += `${J}<FQDN>${cdata(d.fqdn)}</FQDN>\n`;
    text += `${J}<SSL>${d.ssl ? 1 : 0}</SSL>\n`;
    if (d.instance !== undefined) text += `${J}<INSTANCE>${cdata(d.instance)}</INSTANCE>\n`;
    if (showResults) {
      text +=
        host.id === poison ? `${J}<RESULTS>R&D \u0003</RESULTS>\n` : `${J}<RESULTS>${cdata(resultsOf(d))}</RESULTS>\n`;
    }
    text += `${J}<STATUS>${d.status}</STATUS>\n${J}<FIRST_FOUND_DATETIME>${stamp(d.firstFound)}</FIRST_FOUND_DATETIME>\n${J}<LAST_FOUND_DATETIME>${stamp(d.lastFound)}</LAST_FOUND_DATETIME>\n`;
    if (showQds && d.qds !== undefined) {
      text += `${J}<QDS severity="${qdsSeverity(d.qds)}">${d.qds}</QDS>\n`;
      if (showFactors) text += factors(J, d);
    }
    text += `${J}<TIMES_FOUND>${d.timesFound}</TIMES_FOUND>\n${J}<LAST_TEST_DATETIME>${stamp(d.lastTest)}</LAST_TEST_DATETIME>\n${J}<LAST_UPDATE_DATETIME>${stamp(d.lastUpdate)}</LAST_UPDATE_DATETIME>\n`;
    if (d.lastFixed !== undefined) text += `${J}<LAST_FIXED_DATETIME>${stamp(d.lastFixed)}</LAST_FIXED_DATETIME>\n`;
    if (showReopened && d.reopened !== undefined) {
      text += `${J}<FIRST_REOPENED_DATETIME>${stamp(d.reopened.first)}</FIRST_REOPENED_DATETIME>\n${J}<LAST_REOPENED_DATETIME>${stamp(d.reopened.last)}</LAST_REOPENED_DATETIME>\n${J}<TIMES_REOPENED>${d.reopened.times}</TIMES_REOPENED>\n`;
    }
    if (v.service) text += `${J}<SERVICE>${SERVICES[d.port ?? 0] ?? 'unknown'}</SERVICE>\n`;
    text += `${J}<IS_IGNORED>${d.ignored ? 1 : 0}</IS_IGNORED>\n${J}<IS_DISABLED>${d.disabled ? 1 : 0}</IS_DISABLED>\n`;
    const running = d.affectsRunning ? 1 : 0;
    if (kernel && v.affects === 'kernel') text += `${J}<AFFECT_RUNNING_KERNEL>${running}</AFFECT_RUNNING_KERNEL>\n`;
    if (service && v.affects === 'service') text += `${J}<AFFECT_RUNNING_SERVICE>${running}</AFFECT_RUNNING_SERVICE>\n`;
    if (config && v.affects === 'config')
      text += `${J}<AFFECT_EXPLOITABLE_CONFIG>${running}</AFFECT_EXPLOITABLE_CONFIG>\n`;
    text += `${J}<LAST_PROCESSED_DATETIME>${stamp(d.lastProcessed)}</LAST_PROCESSED_DATETIME>\n`;
    if (showSource) {
      const source = host.agent ? 'Cloud Agent' : 'Internal Scanner';
      text += `${J}<LATEST_VULNERABILITY_DETECTION_SOURCE>${source}</LATEST_VULNERABILITY_DETECTION_SOURCE>\n${J}<VULNERABILITY_DETECTION_SOURCES>${source}${host.n % 5 === 0 ? ',External Scanner' : ''}</VULNERABILITY_DETECTION_SOURCES>\n`;
    }
    return `${text}          </DETECTION>\n`;
  };
}

function factors(J: string, d: Detection): string {
  const v = d.vulnerability;
  const one = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `${J}  <QDS_FACTOR name="${name}">${cdata(value)}</QDS_FACTOR>\n`;
  return `${J}<QDS_FACTORS>\n${one('RTI', v.rti)}${one('exploit_maturity', v.exploitMaturity)}${one('CISA_vuln', v.cisaKnown ? 'YES' : undefined)}${one('CVSS', v.cvss)}${one('CVSS_version', 'v3.x')}${one('epss', v.epss)}${one('CVSS_vector', v.vector)}${J}</QDS_FACTORS>\n`;
}
