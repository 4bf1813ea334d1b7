import type { Store } from '../store/store.ts';
import type { InventorySchema } from './schema.ts';

/** Addresses of the subscription in a row that no host was ever seen at. No assets: nobody knows what is there. */
export interface Unscanned {
  readonly tenant: string;
  readonly subscription: string;
  /** Qualys's network id; '' where it says none. */
  readonly network: string;
  readonly from: string;
  readonly to: string;
  /** How many; beyond 2^53 as near as a number comes. */
  readonly count: number;
}

/**
 * What the data set ips lists and no device has: runs of addresses, IPv4 before IPv6, in order. An address counts as
 * seen in whatever network a host has it, since a host does not always say its network.
 */
export async function* unscanned({ db }: Store<InventorySchema>): AsyncGenerator<Unscanned> {
  const spaces = await db.selectFrom('space').select(['id', 'tenant', 'subscription']).orderBy('id').execute();
  for (const { id, tenant, subscription } of spaces) {
    const rows = await db.selectFrom('device').select('ips').where('space', '=', id).execute();
    const seen = rows
      .flatMap(({ ips }) => (JSON.parse(ips) as string[]).flatMap((ip) => addressOf(ip) ?? []))
      .sort((a, b) => (a < b ? -1 : 1));
    const ranges = await db
      .selectFrom('address_range')
      .select(['addresses', 'network'])
      .where('space', '=', id)
      .where('removed', '=', '')
      .execute();
    const listed = ranges.flatMap(({ addresses, network }) => {
      const [first = '', last = first] = addresses.split('-').map((part) => part.trim());
      const [from, to] = [addressOf(first), addressOf(last)];
      return from === undefined || to === undefined || to < from ? [] : [{ from, to, network }];
    });
    for (const range of listed.sort((a, b) => (a.from < b.from ? -1 : 1))) {
      for (const [from, to] of gaps(range.from, range.to, seen)) {
        const ends = { from: textOf(from), to: textOf(to), count: Number(to - from + 1n) };
        yield { tenant, subscription, network: range.network, ...ends };
      }
    }
  }
}

/** What is left of a range without these addresses, which ascend. */
function* gaps(from: bigint, to: bigint, seen: readonly bigint[]): Generator<readonly [bigint, bigint]> {
  let low = 0;
  for (let high = seen.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (seen[middle]! < from) low = middle + 1;
    else high = middle;
  }
  let at = from;
  for (; low < seen.length && seen[low]! <= to; low++) {
    if (seen[low]! > at) yield [at, seen[low]! - 1n];
    if (seen[low]! >= at) at = seen[low]! + 1n;
  }
  if (at <= to) yield [at, to];
}

/** IPv6 lies behind all of IPv4. */
const V6 = 1n << 128n;

/** An address as a number; undefined for what is none. */
function addressOf(text: string): bigint | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.some((part) => part > 255) ? undefined : BigInt(parts.reduce((sum, part) => sum * 256 + part, 0));
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(':')) return undefined;
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...groups(head), ...Array<string>(Math.max(missing, 0)).fill('0'), ...groups(tail)];
  return all.some((group) => group.length > 4 || group === '')
    ? undefined
    : V6 + all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function textOf(address: bigint): string {
  if (address < V6) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((address - V6) >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return groups.join(':');
}
