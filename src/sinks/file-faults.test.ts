import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { chanceFrom } from '../../test/support/chance.ts';
import { idsUpTo } from '../../test/support/file-sink-writes.ts';
import { scaled } from '../../test/support/scale.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { openFiles } from './file/files.ts';

const never = new AbortController().signal;
const CHILD = new URL('../../test/support/file-sink-child.ts', import.meta.url).pathname;

async function idsIn(root: string, dataset: string): Promise<string[]> {
  const folder = join(root, 'c', dataset);
  const ids: string[] = [];
  for (const name of (await readdir(folder).catch(() => [])).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    expect(text === '' || text.endsWith('\n'), `${name} ends in ${JSON.stringify(text.slice(-40))}`).toBe(true);
    ids.push(
      ...text
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as Payload).id),
    );
  }
  return ids;
}

interface Run {
  readonly child: ChildProcess;
  /** Numbers of confirmed writes, and codes of failures, as they come. */
  readonly said: string[];
  readonly ended: Promise<void>;
}

function run(command: readonly string[]): Run {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => said.push(line));
  const ended = new Promise<void>((resolve) => {
    reader.on('close', () => resolve());
  });
  return { child, said, ended };
}

const KILLS = scaled('kills of a file sink', { quick: 12, full: 32, soak: 300 });
const seed = Date.now() % 1_000_000;

test(`killed ${KILLS} times at any moment, every line is there once and whole (seed ${seed}) [fault 83]`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-sink-'));
  const root = join(folder, 'out');
  const random = chanceFrom(seed);
  let next = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, said, ended } = run([process.execPath, CHILD, root, String(next), '1000000']);
      while (said.length === 0 && child.exitCode === null) await wait(2);
      await wait(random() * 40);
      child.kill('SIGKILL');
      await ended;
      // What was confirmed is settled; of what came behind nobody knows, and it comes again.
      next += said.length;
      expect(said.at(-1)).toBe(String(next - 1));
      for (const dataset of ['things', 'others']) {
        const confirmed = idsUpTo(next, dataset);
        const text = (await rawText(root, dataset)).split('\n').slice(0, confirmed.length);
        expect(text.map((line) => (JSON.parse(line) as Payload).id)).toEqual(confirmed);
      }
    }
    const last = run([process.execPath, CHILD, root, String(next), String(next + 5)]);
    await last.ended;
    expect(last.said.at(-1)).toBe('end');
    expect(next).toBeGreaterThan(KILLS);
    expect(await idsIn(root, 'things')).toEqual(idsUpTo(next + 5, 'things'));
    expect(await idsIn(root, 'others')).toEqual(idsUpTo(next + 5, 'others'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function rawText(root: string, dataset: string): Promise<string> {
  const folder = join(root, 'c', dataset);
  let text = '';
  for (const name of (await readdir(folder).catch(() => [])).sort()) text += await readFile(join(folder, name), 'utf8');
  return text;
}

test('a limit of file size is a full disk that is said, and leaves whole lines [fault 19]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-sink-'));
  const root = join(folder, 'out');
  const limited = `ulimit -f 40; exec "$0" "$@"`;
  const { said, ended } = run(['sh', '-c', limited, process.execPath, CHILD, root, '0', '1000', '1000000000', '3']);
  await ended;
  const confirmed = said.filter((line) => /^\d+$/.test(line)).length;
  expect(said.slice(confirmed)).toEqual(['QRY5002', 'QRY5002', 'QRY5002', 'end']);
  expect(confirmed).toBeGreaterThan(1);
  expect(await idsIn(root, 'things')).toEqual(idsUpTo(confirmed, 'things'));
  const after = run([process.execPath, CHILD, root, String(confirmed), String(confirmed + 20)]);
  await after.ended;
  expect(await idsIn(root, 'things')).toEqual(idsUpTo(confirmed + 20, 'things'));
  await rm(folder, { recursive: true });
});

describe('on a disk that is full', smallDisk.options, () => {
  test('a write fails whole and says so, and goes on when there is room again [fault 15]', async () => {
    const root = smallDisk.mount();
    try {
      const path = join(root, 'out');
      await mkdir(path);
      const sink = await openFiles(path, 300_000);
      const batch = (n: number) => batchOf(`b${n}`, payloads(`b${n}`, 10, 'x'.repeat(500)));
      const ballast = await open(join(root, 'ballast'), 'w');
      await ballast.writeFile(Buffer.alloc(900_000));
      let n = 0;
      const fill = async (): Promise<unknown> => {
        for (;;) {
          try {
            await sink.write([batch(n), batchOf(`o${n}`, payloads(`o${n}`, 2), 'others')], never);
            n++;
          } catch (error) {
            return error;
          }
        }
      };
      const expected = () => Array.from({ length: n }, (_, i) => payloads(`b${i}`, 10).map(({ id }) => id)).flat();
      for (let round = 0; round < 3; round++) {
        const before = n;
        expect(await fill()).toMatchObject({ code: 'QRY5002' });
        expect(await fill()).toMatchObject({ code: 'QRY5002' });
        if (round < 2) expect(n).toBeGreaterThan(before);
        expect(await idsIn(path, 'things')).toEqual(expected());
        await ballast.truncate(600_000 - round * 300_000);
      }
      await sink.close();
      // What was confirmed on a full disk is confirmed for whoever comes next.
      const again = await openFiles(path, 300_000);
      await again.write([batch(n - 1), batch(n)], never);
      n++;
      expect(await idsIn(path, 'things')).toEqual(expected());
      await again.close();
      await ballast.close();
    } finally {
      smallDisk.unmount(root);
    }
  });
});
