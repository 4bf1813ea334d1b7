/** Which hosts a call selects: the parameters host list and host detections share. */

import { atMostOne, inRanges, invalid, type ParameterKinds, readDate, readIds, readIps } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { ALL_TAGS, ASSET_GROUPS } from '../world/catalogue.ts';
import { type Host, tagsOf } from '../world/host.ts';
import { DAY } from '../world/time.ts';
import type { HostScan, World } from '../world/world.ts';
import type { Call } from './route.ts';

export const HOST_PARAMETERS: ParameterKinds = {
  echo_request: 'flag',
  ids: 'ids',
  id_min: 'count',
  id_max: 'count',
  ips: 'ips',
  ipv6: 'unsimulated',
  ag_ids: 'ids',
  ag_titles: 'free',
  network_ids: 'free',
  network_name: 'free',
  os_pattern: 'free',
  os_hostname: 'unsimulated',
  compliance_enabled: 'flag',
  vm_scan_since: 'date',
  no_vm_scan_since: 'date',
  max_days_since_last_vm_scan: 'count',
  vm_processed_after: 'date',
  vm_processed_before: 'date',
  vm_scan_date_after: 'date',
  vm_scan_date_before: 'date',
  vm_auth_scan_date_after: 'date',
  vm_auth_scan_date_before: 'date',
  use_tags: 'flag',
  tag_set_by: ['id', 'name'],
  tag_include_selector: ['any', 'all'],
  tag_exclude_selector: ['any', 'all'],
  tag_set_include: 'free',
  tag_set_exclude: 'free',
  show_tags: 'flag',
  show_asset_id: 'flag',
  host_metadata: ['all', 'ec2', 'google', 'azure'],
  host_metadata_fields: 'free',
  show_cloud_tags: 'flag',
  cloud_tag_fields: 'free',
  truncation_limit: 'count',
  // Added by Qualys to its own next-page URLs.
  cloud_agent_activationkey: 'free',
};

type Test = (host: Host, scan: HostScan) => boolean;

/**
 * Ordinals of the hosts a call selects, in ascending id; `undefined` now and then where many are passed over, so that
 * the server can breathe. `_since` includes its moment, `_after` and `_before` do not (Qualys does not say).
 */
export function selectHosts(call: Call): Generator<number | undefined> {
  const { world, now, params } = call;
  const byScan = scanTests(call);
  const byHost = hostTests(call);
  const text = params.get('ids');
  const ranges = text === undefined ? [[0, Number.MAX_SAFE_INTEGER] as const] : readIds(text);
  const min = Number(params.get('id_min') ?? 0);
  const max = Number(params.get('id_max') ?? Number.MAX_SAFE_INTEGER);

  function* select(): Generator<number | undefined> {
    let passed = 0;
    for (const [first, last] of ranges) {
      const end = Math.min(last, max);
      for (const n of world.ordinals(now, Math.max(first, min))) {
        if (world.idOf(n) > end) break;
        const scan = world.scanOf(n, now);
        if (scan !== undefined && byScan.every((test) => test(scan)) && (byHost.length === 0 || matches(n, scan))) {
          yield n;
        } else if (++passed % 2000 === 0) yield undefined;
      }
    }
  }
  const matches = (n: number, scan: HostScan): boolean => {
    const host = world.host(n);
    return byHost.every((test) => test(host, scan));
  };
  return select();
}

function scanTests({ params, now }: Call): ((scan: HostScan) => boolean)[] {
  const tests: ((scan: HostScan) => boolean)[] = [];
  const date = (name: string): number | undefined => {
    const value = params.get(name);
    return value === undefined ? undefined : readDate(value);
  };
  const since = date('vm_scan_since');
  if (since !== undefined) tests.push((scan) => scan.scanned >= since);
  const noScanSince = date('no_vm_scan_since');
  if (noScanSince !== undefined) tests.push((scan) => scan.scanned < noScanSince);
  const scanAfter = date('vm_scan_date_after');
  if (scanAfter !== undefined) tests.push((scan) => scan.scanned > scanAfter);
  const scanBefore = date('vm_scan_date_before');
  if (scanBefore !== undefined) tests.push((scan) => scan.scanned < scanBefore);
  const after = date('vm_processed_after');
  if (after !== undefined) tests.push((scan) => scan.processed > after);
  const before = date('vm_processed_before');
  if (before !== undefined) tests.push((scan) => scan.processed < before);
  const days = params.get('max_days_since_last_vm_scan');
  if (days !== undefined) tests.push((scan) => scan.scanned >= now - Number(days) * DAY);
  return tests;
}

