import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { STACK, startCli, writeConfig } from '../support/cli.ts';
import { difference, newest, type Rig, readLines, repeated, SAME, startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

/** Small disks are tmpfs mounts in a mount namespace of the child's own: nothing is left on the machine. */
const canMount = spawnSync('unshare', ['-m', 'bash', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status === 0;
const needsMount = skipUnless(canMount, 'mounting a small disk needs root and unshare');
const needsPrlimit = skipUnless(
  spawnSync('prlimit', ['--version']).status === 0 && process.getuid?.() === 0,
  'raising a file size limit from outside needs root and prlimit',
);

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ hosts: 150, datasets: { host_list_detection: { page_size: 150, every: '7d' } } });
  for (const name of ['data', 'out', 'keep']) await mkdir(join(rig.dir, name));
});
afterEach(() => rig.close());

/** A shell line that mounts a disk, fills it, and empties it again when the file `free` appears. */
const smallDisk = (folder: string, size: string, filler: string): string =>
  `mount -t tmpfs -o size=${size} tmpfs ${folder} && head -c ${filler} /dev/zero > ${folder}/filler && ` +
  `(while [ ! -e ${join(rig.dir, 'free')} ]; do sleep 0.05; done; rm ${folder}/filler) & sleep 0.3;`;

const inNamespace = (line: string, args: string): { readonly before: string; readonly after: string } => ({
  before: `unshare -m bash -c '${line} "$@" ${args}' --`,
  after: '',
});

async function whole(): Promise<void> {
  const lines = await rig.lines('host_list_detection');
  expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
}

it(
  '[fault 15] the data directory’s disk is full: the page is put off, said so, and read when there is room',
  needsMount,
  async () => {
    await writeConfig(rig.dir, rig.config);
    const run = startCli(['run', '--once', '--no-server'], {
      cwd: rig.dir,
      ...inNamespace(smallDisk(join(rig.dir, 'data'), '32m', '29m'), ''),
    });
    await run.said('QRY4001');
    await writeFile(join(rig.dir, 'free'), '');
    const { code, stderr } = await run.exited;
    expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 0, stack: false });
    await whole();
  },
);

it('[fault 15] nearly full: pulling pauses before it happens, with the reason, and goes on', needsMount, async () => {
  await writeConfig(rig.dir, rig.config);
  const run = startCli(['run', '--once', '--no-server'], {
    cwd: rig.dir,
    ...inNamespace(smallDisk(join(rig.dir, 'data'), '40m', '39m'), ''),
  });
  await run.said('pulling pauses');
  await writeFile(join(rig.dir, 'free'), '');
  const { code, stderr } = await run.exited;
  expect(code).toBe(0);
  expect(stderr).toContain('are kept in reserve');
  expect(stderr).toContain('pulling goes on');
  await whole();
});

it('[fault 83] the sink’s disk is full: events wait, no line is torn, all arrive once', needsMount, async () => {
  const kept = join(rig.dir, 'keep');
  await writeConfig(rig.dir, rig.config);
  // The small disk goes with its namespace: what it holds at the end is copied out of it.
  const out = join(rig.dir, 'out');
  const copy = `; code=$?; cp -r ${out}/. ${kept}; exit $code`;
  const run = startCli(['run', '--once', '--no-server'], {
    cwd: rig.dir,
    ...inNamespace(smallDisk(out, '32m', '31m'), copy),
  });
  await run.said('sink failed');
  await writeFile(join(rig.dir, 'free'), '');
  const { code, stderr } = await run.exited;
  expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 0, stack: false });
  const lines = await readLines(join(kept, 'acme', 'host_list_detection'));
  expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
});

it('[fault 19] a limit on file sizes: as a full disk', needsPrlimit, async () => {
  await writeConfig(rig.dir, rig.config);
  const run = startCli(['run', '--once', '--no-server'], { cwd: rig.dir, before: 'ulimit -S -f 1000; exec' });
  await run.said('QRY4001');
  spawnSync('prlimit', ['--pid', String(run.child.pid), '--fsize=unlimited']);
  const { code, stderr } = await run.exited;
  expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 0, stack: false });
  await whole();
});

it('[fault 20] no file descriptors left: put off, said so, and read when there are some', needsPrlimit, async () => {
  const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
  connections['acme']!['datasets'] = { host_list: { page_size: 10, every: '7d' } };
  await writeConfig(rig.dir, rig.config);
  rig.simulator.setFault('slow=600+2');
  const run = startCli(['run', '--once', '--no-server'], { cwd: rig.dir });
  await run.said('pull begins');
  const limit = (files: number): void => {
    spawnSync('prlimit', ['--pid', String(run.child.pid), `--nofile=${files}:`]);
  };
  limit(5);
  await run.said('EMFILE');
  limit(4096);
  const { code, stderr } = await run.exited;
  expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 0, stack: false });
  const lines = await rig.lines('host_list');
  expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
});
