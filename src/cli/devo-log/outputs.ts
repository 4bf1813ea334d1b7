import type { Happening } from '../../collector/happening.ts';
import type { WriteSeen } from '../../collector/observer.ts';
import type { SinkState } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import type { Clock } from '../../core/clock.ts';
import { mainThread, type Place, pythonJson, pythonText, pythonTime, type Say } from './lines.ts';
import { CONSUMER, HOSTNAME, managerName, monitorName, type OutputNames, outputNames, senderName } from './names.ts';

/** How often the monitor speaks; their text says ten minutes, their lines say this. */
export const MONITOR_MS = 300_000;

interface Output extends OutputNames {
  readonly open: Set<number>;
  total: number;
  /** Since the monitor spoke last. */
  since: number;
  part: number;
  partMs: number;
  /** Since the consumer spoke last. */
  consumed: number;
  bytes: number;
  consumedSince: number;
}

export interface OutputsLog {
  happening(happening: Happening): void;
  wrote(write: WriteSeen): void;
  /** What was handed over since the last time, where anything was. */
  consumers(): void;
  /** What each sender has sent, and what waits. */
  monitor(states: readonly SinkState[]): void;
}

/** The output side of the log. Internal and lookup senders are not there, so nothing is said of them. */
export function createOutputsLog(config: Config, say: Say, clock: Pick<Clock, 'now' | 'monotonic'>): OutputsLog {
  const outputs = new Map<string, Output>();
  for (const names of outputNames(config)) {
    const counts = { total: 0, since: clock.now(), part: 0, partMs: 0, consumed: 0, bytes: 0 };
    outputs.set(names.sink, { ...names, open: new Set(), ...counts, consumedSince: clock.monotonic() });
  }
  const main = (message: string): void => say('INFO', mainThread('OutputProcess'), message);
  const from = (thread: string): Place => ({ part: 'OutputProcess', thread });
  let session = 0;

  function began(output: Output, pending: number): void {
    const manager = managerName(output.sink);
    for (let k = 0; k < output.senders; k++) main(`${senderName(k)} -> Starting thread`);
    main(`${monitorName(output.sink)} -> Starting thread (every ${MONITOR_MS / 1000} seconds)`);
    main(`${manager} -> Starting thread`);
    const what = pending === 0 ? 'Nothing' : `${pending} messages`;
    for (const name of [manager, ...(pending === 0 ? [CONSUMER] : [])])
      say('INFO', from(name), `[EMERGENCY PERSISTENCE SYSTEM] ${name} -> ${what} retrieved from the persistence.`);
  }

  return {
    happening: (happening) => {
      const output = 'sink' in happening ? outputs.get(happening.sink) : undefined;
      if (output === undefined) return;
      if (happening.kind === 'sink_began') began(output, happening.pending);
      if (happening.kind === 'connection') {
        if (!happening.open) output.open.delete(happening.sender);
        else {
          output.open.add(happening.sender);
          const id = `${process.pid}${String(++session).padStart(8, '0')}`;
          const sender = pythonJson(output.sender(happening.sender));
          const text = `Created a sender: ${sender}, hostname: "${HOSTNAME}", session_id: "${id}"`;
          say('INFO', from(senderName(happening.sender)), text);
        }
      }
      if (happening.kind === 'settled') {
        output.total += happening.delivered;
        output.part += happening.delivered;
        output.consumed += happening.delivered;
        output.bytes += happening.bytes;
      }
    },
    wrote: ({ sink, ms }) => {
      const output = outputs.get(sink);
      if (output !== undefined) output.partMs += ms;
    },
    consumers: () => {
      for (const output of outputs.values()) {
        const { consumed, bytes, senders } = output;
        if (consumed === 0) continue;
        const seconds = (clock.monotonic() - output.consumedSince) / 1000;
        const text = `${seconds.toFixed(6)} seconds`;
        say('INFO', from(CONSUMER), `Consumed messages: ${consumed}, total_bytes: ${bytes} (${text})`);
        if (senders === 1)
          say(
            'INFO',
            from(senderName(0)),
            `Consumed messages: ${consumed} messages (${text}) => ${Math.floor(consumed / seconds)} msg/sec`,
          );
        Object.assign(output, { consumed: 0, bytes: 0, consumedSince: clock.monotonic() });
      }
    },
    monitor: (states) => {
      for (const output of outputs.values()) {
        const state = states.find(({ sink }) => sink === output.sink);
        const tell = (message: string): void => say('INFO', from(monitorName(output.sink)), message);
        tell(
          `Number of available senders: ${output.senders}, sender manager internal queue size: ${state?.pending ?? 0}`,
        );
        const since = state?.waitingSince ?? null;
        const oldest = since === null ? {} : { oldest: Number(((clock.now() - since) / 1000).toFixed(3)) };
        tell(`enqueued_elapsed_times_in_seconds_stats: ${pythonText(oldest)}`);
        for (let k = 0; k < output.senders; k++) {
          // What waits, waits in the outbox: a sender holds nothing back.
          const open = output.open.has(k) ? 'True' : 'False';
          tell(`Sender: ${senderName(k)}, status: {"internal_queue_size": 0, "is_connection_open": ${open}}`);
        }
        const elapsed = `(elapsed ${(output.partMs / 1000).toFixed(3)} seconds)`;
        tell(
          `Standard - Total number of messages sent: ${output.total}, messages sent since "${checkpointTime(output.since)}": ${output.part} ${elapsed}`,
        );
        Object.assign(output, { since: clock.now(), part: 0, partMs: 0 });
      }
    },
  };
}

/** With six digits of a second, as their samples have it. */
const checkpointTime = (at: number): string => {
  const text = pythonTime(at);
  return text.includes('.') ? text : text.replace('+00:00', '.000000+00:00');
};
