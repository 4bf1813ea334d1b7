import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { startSimulator } from '../src/simulator/index.ts';

/** A host detection answer to measure on. */
export interface Input {
  readonly path: string;
  /** 10⁶ bytes. */
  readonly mb: number;
  /** Where it comes from, for the report. */
  readonly from: string;
  readonly sha256: string;
}

/** The reference generator stands beside a development checkout, not in a clone; without it the simulator answers. */
const GENERATOR = resolve(import.meta.dirname, '../../shared/bench/gen.mjs');
/** XML of an average simulated host, bytes. */
const HOST_BYTES = 48_000;

/** An answer of about `mb` megabytes, made once and kept in the temporary folder. */
export async function detectionAnswer(mb: number): Promise<Input> {
  const generated = existsSync(GENERATOR);
  const folder = join(tmpdir(), 'quarry-bench-input');
  const path = join(folder, `${generated ? 'generated' : 'simulated'}-${mb}.xml`);
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    await (generated ? generate(mb, `${path}.new`) : simulate(mb, `${path}.new`));
    await rename(`${path}.new`, path);
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return {
    path,
    mb: (await stat(path)).size / 1e6,
    from: generated ? `the reference generator (hld ${mb}, seed 1)` : 'the simulator (seed 1)',
    sha256: hash.digest('hex'),
  };
}

/** A KnowledgeBase answer of about `mb` megabytes; undefined where the reference generator is not there. */
export const knowledgeAnswer = (mb: number): Promise<string | undefined> => generated('kb', mb, `knowledge-${mb}.xml`);

/** Pages of file-integrity events, one a line, of about `mb` megabytes; undefined as above. */
export const fimPages = (mb: number): Promise<string | undefined> => generated('fim', mb, `fim-${mb}.json`);

async function generated(kind: 'kb' | 'fim', mb: number, name: string): Promise<string | undefined> {
  if (!existsSync(GENERATOR)) return undefined;
  const folder = join(tmpdir(), 'quarry-bench-input');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  await generate(mb, `${path}.new`, kind);
  await rename(`${path}.new`, path);
  return path;
}

async function generate(mb: number, path: string, kind: 'hld' | 'kb' | 'fim' = 'hld'): Promise<void> {
  const child = spawn(process.execPath, [GENERATOR, kind, String(mb)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await pipeline(child.stdout, createWriteStream(path));
  const [code] = await ended;
  if (code !== 0) throw new Error(`the generator ended with ${String(code)}`);
}

async function simulate(mb: number, path: string): Promise<void> {
  const simulator = await startSimulator({ hosts: Math.ceil((mb * 1e6) / HOST_BYTES), frozen: true });
  try {
    const ask = new URLSearchParams({ action: 'list', truncation_limit: '0', status: 'New,Active,Re-Opened,Fixed' });
    const response = await fetch(`${simulator.url}/api/5.0/fo/asset/host/vm/detection/`, {
      method: 'POST',
      body: ask,
      headers: {
        Authorization: `Basic ${Buffer.from(`${simulator.username}:${simulator.password}`).toString('base64')}`,
        'X-Requested-With': 'quarry bench',
      },
    });
    if (!response.ok || response.body === null) throw new Error(`the simulator answered ${response.status}`);
    await pipeline(response.body, createWriteStream(path));
  } finally {
    await simulator.close();
  }
}
