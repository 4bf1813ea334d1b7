/** Good pages in a row before pages grow again. */
const GROW_AFTER = 4;
/** How often a size may fail before it is not tried again in this pull. */
const CHANCES = 2;

/** How many objects a page holds: fewer in bad weather, more again while reading goes well. */
export interface PageSize {
  readonly now: number;
  /** A page was read. */
  good(): void;
  /** Pages of `failed` objects cannot be had now; go on with `size`. */
  shrink(failed: number, size: number): void;
}

export function pageSize(wanted: number, start: number): PageSize {
  let now = start;
  let inRow = 0;
  const failures = new Map<number, number>();
  return {
    get now() {
      return now;
    },
    good: () => {
      if (now >= wanted || ++inRow < GROW_AFTER) return;
      inRow = 0;
      const next = Math.min(wanted, now * 2);
      if ((failures.get(next) ?? 0) < CHANCES) now = next;
    },
    shrink: (failed, size) => {
      inRow = 0;
      failures.set(failed, (failures.get(failed) ?? 0) + 1);
      now = Math.min(now, size);
    },
  };
}
