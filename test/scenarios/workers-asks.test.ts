import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { pullView, streamView } from '../../src/api/stream-view.ts';
import { type ServedApi, serveApi } from '../support/api.ts';
import { type Running, startCli, until } from '../support/cli.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const runnable = findPostgres();
const ENV = { QUARRY_LOG_FORMAT: 'json', QUARRY_SECRET_KEY: 'the same key on every machine, so that all can open it' };
const HOST_LIST = { host_list: { every: '1d', sweep: false } };

type Stream = z.infer<typeof streamView>;
type Pull = z.infer<typeof pullView>;

describe('a node that only answers people', skipUnless(typeof runnable !== 'string', String(runnable)), () => {
  let server: PostgresServer;
  let rig: Rig;
  let api: ServedApi;
  let worker: Running;
  beforeAll(async () => {
    server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    rig = await startRig({ hosts: 5, datasets: HOST_LIST });
    const { connections, sinks: _, data_dir: __, server: ___, ...rest } = rig.config;
    const config = {
      ...{ ...rest, database_url: await server.createDatabase(), sinks: {}, connections },
      server: { listen: '127.0.0.1:0', allow_private_addresses: true },
    };
    api = await serveApi(config, ['--no-work'], ENV);
    worker = startCli(['worker', '--name', 'w1'], { cwd: api.dir, env: ENV });
  }, 300_000);
  afterAll(async () => {
    worker.child.kill('SIGTERM');
    await worker.exited;
    await api.close();
    await rig.close();
    await server.stop();
  });

  const streamOf = async (connection: string): Promise<Stream | undefined> =>
    (await api.read<{ items: Stream[] }>('/api/v1/streams')).items.find((one) => one.connection === connection);
  const pullsOf = async (connection: string): Promise<Pull[]> =>
    (await api.read<{ items: Pull[] }>('/api/v1/pulls')).items.filter((one) => one.connection === connection);
  const isAt = (connection: string, phase: Stream['phase']) =>
    until(async () => (await streamOf(connection))?.phase === phase);
  const post = async (path: string, body: object = {}): Promise<unknown> => {
    const answer = await api.ask('POST', path, { body });
    const said = await answer.json();
    expect(answer.ok, JSON.stringify(said)).toBe(true);
    return said;
  };

  it('shows what streams are at that a worker pulls', async () => {
    await isAt('acme', 'waiting');
    expect(await pullsOf('acme')).toMatchObject([{ status: 'complete', received: 5 }]);
  }, 300_000);

  it('says who is at work, and on what', async () => {
    const { workers, leases } = await api.read<Workers>('/api/v1/workers');
    expect(workers).toMatchObject([{ name: 'w1', alive: true, lost_leases: 0 }]);
    expect(leases).toContainEqual(expect.objectContaining({ work: 'pull/acme', worker: 'w1' }));
    expect(workers[0]!.leases).toBe(leases.length);
    const { health } = await api.read<Overview>('/api/v1/overview');
    expect(health).toMatchObject({ status: 'ok', workers: { alive: 1, leases: leases.length, unpulled: [] } });
    const { checks } = await api.read<{ checks: { name: string; ok: boolean }[] }>('/readyz?verbose');
    expect(checks).toContainEqual(expect.objectContaining({ name: 'workers', ok: true }));
    const figures = await (await api.ask('GET', '/metrics')).text();
    expect(figures).toContain('quarry_workers 1\n');
    expect(figures).toContain(`quarry_worker_leases{worker="w1"} ${leases.length}\n`);
    expect(figures).toContain('quarry_worker_leases_lost_total{worker="w1"} 0\n');
    expect(figures).toContain('quarry_subscription_pulled{subscription="acme"} 1\n');
  }, 300_000);

  it('a pull asked for there is made by the worker, once', async () => {
    await post('/api/v1/connections/acme/streams/host_list/run');
    await until(async () => (await pullsOf('acme')).length === 2);
    await post('/api/v1/connections/acme/run', { sweep: true });
    await until(async () => (await pullsOf('acme')).filter(({ status }) => status === 'complete').length === 3);
    await isAt('acme', 'waiting');
    expect((await pullsOf('acme')).map(({ kind }) => kind)).toEqual(['full', 'incremental', 'full']);
  }, 300_000);

  it('a pull is ended from there', async () => {
    rig.simulator.setFault('slow=600000');
    await post('/api/v1/connections/acme/streams/host_list/run');
    // What is shown of the stream may be of the pull before.
    await until(async () => (await pullsOf('acme'))[0]?.status === 'running');
    await isAt('acme', 'pulling');
    expect(await post('/api/v1/connections/acme/streams/host_list/terminate')).toEqual({
      streams: ['acme/host_list'],
    });
    await until(async () => (await streamOf('acme'))?.why === 'it was terminated');
    await isAt('acme', 'waiting');
    rig.simulator.clearFaults();
    expect((await pullsOf('acme')).map(({ status }) => status)).not.toContain('running');
  }, 300_000);

  it('a reset there forgets the keys at the worker, between two pulls', async () => {
    await post('/api/v1/connections/acme/streams/host_list/reset', { confirm: 'host_list' });
    await until(async () => (await pullsOf('acme'))[0]?.emitted === 5);
    await isAt('acme', 'waiting');
  }, 300_000);

  it('a failing stream tries again when a test there has passed', async () => {
    rig.simulator.setFault('http-500-999');
    await post('/api/v1/connections/acme/streams/host_list/run');
    await isAt('acme', 'failed');
    rig.simulator.clearFaults();
    await post('/api/v1/connections/acme/test');
    await isAt('acme', 'waiting');
    expect((await streamOf('acme'))?.code).toBeUndefined();
  }, 300_000);

  it('connections made, paused and resumed there are so at the worker', async () => {
    const { url, username, password } = rig.simulator;
    const settings = { api_url: url, username, password, allow_plain_http: true, datasets: HOST_LIST };
    await post('/api/v1/connections', { id: 'globex', tenant: 'acme', settings });
    await until(async () => (await pullsOf('globex'))[0]?.status === 'complete');
    await post('/api/v1/connections/globex/pause');
    await worker.said('"connections_removed":"globex"');
    await post('/api/v1/connections/globex/resume');
    await until(async () => (await streamOf('globex'))?.phase === 'waiting');
    await post('/api/v1/connections/globex/run');
    await until(async () => (await pullsOf('globex')).filter(({ status }) => status === 'complete').length === 2);
  }, 300_000);

  it('says that nobody is at work when the last worker has left', async () => {
    worker.child.kill('SIGTERM');
    await worker.exited;
    const { health } = await api.read<Overview>('/api/v1/overview');
    expect(health).toMatchObject({ status: 'failed', workers: { alive: 0, unpulled: ['acme', 'globex'] } });
    expect(health.messages).toContain('no worker pulls acme');
    expect(await (await api.ask('GET', '/metrics')).text()).toContain(
      'quarry_subscription_pulled{subscription="acme"} 0\n',
    );
    // What machines ask whether to send it requests does not depend on workers.
    expect((await api.ask('GET', '/readyz')).status).toBe(200);
  }, 300_000);
});

interface Workers {
  readonly workers: readonly { readonly name: string; readonly leases: number }[];
  readonly leases: readonly { readonly work: string }[];
}
interface Overview {
  readonly health: { readonly messages: readonly string[] };
}
