import { buildWebPage, isStale } from './support/web-page.ts';

/**
 * `npm run build:web`: the web page, from web/ into dist/web. With `--if-stale` only when it is missing or older than its
 * sources, which is what `npm start` does first.
 */
if (!process.argv.includes('--if-stale') || isStale()) {
  const began = performance.now();
  const size = await buildWebPage();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stderr.write(`built the web page in ${seconds} s: ${Math.round(size / 1000)} kB of scripts to begin\n`);
}
