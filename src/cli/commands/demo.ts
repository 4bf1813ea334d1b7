import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { datasets } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { DEFAULT_EPOCH, startSimulator } from '../../simulator/index.ts';
import type { ListenAddress } from '../arguments.ts';
import { collect, openConsole } from '../collect.ts';
import { print } from '../output.ts';
import { serving } from '../serve.ts';
import { summaryExit, summaryText } from '../summary.ts';
import { demoConfiguration, storedConnections } from './configuration.ts';
import { saveTruth } from './simulate.ts';

export interface DemoFlags {
  readonly hosts: number;
  readonly once?: boolean;
  readonly dataDir: string;
  readonly seed: number;
  readonly truth?: string;
  readonly listen: ListenAddress;
}

/** Where the demo keeps the time its world has come to. */
const REACHED = 'demo-time.txt';
/** Without --once the simulated subscription lives: so much of its time passes every so often. */
const TICK_MS = 30_000;
const SIMULATED_PER_TICK_MS = 6 * 3_600_000;
/** So far behind the machine's clock that nothing in the world is too young to be read yet (file-integrity events settle). */
const BEHIND_MS = 600_000;
/** The simulated world's first file-integrity events are a week old when it begins. */
const FIM_BEFORE_MS = 8 * 86_400_000;

/** A simulated subscription, collected to files in one folder that is the demo's own. */
export async function demo(flags: DemoFlags): Promise<number> {
  const dir = resolve(flags.dataDir);
  await ownFolder(dir, `hosts ${flags.hosts}, seed ${flags.seed}`);
  const simulator = await startSimulator({
    hosts: flags.hosts,
    seed: flags.seed,
    limits: 'standard',
    frozen: true,
  }).catch((error: unknown) => {
    throw new QuarryError('QRY7001', { what: error instanceof Error ? error.message : String(error) });
  });
  // The world as it would be now, or nearly; it stands still but for the ticks, so that counts can be compared.
  const wanted = Math.max(Date.now() - BEHIND_MS, await reached(dir));
  simulator.advance(Math.max(0, wanted - simulator.world.epoch));
  const timer = setInterval(() => {
    simulator.advance(SIMULATED_PER_TICK_MS);
    void remember(dir, simulator.now());
  }, TICK_MS);
  timer.unref();
  if (flags.once === true) clearInterval(timer);
  try {
    const text = demoConfig(dir, simulator.url, simulator.username, simulator.password);
    const load = async () => demoConfiguration(text, await storedConnections(demoConfiguration(text, {})));
    const config = await load();
    const speak = openConsole(config);
    const { log } = speak;
    const out = join(dir, 'out');
    const { url, username, password } = simulator;
    // Its password opens nothing: whoever tries the page's own way to a connection needs it.
    const there = { simulator: url, sign_in: `${username} ${password}` };
    log.info('collecting a simulated subscription', { hosts: flags.hosts, files: out, ...there });
    const once = flags.once === true;
    const { summary, signalled } = await collect(config, speak, {
      once,
      sweep: false,
      timeout: 600_000,
      grace: 30_000,
      ...(once
        ? {}
        : {
            reload: load,
            serve: serving({ listen: flags.listen, load: (stored) => demoConfiguration(text, stored), demo: true }),
          }),
    });
    if (once || signalled !== undefined) {
      const truth = flags.truth === undefined ? join(dir, 'truth.ndjson') : resolve(flags.truth);
      await saveTruth(simulator.world, simulator.now(), truth);
      await print(
        `\n${summaryText(summary)}\nfiles: ${out}/<connection>/<dataset>/\ntruth: ${truth} (what the simulator holds, from its generator)\n`,
      );
    }
    return signalled ?? summaryExit(summary);
  } finally {
    clearInterval(timer);
    await remember(dir, simulator.now());
    await simulator.close();
  }
}

/** Failing is no reason to end a demo. */
const remember = (dir: string, now: number): Promise<void> => writeFile(join(dir, REACHED), `${now}\n`).catch(() => {});

/** The time the world in this folder had come to, epoch ms: it goes on from there, since what was collected is of that time. */
async function reached(dir: string): Promise<number> {
  const said = Number(await readFile(join(dir, REACHED), 'utf8').catch(() => '0'));
  return Number.isFinite(said) ? said : 0;
}

/** The folder is made by the demo and says so; one of another world is emptied, one that is not the demo's is refused. */
async function ownFolder(dir: string, world: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const marker = join(dir, 'demo.txt');
  const found = await readFile(marker, 'utf8').catch(() => undefined);
  if (found?.trim() === world) return;
  if (found === undefined) {
    const inside = await readFile(join(dir, 'quarry.db')).catch(() => undefined);
    if (inside !== undefined)
      throw new QuarryError('QRY7002', { what: `${dir} holds data that the demo has not made.`, where: dir });
  } else {
    for (const name of ['out', 'spool', 'quarry.db', 'quarry.db-wal', 'quarry.db-shm', 'truth.ndjson', REACHED])
      await rm(join(dir, name), { recursive: true, force: true });
  }
  await writeFile(marker, `${world}\n`);
}

/** All of them. File-integrity events reach back as far as the simulated ones: fifteen months of windows would be calls for nothing. */
const demoDatasets = () => ({
  ...Object.fromEntries([...datasets.keys()].map((name) => [name, { every: '1m' }])),
  fim_events: { every: '1m', start_time_in_utc: new Date(DEFAULT_EPOCH - FIM_BEFORE_MS).toISOString() },
  // Its own calls are rows of the log; without them it can be held against the truth.
  user_activity: { every: '1m', exclude_self: true },
});

const demoConfig = (dir: string, url: string, username: string, password: string): string =>
  JSON.stringify({
    data_dir: dir,
    server: { allow_private_addresses: true },
    connections: {
      demo: {
        api_url: url,
        username,
        password: password.replaceAll('$', '$$$$'),
        datasets: demoDatasets(),
      },
    },
    sinks: { archive: { type: 'file', path: join(dir, 'out') } },
  });