function hostTests({ world, params, now }: Call): Test[] {
  const tests: Test[] = [];
  atMostOne(params, 'ag_ids', 'ag_titles');
  const ips = params.get('ips');
  if (ips !== undefined) {
    const ranges = readIps(ips);
    tests.push((host) => inRanges(host.ipNumber, ranges));
  }
  const groups = groupsOf(params);
  if (groups !== undefined) tests.push((host) => host.assetGroupIds.some((id) => inRanges(id, groups)));
  const networks = params.get('network_ids')?.split(',').map(Number);
  if (networks !== undefined) tests.push((host) => networks.includes(host.network.id));
  const networkName = params.get('network_name');
  if (networkName !== undefined) tests.push((host) => host.network.name === networkName);
  const pattern = params.get('os_pattern');
  if (pattern !== undefined) {
    const os = regex('os_pattern', pattern);
    tests.push((host) => os.test(host.os ?? ''));
  }
  const compliance = params.get('compliance_enabled');
  if (compliance !== undefined) tests.push((host) => host.compliance === (compliance === '1'));
  for (const [name, sign] of [
    ['vm_auth_scan_date_after', 1],
    ['vm_auth_scan_date_before', -1],
  ] as const) {
    const at = readDate(params.get(name) ?? '');
    if (at !== undefined) tests.push((host, scan) => host.authenticated && sign * (scan.scanned - at) > 0);
  }
  tests.push(...tagTests(world, params, now));
  return tests;
}

function groupsOf(params: Call['params']): [number, number][] | undefined {
  const ids = params.get('ag_ids');
  if (ids !== undefined) return readIds(ids);
  const titles = params.get('ag_titles')?.split(',');
  if (titles === undefined) return undefined;
  return ASSET_GROUPS.filter((group) => titles.includes(group.title)).map((group) => [group.id, group.id]);
}

function tagTests(world: World, params: Call['params'], now: number): Test[] {
  const given = ['tag_set_by', 'tag_include_selector', 'tag_exclude_selector', 'tag_set_include', 'tag_set_exclude'];
  if (params.get('use_tags') !== '1') {
    const stray = given.find((name) => params.has(name));
    if (stray === undefined) return [];
    throw new Refusal(
      400,
      '1907',
      `The following combination of key=value pairs is not supported: ${stray}=${params.get(stray)}, use_tags=0`,
    );
  }
  if (!params.has('tag_set_include') && !params.has('tag_set_exclude')) {
    throw new Refusal(
      400,
      '1922',
      'Please specify at least one of the following parameters: tag_set_include, tag_set_exclude',
    );
  }
  const byName = params.get('tag_set_by') === 'name';
  const read = (name: string): number[] | undefined => {
    const value = params.get(name);
    return value?.split(',').map((part) => {
      if (!byName) return Number(part);
      return ALL_TAGS.find((tag) => tag.name === part.trim())?.id ?? -1;
    });
  };
  const holds = (host: Host, wanted: readonly number[], all: boolean): boolean => {
    const has = tagsOf(world.seed, host, now).map((tag) => tag.id);
    return all ? wanted.every((id) => has.includes(id)) : wanted.some((id) => has.includes(id));
  };
  const include = read('tag_set_include');
  const exclude = read('tag_set_exclude');
  const includeAll = params.get('tag_include_selector') === 'all';
  const excludeAll = params.get('tag_exclude_selector') === 'all';
  const tests: Test[] = [];
  if (include !== undefined) tests.push((host) => holds(host, include, includeAll));
  if (exclude !== undefined) tests.push((host) => !holds(host, exclude, excludeAll));
  return tests;
}

function regex(name: string, pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw invalid(name, pattern, 'not a regular expression');
  }
}
