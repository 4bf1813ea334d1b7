/**
 * Simulators in a process of their own: `simulator-main.ts [OPTIONS, …]-AS-JSON`. Says where they are, one line of JSON,
 * and ends with its parent. `time` in place of a clock: from when and how fast.
 */
import { fastClock } from '../../../src/core/clock.ts';
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/index.ts';
import type { SimulatorReady, VirtualTime } from './protocol.ts';

const all = JSON.parse(process.argv[2] ?? '[]') as (SimulatorOptions & { time?: VirtualTime })[];
const ready: SimulatorReady[] = [];
for (const { time, ...options } of all) {
  const simulator = await startSimulator({
    ...options,
    ...(time === undefined
      ? {}
      : { clock: fastClock(time.speed, time.start + (Date.now() - time.since) * time.speed) }),
  });
  const { url, username, password } = simulator;
  ready.push({ url, username, password });
}
process.stdout.write(`${JSON.stringify(ready)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
