import { lastTagChange } from './asset.ts';
import type { Host } from './host.ts';
import type { HostScan } from './world.ts';

/** When an asset was made and last changed, as all inventories tell it: with its scans and its tags. */
export function assetTimes(seed: number, host: Host, scan: HostScan, t: number): { created: number; modified: number } {
  const created = scan.firstFound + host.life.delay;
  return { created, modified: Math.max(scan.processed, created, lastTagChange(seed, host, t)) };
}
