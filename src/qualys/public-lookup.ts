import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPrivate } from '../core/private-addresses.ts';

/** What a name that leads inside fails with, as errors of the network have codes. */
export const PRIVATE_ADDRESS = 'QUARRY_PRIVATE_ADDRESS';

/**
 * Looks names up when they are connected to, and refuses those that lead to this machine or its network: a name may be
 * given another address after it was checked.
 */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const inside = found?.find(({ address }) => isPrivate(address));
    if (error !== null) done(error, '');
    else if (inside !== undefined)
      done(Object.assign(new Error(`${hostname} is ${inside.address}.`), { code: PRIVATE_ADDRESS }), '');
    else if (options.all === true) done(null, found);
    else done(null, found[0]!.address, found[0]!.family);
  });
};
