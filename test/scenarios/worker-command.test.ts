import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, startCli, until, writeConfig } from '../support/cli.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();
const NO_DATABASE = { QUARRY_LOG_FORMAT: 'json' };

describe('quarry worker', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  let rig: Rig;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    rig = await startRig({ hosts: 5, datasets: { host_list: {} } });
  });
  afterAll(async () => {
    await rig.close();
    await server.stop();
  });

  it('is refused without a database that others can reach, and so is a run that leaves the work to others', async () => {
    await writeConfig(rig.dir, rig.config);
    for (const command of [['worker'], ['run', '--no-work']]) {
      const { code, stderr } = await cli(command, { cwd: rig.dir });
      expect(code).toBe(78);
      expect(stderr).toContain('QRY1023');
    }
  }, 120_000);

  it('is refused where files would go to each machine’s own place, and not where the path names the worker', async () => {
    const database_url = await server.createDatabase();
    await writeConfig(rig.dir, { ...rig.config, database_url });
    const refused = await cli(['worker'], { cwd: rig.dir });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('QRY1024');

    const path = join(rig.dir, 'files', '{worker}');
    await writeConfig(rig.dir, { ...rig.config, database_url, sinks: { archive: { type: 'file', path } } });
    const worker = startCli(['worker', '--name', 'w1', '--labels', 'here,there'], { cwd: rig.dir, env: NO_DATABASE });
    try {
      const status = async () => {
        const { stdout, code } = await cli(['db', 'status', '--json'], { cwd: rig.dir });
        return code === 0 ? (JSON.parse(stdout) as Status) : undefined;
      };
      await until(async () => (await status())?.leases.some(({ resource }) => resource === 'pull/acme') === true);
      const { workers, leases } = (await status())!;
      expect(workers).toMatchObject([{ name: 'w1', labels: ['here', 'there'], alive: true, lost: 0 }]);
      expect(new Set(leases.map(({ worker: who }) => who))).toEqual(new Set(['w1']));
      await until(async () => (await cli(['outbox', 'status'], { cwd: rig.dir })).stdout.includes('up to date'));
      // Beside it, a run without work pulls nothing, and ends when it is told to.
      const idle = startCli(['run', '--no-work', '--no-server'], { cwd: rig.dir, env: NO_DATABASE });
      await idle.said('no work is done here');
      await new Promise((resolve) => setTimeout(resolve, 3000));
      idle.child.kill('SIGTERM');
      expect((await idle.exited).code).toBe(143);
      expect((await status())!.workers).toHaveLength(1);
    } finally {
      worker.child.kill('SIGTERM');
    }
    const { code, stderr } = await worker.exited;
    expect(code, stderr).toBe(143);
    const { stdout } = await cli(['db', 'status'], { cwd: rig.dir });
    expect(stdout).toContain('no workers');
  }, 300_000);
});

interface Status {
  readonly workers: readonly { readonly name: string }[];
  readonly leases: readonly { readonly resource: string; readonly worker?: string }[];
}
