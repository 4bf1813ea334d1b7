/**
 * A real S3 for tests: Debian's Ceph (one monitor, one manager, one object store in memory) behind its gateway, on ports
 * of 127.0.0.1 that were free. Checks signatures and conditions; what it holds is gone when it stops.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

export interface CephServer {
  readonly endpoint: string;
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
  stop(): Promise<void>;
}

const programs = [
  'ceph-mon',
  'ceph-mgr',
  'ceph-osd',
  'radosgw',
  'radosgw-admin',
  'monmaptool',
  'ceph-authtool',
  'ceph',
];
export const hasCeph = programs.every((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0);

const execute = promisify(execFile);

export async function startCeph(): Promise<CephServer> {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-ceph-'));
  const [v2, v1, port] = [await freePort(), await freePort(), await freePort()];
  const fsid = randomUUID();
  const conf = join(folder, 'ceph.conf');
  for (const name of ['run', 'log', 'rgw', 'osd.0', 'mgr.x']) await mkdir(join(folder, name));
  await writeFile(conf, configuration(folder, fsid, v2, v1, port));
  const env = { ...process.env, CEPH_CONF: conf };
  const children: ChildProcess[] = [];
  const run = async (program: string, ...args: string[]): Promise<void> => {
    await execute(program, ['-c', conf, ...args], { env, cwd: folder, timeout: 60_000 });
  };
  const daemon = (program: string, ...args: string[]): void => {
    const child = spawn(program, ['-c', conf, ...args], { env, cwd: folder, stdio: 'ignore' });
    children.push(child);
    process.once('exit', () => child.kill('SIGKILL'));
  };
  const stop = async (): Promise<void> => {
    const alive = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = alive.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of alive) child.kill('SIGKILL');
    await Promise.all(ended);
    await rm(folder, { recursive: true, force: true });
  };
  const accessKey = 'QUARRYTESTACCESSKEY';
  const secretKey = randomUUID();
  try {
    const monmap = join(folder, 'monmap');
    await execute('monmaptool', [
      '--create',
      '--fsid',
      fsid,
      '--addv',
      'a',
      `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`,
      monmap,
    ]);
    await run('ceph-mon', '-i', 'a', '--mkfs', '--monmap', monmap);
    daemon('ceph-mon', '-i', 'a', '-f');
    const osd = randomUUID();
    await run('ceph', '--connect-timeout', '30', 'osd', 'new', osd, '0');
    await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    daemon('ceph-osd', '-i', '0', '-f');
    daemon('ceph-mgr', '-i', 'x', '-f');
    await execute('ceph-authtool', ['--create-keyring', join(folder, 'rgw/keyring'), '-n', 'client.rgw', '--gen-key']);
    daemon('radosgw', '-f', '-n', 'client.rgw', '--auth-client-required=none', '--auth-supported=none');
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries > 300 || children.some(({ exitCode }) => exitCode !== null)) throw new Error('Ceph does not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await run(
      'radosgw-admin',
      '-n',
      'client.rgw',
      `--keyring=${folder}/rgw/keyring`,
      'user',
      'create',
      '--uid=quarry',
      '--display-name=quarry',
      `--access-key=${accessKey}`,
      `--secret-key=${secretKey}`,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint: `http://127.0.0.1:${port}`, port, accessKey, secretKey, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).once('error', () => resolve(false));
  });
}

const configuration = (folder: string, fsid: string, v2: number, v1: number, port: number): string => `[global]
fsid=${fsid}
mon host=[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]
mon initial members=a
auth cluster required=none
auth service required=none
auth client required=none
osd pool default size=1
osd pool default min size=1
mon allow pool size one=true
osd crush chooseleaf type=0
ms bind ipv4=true
public addr=127.0.0.1
cluster addr=127.0.0.1
run dir=${folder}/run
admin socket=${folder}/run/$name.asok
log file=${folder}/log/$name.log
pid file=${folder}/run/$name.pid
mon data=${folder}/mon.$id
osd data=${folder}/osd.$id
mgr data=${folder}/mgr.$id
keyring=${folder}/keyring
osd objectstore=memstore
memstore device bytes=1073741824
mon data avail crit=1
osd pool default pg autoscale mode=off
osd pool default pg num=4
mon warn on pool no redundancy=false
rgw data=${folder}/rgw

[client.rgw]
auth client required=none
auth supported=none
keyring=${folder}/rgw/keyring
rgw frontends=beast endpoint=127.0.0.1:${port}
ms mon client mode=crc
`;
