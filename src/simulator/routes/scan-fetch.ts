/**
 * `action=fetch`: what a scan found, as CSV or as one JSON array. `json` is the recorded form: rows alone. The extended
 * formats, as several public clients read them: two objects about the report and the scan, the rows with more fields,
 * and a last object that says what went where.
 */
import { simpleReturn } from '../answers.ts';
import { csvLine } from '../csv.ts';
import { inRanges, ipNumber, readIps } from '../params.ts';
import { HOUR, MINUTE, SECOND, stamp } from '../world/time.ts';
import { hasResults, type VmScan, type VmScanResult, vmScanByRef, vmScanResults } from '../world/vm-scans.ts';
import type { Answer, Call } from './route.ts';

type Row = Readonly<Record<string, string | number | null>>;

export function fetchScan(call: Call): Answer {
  const { faults, params, world, now, base } = call;
  const found = vmScanByRef(world, params.get('scan_ref') ?? '', now);
  if (faults.has('fetch-999')) {
    return simpleReturn({ base, now, status: 200, code: '999', text: 'Internal Error', rated: true });
  }
  if (found === undefined || !hasResults(found, now) || faults.has('fetch-7001')) {
    return simpleReturn({ base, now, status: 200, code: '7001', text: 'Report cannot be fetched.', rated: true });
  }
  const format = params.get('output_format') ?? 'csv';
  return format.startsWith('csv')
    ? { status: 200, type: 'text/csv;charset=UTF-8', rated: true, body: csv(call, found, format === 'csv_extended') }
    : {
        status: 200,
        type: 'application/json;charset=UTF-8',
        rated: true,
        body: json(call, found, format === 'json_extended'),
      };
}

function* rows(call: Call, found: VmScan, extended: boolean): Generator<Row> {
  const ips = call.params.get('ips');
  const ranges = ips === undefined ? undefined : readIps(ips);
  const brief = call.params.get('mode') !== 'extended';
  for (const result of vmScanResults(call.world, found)) {
    if (ranges !== undefined && !inRanges(ipNumber(result.ip), ranges)) continue;
    yield extended ? fullRow(result) : shortRow(result, brief);
  }
}

/** The recorded row; without protocol, port, ssl and fqdn in mode `brief`. */
function shortRow({ ip, dns, netbios, detection, text }: VmScanResult, brief: boolean): Row {
  const row = {
    ip,
    dns,
    netbios: netbios ?? null,
    qid: detection.vulnerability.qid,
    instance: detection.instance ?? null,
    result: text,
  };
  if (brief) return row;
  return {
    ...row,
    protocol: detection.protocol ?? '',
    port: detection.port === undefined ? '' : String(detection.port),
    ssl: detection.ssl ? 'yes' : 'no',
    fqdn: detection.fqdn ?? '',
  };
}

const SHORT_TYPES = { Confirmed: 'Vuln', Potential: 'Practice', Info: 'Ig' } as const;

function fullRow({ ip, dns, netbios, detection, text }: VmScanResult): Row {
  const { qid, title, category, severity, type, cve } = detection.vulnerability;
  return {
    ip,
    dns,
    netbios: netbios ?? null,
    os: null,
    ip_status: 'host scanned, found vuln',
    qid,
    title,
    type: SHORT_TYPES[type],
    severity: String(severity),
    port: detection.port === undefined ? '' : String(detection.port),
    protocol: detection.protocol ?? '',
    fqdn: detection.fqdn ?? '',
    ssl: detection.ssl ? 'yes' : 'no',
    cve_id: type === 'Info' ? null : cve,
    vendor_reference: null,
    bugtraq_id: null,
    threat: 'N/A',
    impact: 'N/A',
    solution: 'N/A',
    exploitability: null,
    associated_malware: null,
    results: text,
    pci_vuln: severity > 2 ? 'yes' : 'no',
    instance: detection.instance ?? null,
    category,
  };
}

function* json(call: Call, found: VmScan, extended: boolean): Generator<string> {
  const all = (function* (): Generator<Row> {
    if (extended) yield* headings(call, found);
    yield* rows(call, found, extended);
    if (extended) yield { target_distribution_across_scanner_appliances: `External : ${found.target}` };
  })();
  const cut = call.faults.has('fetch-cut');
  let held = '[';
  let first = true;
  for (const row of all) {
    yield held;
    held = `${first ? '' : ',\n'}${jsonText(row)}`;
    first = false;
  }
  yield cut ? held.slice(0, Math.floor(held.length / 2)) : `${held}]`;
}

/** As Qualys's PHP writes it: slashes and everything beyond ASCII escaped. */
function jsonText(row: Row): string {
  return JSON.stringify(row)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function headings(call: Call, found: VmScan): Row[] {
  const { now, user } = call;
  const { aim } = found;
  const hosts = {
    aimed: aim === undefined ? 256 : aim.last - aim.first + 1,
    active: new Set([...vmScanResults(call.world, found)].map(({ ip }) => ip)).size,
  };
  const localDate = (at: number): string => stamp(at).replace(/^(\d+)-(\d+)-(\d+)T(.*)Z$/, '$2/$3/$1 $4');
  return [
    {
      scan_report_template_title: 'Scan Results',
      result_date: localDate(now),
      company: 'Acme & Söhne',
      add1: '1 Main Street',
      add2: '',
      city: 'Zürich',
      state: '',
      country: 'Switzerland',
      zip: '8000',
      name: 'Renée O’Neil',
      username: user,
      role: 'Manager',
    },
    {
      launch_date: localDate(found.launched),
      active_hosts: String(hosts.active),
      total_hosts: String(hosts.aimed),
      type: found.type,
      status: found.outcome,
      reference: found.ref,
      scanner_appliance: '10.10.10.11 (Scanner 12.14.53-1, Vulnerability Signatures 2.6.470-2)',
      duration: durationText(found.ended - found.started),
      scan_title: found.title,
      asset_groups: found.assetGroups.join(',') || null,
      ips: found.target,
      excluded_ips: '',
      option_profile: found.profile.title,
      network: 'Global Default Network',
    },
  ];
}

function* csv(call: Call, found: VmScan, extended: boolean): Generator<string> {
  const cut = call.faults.has('fetch-cut');
  let held = '';
  for (const row of rows(call, found, extended)) {
    yield held === '' ? csvLine(Object.keys(row)) : held;
    held = csvLine(Object.values(row).map((value) => String(value ?? '')));
  }
  yield cut ? held.slice(0, Math.floor(held.length / 2)) : held;
}

/** `HH:MM:SS`; hours go on beyond 99. */
export function durationText(ms: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(ms / HOUR))}:${two(Math.floor(ms / MINUTE) % 60)}:${two(Math.floor(ms / SECOND) % 60)}`;
}
