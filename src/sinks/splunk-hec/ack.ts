import { setTimeout as wait } from 'node:timers/promises';
import { QuarryError } from '../../core/errors.ts';
import type { Client } from '../http/client.ts';
import type { Item, Settle } from '../http/deliver.ts';
import { bodyOf, reasonOf } from './replies.ts';

interface Asking {
  readonly headers: Readonly<Record<string, string>>;
  readonly channel: string;
  /** Milliseconds after which what is not acknowledged is sent again. */
  readonly timeout: number;
}

const FIRST_PAUSE_MS = 100;
/** Splunk advises to ask every ten seconds. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * What one write waits for. [fault 84] An event is delivered when the indexer says `true` for the request that carried
 * it, once: Splunk forgets what it has said. An answer that is lost is therefore a request that is sent again.
 */
export function acknowledgements(client: Client, { headers, channel, timeout }: Asking) {
  const open = new Map<string, Map<number, readonly Item[]>>();

  /** Asks one node about its requests; settles those that are indexed. Returns why the others cannot be asked about. */
  async function ask(url: string, waiting: Map<number, readonly Item[]>, settle: Settle, signal: AbortSignal) {
    const body = Buffer.from(JSON.stringify({ acks: [...waiting.keys()] }));
    const path = `/services/collector/ack?channel=${channel}`;
    const reply = await client.send({ path, headers, body, url }, signal);
    const acks = reply.status === 200 ? bodyOf(reply)?.acks : undefined;
    if (typeof acks !== 'object' || acks === null)
      return `asked for acknowledgement: ${reply.status} ${reasonOf(reply)}`;
    for (const [id, indexed] of Object.entries(acks)) {
      const items = waiting.get(Number(id));
      if (indexed !== true || items === undefined) continue;
      settle(items, 'delivered');
      waiting.delete(Number(id));
    }
    return undefined;
  }

  return {
    await(items: readonly Item[], url: string, ackId: number): void {
      const waiting = open.get(url) ?? new Map<number, readonly Item[]>();
      waiting.set(ackId, items);
      open.set(url, waiting);
    },
    /** Asks until everything is acknowledged or the time is over; what is not, waits. */
    async settle(settle: Settle, signal: AbortSignal): Promise<void> {
      const until = performance.now() + timeout;
      const late = `not acknowledged within ${timeout / 1000} s`;
      const reasons = new Map<string, string>();
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        for (const [url, waiting] of open) {
          try {
            reasons.set(url, (await ask(url, waiting, settle, signal)) ?? late);
          } catch (error) {
            signal.throwIfAborted();
            if (!(error instanceof QuarryError)) throw error;
            reasons.set(url, error.message);
          }
          if (waiting.size === 0) open.delete(url);
        }
        const left = until - performance.now();
        if (open.size === 0 || left <= 0) break;
        await wait(Math.min(pause, left), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      for (const [url, waiting] of open)
        for (const items of waiting.values()) settle(items, { retry: reasons.get(url) ?? late });
    },
  };
}
