import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/** Where clouds keep the credentials of the machine: no sink stands there. Source: RFC 3927, RFC 4291; AWS, for fd00:ec2::254. */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');

/** Whether an address, or a URL's host that is one, is link-local; IPv4 in IPv6's clothes included. */
export function isLinkLocal(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && refused.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

type Done = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Node's look-up of names, without addresses that no sink has: what a name means is looked at when the connection is made. */
export const guardedLookup: LookupFunction = (host, options, done) => {
  const all: LookupOptions & { all: true } = { ...(options as LookupOptions), all: true };
  lookup(host, all, (error, found) => {
    const answer = done as Done;
    if (error !== null) return answer(error, []);
    const allowed = found.filter(({ address }) => !isLinkLocal(address));
    const [first] = allowed;
    if (first === undefined) return answer(new Error(`${host} leads to a link-local address, refused`), []);
    if ((options as LookupOptions).all === true) return answer(null, allowed);
    answer(null, first.address, first.family);
  });
};
