import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Running, STACK, startCli, until, writeConfig } from '../support/cli.ts';
import { difference, newest, type Rig, readLines, repeated, SAME, startRig } from '../support/rig.ts';

/** The real command in a process of its own; its configuration changes under it and SIGHUP says so. */
let rig: Rig;
let running: Running | undefined;
beforeEach(async () => {
  rig = await startRig({ hosts: 16, datasets: { host_list: { every: '1h' } } });
  await writeConfig(rig.dir, rig.config);
});
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.exited;
  running = undefined;
  await rig.close();
});

type Json = Record<string, Record<string, Record<string, unknown>>>;
const config = (): Json => rig.config as Json;

function start(): Running {
  running = startCli(['run', '--no-server', '--log-format', 'json'], { cwd: rig.dir });
  return running;
}
/** Writes the configuration as it is now and says so; resolves when the process has answered `answers` times in all. */
async function reload(answers: string): Promise<void> {
  await writeConfig(rig.dir, rig.config);
  running!.child.kill('SIGHUP');
  await running!.said(answers);
}
/** A line may be half written just now: then it is not complete. */
const complete = async (dataset: string): Promise<boolean> => {
  const lines = await rig.lines(dataset).catch(() => []);
  return newest(lines).size >= rig.truth(dataset).size;
};

async function stop(): Promise<string> {
  running!.child.kill('SIGTERM');
  const { code, stderr } = await running!.exited;
  expect({ code, stack: STACK.test(stderr) }).toEqual({ code: 143, stack: false });
  expect(stderr).toContain('balances: ok');
  return stderr;
}
async function nothingLostOrDoubled(...datasets: readonly string[]): Promise<void> {
  for (const dataset of datasets) {
    const lines = await rig.lines(dataset);
    expect(difference(newest(lines).keys(), rig.truth(dataset))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
  }
}

describe('SIGHUP', () => {
  it('[fault 95] a bad configuration is told with all its problems, and the running one goes on', async () => {
    const run = start();
    await run.said('pull complete');
    config()['connections']!['acme']!['pasword'] = 'x';
    (config()['sinks']!['archive'] as Record<string, unknown>)['type'] = 'fil';
    await reload('the configuration was not taken over');
    const said = await stop();
    expect(said).toMatch(/quarry\.yaml:\d+:\d+ {2}connections\.acme\.pasword: unknown key; did you mean/);
    expect(said).toMatch(/sinks\.archive\.type/);
    await nothingLostOrDoubled('host_list');
  });

  it('streams and sinks come, change and go; nothing is lost or doubled', async () => {
    const run = start();
    await until(() => complete('host_list'));
    config()['connections']!['acme']!['datasets'] = {
      host_list: { every: '2h' },
      host_list_detection: { every: '1h' },
    };
    config()['sinks']!['second'] = { type: 'file', path: join(rig.dir, 'second') };
    await reload('"streams_added":"acme/host_list_detection"');
    await run.said('"sinks_added":"second"');
    await run.said('"streams_changed":"acme/host_list"');
    await until(() => complete('host_list_detection'));

    config()['connections']!['acme']!['datasets'] = { host_list_detection: { every: '1h' } };
    delete config()['sinks']!['second'];
    await reload('"streams_removed":"acme/host_list"');
    await run.said('"sinks_removed":"second"');
    await stop();
    await nothingLostOrDoubled('host_list', 'host_list_detection');
    // The second sink was given what is retained and what came while it was there.
    const second = await readLines(join(rig.dir, 'second', 'acme', 'host_list_detection'));
    expect(repeated(second)).toEqual([]);
    expect(difference(newest(second).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  });

  it('in the middle of a pull: the page under way is finished, the pull goes on under the new options', async () => {
    await rig.close();
    rig = await startRig({
      hosts: 24,
      serviceMs: 150,
      limits: { limit: 10_000, windowSec: 3600, concurrency: 2 },
      datasets: { host_list_detection: { page_size: 2, every: '1h' } },
    });
    await writeConfig(rig.dir, rig.config);
    const run = start();
    const calls = () => rig.simulator.counters().byEndpoint['/api/fo/asset/host/vm/detection/']?.['200'] ?? 0;
    await until(() => calls() >= 3);
    config()['connections']!['acme']!['datasets'] = { host_list_detection: { page_size: 3, every: '1h' } };
    await reload('"streams_changed":"acme/host_list_detection"');
    await run.said('"because":"a pull is under way"');
    await until(() => complete('host_list_detection'));
    await run.said('pull complete');
    const said = await stop();
    expect(said).toContain('pull interrupted');
    expect(rig.simulator.counters().abandoned).toBe(0);
    await nothingLostOrDoubled('host_list_detection');
  });

  it('a changed sink goes on where it was: another folder gets what comes, the first keeps what it has', async () => {
    const run = start();
    await until(() => complete('host_list'));
    (config()['sinks']!['archive'] as Record<string, unknown>)['rotate'] = '1MiB';
    await reload('"sinks_changed":"archive"');
    config()['connections']!['acme']!['datasets'] = {
      host_list: { every: '1h' },
      host_list_detection: { every: '1h' },
    };
    await reload('"streams_added":"acme/host_list_detection"');
    await until(() => complete('host_list_detection'));
    await stop();
    await nothingLostOrDoubled('host_list', 'host_list_detection');
    expect(run.child.exitCode).toBe(143);
  });

  it('renewed credentials are used, and a stream that had stopped begins again', async () => {
    const passwordFile = join(rig.dir, 'password');
    await writeFile(passwordFile, 'wrong');
    const right = config()['connections']!['acme']!['password'] as string;
    config()['connections']!['acme']!['password'] = `\${file:${passwordFile}}`;
    // A second connection keeps the process alive while the first is refused.
    config()['connections']!['other'] = {
      ...config()['connections']!['acme']!,
      password: right,
      subscription: 'acme',
      tenant: 'acme',
      datasets: { host_list: {} },
    };
    config()['connections']!['acme']!['datasets'] = { host_list_detection: {} };
    await writeConfig(rig.dir, rig.config);
    const run = start();
    await run.said('QRY2010');
    await run.said('"stream":"other/host_list"');
    await appendFile(`${passwordFile}.new`, right.replaceAll('$$', '$'));
    await rename(`${passwordFile}.new`, passwordFile);
    await reload('"connections_changed":"acme"');
    await until(() => complete('host_list_detection'));
    await stop();
    await nothingLostOrDoubled('host_list_detection');
  });
});
