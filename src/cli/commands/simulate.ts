import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { QuarryError } from '../../core/errors.ts';
import { FAULTS, type FaultName, type Level, startSimulator, writeTruth } from '../../simulator/index.ts';
import { print, table } from '../output.ts';
import { stopping } from '../stopping.ts';

export interface SimulateFlags {
  readonly port: number;
  readonly hosts: number;
  readonly seed: number;
  readonly limits: Level;
  readonly fault?: readonly string[];
  readonly frozen?: boolean;
  readonly truth?: string;
}

export async function simulate(flags: SimulateFlags): Promise<number> {
  if (flags.fault?.includes('list') === true) {
    await print(
      table(
        ['FAULT', 'WHAT'],
        (Object.keys(FAULTS) as FaultName[]).map((name) => [name, FAULTS[name].summary]),
      ),
    );
    return 0;
  }
  const simulator = await startSimulator({
    hosts: flags.hosts,
    seed: flags.seed,
    limits: flags.limits,
    faults: flags.fault ?? [],
    port: flags.port,
    frozen: flags.frozen === true,
  }).catch((error: unknown) => {
    const what = error instanceof Error ? error.message : String(error);
    throw error instanceof RangeError
      ? new QuarryError('QRY7001', {
          what,
          fix: '`quarry simulate --fault list` shows the faults; hosts go from 1 to 1,000,000.',
        })
      : new QuarryError('QRY6010', {
          what,
          where: `127.0.0.1:${flags.port}`,
          fix: 'Choose another with --port; 0 takes a free one.',
        });
  });
  try {
    if (flags.truth !== undefined) await saveTruth(simulator.world, simulator.now(), flags.truth);
    await print(
      `A simulated Qualys with ${flags.hosts.toLocaleString('en-US')} hosts (seed ${flags.seed}, limits ${flags.limits}) answers.\n` +
        `  api_url:  ${simulator.url}\n  username: ${simulator.username}\n  password: ${simulator.password}\n` +
        `  counters: ${simulator.url}/simulator/counters\n` +
        `\nTry it:\n  curl -u '${simulator.username}:${simulator.password}' -H 'X-Requested-With: curl' '${simulator.url}/api/5.0/fo/asset/host/?action=list&truncation_limit=2'\n`,
    );
    const stop = stopping(0, () => {});
    await once(stop.finish, 'abort');
    stop.end();
    return stop.code() ?? 0;
  } finally {
    await simulator.close();
  }
}

/** Writes what exists at a moment of virtual time, one line a record, from the generator. */
export async function saveTruth(world: Parameters<typeof writeTruth>[0], at: number, path: string): Promise<void> {
  const file = createWriteStream(path);
  await writeTruth(world, at, file);
  file.end();
  await once(file, 'finish');
}
