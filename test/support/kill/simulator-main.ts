/**
 * A simulator in a process of its own: `simulator-main.ts OPTIONS-AS-JSON`. Says where it is, and ends with its parent.
 * `time` in place of a clock: from when and how fast.
 */
import { fastClock } from '../../../src/core/clock.ts';
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/index.ts';
import type { SimulatorReady, VirtualTime } from './protocol.ts';

const { time, ...options } = JSON.parse(process.argv[2] ?? '{}') as SimulatorOptions & { time?: VirtualTime };
const simulator = await startSimulator({
  ...options,
  ...(time === undefined ? {} : { clock: fastClock(time.speed, time.start + (Date.now() - time.since) * time.speed) }),
});
const { url, username, password } = simulator;
process.stdout.write(`${JSON.stringify({ url, username, password } satisfies SimulatorReady)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
