/**
 * A broker that speaks Kafka's protocol, for tests: librdkafka's mock cluster, compiled once per machine. It is no Kafka:
 * no replication, no size limits, no sign-in; records are kept in memory (5 MB a partition).
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export interface KafkaBroker {
  readonly address: string;
  /** One of the lines that `kafka-mock.c` obeys. */
  tell(line: string): Promise<void>;
  /** What a consumer of another make reads of a topic: key, header id and value of each message, in order. */
  read(topic: string): Promise<{ key: string; id: string; value: string }[]>;
  stop(): Promise<void>;
}

const source = join(import.meta.dirname, 'kafka-mock.c');

/** Why no broker can be run here; undefined when one can. */
export function whyNoKafka(): string | undefined {
  if (!existsSync('/usr/include/librdkafka/rdkafka_mock.h'))
    return 'librdkafka-dev, for a mock of Kafka, is not installed';
  for (const [program, flag] of [
    ['gcc', '--version'],
    ['kcat', '-V'],
  ] as const)
    if (spawnSync(program, [flag]).status !== 0) return `${program}, for tests of Kafka, is not installed`;
  return undefined;
}

function compiled(): string {
  const text = readFileSync(source);
  const path = join(tmpdir(), `quarry-kafka-mock-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`);
  if (existsSync(path)) return path;
  const made = `${path}.${process.pid}`;
  execFileSync('gcc', [source, '-o', made, '-lrdkafka'], { stdio: 'pipe' });
  renameSync(made, path);
  return path;
}

export async function startKafka(): Promise<KafkaBroker> {
  const child = spawn(compiled(), { stdio: ['pipe', 'pipe', 'ignore'] });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the mock of Kafka has ended');
    return value as string;
  };
  const address = await next();
  return {
    address,
    tell: async (line) => {
      child.stdin.write(`${line}\n`);
      if ((await next()) !== 'ok') throw new Error(`not understood: ${line}`);
    },
    read: async (topic) => {
      const format = ['-X', 'fetch.wait.max.ms=10', '-f', '%k\t%h\t%s\n'];
      const { stdout } = await promisify(execFile)(
        'kcat',
        ['-b', address, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', ...format],
        { maxBuffer: 256 << 20 },
      );
      return stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const [key, headers, value] = line.split('\t') as [string, string, string];
          return { key, id: /(?:^|,)id=([^,]*)/.exec(headers)?.[1] ?? '', value };
        });
    },
    stop: () =>
      new Promise((resolve) => {
        process.off('exit', kill);
        child.once('exit', () => resolve());
        kill();
      }),
  };
}
