import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl } from '../../src/qualys/fake-certificates.ts';
import { type Simulator, type SimulatorOptions, startSimulator, truthLines } from '../../src/simulator/index.ts';
import { cli, type Exited, startCli } from '../support/cli.ts';
import { type Arrived, type DevoFolder, devoFolder } from '../support/devo-folder.ts';
import { DAY } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const CLASSIC = ['vm_scans', 'host_list', 'host_list_detection', 'user_activity'] as const;
const TABLES: Readonly<Record<string, string>> = {
  vm_scans: 'vuln.qualys.vulnerabilities',
  host_list: 'vuln.qualys.hosts',
  host_list_detection: 'vuln.qualys.hostdetections',
  user_activity: 'vuln.qualys.useractivitylog',
  fim_events: 'monitor.qualys.fim.event',
  fim_incidents: 'monitor.qualys.fim.incident',
};
const PULLING_ID = / devo_pulling_id="(\d+)"|"@devo_pulling_id":"(\d+)"/;

let folder: DevoFolder;
let simulator: Simulator;

const start = async (options: Partial<SimulatorOptions> = {}): Promise<void> => {
  simulator = await startSimulator({ hosts: 20, limits: 'off', frozen: true, ...options });
};
const account = () => ({ username: simulator.username, password: simulator.password });
const ago = (days: number): string => `${new Date(simulator.now() - days * DAY).toISOString().slice(0, 19)}Z`;
const named = (services: readonly string[], options: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(services.map((name) => [name, options]));
const classic = (services: Record<string, unknown> = named(CLASSIC)) => ({
  id: 13241243,
  enabled: true,
  hostname: simulator.url,
  credentials: account(),
  services,
});
const fim = (services: Record<string, unknown>) => ({
  id: 123123,
  enabled: true,
  base_url: simulator.url,
  auth_url: `${simulator.url}/auth`,
  ...account(),
  services,
});

const run = (...more: string[]): Promise<Exited> =>
  cli(['run', '-c', folder.config, '--once', ...more], { cwd: folder.dir });

/** Ids of what FIM has processed since then, from the generator. */
const fimEventsSince = (from: string): string[] =>
  [...truthLines(simulator.world, simulator.now(), simulator.activity, new Set(['fim_events']))]
    .map((text) => JSON.parse(text) as { key: string[]; processed?: string })
    .filter(({ processed = '' }) => Date.parse(processed) >= Date.parse(from))
    .map(({ key }) => key[0]!);

/** The same message under another pulling id. */
const plain = ({ table, message }: Arrived): string => `${table} ${message.replace(PULLING_ID, '')}`;
const sorted = (all: Iterable<string>): string[] => [...all].toSorted();

/** How often each message came, under whatever pulling id. */
function timesOf(arrived: readonly Arrived[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const one of arrived) times.set(plain(one), (times.get(plain(one)) ?? 0) + 1);
  return times;
}

function countsOf(arrived: readonly Arrived[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { table } of arrived) counts[table] = (counts[table] ?? 0) + 1;
  return counts;
}

/** What the last line of each cycle says, by service; fails when one came twice. */
function statisticsOf(log: string): Map<string, { pull: string; received: number; sent: number }> {
  const found = new Map<string, { pull: string; received: number; sent: number }>();
  for (const [, service = '', pull = '', received, sent] of log.matchAll(
    /Puller\(\w+,\d+,(\w+),predefined\) -> Statistics .*@devo_pulling_id=(\d+)\).*received: (\d+);.*sent: (\d+);/g,
  )) {
    expect(found.has(service)).toBe(false);
    found.set(service, { pull, received: Number(received), sent: Number(sent) });
  }
  return found;
}

const options = { timeout: 300_000, ...skipUnless(hasOpenssl(), 'openssl is not installed') };

