/** `/api/{version}/fo/knowledge_base/vuln/`: the KnowledgeBase, one answer sorted by QID (reference, section 12). */
import { listHead, listTail } from '../answers.ts';
import { invalid, readDate, readIds } from '../params.ts';
import { AUTH_TYPES, type KnowledgeEntry, knowledgeAt } from '../world/knowledge.ts';
import type { Call, Route } from './route.ts';
import { vulnElement } from './vuln-element.ts';

const ROOT = 'KNOWLEDGE_BASE_VULN_LIST_OUTPUT';
const KEEP_ALIVE = `<!-- keep-alive for ${ROOT}  -->\n`;
/** A keep-alive comment stands after every so many vulnerabilities. */
const ALIVE_EVERY = 200;
const METHODS = ['Remote', 'Authenticated', 'RemoteOnly', 'AuthenticatedOnly', 'RemoteAndAuthenticated'];

export const knowledgeBase: Route = {
  path: '/api/{version}/fo/knowledge_base/vuln/',
  versions: ['2.0', '3.0', '4.0'],
  ended: ['2.0'],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    echo_request: 'flag',
    details: ['Basic', 'All', 'None'],
    ids: 'ids',
    id_min: 'count',
    id_max: 'count',
    is_patchable: 'flag',
    last_modified_after: 'date',
    last_modified_before: 'moment',
    last_modified_by_user_after: 'date',
    last_modified_by_user_before: 'moment',
    last_modified_by_service_after: 'date',
    last_modified_by_service_before: 'moment',
    published_after: 'date',
    published_before: 'moment',
    code_modified_after: 'date',
    code_modified_before: 'moment',
    discovery_method: METHODS,
    discovery_auth_types: 'free',
    show_pci_reasons: 'flag',
    show_supported_modules_info: 'flag',
    show_disabled_flag: 'flag',
    show_qid_change_log: 'flag',
  }),
  answer: (call) => ({
    status: 200,
    type: 'application/xml',
    rated: true,
    body: call.params.get('details') === 'None' ? idSet(call, wanted(call)) : vulnerabilities(call, wanted(call)),
  }),
};

type Wanted = Iterable<KnowledgeEntry | undefined>;

/** The entries a call asks for, ascending; `undefined` is a breath. Unknown ids vanish silently. */
function wanted(call: Call): Wanted {
  const { params, now } = call;
  const tests = testsOf(params);
  const ids = params.get('ids');
  const ranges = ids === undefined ? undefined : readIds(ids);
  const min = Number(params.get('id_min') ?? 0);
  const max = Number(params.get('id_max') ?? Number.MAX_SAFE_INTEGER);
  return (function* () {
    let range = 0;
    for (const { qid, entry } of knowledgeAt(call.world, now)) {
      if (ranges !== undefined) {
        while (range < ranges.length && ranges[range]![1] < qid) range++;
        if (range === ranges.length) return;
        if (qid < ranges[range]![0]) continue;
      }
      if (qid < min) continue;
      if (qid > max) return;
      const made = entry();
      yield tests.every((test) => test(made)) ? made : undefined;
    }
  })();
}

type Test = (entry: KnowledgeEntry) => boolean;

/** `…_after` and `…_before` do not include their moment. */
function testsOf(params: ReadonlyMap<string, string>): Test[] {
  const tests: Test[] = [];
  const between = (name: string, of: (entry: KnowledgeEntry) => number | undefined): void => {
    const after = readDate(params.get(`${name}_after`) ?? '');
    const before = readDate(params.get(`${name}_before`) ?? '');
    if (after !== undefined) tests.push((entry) => (of(entry) ?? 0) > after);
    if (before !== undefined) tests.push((entry) => (of(entry) ?? Number.POSITIVE_INFINITY) < before);
  };
  between('last_modified', ({ modified, customized }) => Math.max(modified, customized?.at ?? 0));
  between('last_modified_by_service', (entry) => entry.modified);
  between('last_modified_by_user', (entry) => entry.customized?.at);
  between('published', (entry) => entry.published);
  between('code_modified', (entry) => entry.codeModified);
  const patchable = params.get('is_patchable');
  if (patchable !== undefined) tests.push((entry) => (entry.patchPublished !== undefined) === (patchable === '1'));
  const method = params.get('discovery_method');
  if (method === 'Remote') tests.push((entry) => entry.discovery !== 'authenticated');
  if (method === 'Authenticated') tests.push((entry) => entry.discovery !== 'remote');
  if (method === 'RemoteOnly') tests.push((entry) => entry.discovery === 'remote');
  if (method === 'AuthenticatedOnly') tests.push((entry) => entry.discovery === 'authenticated');
  if (method === 'RemoteAndAuthenticated') tests.push((entry) => entry.discovery === 'both');
  const types = params.get('discovery_auth_types')?.split(',');
  if (types !== undefined) {
    const known: readonly string[] = AUTH_TYPES;
    const unknown = types.find((type) => !known.includes(type));
    if (unknown !== undefined) throw invalid('discovery_auth_types', unknown, `must be of: ${known.join(', ')}`);
    tests.push((entry) => entry.authTypes.some((type) => types.includes(type)));
  }
  return tests;
}

function head(call: Call): string {
  return listHead(call, ROOT, `/api/${call.version}/fo/knowledge_base/vuln/knowledge_base_vuln_list_output.dtd`);
}

function* vulnerabilities(call: Call, entries: Wanted): Generator<string> {
  const { faults } = call;
  yield head(call);
  for (let comments = faults.number('keep-alive-flood', 10_000) ?? 0; comments > 0; comments--) yield KEEP_ALIVE;
  let count = 0;
  for (const entry of entries) {
    if (entry === undefined) {
      yield '';
      continue;
    }
    if (count % ALIVE_EVERY === 0) yield KEEP_ALIVE;
    if (count === 0) yield '    <VULN_LIST>\n';
    const text = vulnElement(call, entry);
    count++;
    // In the middle of a long list, in the first vulnerability of a short one.
    if (faults.has('kb-cut') && (count === ALIVE_EVERY || call.params.has('ids'))) {
      yield text.slice(0, Math.floor(text.length / 2));
      return;
    }
    yield text;
  }
  yield (count > 0 ? '    </VULN_LIST>\n' : '') + listTail(call, ROOT);
  yield KEEP_ALIVE;
}

/** `details=None`: ids alone, neighbouring ones as ranges. */
function* idSet(call: Call, entries: Wanted): Generator<string> {
  yield head(call);
  yield KEEP_ALIVE;
  let run: { first: number; last: number } | undefined;
  let open = false;
  const element = ({ first, last }: { first: number; last: number }): string => {
    const text = first === last ? `      <ID>${first}</ID>\n` : `      <ID_RANGE>${first}-${last}</ID_RANGE>\n`;
    const before = open ? '' : '    <ID_SET>\n';
    open = true;
    return before + text;
  };
  for (const entry of entries) {
    if (entry === undefined) {
      yield '';
      continue;
    }
    const { qid } = entry.vulnerability;
    if (run !== undefined && qid === run.last + 1) run.last = qid;
    else {
      if (run !== undefined) yield element(run);
      run = { first: qid, last: qid };
    }
  }
  if (run !== undefined) yield element(run);
  yield (open ? '    </ID_SET>\n' : '') + listTail(call, ROOT);
  yield KEEP_ALIVE;
}
