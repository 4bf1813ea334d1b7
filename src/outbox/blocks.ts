/**
 * Blocks: the records of a page on their way from the answer to the segment, about a megabyte at a time.
 *
 * Dozens of pages may be under way at once, most of them waiting for Qualys. So a page takes memory when its first record
 * comes, one block of it. A second, to be filled while the first is decided, is lent as long as there are some: one
 * stream alone always gets it, and of many that read at once those without one decide before they read on. Nobody waits
 * for anybody else's block. Buffers go from page to page, since garbage of that size is collected late and leaves holes.
 */
import type { Keyed } from '../core/words.ts';

/** A record, or the outer element around those before it (without a key), as JSON in the block's buffer. */
export interface Entry {
  readonly keyed: Keyed | undefined;
  readonly start: number;
  readonly end: number;
}

export interface Block {
  buffer: Buffer;
  used: number;
  records: number;
  entries: Entry[];
}

/** A block is full with so many. */
export const BLOCK_BYTES = 1 << 20;
export const BLOCK_RECORDS = 2000;
/** With room for the record that fills it; a longer one makes it larger. */
const SIZE = BLOCK_BYTES + (BLOCK_BYTES >> 2);
/** Second blocks there may be at once. */
export const MOST_LENT = 6;
/** Buffers kept for later pages. */
const MOST_KEPT = 8;
const NOTHING = Buffer.alloc(0);

const kept: Buffer[] = [];
let lent = 0;

/** The blocks of one page. */
export interface Blocks {
  readonly first: Block;
  /** A second block; undefined where none is left, and where the page has it. */
  second(): Block | undefined;
  /** Makes room for `bytes` behind what is used of a block. */
  reserve(block: Block, bytes: number): void;
  /** The page has no use for them any more. */
  end(): void;
}

const empty = (): Block => ({ buffer: NOTHING, used: 0, records: 0, entries: [] });

export function blocksOfPage(): Blocks {
  const first = empty();
  const all = [first];
  return {
    first,
    second: () => {
      if (all.length > 1 || lent >= MOST_LENT) return undefined;
      lent++;
      const block = empty();
      all.push(block);
      return block;
    },
    reserve: (block, bytes) => {
      const { buffer, used } = block;
      if (buffer.length - used >= bytes) return;
      const needed = used + bytes;
      block.buffer = needed <= SIZE ? (kept.pop() ?? Buffer.allocUnsafeSlow(SIZE)) : Buffer.allocUnsafeSlow(needed * 2);
      buffer.copy(block.buffer, 0, 0, used);
      giveBack(buffer);
    },
    end: () => {
      lent -= Math.max(0, all.length - 1);
      for (const block of all.splice(0)) {
        giveBack(block.buffer);
        // Whoever still wrote to it would write to nobody's.
        block.buffer = NOTHING;
      }
    },
  };
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === SIZE && kept.length < MOST_KEPT) kept.push(buffer);
}
