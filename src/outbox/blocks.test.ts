import { describe, expect, it } from 'vitest';
import { blocksOfPage, MOST_LENT } from './blocks.ts';

/** Writes a text into a block as a record would stand there. */
function write(blocks: ReturnType<typeof blocksOfPage>, block: typeof blocks.first, text: string): void {
  blocks.reserve(block, text.length);
  block.used += block.buffer.write(text, block.used, 'latin1');
}

const MIB = 2 ** 20;

describe('blocks of pages [promise 10]', () => {
  it('a page takes no memory before its first record, and keeps what it has when a record needs more', () => {
    const blocks = blocksOfPage();
    expect(blocks.first.buffer.length).toBe(0);
    write(blocks, blocks.first, 'first');
    const { buffer } = blocks.first;
    write(blocks, blocks.first, 'second');
    expect(blocks.first.buffer).toBe(buffer);
    write(blocks, blocks.first, 'x'.repeat(3 * MIB));
    expect(blocks.first.buffer.toString('latin1', 0, blocks.first.used)).toBe(`firstsecond${'x'.repeat(3 * MIB)}`);
    blocks.end();
  });

  it('hundreds of pages one after the other use the same memory, one of a large record included', () => {
    const buffers = new Set<ArrayBufferLike>();
    for (let n = 0; n < 300; n++) {
      const blocks = blocksOfPage();
      write(blocks, blocks.first, `page ${n}`);
      buffers.add(blocks.first.buffer.buffer);
      const second = blocks.second()!;
      write(blocks, second, 'second');
      buffers.add(second.buffer.buffer);
      expect(second.buffer.buffer).not.toBe(blocks.first.buffer.buffer);
      if (n % 3 === 0) write(blocks, blocks.first, 'x'.repeat(2 * MIB));
      blocks.end();
    }
    expect(buffers.size).toBeLessThan(5);
  });

  it('a second block is lent to so many pages at once, and again when one of them has ended', () => {
    const pages = Array.from({ length: MOST_LENT + 3 }, blocksOfPage);
    expect(pages.map((page) => page.second() !== undefined)).toEqual(pages.map((_, i) => i < MOST_LENT));
    expect(pages[0]!.second()).toBeUndefined();
    pages[0]!.end();
    pages[0]!.end();
    expect(pages.slice(MOST_LENT).map((page) => page.second() !== undefined)).toEqual([true, false, false]);
    for (const page of pages) page.end();
    const after = Array.from({ length: MOST_LENT + 1 }, blocksOfPage);
    expect(after.filter((page) => page.second() !== undefined)).toHaveLength(MOST_LENT);
    for (const page of after) page.end();
  });
});
