/**
 * Numbers that depend on nothing but their arguments. Everything in the world is drawn from these, so that one host
 * costs the same whether it is the first or the millionth, and the same seed gives the same world everywhere.
 */

/** A 32-bit hash of three integers (murmur3's finaliser over their mix). */
export function hash(a: number, b: number, c = 0): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A stream of random numbers (mulberry32); the caller owns the state. */
export interface Dice {
  state: number;
}

export function dice(seed: number): Dice {
  return { state: seed | 0 };
}

/** The next number in [0, 1). */
export function roll(d: Dice): number {
  d.state = (d.state + 0x6d2b79f5) | 0;
  let t = Math.imul(d.state ^ (d.state >>> 15), 1 | d.state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

/** An integer from `low` to `high`, both included. */
export function int(d: Dice, low: number, high: number): number {
  return low + Math.floor(roll(d) * (high - low + 1));
}

export function chance(d: Dice, probability: number): boolean {
  return roll(d) < probability;
}

export function pick<T>(d: Dice, list: readonly T[]): T {
  return list[Math.floor(roll(d) * list.length)]!;
}

const HEX = '0123456789abcdef';

export function hex(d: Dice, digits: number): string {
  let s = '';
  for (let i = 0; i < digits; i++) s += HEX[Math.floor(roll(d) * 16)];
  return s;
}

export function uuid(d: Dice): string {
  return `${hex(d, 8)}-${hex(d, 4)}-4${hex(d, 3)}-${pick(d, ['8', '9', 'a', 'b'])}${hex(d, 3)}-${hex(d, 12)}`;
}
