/**
 * The machines behind hosts. Usually each host is a machine of its own, at an address of its own. In a world with
 * `handovers` the hosts born after the epoch take something over from an earlier one, by turns:
 * - `address`: another machine, at the address of an earlier host;
 * - `again`: the machine of a purged host, scanned again: other ids, the same agent UUID, hardware and cloud instance;
 * - `second`: the machine of a listed host, found a second time beside it, under ids of its own;
 * - `copy`: another machine, made from the image of a listed one: its agent UUID on other hardware.
 *
 * A host hands over once at the most, and never what it took over itself. Who takes over what is the same for one seed;
 * finding it out looks at every earlier host, so this is for worlds of some thousand hosts.
 */
import type { Host } from './host.ts';
import { hash } from './random.ts';

export const HANDOVERS = ['address', 'again', 'second', 'copy'] as const;

export interface Handover {
  readonly kind: (typeof HANDOVERS)[number];
  /** Ordinal of the host it is from. */
  readonly from: number;
}

export interface Handovers {
  /** What a host took over; undefined for most. */
  of(n: number): Handover | undefined;
  /** The host with what it took over; `earlier` makes a host of its own. */
  apply(host: Host, earlier: (n: number) => Host): Host;
}

/** `hosts`: those of the epoch; `make` makes a host as it would be alone. */
export function createHandovers(seed: number, hosts: number, make: (n: number) => Host): Handovers {
  /** By ordinal less `hosts` less one. */
  const known: (Handover | undefined)[] = [];
  const givers = new Set<number>();

  function choose(n: number): Handover | undefined {
    const kind = HANDOVERS[(n - hosts) % HANDOVERS.length]!;
    const host = make(n);
    const offset = hash(seed, n, 0x4a0d);
    for (let i = 0; i < n - 1; i++) {
      const from = 1 + ((offset + i) % (n - 1));
      if (givers.has(from) || of(from) !== undefined) continue;
      if (fits(kind, host, make(from))) {
        givers.add(from);
        return { kind, from };
      }
    }
    return undefined;
  }

  function of(n: number): Handover | undefined {
    if (n <= hosts || n !== Math.floor(n)) return undefined;
    while (known.length < n - hosts) known.push(choose(hosts + known.length + 1));
    return known[n - hosts - 1];
  }

  return {
    of,
    apply: (host, earlier) => {
      const handover = of(host.n);
      return handover === undefined ? host : takeOver(host, handover.kind, earlier(handover.from));
    },
  };
}

/** Hardware is shown where a scan is authenticated; without it nobody could tell a copy from its original. */
function fits(kind: Handover['kind'], { authenticated, life }: Host, from: Host): boolean {
  const isListed = from.life.birth < life.birth && life.birth < from.life.purge;
  switch (kind) {
    case 'address':
      return from.life.birth < life.birth;
    case 'again':
      return from.life.purge < life.birth && from.qgHostId !== undefined;
    case 'second':
      return isListed && from.qgHostId !== undefined;
    case 'copy':
      return isListed && from.qgHostId !== undefined && authenticated && from.authenticated;
  }
}

function takeOver(host: Host, kind: Handover['kind'], from: Host): Host {
  const { ip, ipNumber, network, qgHostId, hardwareUuid, serial, cloud, os, hostname, domain, fqdn, netbios } = from;
  switch (kind) {
    case 'address':
      return { ...host, ip, ipNumber, network };
    case 'copy':
      return { ...host, qgHostId, os };
    default: {
      const trackingMethod = host.agent ? host.trackingMethod : 'IP';
      return { ...host, trackingMethod, qgHostId, hardwareUuid, serial, cloud, os, hostname, domain, fqdn, netbios };
    }
  }
}
