/** A simulator in a process of its own: `simulator-main.ts OPTIONS-AS-JSON`. Says where it is, and ends with its parent. */
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/index.ts';
import type { SimulatorReady } from './protocol.ts';

const simulator = await startSimulator(JSON.parse(process.argv[2] ?? '{}') as SimulatorOptions);
const { url, username, password } = simulator;
process.stdout.write(`${JSON.stringify({ url, username, password } satisfies SimulatorReady)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
