/**
 * The three calls every kind of QPS object has: `search`, `count`, `get/{id}` (reference, 2). A kind says where its
 * objects come from in ascending id, which fields Criteria may name, and what an object's tree is.
 *
 * Decided where Qualys is silent: a search without a match has neither hasMoreRecords nor data, as recorded; lastId
 * stands only beside hasMoreRecords=true; `startFromId` includes its id; an object that is not there is status 200 with
 * OBJECT_NOT_FOUND.
 */
import type { ActiveFaults } from '../../faults.ts';
import { type RestCall, RestRefusal, type RestRoute } from '../rest.ts';
import type { Answer } from '../route.ts';
import { qpsAnswer, responseHead, schemaOf } from './answer.ts';
import { compile, type Fields, type Test } from './criteria.ts';
import { type QpsRequest, readQpsRequest, wantsJson } from './request.ts';
import { project, type Style, type Tree, treeJson, treeXml } from './tree.ts';

/** Objects passed over or counted until others get a turn. */
const BREATH = 500;

/** How much of an object is shown. */
export type Detail = 'search' | 'verbose' | 'get';

export interface QpsKind<T> {
  /** `2.0/am/hostasset`: version, module, name in the path. */
  readonly name: string;
  /** `HostAsset`. */
  readonly element: string;
  readonly fields: Fields<T>;
  /** Objects in ascending id from an id on; `undefined` now and then is a breath. */
  from(call: RestCall, id: number): Iterable<T | undefined>;
  idOf(object: T): number;
  tree(call: RestCall, object: T, detail: Detail): Tree;
  /** Told of every page that more follows. */
  truncated?(call: RestCall, page: readonly T[]): void;
}

export function qpsRoutes<T>(kind: QpsKind<T>): readonly RestRoute[] {
  const [version, module, name] = kind.name.split('/');
  const path = (operation: string): string => `/qps/rest/${version}/${operation}/${module}/${name}`;
  const family = 'qps';
  return [
    { family, methods: ['GET', 'POST'], path: path('search'), answer: (call) => search(call, kind) },
    { family, methods: ['GET', 'POST'], path: path('count'), answer: (call) => count(call, kind) },
    { family, methods: ['GET'], path: `${path('get')}/{id}`, answer: (call) => get(call, kind) },
  ];
}

function search<T>(call: RestCall, kind: QpsKind<T>): Answer {
  permitted(call);
  const request = readQpsRequest(call);
  const tests = testsOf(request, kind);
  return qpsAnswer(wantsJson(call), page(call, kind, request, tests));
}

function count<T>(call: RestCall, kind: QpsKind<T>): Answer {
  permitted(call);
  const request = readQpsRequest(call);
  const tests = testsOf(request, kind);
  function* body(): Generator<string> {
    let found = 0;
    for (const object of matching(call, kind, request, tests)) {
      if (object === undefined || ++found % BREATH === 0) yield '';
    }
    yield* frame(call, found, undefined, []);
  }
  return qpsAnswer(wantsJson(call), body());
}

function get<T>(call: RestCall, kind: QpsKind<T>): Answer {
  permitted(call);
  const id = Number(call.id);
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new RestRefusal(200, `Invalid id '${call.id}'.`, 'INVALID_REQUEST', 'Specify the id as Long.');
  }
  const request = { limit: 1, offset: 1, startFromId: id, verbose: true, criteria: [] };
  for (const object of matching(call, kind, request, [])) {
    if (object === undefined) continue;
    if (kind.idOf(object) !== id) break;
    return qpsAnswer(wantsJson(call), frame(call, 1, undefined, [written(call, kind, object, 'get')]));
  }
  const resolution = 'Verify the id, and that the object is in your scope.';
  throw new RestRefusal(200, `Object with id ${id} not found.`, 'OBJECT_NOT_FOUND', resolution);
}

function permitted({ faults }: RestCall): void {
  if (!faults.has('qps-no-permission')) return;
  throw new RestRefusal(
    200,
    'You do not have permission to run this API.',
    'INSUFFICIENT_PERMISSION',
    'Ask your manager for API access.',
  );
}

function testsOf<T>({ criteria }: QpsRequest, kind: QpsKind<T>): Test<T>[] {
  return criteria.map((one) => compile(one, kind.fields));
}

