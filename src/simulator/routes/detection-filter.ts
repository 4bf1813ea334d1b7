/** Which detections of the selected hosts a call admits. */
import { atMostOne, inRanges, invalid, readDate, readIds } from '../params.ts';
import type { Detection, Status } from '../world/detection.ts';
import { DAY } from '../world/time.ts';
import type { Call } from './route.ts';

export interface DetectionFilter {
  /** Nothing processed before this can be admitted; spares the work on quiet hosts. Milliseconds since 1970, UTC. */
  readonly processedFrom: number;
  admits(detection: Detection): boolean;
}

const STATUSES: readonly Status[] = ['New', 'Active', 'Re-Opened', 'Fixed'];
const BY_DEFAULT: readonly Status[] = ['New', 'Active', 'Re-Opened'];

type Test = (detection: Detection) => boolean;

export function detectionFilter(call: Call): DetectionFilter {
  const { params } = call;
  atMostOne(params, 'detection_updated_since', 'max_days_since_detection_updated');
  atMostOne(params, 'detection_last_tested_since', 'detection_last_tested_since_days');
  atMostOne(params, 'detection_last_tested_before', 'detection_last_tested_before_days');
  atMostOne(params, 'vm_scan_since', 'max_days_since_last_vm_scan');
  const tests = [...kindTests(call), ...dateTests(call), ...runningTests(call)];
  const after = readDate(params.get('detection_processed_after') ?? '');
  return {
    processedFrom: after === undefined ? 0 : after + 1,
    admits: (detection) => tests.every((test) => test(detection)),
  };
}

function kindTests({ params }: Call): Test[] {
  const on = (name: string): boolean => params.get(name) === '1';
  const statuses = readStatuses(params.get('status'));
  const tests: Test[] = [(d) => statuses.includes(d.status)];
  if (!on('show_igs')) tests.push((d) => d.vulnerability.type !== 'Info');
  if (!on('include_ignored')) tests.push((d) => !d.ignored);
  if (!on('include_disabled')) tests.push((d) => !d.disabled);
  if (on('filter_superseded_qids')) tests.push((d) => !d.vulnerability.superseded);
  const type = params.get('include_vuln_type');
  if (type === 'confirmed') tests.push((d) => d.vulnerability.type !== 'Potential');
  if (type === 'potential') tests.push((d) => d.vulnerability.type !== 'Confirmed');
  const qids = params.get('qids');
  if (qids !== undefined) {
    const ranges = readIds(qids);
    tests.push((d) => inRanges(d.vulnerability.qid, ranges));
  }
  const severities = params.get('severities');
  if (severities !== undefined) {
    const ranges = readIds(severities);
    tests.push((d) => inRanges(d.vulnerability.severity, ranges));
  }
  const min = params.get('qds_min');
  if (min !== undefined) tests.push((d) => d.qds !== undefined && d.qds >= Number(min));
  const max = params.get('qds_max');
  if (max !== undefined) tests.push((d) => d.qds !== undefined && d.qds <= Number(max));
  return tests;
}

function readStatuses(text: string | undefined): readonly Status[] {
  if (text === undefined) return BY_DEFAULT;
  return text.split(',').map((part) => {
    const status = STATUSES.find((one) => one === part.trim());
    if (status === undefined) throw invalid('status', text, `must be of: ${STATUSES.join(', ')}`);
    return status;
  });
}

function dateTests({ params, now }: Call): Test[] {
  const tests: Test[] = [];
  const date = (name: string): number | undefined => readDate(params.get(name) ?? '');
  const days = (name: string): number | undefined => {
    const value = params.get(name);
    return value === undefined ? undefined : now - Number(value) * DAY;
  };
  const updated = date('detection_updated_since') ?? days('max_days_since_detection_updated');
  if (updated !== undefined) tests.push((d) => d.statusChanged >= updated);
  const updatedBefore = date('detection_updated_before');
  if (updatedBefore !== undefined) tests.push((d) => d.statusChanged < updatedBefore);
  const processed = date('detection_processed_after');
  if (processed !== undefined) tests.push((d) => d.lastProcessed > processed);
  const processedBefore = date('detection_processed_before');
  if (processedBefore !== undefined) tests.push((d) => d.lastProcessed < processedBefore);
  const tested = date('detection_last_tested_since') ?? days('detection_last_tested_since_days');
  if (tested !== undefined) tests.push((d) => d.lastTest >= tested);
  const testedBefore = date('detection_last_tested_before') ?? days('detection_last_tested_before_days');
  if (testedBefore !== undefined) tests.push((d) => d.lastTest < testedBefore);
  return tests;
}

/**
 * `arf_*_filter`: 0 no filter; 1 leave out what does not run; 2 only what does not run; 3 only what runs; 4 only what
 * concerns a kernel (service, configuration) at all. Levels 1 to 3 as the guide describes them, from memory.
 */
function runningTests({ params }: Call): Test[] {
  const tests: Test[] = [];
  for (const kind of ['kernel', 'service', 'config'] as const) {
    const level = params.get(`arf_${kind}_filter`);
    if (level === '1') tests.push((d) => d.vulnerability.affects !== kind || d.affectsRunning);
    if (level === '2') tests.push((d) => d.vulnerability.affects === kind && !d.affectsRunning);
    if (level === '3') tests.push((d) => d.vulnerability.affects === kind && d.affectsRunning);
    if (level === '4') tests.push((d) => d.vulnerability.affects === kind);
  }
  return tests;
}