describe('a folder of a Devo collector, as it is', options, () => {
  beforeEach(async () => {
    folder = await devoFolder();
  });
  afterEach(async () => {
    await folder.close();
    await simulator.close();
  });

  it('[D1] [D7] [D9] [D11] [D13] [D48] [F6] [F7] [F35] [F37] both collectors fill the six tables, and their statistics are true', async () => {
    await start({ hosts: 10 });
    await folder.write({
      qualys: classic({ ...named(CLASSIC), vm_scans: { start_time_in_utc: ago(4) } }),
      qualys_fim: fim({ fim_alerts: { start_time_in_utc: ago(4) }, fim_incidents: {} }),
    });
    const { code, stderr } = await run();
    expect(code, stderr).toBe(0);
    const arrived = folder.arrived();
    const counts = countsOf(arrived);
    expect(Object.keys(counts).toSorted()).toEqual(Object.values(TABLES).toSorted());
    const statistics = statisticsOf(stderr);
    expect([...statistics.keys()].toSorted()).toEqual([...CLASSIC, 'fim_alerts', 'fim_incidents'].toSorted());
    for (const [service, { pull, received, sent }] of statistics) {
      const table = TABLES[service === 'fim_alerts' ? 'fim_events' : service]!;
      expect([service, sent, received]).toEqual([service, counts[table], counts[table]]);
      const pulls = arrived.flatMap((one) => (one.table === table ? PULLING_ID.exec(one.message)!.slice(1) : []));
      expect([...new Set(pulls.filter((id) => id !== undefined))]).toEqual([pull]);
    }
    expect(stderr).not.toMatch(/ERROR/);
    // Nothing repeated; scans and the activity log may hold equal rows themselves.
    const once = arrived.filter(({ table }) => !/vulnerabilities|useractivitylog/.test(table)).map(plain);
    expect(new Set(once).size).toBe(once.length);
  });

  it('[F32] a receiver that breaks off yields no Sent and no statistics; what waits is told and sent at the next start', async () => {
    await start();
    await folder.write({ qualys: classic(named(['host_list'])) });
    folder.behave('reset');
    const broken = await run('--timeout', '2s');
    expect(broken.code).toBe(5);
    expect(broken.stderr).toMatch(/ -> Pull Started\n/);
    expect(broken.stderr).toMatch(/Created a sender/);
    expect(broken.stderr).not.toMatch(/ -> Sent |Statistics for|up to date/);
    folder.behave('take');
    folder.forget();
    const mended = await run();
    expect(mended.code, mended.stderr).toBe(0);
    const { length } = folder.arrived();
    expect(length).toBeGreaterThan(5);
    expect(mended.stderr).toContain(`devo_1) -> ${length} messages retrieved from the persistence.`);
    expect(mended.stderr).toContain(` -> Sent ${length} host_list events to Devo.`);
    // The pull of this run found nothing new, and says so.
    expect(statisticsOf(mended.stderr).get('host_list')).toMatchObject({ sent: 0 });
  });

  it('[D51] killed at any moment, nothing is lost', async () => {
    await start({ hosts: 40 });
    const services = { ...named(['host_list', 'host_list_detection']), vm_scans: { start_time_in_utc: ago(4) } };
    await folder.write({ qualys: classic(services) });
    for (const bytes of [1, 200_000]) {
      const { child, exited } = startCli(['run', '-c', folder.config], { cwd: folder.dir });
      await Promise.race([folder.arrivedBytes(bytes), exited]);
      child.kill('SIGKILL');
      await exited;
    }
    const { code, stderr } = await run();
    expect(code, stderr).toBe(0);
    const survived = timesOf(folder.arrived());

    const other = await devoFolder();
    try {
      await other.write({ qualys: classic(services) });
      const whole = await cli(['run', '-c', other.config, '--once'], { cwd: other.dir });
      expect(whole.code, whole.stderr).toBe(0);
      const wanted = timesOf(other.arrived());
      // At least once: what was under way came again, nothing else came, and nothing is missing.
      expect(sorted(survived.keys())).toEqual(sorted(wanted.keys()));
      expect([...wanted].filter(([message, times]) => survived.get(message)! < times)).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('[D42] [D43] [D44] [D52] [D53] another start time restarts a service in literal lines, and the same events come again', async () => {
    await start();
    const [from, to] = [ago(9), ago(3)];
    const show = async (): Promise<unknown> => {
      const shown = await cli(['state', 'show', 'qualys-13241243/user_activity', '-c', folder.config], {
        cwd: folder.dir,
      });
      return (JSON.parse(shown.stdout) as { persistence: unknown }).persistence;
    };
    await folder.write({ qualys: classic({ user_activity: { start_time_in_utc: from } }) });
    const first = await run();
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('-> Data retrieved from the persistence: None');
    const before = folder.arrived();
    const kept = (await show()) as Record<string, unknown>;
    expect(kept).toEqual({
      '@persistence_version': 1,
      start_time_str: from,
      last_event_time_str: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      last_ids: [],
    });
    folder.forget();
    await folder.write({ qualys: classic({ user_activity: { start_time_in_utc: to } }) });
    const second = await run();
    expect(second.code, second.stderr).toBe(0);
    const python = (start: string, last: unknown): string =>
      `{'@persistence_version': 1, 'start_time_str': '${start}', 'last_event_time_str': '${String(last)}', 'last_ids': []}`;
    const name = 'QualysUserActivityPuller(qualys,13241243,user_activity,predefined)';
    const said = second.stderr
      .split('\n')
      .filter((line) => line.includes(`InputProcess::${name} -> `))
      .map((line) => line.slice(24).replace(` InputProcess::${name} ->`, ''));
    expect(said.slice(0, 10)).toEqual([
      `   INFO ${name} Starting the execution of pre_pull()`,
      '   INFO Reading persisted data',
      `   INFO Data retrieved from the persistence: ${python(from, kept['last_event_time_str'])}`,
      '   INFO Running the persistence upgrade steps',
      '   INFO Running the persistence corrections steps',
      '   INFO Running the persistence corrections steps',
      `WARNING Some changes have been detected and the persistence needs to be updated. Previous content: ${python(from, kept['last_event_time_str'])}. New content: ${python(to, to)}`,
      '   INFO Updating the persistence',
      'WARNING Persistence has been updated successfully',
      `   INFO ${name} Finalizing the execution of pre_pull()`,
    ]);
    const again = folder.arrived().map(plain);
    const known = new Set(before.map(plain));
    const repeated = again.filter((one) => known.has(one));
    expect(repeated.length).toBeGreaterThan(0);
    expect(repeated.length).toBeLessThan(before.length);
  });

  it('[F26] [F31] a token that ends in the middle of a pull is renewed; windows follow one another', async () => {
    await start({ hosts: 40 });
    simulator.setFault('token-expired*1+4@/fim/v2/events/search');
    await folder.write({ qualys_fim: fim({ fim_events: { start_time_in_utc: ago(8) } }) });
    const { code, stderr } = await run();
    expect(code, stderr).toBe(0);
    expect(stderr.match(/Generating new access token/g)).toHaveLength(2);
    expect(stderr.match(/First run of the collector\. Generating new access token\./g)).toHaveLength(1);
    const windows = [...stderr.matchAll(/Fetching data From : (\S+ \S+)\+00:00 {2}To : (\S+ \S+)\+00:00\n/g)];
    expect(windows.length).toBeGreaterThan(3);
    expect(windows[0]![1]).toBe(ago(8).replace('T', ' ').replace('Z', ''));
    for (let i = 1; i < windows.length; i++) {
      const [, from = '', to = ''] = windows[i - 1]!;
      expect(windows[i]![1]).toBe(to);
      expect(Date.parse(`${to}Z`) - Date.parse(`${from}Z`)).toBe(2 * DAY);
    }
    const truth = fimEventsSince(ago(8));
    const ids = folder.arrived().map(({ message }) => (JSON.parse(message) as { id: string }).id);
    expect(sorted(ids)).toEqual(sorted(truth));
    expect(statisticsOf(stderr).get('fim_events')).toMatchObject({ received: ids.length, sent: ids.length });
  });

  it('[F34] 24,168 events and more come in one pull, and the average of events per second is that of its lines', async () => {
    await start({ hosts: 1600 });
    await folder.write({ qualys_fim: fim({ fim_events: { start_time_in_utc: ago(10) } }) });
    const { code, stderr } = await run();
    expect(code, stderr).toBe(0);
    const truth = fimEventsSince(ago(10));
    const { sent, received } = statisticsOf(stderr).get('fim_events')!;
    expect(truth.length).toBeGreaterThanOrEqual(24_168);
    expect([sent, received, folder.arrived().length]).toEqual([truth.length, truth.length, truth.length]);
    const [began, ended] = [/^(\S+) .*-> Pull Started$/m, /^(\S+) .*-> Statistics/m].map((one) =>
      Date.parse(`${one.exec(stderr)![1]!}Z`),
    );
    const average = Number(/-> Statistics.*per second: ([\d.]+)\.$/m.exec(stderr)![1]);
    expect(Math.abs((average * (ended! - began!)) / 1000 - sent)).toBeLessThan(sent / 100);
    expect(stderr.match(/@devo_pulling_id=\d+/g)!.every((one, _, all) => one === all[0])).toBe(true);
  });

  it('[F41] wrong credentials have the id and the words of the collector, and ours beside them', async () => {
    await start();
    await folder.write({
      qualys: { ...classic(named(['host_list'])), credentials: { ...account(), password: 'wrong' } },
      qualys_fim: { ...fim(named(['fim_events'])), password: 'wrong' },
    });
    const { code, stderr } = await run();
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /ERROR InputProcess::QualysFimBasePullerSetup\(example_collector,qualys_fim#123123,fim_events#predefined\) -> SetupError 101: The tokens provided are incorrect\. Please specify the correct credentials\n.* ERROR .* -> QRY2010 /,
    );
    expect(stderr).toMatch(
      /ERROR InputProcess::QualysPullerSetup\(.*host_list#predefined\) -> SetupError 102: ERROR: API Error\. Cause: /,
    );
    expect(stderr).not.toMatch(/Setup for module/);
  });
});
