import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestOptions } from 'vitest';
import { skipUnless } from './skip.ts';

/** A file system of one megabyte of its own, for tests of a full disk; skipped where this user may not mount one. */
export const smallDisk: {
  readonly options: TestOptions;
  /** The folder it is mounted at. */
  mount(): string;
  unmount(at: string): void;
} = {
  options: skipUnless(mountable(), 'needs a file system of its own (root, mount)'),
  mount: () => {
    const at = mkdtempSync(join(tmpdir(), 'quarry-small-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'quarry-test', at], { stdio: 'ignore' });
    return at;
  },
  unmount: (at) => {
    execFileSync('umount', [at], { stdio: 'ignore' });
    rmSync(at, { recursive: true, force: true });
  },
};

function mountable(): boolean {
  if (userInfo().uid !== 0) return false;
  const at = mkdtempSync(join(tmpdir(), 'quarry-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'quarry-test', at], { stdio: 'ignore' });
    execFileSync('umount', [at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
