import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scaled } from '../support/scale.ts';
import { ATTACKS } from './attacks.ts';
import type { Report } from './child.ts';

/**
 * Bodies that nobody honest sends, read in a process of its own that is watched: whatever comes of them, it is no crash,
 * no hang, no request to anywhere and no line that is not JSON.
 */
const STEADY_MS = 20_000;
/** As the collector holds its own young generation. */
const YOUNG = '--max-semi-space-size=16';

/** Runs the child to its end; a body that says nothing for so long is ended and named. */
function run(...parameters: readonly string[]): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [YOUNG, '--expose-gc', join(import.meta.dirname, 'child.ts'), ...parameters]);
    let said = '';
    let complaint = '';
    const hang = () => {
      child.kill('SIGKILL');
      reject(new Error(`it hangs on: ${said.trimEnd().split('\n').at(-1)}`));
    };
    let guard = setTimeout(hang, STEADY_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      clearTimeout(guard);
      guard = setTimeout(hang, STEADY_MS);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('close', (code) => {
      clearTimeout(guard);
      const last = said.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0) resolve(JSON.parse(last) as Report);
      else reject(new Error(`ended with ${code} at: ${last}\n${complaint}`));
    });
  });
}

/** What holds for every body, whatever it is. */
function holds(report: Report): void {
  expect(report.crashes).toEqual([]);
  expect(report.outbound).toBe(0);
  expect(report.slowest.cpuMs, report.slowest.name).toBeLessThan(1000);
  expect(report.rssMb).toBeLessThan(256);
}

const BODIES = scaled('changed bodies', { quick: 1500, full: 6000 });

describe('hostile bodies', () => {
  it(`[faults 59-63] ${BODIES} sound bodies, changed`, async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`mutations from seed ${seed}`);
    const report = await run('mutations', String(seed), String(BODIES));
    holds(report);
    expect(report.bodies).toBe(BODIES);
    // Neither all refused nor all read: the changes reach what they are meant to reach.
    expect(report.read).toBeGreaterThan(BODIES / 10);
    expect(report.read).toBeLessThan(BODIES * 0.9);
    expect(report.records).toBeGreaterThan(BODIES);
  });

  it('[faults 59-63] attacks made by hand come to what they should', async () => {
    const expected = Object.fromEntries(ATTACKS('http://127.0.0.1').map(({ name, outcome }) => [name, outcome]));
    expect(Object.keys(expected).length).toBeGreaterThanOrEqual(200);
    const report = await run('attacks');
    expect(report.outcomes).toEqual(expected);
    holds(report);
  });
});
