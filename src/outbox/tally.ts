/**
 * How often each of many texts came, in 16 bytes a place, of which at most two thirds are taken: an answer may hold a
 * million rows to be told apart, and a map of their keys takes 400 bytes for each (measured).
 *
 * A text is known by 64 bits of a hash. That two of a million texts share them happens once in forty million such answers;
 * then they are counted as one, which gives a row another number and loses none.
 */
import { hash } from 'node:crypto';

export interface Tally {
  /** Counts a text of a group (a whole number below 2^32); returns how often it came so far. */
  count(group: number, text: string): number;
  /** What was counted in these groups: counts by names that `restore` knows. */
  of(groups: ReadonlySet<number>): Record<string, number>;
  /** Takes over a count; a name of no known form says nothing. */
  restore(name: string, count: number): void;
}

/** Numbers of a place: the two halves of the hash, the count (0: free), the group. */
const WIDTH = 4;
const [HIGH, LOW, COUNT, GROUP] = [0, 1, 2, 3] as const;
const FIRST_PLACES = 1024;
const NAME = /^(\d+)#([0-9a-f]{8})([0-9a-f]{8})$/;

export function tally(): Tally {
  let numbers = new Uint32Array(FIRST_PLACES * WIDTH);
  let mask = FIRST_PLACES - 1;
  let taken = 0;

  /** Adds to a count; returns what it is now. */
  function add(high: number, low: number, group: number, more: number): number {
    let place = low & mask;
    for (; numbers[place * WIDTH + COUNT] !== 0; place = (place + 1) & mask) {
      const at = place * WIDTH;
      if (numbers[at + HIGH] === high && numbers[at + LOW] === low && numbers[at + GROUP] === group) {
        numbers[at + COUNT]! += more;
        return numbers[at + COUNT]!;
      }
    }
    numbers.set([high, low, more, group], place * WIDTH);
    if (++taken * 3 > (mask + 1) * 2) grow();
    return more;
  }

  function grow(): void {
    const before = numbers;
    numbers = new Uint32Array(before.length * 2);
    mask = mask * 2 + 1;
    taken = 0;
    for (let at = 0; at < before.length; at += WIDTH)
      if (before[at + COUNT]! > 0) add(before[at + HIGH]!, before[at + LOW]!, before[at + GROUP]!, before[at + COUNT]!);
  }

  return {
    count: (group, text) => {
      const digest = hash('sha256', text, 'binary');
      return add(word(digest, 0), word(digest, 4), group, 1);
    },
    of: (groups) => {
      const counts: Record<string, number> = {};
      for (let at = 0; at < numbers.length; at += WIDTH) {
        const group = numbers[at + GROUP]!;
        if (numbers[at + COUNT] === 0 || !groups.has(group)) continue;
        counts[`${group}#${hex(numbers[at + HIGH]!)}${hex(numbers[at + LOW]!)}`] = numbers[at + COUNT]!;
      }
      return counts;
    },
    restore: (name, count) => {
      const [, group, high, low] = NAME.exec(name) ?? [];
      if (group === undefined || count < 1) return;
      add(Number.parseInt(high!, 16), Number.parseInt(low!, 16), Number(group), count);
    },
  };
}

const hex = (half: number): string => half.toString(16).padStart(8, '0');

/** Four characters, a byte each, as a number. */
function word(bytes: string, at: number): number {
  let number = 0;
  for (let i = at; i < at + 4; i++) number = (number << 8) | bytes.charCodeAt(i);
  return number >>> 0;
}