/** What the criteria select, from the lowest id they allow on. */
function* matching<T>(
  call: RestCall,
  kind: QpsKind<T>,
  request: QpsRequest,
  tests: readonly Test<T>[],
): Generator<T | undefined> {
  let id = request.startFromId;
  for (const { field, operator, value } of request.criteria) {
    if (field === 'id' && operator === 'GREATER') id = Math.max(id, Number(value) + 1);
    if (field === 'id' && operator === 'EQUALS') id = Math.max(id, Number(value));
  }
  const only = request.criteria.find(({ field, operator }) => field === 'id' && operator === 'EQUALS');
  let passed = 0;
  for (const object of kind.from(call, id)) {
    if (object === undefined) yield undefined;
    else if (tests.every((test) => test(object))) yield object;
    else if (only !== undefined && kind.idOf(object) > Number(only.value)) return;
    else if (++passed % BREATH === 0) yield undefined;
  }
}

/** One page: its objects are found first, since what stands before them depends on them; then written one by one. */
function* page<T>(call: RestCall, kind: QpsKind<T>, request: QpsRequest, tests: readonly Test<T>[]): Generator<string> {
  const objects: T[] = [];
  let ordinal = 0;
  let more = false;
  for (const object of matching(call, kind, request, tests)) {
    if (object === undefined) {
      yield '';
      continue;
    }
    if (++ordinal < request.offset) {
      if (ordinal % BREATH === 0) yield '';
      continue;
    }
    if (objects.length === request.limit) {
      more = true;
      break;
    }
    objects.push(object);
  }
  if (more) kind.truncated?.(call, objects);
  const detail = request.verbose ? 'verbose' : 'search';
  function* texts(): Generator<string> {
    for (const object of objects) yield written(call, kind, object, detail);
  }
  yield* frame(call, objects.length, { more, lastId: more ? cursorAfter(call, kind, objects) : undefined }, texts());
}

/** The last id of a page; a stuck one is just before its first, so that it leads to this page again. */
function cursorAfter<T>({ faults }: RestCall, kind: QpsKind<T>, objects: readonly T[]): number | undefined {
  const stuck = faults.has('cursor-stuck');
  const object = stuck ? objects[0] : objects.at(-1);
  return object === undefined ? undefined : kind.idOf(object) - (stuck ? 1 : 0);
}

interface Paging {
  readonly more: boolean;
  readonly lastId: number | undefined;
}

/** The frame around what was found, in the language asked for. */
function* frame(call: RestCall, found: number, paging: Paging | undefined, texts: Iterable<string>): Generator<string> {
  const { faults } = call;
  const emptyData = paging !== undefined && found === 0 && faults.has('list-empty');
  const shown = faults.has('has-more-absent') || (found === 0 && !emptyData) ? undefined : paging;
  if (wantsJson(call)) {
    const head = {
      responseCode: 'SUCCESS',
      count: found,
      ...(shown === undefined ? {} : { hasMoreRecords: String(shown.more) }),
      ...(shown?.lastId === undefined ? {} : { lastId: shown.lastId }),
    };
    yield `{"ServiceResponse":${JSON.stringify(head).slice(0, -1)}`;
    const bare = faults.has('list-single-object') && found === 1;
    let open = false;
    for (const text of texts) {
      yield `${open ? ',' : `,"data":${bare ? '' : '['}`}${text}`;
      open = true;
    }
    yield `${open ? (bare ? '' : ']') : emptyData ? ',"data":[]' : ''}}}`;
    return;
  }
  yield responseHead(call.base, schemaOf(call.path));
  yield `  <responseCode>SUCCESS</responseCode>\n  <count>${found}</count>\n`;
  if (shown !== undefined) yield `  <hasMoreRecords>${shown.more}</hasMoreRecords>\n`;
  if (shown?.lastId !== undefined) yield `  <lastId>${shown.lastId}</lastId>\n`;
  let open = false;
  for (const text of texts) {
    yield `${open ? '' : '  <data>\n'}${text}`;
    open = true;
  }
  if (open) yield '  </data>\n';
  else if (emptyData) yield '  <data>\n  </data>\n';
  yield '</ServiceResponse>';
}

function written<T>(call: RestCall, kind: QpsKind<T>, object: T, detail: Detail): string {
  const fields = call.query.get('fields');
  const whole = kind.tree(call, object, detail);
  const tree =
    fields === undefined
      ? whole
      : project(
          whole,
          fields.split(',').map((path) => path.trim().split('.')),
        );
  const style = styleOf(call.faults);
  if (wantsJson(call)) return JSON.stringify({ [kind.element]: treeJson(tree, style) });
  return `    <${kind.element}>\n${treeXml(tree, '      ', style)}    </${kind.element}>\n`;
}

function styleOf(faults: ActiveFaults): Style {
  return { emptyLists: faults.has('list-empty'), singleBare: faults.has('list-single-object') };
}
