import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, type Running, STACK, startCli } from '../support/cli.ts';

/**
 * The guide of the first hour, walked command by command. A fenced block `sh run` is run as it stands (`exit=N` where it
 * fails on purpose), `sh background` is started and left running; a `text` block behind it shows what was said. Only
 * the ports are others.
 */
interface Block {
  readonly kind: string;
  readonly text: string;
  readonly exit: number;
}

const guide = await readFile(resolve(import.meta.dirname, '../../docs/guide/first-hour.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', words = '', text = '']): Block => {
    const exit = Number(/exit=(\d+)/.exec(words)?.[1] ?? 0);
    return { kind: language === 'sh' ? (words.trim().split(' ')[0] ?? '') : language, text, exit };
  },
);

let dir = '';
const left: Running[] = [];
const ports = new Map<string, number>();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'quarry-first-hour-'));
  for (const port of ['8480', '8481']) ports.set(port, await freePort());
});
afterAll(async () => {
  for (const { child, exited } of left) {
    child.kill('SIGKILL');
    await exited;
  }
  await rm(dir, { recursive: true });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
const local = (text: string): string =>
  [...ports].reduce((all, [port, free]) => all.replaceAll(port, String(free)), text);

/** Variables that earlier blocks exported. */
const env: Record<string, string> = {};

async function run(block: Block): Promise<string> {
  let said = '';
  for (const line of local(block.text).trim().split('\n')) {
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name !== undefined) {
      env[name] = value!;
      continue;
    }
    const words = /^((?:\w+=\S+ )*)quarry (.*?)(?: > (\S+))?$/.exec(line);
    if (words === null) {
      expect(line).toMatch(/^head -n 1 \S+$/);
      const file = await readFile(join(dir, line.split(' ').at(-1)!), 'utf8');
      expect(JSON.parse(file.split('\n')[0]!)).toMatchObject({ change: 'new' });
      continue;
    }
    const [, assignments = '', args = ''] = words;
    const set = Object.fromEntries(
      assignments
        .trim()
        .split(' ')
        .filter((one) => one !== '')
        .map((one) => one.split('=')),
    );
    const { code, stdout, stderr } = await cli(args.split(' '), {
      cwd: dir,
      env: { ...env, QUARRY_LISTEN: local('127.0.0.1:8480'), ...set },
    });
    expect({ line, code, stack: STACK.test(stderr), stderr: code === block.exit ? '' : stderr }).toEqual({
      line,
      code: block.exit,
      stack: false,
      stderr: '',
    });
    said += `${stdout}${stderr}`;
  }
  return said;
}

/** Lines of a shown answer that hold words only: numbers, times and paths of another run differ. */
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('the guide of the first hour', () => {
  it('has commands, and shows what they say', () => {
    expect(blocks.filter(({ kind }) => kind === 'run').length).toBeGreaterThan(8);
    expect(new Set(blocks.map(({ kind }) => kind))).toEqual(new Set(['run', 'background', 'text']));
  });

  it('[S14] works from the first command to the last', { timeout: 300_000 }, async () => {
    let said = '';
    for (const block of blocks) {
      if (block.kind === 'text') {
        const [first = '', ...others] = block.text.split('\n').filter((line) => line.trim() !== '' && line !== '…');
        expect(plain(said)).toContain(plain(first.replace(/; \d+ ms$/, '')));
        for (const word of others.flatMap((line) => line.match(/[A-Za-z_]{4,}/g) ?? []))
          if (!['quarry', 'srv', 'data'].includes(word)) expect(said).toContain(word);
      } else if (block.kind === 'run') said = await run(block);
      else {
        const args = local(block.text).trim().split(' ').slice(1);
        const extra = args[0] === 'simulate' ? ['--port', String(ports.get('8481'))] : [];
        const running = startCli([...args, ...extra], {
          cwd: dir,
          env: { ...env, QUARRY_LISTEN: local('127.0.0.1:8480') },
        });
        left.push(running);
        if (args[0] === 'simulate') await answers(Number(ports.get('8481')));
        else {
          await running.said('this link makes the first administrator');
          running.child.kill('SIGTERM');
          expect((await running.exited).code).toBe(143);
        }
      }
    }
  });
});

async function answers(port: number): Promise<void> {
  for (;;) {
    const there = await fetch(`http://127.0.0.1:${port}/simulator/counters`).catch(() => undefined);
    if (there?.ok === true) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}
