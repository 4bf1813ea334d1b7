/**
 * `/api/2.0/fo/compliance/posture/info/`: postures of one policy, paged, or of up to ten, whole (reference, section 15).
 *
 * `details`: None gives the records alone, Basic (the default) a summary and a short glossary as well, Light also the
 * evidence, All also the words the evidence refers to.
 */
import { inRanges, invalid, type ParameterKinds, readDate, readIds, readIps } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { type Policy, policyById } from '../world/policies.ts';
import { type Posture, posturesAt } from '../world/posture.ts';
import { stamp } from '../world/time.ts';
import { framed, ID_PARAMETERS, type IdPage, idPage, listElement, warningOrList, where } from './id-page.ts';
import { postureElement } from './posture-element.ts';
import { createGlossary } from './posture-glossary.ts';
import type { Call, Route } from './route.ts';

const ROOT = 'POSTURE_INFO_LIST_OUTPUT';
const DTD = '/api/2.0/fo/compliance/posture/info/posture_info_list_output.dtd';
const DEFAULT_LIMIT = 5000;
const MOST_POLICIES = 10;

const PARAMETERS: ParameterKinds = {
  ...ID_PARAMETERS,
  policy_id: 'count',
  policy_ids: 'free',
  output_format: ['xml'],
  details: ['None', 'Basic', 'Light', 'All'],
  hide_evidence: 'flag',
  show_extended_evidence: 'flag',
  show_remediation_info: 'flag',
  cause_of_failure: 'flag',
  include_dp_name: 'unsimulated',
  truncation_limit: 'count',
  ips: 'ips',
  host_ids: 'ids',
  control_ids: 'ids',
  asset_group_ids: 'ids',
  status: ['Passed', 'Failed', 'Error'],
  status_changes_since: 'date',
  evaluation_date: 'unsimulated',
  criticality_labels: 'unsimulated',
  criticality_values: 'unsimulated',
};

export const postureList: Route = {
  path: '/api/{version}/fo/compliance/posture/info/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => {
    const { ids: _, ...rest } = PARAMETERS;
    return rest;
  },
  answer: (call) => {
    const { params } = call;
    const one = params.get('policy_id');
    const several = params.get('policy_ids');
    if ((one === undefined) === (several === undefined)) {
      throw one === undefined
        ? new Refusal(400, '1922', 'Please specify at least one of the following parameters: policy_id, policy_ids')
        : new Refusal(400, '1904', 'Please specify only one of these parameters: policy_id, policy_ids');
    }
    const payload = one === undefined ? bySeveral(call, policies(call, several!)) : byOne(call, Number(one));
    const body = framed(call, ROOT, DTD, payload);
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

/** A policy nobody knows, or that was never evaluated, has no postures: no error. */
function byOne(call: Call, id: number): Iterable<string> {
  const policy = policyById(call.world, id, call.now);
  if (policy === undefined) return listElement(call, '    ', 'INFO_LIST', [], () => '');
  const limit = Number(call.params.get('truncation_limit') ?? DEFAULT_LIMIT);
  return infoList(
    call,
    idPage(call, limit, (idMin) => postures(call, policy, idMin)),
    '',
  );
}

function policies({ world, now, params }: Call, text: string): Policy[] {
  if (params.has('truncation_limit')) {
    const pair = 'policy_ids, truncation_limit';
    throw new Refusal(400, '1907', `The following combination of key=value pairs is not supported: ${pair}`);
  }
  const ids = text.split(',').map(Number);
  const fit = ids.length <= MOST_POLICIES && ids.every((id) => Number.isInteger(id) && id > 0);
  if (!fit) throw invalid('policy_ids', text, `up to ${MOST_POLICIES} positive integers`);
  return ids.flatMap((id) => policyById(world, id, now) ?? []);
}

function* bySeveral(call: Call, several: readonly Policy[]): Generator<string> {
  for (const policy of several) {
    yield `    <POLICY>\n      <ID>${policy.id}</ID>\n      <DATETIME>${stamp(call.now)}</DATETIME>\n`;
    yield* infoList(call, { records: postures(call, policy, 0), warning: () => '' }, '  ');
    yield '    </POLICY>\n';
  }
}

function* infoList(call: Call, page: IdPage<Posture>, deeper: string): Generator<string> {
  const glossary = createGlossary(call);
  yield* listElement(call, `    ${deeper}`, 'INFO_LIST', page.records, (posture) => {
    glossary.note(posture);
    return postureElement(call, posture, `      ${deeper}`);
  });
  yield glossary.summary(`    ${deeper}`) + warningOrList(call, page);
  yield* glossary.element(`    ${deeper}`);
}

function postures(call: Call, policy: Policy, idMin: number): Iterable<Posture | undefined> {
  const { world, now, params } = call;
  // As on EU1.
  if (call.faults.has('posture-status-empty') && params.has('status')) return [];
  const tests = [
    ...ranged(params, 'host_ids', (one) => one.host.id),
    ...ranged(params, 'control_ids', (one) => one.control.id),
    ...addressed(params),
    ...grouped(params),
  ];
  const status = params.get('status');
  if (status !== undefined) tests.push((one) => one.status === status);
  const since = readDate(params.get('status_changes_since') ?? '');
  if (since !== undefined) tests.push((one) => one.modified >= since);
  return where(posturesAt(world, policy, now, idMin), (one) => tests.every((test) => test(one)));
}

type Test = (posture: Posture) => boolean;

function ranged(params: Call['params'], name: string, of: (posture: Posture) => number): Test[] {
  const text = params.get(name);
  if (text === undefined) return [];
  const ranges = readIds(text);
  return [(one) => inRanges(of(one), ranges)];
}

function addressed(params: Call['params']): Test[] {
  const text = params.get('ips');
  if (text === undefined) return [];
  const ranges = readIps(text);
  return [(one) => inRanges(one.host.ipNumber, ranges)];
}

function grouped(params: Call['params']): Test[] {
  const text = params.get('asset_group_ids');
  if (text === undefined) return [];
  const ranges = readIds(text);
  return [(one) => one.host.assetGroupIds.some((id) => inRanges(id, ranges))];
}
