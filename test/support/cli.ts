import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface Exited {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when the text has been seen on standard error. */
  said(text: string): Promise<void>;
  readonly exited: Promise<Exited>;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell words before the command: `ulimit -f 100;`. */
  readonly before?: string;
  /** Shell words behind it: `| head -1`. */
  readonly after?: string;
}

/** Compiled modules of commands: a start takes half the time. */
const compileCache = process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'quarry-test-compile-cache');

/** Starts the real command in a process of its own, with nothing of this one's environment but PATH and HOME. */
export function startCli(args: readonly string[], options: CliOptions = {}): Running {
  const home = { PATH: process.env['PATH'] ?? '', HOME: options.cwd ?? '/nonexistent' };
  const env = { ...home, NODE_COMPILE_CACHE: compileCache, ...options.env };
  const words = [process.execPath, MAIN, ...args];
  const shell = options.before !== undefined || options.after !== undefined;
  const line = `${options.before ?? ''} ${words.map(quoted).join(' ')} ${options.after ?? ''}`;
  const child = shell
    ? spawn('bash', ['-c', `set -o pipefail; ${line}`], { cwd: options.cwd, env })
    : spawn(words[0]!, words.slice(1), { cwd: options.cwd, env });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const look of waiting) look();
  });
  const exited = once(child, 'close').then(([code]): Exited => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    exited,
    said: (text) =>
      new Promise((done, failed) => {
        const look = (): void => {
          if (!stderr.includes(text)) return;
          waiting.delete(look);
          done();
        };
        waiting.add(look);
        look();
        exited.then(() => failed(new Error(`ended without saying “${text}”: ${stderr}`)), failed);
      }),
  };
}

export const cli = (args: readonly string[], options: CliOptions = {}): Promise<Exited> =>
  startCli(args, options).exited;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** What no user may ever see: frames of a stack. */
export const STACK = /^\s+at .+:\d+:\d+\)?$/m;

export const configFile = (dir: string): string => join(dir, 'quarry.yaml');

/** Writes `quarry.yaml` (JSON is YAML) into the folder. */
export async function writeConfig(dir: string, config: Record<string, unknown>): Promise<void> {
  await writeFile(configFile(dir), JSON.stringify(config, null, 2), { mode: 0o600 });
}

/** Waits until something holds; a test that waits in vain ends by its own time-out. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
