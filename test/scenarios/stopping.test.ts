import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, STACK, startCli, until, writeConfig } from '../support/cli.ts';
import { difference, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';

/** The real command in a process of its own, stopped in the middle; then run again to its end. */
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    hosts: 24,
    serviceMs: 120,
    limits: { limit: 10_000, windowSec: 3600, concurrency: 2 },
    datasets: { host_list_detection: { page_size: 3, every: '1h' } },
  });
  await writeConfig(rig.dir, rig.config);
});
afterEach(() => rig.close());

const RUN = ['run', '--once', '--no-server'];
const detectionCalls = (): number =>
  rig.simulator.counters().byEndpoint['/api/fo/asset/host/vm/detection/']?.['200'] ?? 0;

async function completes(): Promise<void> {
  const { code, stderr } = await cli(RUN, { cwd: rig.dir });
  expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 0, stack: false });
  expect(stderr).toContain('balances: ok');
  const lines = await rig.lines('host_list_detection');
  expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
}

describe('[fault 23] told to stop', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s: the page under way is finished, exit code %i; the next run goes on from there',
    async (signal, exit) => {
      const run = startCli(RUN, { cwd: rig.dir });
      await until(() => detectionCalls() >= 2);
      run.child.kill(signal);
      const { code, stderr } = await run.exited;
      expect({ code, stack: STACK.test(stderr) }).toEqual({ code: exit, stack: false });
      expect(stderr).toContain('balances: ok');
      const read = detectionCalls();
      expect(read).toBeLessThan(10);
      expect(rig.simulator.counters().abandoned).toBe(0);
      expect((await rig.state()).checkpoint.pull?.resume.length).toBeGreaterThan(0);
      await completes();
      // No page of the first run was read again.
      const pages = rig.simulator
        .counters()
        .recent.filter(
          ({ endpoint, params }) => endpoint.endsWith('/vm/detection/') && !params.includes('processed_after'),
        );
      const ranges = pages.map(({ params }) => /id_min=\d+/.exec(params)?.[0]);
      expect(new Set(ranges).size).toBe(ranges.length);
    },
  );

  it('a second signal: what is under way is abandoned at once', async () => {
    rig.simulator.setFault('stall+2@/vm/detection/');
    const run = startCli([...RUN, '--grace', '1h'], { cwd: rig.dir });
    await until(() => detectionCalls() >= 2);
    run.child.kill('SIGINT');
    await run.said('once more to stop now');
    run.child.kill('SIGINT');
    const { code, stderr } = await run.exited;
    expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 130, stack: false });
    rig.simulator.clearFaults();
    await completes();
  });

  it('the grace time is over: the same', async () => {
    rig.simulator.setFault('stall+2@/vm/detection/');
    const run = startCli([...RUN, '--grace', '1s'], { cwd: rig.dir });
    await until(() => detectionCalls() >= 2);
    run.child.kill('SIGTERM');
    expect((await run.exited).code).toBe(143);
    rig.simulator.clearFaults();
    await completes();
  });

  it('while it waits for a limit: at once, with nothing lost', async () => {
    rig.simulator.setFault('http-409-1965=3000+2@/vm/detection/');
    const run = startCli([...RUN, '--grace', '1h'], { cwd: rig.dir });
    await run.said('QRY2020');
    run.child.kill('SIGTERM');
    expect((await run.exited).code).toBe(143);
    rig.simulator.clearFaults();
    expect((await rig.state()).checkpoint.pull).toBeDefined();
  });
});

it('[fault 13] [D2, F2] a second collector on the same data directory is refused; looking works beside the first', async () => {
  const first = startCli(['run', '--no-server'], { cwd: rig.dir });
  await first.said('pull begins');
  const second = await cli(RUN, { cwd: rig.dir });
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('QRY4004');
  const reset = await cli(['state', 'reset', 'acme/host_list_detection', '--yes'], { cwd: rig.dir });
  expect([reset.code, reset.stderr.slice(0, 7)]).toEqual([1, 'QRY4004']);
  const [list, status] = await Promise.all([
    cli(['state', 'list', '--json'], { cwd: rig.dir }),
    cli(['outbox', 'status', '--json'], { cwd: rig.dir }),
  ]);
  expect([list.code, status.code]).toEqual([0, 0]);
  expect(JSON.parse(list.stdout)).toMatchObject([{ connection: 'acme', dataset: 'host_list_detection' }]);
  expect(JSON.parse(status.stdout)).toContainEqual(expect.objectContaining({ sink: 'archive', parked: 0 }));
  first.child.kill('SIGTERM');
  expect((await first.exited).code).toBe(143);
  await completes();
});

it('without --once it goes on: what changes is pulled when it is due', async () => {
  const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
  connections['acme']!['datasets'] = { host_list: { every: '1s' } };
  await writeConfig(rig.dir, rig.config);
  const run = startCli(['run', '--no-server'], { cwd: rig.dir });
  await run.said('the interval has passed');
  rig.simulator.advance(20 * 3_600_000);
  await until(async () => (await rig.lines('host_list')).some(({ change }) => change === 'updated'));
  run.child.kill('SIGTERM');
  expect((await run.exited).code).toBe(143);
});

it('[fault 71] a sink that stays down: exit code 5 at --timeout, its events wait, and go when it is back', async () => {
  const blocked = join(rig.dir, 'blocked');
  await writeFile(blocked, '');
  const archive = { type: 'file', path: blocked };
  await writeConfig(rig.dir, { ...rig.config, sinks: { archive } });
  const down = await cli([...RUN, '--timeout', '1s'], { cwd: rig.dir });
  expect(down.code).toBe(5);
  const status = await cli(['outbox', 'status'], { cwd: rig.dir });
  expect(status.stdout).toContain('EEXIST');
  await writeConfig(rig.dir, rig.config);
  await mkdir(join(rig.dir, 'out'));
  await completes();
});
