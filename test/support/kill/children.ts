import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Counters, SimulatorOptions } from '../../../src/simulator/index.ts';
import type { TruthLine } from '../../contracts/cases.ts';
import {
  ANNOUNCE_FD,
  type CollectorEnd,
  type CollectorSettings,
  type SimulatorReady,
  type VirtualTime,
} from './protocol.ts';

/** Compiled modules of children: a start takes two thirds of the time. */
const compileCache = join(tmpdir(), 'quarry-test-compile-cache');

/** Children end when their parent's pipe closes, however the parent ends. */
export interface SimulatorChild extends SimulatorReady {
  /** Moves the world's time forward. */
  advance(ms: number): Promise<void>;
  /** What exists now: one object each. */
  truth(): Promise<readonly TruthLine[]>;
  counters(): Promise<Counters>;
  close(): Promise<void>;
}

type ChildOptions = SimulatorOptions & { readonly time?: VirtualTime };

/** Starts a simulator in a process of its own. Options that are functions cannot cross over. */
export const startSimulatorChild = async (options: ChildOptions): Promise<SimulatorChild> =>
  (await startSimulatorChildren([options]))[0]!;

/** Starts simulators in one process of their own; closing one closes all. */
export async function startSimulatorChildren(all: readonly ChildOptions[]): Promise<SimulatorChild[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'simulator-main.ts'), JSON.stringify(all)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ready = JSON.parse(await firstLine(child, child.stdout)) as SimulatorReady[];
  const close = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
  return ready.map((one) => ({ ...one, ...asking(one.url), close }));
}

/** What a simulator is asked over its own address. */
function asking(url: string): Omit<SimulatorChild, keyof SimulatorReady | 'close'> {
  const ask = async (path: string, body?: object): Promise<Response> => {
    const response = await fetch(
      `${url}/simulator/${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    );
    if (!response.ok) throw new Error(`simulator: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    advance: async (ms) => {
      await (await ask('advance', { ms })).body?.cancel();
    },
    truth: async () =>
      (await (await ask('truth')).text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as TruthLine),
    counters: async () => (await (await ask('counters')).json()) as Counters,
  };
}

export interface CollectorChild {
  readonly process: ChildProcess;
  /** One byte for each phase entered. */
  readonly announcements: Readable;
  /** Warnings and errors it logged so far, one line of JSON each. */
  log(): readonly string[];
  readonly ended: Promise<{ readonly code: number | null; readonly end: CollectorEnd | undefined }>;
}

/** Starts a collector; `preload` modules are loaded before its own. */
export function startCollectorChild(settings: CollectorSettings, preload: readonly string[] = []): CollectorChild {
  const child = spawn(
    process.execPath,
    [
      // As the command begins.
      ...['--import', join(import.meta.dirname, '../../../bin/young-generation.js')],
      ...preload.flatMap((file) => ['--import', join(import.meta.dirname, file)]),
      join(import.meta.dirname, 'collector-main.ts'),
      JSON.stringify(settings),
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_COMPILE_CACHE: compileCache } },
  );
  let out = '';
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return {
    process: child,
    announcements: child.stdio[ANNOUNCE_FD] as Readable,
    log: () => said.split('\n').filter((line) => line !== ''),
    ended: once(child, 'close').then(([code]) => ({
      code: code as number | null,
      end: out === '' ? undefined : (JSON.parse(out) as CollectorEnd),
    })),
  };
}

async function firstLine(child: ChildProcess, stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error(`the child ended (${child.exitCode}) without a word`);
}
