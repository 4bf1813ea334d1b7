import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Bytes after which V8's young generation stops growing. Left alone it grows to 64 MB while a long answer is read,
 * though little in it lives; at 8 MB what waits for the database is taken for old. Over a page of 300 MB: 302 MiB
 * resident with this, 338–366 left alone, 344–361 at 8 MB, CPU time the same. Measured on Node.js 24.21.
 */
const ENOUGH = 16 << 20;
const LOOK_EVERY_MS = 5;
/**
 * The old generation is cleared when it has grown by so many per cent; left alone, by up to 300. Over the same page: 261
 * to 272 MiB with 60, for a twentieth more CPU time; 276 to 280 with 100.
 */
const GROWN = 60;

/**
 * Keeps the garbage of a collector small. Call this when the sources are loaded: `bin/young-generation.js` has kept the
 * young generation from growing until here. `--max-semi-space-size` says the same, but only to a process that is about to
 * start; these are read each time V8 grows a space.
 */
export function holdHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  setFlagsFromString(`--heap-growing-percent=${GROWN}`);
  const watch = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (young !== undefined && young.space_size < ENOUGH) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(watch);
  }, LOOK_EVERY_MS);
  watch.unref();
}
