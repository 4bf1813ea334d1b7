/**
 * The addresses of the subscription, which is what may be scanned and not what was: all hosts' addresses, those of
 * purged and coming ones included, and ranges never scanned.
 */
import type { Addresses } from './addresses.ts';
import { NETWORKS } from './catalogue.ts';
import { siteAddresses, sitesAt } from './groups.ts';
import { hash } from './random.ts';
import type { World } from './world.ts';

const HOSTS_BASE = 0x0a000000;
/** Every fiftieth host lives in the second network; its number is free in the first, where a range may end. */
const BLOCK = 50;
const UNUSED_BASE = 0xac100005;

/** By network, then ascending; ranges of one network neither touch nor overlap. */
export function* addressesAt(world: World, t: number): Generator<Addresses> {
  const [main, second] = NETWORKS as readonly [(typeof NETWORKS)[number], (typeof NETWORKS)[number]];
  const blocks = Math.ceil(world.lastOrdinal(t) / BLOCK);
  let first = HOSTS_BASE + 1;
  for (let block = 1; block <= blocks; block++) {
    const end = HOSTS_BASE + block * BLOCK;
    const ends = block === blocks || hash(world.seed, block, 0x1b5) % 3 === 0;
    if (!ends) continue;
    yield { first, last: end - 1, networkId: main.id };
    first = end + 1;
  }
  for (let site = 0; site < sitesAt(world, t); site++) yield siteAddresses(world, site);
  for (let n = 0; n < unused(world); n++) yield single(n, main.id);
  yield { first: HOSTS_BASE + 1, last: HOSTS_BASE + blocks * BLOCK, networkId: second.id };
  // The same address in both networks.
  for (let n = 0; n < unused(world); n += 2) yield single(n, second.id);
}

function single(n: number, networkId: number): Addresses {
  const address = UNUSED_BASE + n * 9;
  return { first: address, last: address, networkId };
}

function unused(world: World): number {
  return 3 + Math.floor(world.hosts / 1000);
}
