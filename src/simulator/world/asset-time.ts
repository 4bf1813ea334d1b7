import { lastTagChange } from './asset.ts';
import type { HostScan } from './world.ts';

/** When asset `n` was made and last changed, as all inventories tell it: with its scans and its tags. */
export function assetTimes(seed: number, n: number, scan: HostScan, t: number): { created: number; modified: number } {
  const created = scan.firstFound + (scan.processed - scan.scanned);
  return { created, modified: Math.max(scan.processed, created, lastTagChange(seed, n, t)) };
}
