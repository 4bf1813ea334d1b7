import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { imbalances } from '../../src/collector/balance.ts';
import { openOutbox } from '../../src/collector/port.ts';
import { listSinks } from '../../src/outbox/sink-state.ts';
import { listStreams } from '../../src/outbox/streams.ts';
import { DEFAULT_EPOCH } from '../../src/simulator/index.ts';
import { startCountingReceiver } from '../support/counting-receiver.ts';
import { freePort } from '../support/free-port.ts';
import { type CollectorChild, startCollectorChild, startSimulatorChild } from '../support/kill/children.ts';
import { scaled } from '../support/scale.ts';
import { shortHash } from '../support/short-hash.ts';

/** About 29 detections each, and as many events again in three days: more than five million in a soak. */
const HOSTS = scaled('hosts while a sink is dead', {
  ...{ quick: 40, full: 1500 },
  soak: Number(process.env['QUARRY_SOAK_HOSTS'] ?? 100_000),
});
const MOST_MB = 320;
const DAY = 86_400_000;
/** Goal of the time from start to work under way, with everything waiting; many times that on a busy machine. */
const START_GOAL_S = 10;

interface Picture {
  readonly appended: number;
  readonly seq: number;
  readonly pulls: string;
  readonly delivered: Readonly<Record<string, number>>;
  readonly pending: Readonly<Record<string, number>>;
}

async function look(dataDir: string): Promise<Picture> {
  const outbox = await openOutbox({ dataDir, readOnly: true }, Date.now());
  try {
    const streams = await listStreams(outbox.store);
    const sinks = await listSinks(outbox.store);
    return {
      appended: streams.reduce((sum, { appended }) => sum + appended, 0),
      seq: streams.reduce((sum, { seq }) => sum + seq, 0),
      pulls: streams.map(({ checkpoint }) => checkpoint.watermark ?? '').join(),
      delivered: Object.fromEntries(sinks.map(({ sink, delivered }) => [sink, delivered])),
      pending: Object.fromEntries(sinks.map(({ sink, pending }) => [sink, pending])),
    };
  } finally {
    await outbox.close();
  }
}

const peakMb = ({ process: { pid } }: CollectorChild): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;

it('a sink dead for 72 hours: the others have everything each day, its own waits whole and comes when it is back [promise 5] [promise 10] [fault 71]', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'quarry-dead-sink-'));
  const simulator = await startSimulatorChild({ hosts: HOSTS, churn: 0.01, frozen: true });
  const port = await freePort();
  const password = simulator.password.replaceAll('$', '$$$$');
  const wanted = { host_list_detection: { every: '1h', sweep: false, results: 'none' } };
  const config = JSON.stringify({
    ...{ data_dir: dir, server: false },
    connections: { acme: { api_url: simulator.url, username: simulator.username, password, datasets: wanted } },
    sinks: {
      archive: { type: 'file', path: join(dir, 'out') },
      dead: { type: 'http', url: `http://127.0.0.1:${port}/events`, max_backlog: 100_000_000_000 },
    },
  });
  const start = (day: number): CollectorChild =>
    startCollectorChild({
      ...{ config, marks: join(dir, 'phase'), run: 'forever', retention: 30 * DAY },
      clock: { start: DEFAULT_EPOCH + (day + 1) * DAY, since: Date.now(), speed: 1 },
    });
  const errors: string[] = [];
  const peaks: number[] = [];
  const starts: number[] = [];
  /** Runs a collector until the picture is as wanted, then cuts it off. */
  async function until(day: number, enough: (picture: Picture) => boolean): Promise<Picture> {
    const began = performance.now();
    const child = start(day);
    child.announcements.once('data', () => starts.push((performance.now() - began) / 1000));
    child.announcements.resume();
    try {
      for (;;) {
        await sleep(200);
        expect(child.process.exitCode, child.log().join('\n')).toBe(null);
        const picture = await look(dir).catch(() => undefined);
        if (picture !== undefined && enough(picture)) {
          peaks.push(peakMb(child));
          return picture;
        }
      }
    } finally {
      child.process.kill('SIGKILL');
      await child.ended;
      errors.push(...child.log().filter((line) => line.includes('"level":"error"') && !line.includes('"dead"')));
    }
  }

  let receiver: Awaited<ReturnType<typeof startCountingReceiver>> | undefined;
  try {
    let before = '';
    let appended = 0;
    for (let day = 0; day <= 3; day++) {
      if (day > 0) await simulator.advance(DAY);
      // A pull that has ended moves the watermark; all its events are with the sink that lives.
      const picture = await until(
        day,
        ({ pulls, pending, appended }) => pulls !== '' && pulls !== before && appended > 0 && pending['archive'] === 0,
      );
      expect(picture.appended).toBeGreaterThan(appended);
      expect(picture.delivered['archive']).toBe(picture.appended);
      expect({ delivered: picture.delivered['dead'], pending: picture.pending['dead'] }).toEqual({
        ...{ delivered: 0, pending: picture.appended },
      });
      before = picture.pulls;
      appended = picture.appended;
    }
    receiver = await startCountingReceiver(port);
    const revived = performance.now();
    const last = await until(3, ({ pending }) => pending['dead'] === 0);
    const seconds = (performance.now() - revived) / 1000;

    const outbox = await openOutbox({ dataDir: dir, readOnly: true }, Date.now());
    expect(await imbalances(outbox).finally(() => outbox.close())).toEqual([]);
    expect(last.delivered['dead']).toBe(last.appended);
    const folder = join(dir, 'out', 'acme', 'host_list_detection');
    const written = new Set<number>();
    let lines = 0;
    let missed = 0;
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ndjson')))
      for await (const text of createInterface({ input: createReadStream(join(folder, file)) })) {
        const id = shortHash((JSON.parse(text) as { id: string }).id);
        lines++;
        written.add(id);
        if (!receiver.ids.has(id)) missed++;
      }
    console.log(
      `a sink dead for 72 hours: ${appended} events waited, ${missed} lost; ${receiver.received() - receiver.ids.size} came again; ` +
        `all delivered ${seconds.toFixed(0)} s after its return; at work after ${starts.map((s) => s.toFixed(1)).join(', ')} s of starts ` +
        `(goal ${START_GOAL_S} s); at most ${peaks.map((mb) => mb.toFixed(0)).join(', ')} MiB resident`,
    );
    expect(errors).toEqual([]);
    expect({ missed, lines, ids: written.size, there: receiver.ids.size }).toEqual({
      ...{ missed: 0, lines: last.appended, ids: last.appended, there: last.appended },
    });
    expect(Math.max(...peaks)).toBeLessThanOrEqual(MOST_MB);
  } finally {
    await receiver?.stop();
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  }
}, 14_400_000);
