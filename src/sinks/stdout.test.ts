import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Destination, sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import type { Told } from '../../test/support/stdout-child.ts';
import type { Batch, OpenSink, Outcome } from '../core/sink.ts';

/** The sink in a process of its own, whose standard output is a real pipe that this process reads, or does not. */
async function pipe(): Promise<Destination & { hangUp(): Promise<void> }> {
  let text = '';
  let child: ChildProcess | undefined;
  let reading = true;

  async function open(): Promise<OpenSink> {
    child = fork(new URL('../../test/support/stdout-child.ts', import.meta.url), [], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      serialization: 'advanced',
      execArgv: [],
    });
    child.stdout!.setEncoding('utf8');
    child.stdout!.on('data', (chunk: string) => {
      text += chunk;
    });
    const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
    child.on('message', (message: { id: number; value?: unknown; error?: string }) => {
      const waiter = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error === undefined) waiter?.resolve(message.value);
      else waiter?.reject(new Error(message.error));
    });
    const ready = new Promise((resolve, reject) => waiting.set(0, { resolve, reject }));
    await ready;
    let next = 1;
    const running = child;
    const ask = (told: Told): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        running.send({ id, told });
      });
    return {
      check: async () => {
        await ask({ kind: 'check' });
      },
      write: async (batches, signal) => {
        const stop = (): void => void running.send({ id: -1, told: { kind: 'abort' } });
        signal.addEventListener('abort', stop, { once: true });
        const sent = batches.map((batch) => ({ id: batch.id, payloads: payloadsOf(batch) }));
        return (await ask({ kind: 'write', batches: sent })) as Outcome[];
      },
      close: async () => {
        if (running.exitCode !== null || running.signalCode !== null || !running.connected) return;
        await ask({ kind: 'close' });
        const ended = once(running, 'exit');
        running.disconnect();
        running.stdout?.resume();
        await ended;
      },
    };
  }

  return {
    behave: async (how) => {
      reading = how !== 'slow';
      if (reading) child?.stdout?.resume();
      else child?.stdout?.pause();
    },
    open,
    received: async () => {
      // What the sink answered as delivered is in the pipe; reading it takes a moment.
      for (let before = -1; before !== text.length; ) {
        before = text.length;
        await wait(30);
      }
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Payload);
    },
    hangUp: async () => {
      child?.stdout?.destroy();
    },
    stop: async () => {
      child?.kill('SIGKILL');
    },
  };
}

const payloadsOf = (batch: Batch): Payload[] =>
  batch.bytes
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Payload);

sinkContract({ title: 'stdout', guarantee: 'at least once', can: ['slow'], start: pipe });

test('a reader that goes away is an error that is said, and neither the end of the process nor a delivery', async () => {
  const destination = await pipe();
  const sink = await destination.open();
  await sink.write([batchOf('b0', payloads('b0', 2))], new AbortController().signal);
  await destination.hangUp();
  const writing = async (): Promise<void> => {
    for (let i = 1; i < 50; i++)
      await sink.write([batchOf(`b${i}`, payloads(`b${i}`, 100, 'x'.repeat(1000)))], new AbortController().signal);
  };
  await expect(writing()).rejects.toThrow(/EPIPE|closed/);
  await expect(sink.check()).rejects.toThrow(/EPIPE|closed/);
  await sink.close();
  await destination.stop();
});
