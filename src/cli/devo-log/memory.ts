import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export const MEMORY_MS = 300_000;

export interface Memory {
  /** Of the machine, in per cent. */
  readonly global: number;
  /** Bytes. */
  readonly rss: number;
  /** Undefined where the system does not say. */
  readonly vms: number | undefined;
}

export const memory = (): Memory => ({
  global: (100 * (totalmem() - freemem())) / totalmem(),
  rss: process.memoryUsage.rss(),
  vms: virtualBytes(),
});

function virtualBytes(): number | undefined {
  try {
    const kib = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** Frees what can be freed, so that what is said to be left after it is. */
export function freeMemory(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}

/** `[GC] global: 32.3% -> 32.3%, process: RSS(41.68MiB -> 42.68MiB), VMS(928.46MiB -> 928.46MiB)`. */
export function memoryLine(before: Memory, after: Memory): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)}MiB`;
  const virtual =
    before.vms === undefined || after.vms === undefined ? '' : `, VMS(${mib(before.vms)} -> ${mib(after.vms)})`;
  const global = `${before.global.toFixed(1)}% -> ${after.global.toFixed(1)}%`;
  return `[GC] global: ${global}, process: RSS(${mib(before.rss)} -> ${mib(after.rss)})${virtual}`;
}
