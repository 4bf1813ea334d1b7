import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import { CASES, type TruthLine } from '../contracts/cases.ts';
import { startCollectorChild, startSimulatorChild } from '../support/kill/children.ts';
import { hostQids, type Line } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';
import { shortHash } from '../support/short-hash.ts';

const HOSTS = scaled('hosts of whole subscriptions', {
  quick: [10],
  full: [10, 1000],
  soak: [1000, Number(process.env['QUARRY_SOAK_HOSTS'] ?? 100_000)],
});
/**
 * 24 streams read at once, the inventory included, however many hosts: a tenth more than was measured with 100,000 (400
 * MiB; 274 with 1,000). What one stream may take stands in memory.test.ts.
 */
const MOST_MB = 440;
const DAY = 86_400_000;

interface Held {
  readonly lines: number;
  readonly ids: ReadonlySet<number>;
  readonly keys: ReadonlySet<number>;
}

/** What the files hold of a data set; ids and keys as short hashes, so that millions fit. */
async function held(folder: string): Promise<Held> {
  const ids = new Set<number>();
  const keys = new Set<number>();
  let lines = 0;
  for (const file of (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ndjson')))
    for await (const text of createInterface({ input: createReadStream(join(folder, file)) })) {
      const line = JSON.parse(text) as Line;
      lines++;
      ids.add(shortHash(line.id));
      keys.add(shortHash(JSON.stringify(CASES[line.dataset]?.keyOf?.(line) ?? line.key)));
    }
  return { lines, ids, keys };
}

describe.each(HOSTS)('a subscription of %i hosts', (hosts) => {
  it('all 24 data sets are complete and nothing is twice; a second run adds nothing [promise 2] [promise 10]', async () => {
    const began = performance.now();
    const dir = await mkdtemp(join(tmpdir(), 'quarry-whole-'));
    const simulator = await startSimulatorChild({ hosts, hostQids, frozen: true });
    try {
      const wanted = Object.fromEntries([...datasets.keys()].map((name) => [name, { ...CASES[name]?.options }]));
      expect(Object.keys(wanted)).toHaveLength(24);
      const password = simulator.password.replaceAll('$', '$$$$');
      const connection = { api_url: simulator.url, username: simulator.username, password, datasets: wanted };
      const config = JSON.stringify({
        ...{ data_dir: dir, server: false, connections: { acme: connection } },
        sinks: { archive: { type: 'file', path: join(dir, 'out') } },
      });
      const peaks: number[] = [];
      const problems: string[] = [];
      // The inventory may need longer for what it folds than a run waits for it: files are complete after the first.
      for (let run = 0; run < 2; run++) {
        const clock = { start: DEFAULT_EPOCH + DAY, since: Date.now(), speed: 1 };
        const child = startCollectorChild({ config, clock, marks: join(dir, 'phase'), run: 'once' });
        child.announcements.resume();
        const { end } = await child.ended;
        expect(end, child.log().join('\n')).toBeDefined();
        peaks.push(end!.hwmMb);
        problems.push(...end!.imbalances, ...end!.stopped, ...end!.failedPulls);
        problems.push(...child.log().filter((line) => !line.startsWith('{"level":"warn"')));
      }
      expect(problems).toEqual([]);
      const found = new Map<string, Held>();
      for (const name of datasets.keys()) found.set(name, await held(join(dir, 'out', 'acme', name)));

      const exist = Object.fromEntries([...datasets.keys()].map((name) => [name, 0]));
      const lost: string[] = [];
      const truth = await fetch(`${simulator.url}/simulator/truth`);
      for await (const text of createInterface({ input: Readable.fromWeb(truth.body!) })) {
        if (text === '') continue;
        const line = JSON.parse(text) as TruthLine;
        if (CASES[line.dataset]?.holds?.(line, simulator.username) === false) continue;
        exist[line.dataset] = (exist[line.dataset] ?? 0) + 1;
        const key = JSON.stringify(line.key);
        if (found.get(line.dataset)?.keys.has(shortHash(key)) !== true) lost.push(`${line.dataset} ${key}`);
      }
      expect({ lost: lost.length, some: lost.slice(0, 5) }).toEqual({ lost: 0, some: [] });
      for (const [dataset, { lines, ids, keys }] of found)
        expect({ dataset, lines, ids: ids.size, keys: keys.size }).toEqual({
          ...{ dataset, lines: exist[dataset] },
          ...{ ids: exist[dataset], keys: exist[dataset] },
        });
      const events = Object.values(exist).reduce((sum, n) => sum + n, 0);
      const seconds = (performance.now() - began) / 1000;
      console.log(
        `24 data sets of ${hosts} hosts: ${events} events, 0 lost, 0 twice; at most ${peaks.map((mb) => mb.toFixed(0)).join(' and ')} MiB resident; ${seconds.toFixed(0)} s; ${JSON.stringify(exist)}`,
      );
      expect(Math.max(...peaks)).toBeLessThanOrEqual(MOST_MB);
    } finally {
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    }
  }, 10_800_000);
});
