/** Addresses of a network as numbers: 10.0.0.1 is 0x0a000001. */
export interface Addresses {
  /** Both ends included. */
  readonly first: number;
  readonly last: number;
  readonly networkId: number;
}

export function addressText(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** `a.b.c.d`, or `a.b.c.d-a.b.c.e` for more than one. */
export function addressesText({ first, last }: Addresses): string {
  return first === last ? addressText(first) : `${addressText(first)}-${addressText(last)}`;
}
