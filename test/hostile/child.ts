/**
 * Reads hostile bodies in a process of its own: `child.ts mutations SEED COUNT` or `child.ts attacks`. Names every body
 * on stdout before it reads it, so that who watches knows which one hangs; the last line is the report.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ATTACKS } from './attacks.ts';
import { BODIES } from './bodies.ts';
import { mutate, randomFrom } from './mutate.ts';
import { inChunks, readHostile } from './read.ts';

export interface Report {
  readonly outcomes: Record<string, string>;
  readonly bodies: number;
  readonly read: number;
  readonly records: number;
  readonly crashes: { readonly name: string; readonly error: string }[];
  readonly slowest: { readonly name: string; readonly cpuMs: number };
  /** Sockets opened, and requests that reached the canary. */
  readonly outbound: number;
  readonly rssMb: number;
}

const [kind, seed, count] = process.argv.slice(2);
const collect = (globalThis as { gc?: () => void }).gc;
let outbound = 0;
subscribe('net.client.socket', () => {
  outbound++;
});
const canary = createServer((_, response) => {
  outbound++;
  response.end();
});
await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
const canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;

const report = {
  outcomes: {} as Record<string, string>,
  bodies: 0,
  read: 0,
  records: 0,
  crashes: [] as { name: string; error: string }[],
  slowest: { name: '', cpuMs: 0 },
};

async function run(name: string, body: () => Parameters<typeof readHostile>): Promise<string> {
  // Between two answers the product waits, too; what the bodies themselves left behind is theirs, not the readers'.
  await nextTurn();
  if (kind === 'attacks') collect?.();
  writeSync(1, `${name}\n`);
  report.bodies++;
  try {
    const { outcome, records, cpuMs } = readHostile(...body());
    report.records += records;
    if (outcome === 'read') report.read++;
    if (cpuMs > report.slowest.cpuMs) report.slowest = { name, cpuMs };
    return outcome;
  } catch (thrown) {
    report.crashes.push({ name, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
    return 'crash';
  }
}

if (kind === 'attacks') {
  for (const { name, format, body } of ATTACKS(canaryUrl))
    report.outcomes[name] = await run(name, () => [format, body()]);
} else {
  const random = randomFrom(Number(seed));
  const sound = BODIES.map(({ text }) => Buffer.from(text));
  for (let i = 0; i < Number(count); i++) {
    const which = i % BODIES.length;
    const bytes = mutate(sound[which]!, sound[Math.floor(random() * sound.length)]!, random);
    const size = [1, 7, 100, 1 << 20][Math.floor(random() * 4)]!;
    await run(`${BODIES[which]!.name} ${i}`, () => [BODIES[which]!.format, inChunks(bytes, size)]);
  }
}
// What was wanted in the background would be wanted by now.
await new Promise((resolve) => setTimeout(resolve, 100));
canary.close();
collect?.();
const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
writeSync(1, `${JSON.stringify({ ...report, outbound, rssMb } satisfies Report)}\n`);
