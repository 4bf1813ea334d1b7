/**
 * Global Asset Inventory: `/rest/2.0/{count,search,get}/am/asset` (reference, 7). Paging and fields stand in the query
 * string only; in the body they are ignored, as at Qualys. No match is a 204 without a body.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { agentOf, machineOf } from '../../world/asset.ts';
import { assetIdOf, tagsOf } from '../../world/host.ts';
import { softwareOf } from '../../world/software.ts';
import { insertNeighbours, type ListedHost, listedHosts, times } from '../qps/host-asset.ts';
import { json, jsonAnswer, type RestCall, RestRefusal, type RestRoute } from '../rest.ts';
import type { Answer } from '../route.ts';
import { assetRecord } from './asset-record.ts';
import { compileFilter, type FilterField, readFilterBody, readTime } from './filter.ts';

const MAX_PAGE = 300;

const FIELDS: Readonly<Record<string, FilterField<ListedHost>>> = {
  'asset.assetId': { kind: 'number', of: ({ n }) => assetIdOf(n) },
  'asset.name': { kind: 'text', of: ({ host }) => host.hostname ?? host.ip },
  'asset.createdDate': { kind: 'date', of: (one) => times(one).created },
  'asset.lastUpdatedDate': { kind: 'date', of: (one) => times(one).modified },
  'asset.lastInventoryDate': { kind: 'date', of: ({ scan }) => scan.processed },
  'asset.truRisk': { kind: 'number', of: ({ host }) => host.truRisk },
  'asset.criticalityScore': { kind: 'number', of: ({ host }) => host.criticality },
  'tags.name': { kind: 'text', of: ({ seed, host, now }) => tagsOf(seed, host, now).map(({ name }) => name) },
  'operatingSystem.name': { kind: 'text', of: ({ host }) => host.os },
  'hardware.manufacturer': { kind: 'text', of: ({ seed, host }) => machineOf(seed, host).manufacturer },
  'software.product': {
    kind: 'text',
    of: ({ seed, host, scan }) => softwareOf(seed, host, scan.scanned).map(({ product }) => product),
  },
  'account.username': { kind: 'text', of: ({ seed, host }) => machineOf(seed, host).accounts },
  'agent.version': { kind: 'text', of: ({ seed, host }) => agentOf(seed, host)?.version },
  'qualys.agent.lastCheckedInDate': { kind: 'date', of: ({ host, scan }) => (host.agent ? scan.scanned : undefined) },
  'qualys.agent.lastActivityDate': { kind: 'date', of: ({ host, scan }) => (host.agent ? scan.processed : undefined) },
};

const VALID = 'Valid API Access';
const path = (operation: string): string => `/rest/2.0/${operation}/am/asset`;

export const assetRoutes: readonly RestRoute[] = [
  { family: 'gateway', methods: ['POST'], path: path('count'), answer: count },
  { family: 'gateway', methods: ['POST'], path: path('search'), answer: search },
  { family: 'gateway', methods: ['GET', 'POST'], path: path('get'), answer: get },
];

function* selected(call: RestCall, from: number): Generator<ListedHost | undefined> {
  const matches = compileFilter(readFilterBody(call.body, call.contentType), FIELDS);
  const given = call.query.get('assetLastUpdated') ?? call.query.get('lastModifiedDate');
  const since = given === undefined ? undefined : readTime(given);
  if (given !== undefined && since === undefined) throw new RestRefusal(400, `Invalid date: ${given}`);
  // What is thrown above must be thrown before the answer begins.
  yield undefined;
  let passed = 0;
  for (const one of listedHosts(call, from)) {
    if ((since === undefined || times(one).modified >= since) && matches(one)) yield one;
    else if (++passed % 500 === 0) yield undefined;
  }
}

function count(call: RestCall): Answer {
  const hosts = selected(call, 0);
  hosts.next();
  function* body(): Generator<string> {
    let found = 0;
    for (const one of hosts) {
      if (one === undefined || ++found % 500 === 0) yield '';
    }
    yield json({ responseMessage: VALID, count: found, responseCode: 'SUCCESS' });
  }
  return jsonAnswer(body());
}

/** The page is found before the answer begins, since an empty one has another status. */
async function search(call: RestCall): Promise<Answer> {
  const size = number(call, 'pageSize', 100);
  if (size < 1 || size > MAX_PAGE) {
    const status = call.faults.has('page-size-416') ? 416 : 400;
    throw new RestRefusal(status, `PageSize is greater than ${MAX_PAGE}`);
  }
  const limit = Math.min(size, call.faults.number('page-size-capped', 10) ?? size);
  const cursor = number(call, 'lastSeenAssetId', 0);
  const page: ListedHost[] = [];
  let left = await uncapped(call, cursor);
  let more = false;
  for (const one of selected(call, cursor + 1)) {
    if (one === undefined) {
      await turn();
      continue;
    }
    if (page.length === limit) {
      more = true;
      break;
    }
    if (left-- <= 0) break;
    page.push(one);
  }
  const last = page.at(-1);
  if (last === undefined) return { ...jsonAnswer([]), status: 204 };
  if (more) insertNeighbours(call, page);
  const choose = fieldChoice(call);
  const head = {
    responseMessage: VALID,
    count: page.length,
    responseCode: 'SUCCESS',
    lastSeenAssetId: call.faults.has('cursor-stuck') && more ? cursor : last.host.assetId,
    hasMore: more ? 1 : 0,
  };
  function* body(): Generator<string> {
    yield `${json(head).slice(0, -1)},"assetListData":{"asset":[`;
    let first = true;
    for (const one of page) {
      yield `${first ? '' : ','}${json(choose(assetRecord(one)))}`;
      first = false;
    }
    yield ']}}';
  }
  return jsonAnswer(body());
}

/** Assets that `assets-capped` leaves behind a cursor. */
async function uncapped(call: RestCall, cursor: number): Promise<number> {
  let left = call.faults.number('assets-capped', 10);
  if (left === undefined) return Number.POSITIVE_INFINITY;
  for (const one of selected(call, 1)) {
    if (one === undefined) await turn();
    else if (one.host.assetId > cursor) break;
    else left--;
  }
  return left;
}

function get(call: RestCall): Answer {
  const id = number(call, 'assetId', 0);
  const one = listedHosts(call, id).next().value as ListedHost | undefined;
  if (one === undefined || one.host.assetId !== id) return { ...jsonAnswer([]), status: 204 };
  const asset = [fieldChoice(call)(assetRecord(one))];
  return jsonAnswer([json({ responseMessage: VALID, count: 1, responseCode: 'SUCCESS', assetListData: { asset } })]);
}

/** includeFields: other top-level fields are null, ids stay; excludeFields: the named ones are null. */
function fieldChoice({ query }: RestCall): (record: Record<string, unknown>) => Record<string, unknown> {
  const include = query
    .get('includeFields')
    ?.split(',')
    .map((one) => one.trim());
  const exclude = query
    .get('excludeFields')
    ?.split(',')
    .map((one) => one.trim());
  if (include === undefined && exclude === undefined) return (record) => record;
  const stays = (name: string): boolean =>
    ID_FIELDS.has(name) || ((include === undefined || include.includes(name)) && exclude?.includes(name) !== true);
  return (record) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, stays(name) ? value : null]));
}

const ID_FIELDS = new Set(['assetId', 'assetUUID', 'hostId']);

function number({ query }: RestCall, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,15}$/.test(text)) throw new RestRefusal(400, `Invalid value for ${name}: ${text}`);
  return Number(text);
}
