import { randomUUID } from 'node:crypto';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';
import type { OpenSink } from '../../core/sink.ts';
import type { SinkContext } from '../define.ts';
import { openClient } from '../http/client.ts';
import { bodyOf, deliver } from '../http/deliver.ts';
import type { PerDataset } from '../http/settings.ts';
import type { TransportSettings } from '../http/transport.ts';
import { acknowledgements } from './ack.ts';
import { envelope, indexOf } from './envelope.ts';
import { answerOf, codeOf, reasonOf } from './replies.ts';

export interface Settings extends TransportSettings {
  readonly url: string | readonly string[];
  readonly token: Secret;
  readonly ack: boolean;
  readonly ack_timeout: number;
  readonly index?: PerDataset | undefined;
  readonly source: PerDataset;
  readonly sourcetype?: PerDataset | undefined;
  readonly host?: string | undefined;
  readonly compress: boolean;
  readonly max_request: number;
  readonly timeout: number;
}

const EVENTS = '/services/collector/event';

/** Opens the sink; nothing is sent before the first write or check. Throws QRY5032. */
export async function openHec(settings: Settings, { baseDir }: SinkContext): Promise<OpenSink> {
  const urls = typeof settings.url === 'string' ? [settings.url] : settings.url;
  const client = await openClient({ ...settings, urls, baseDir });
  // Of this opening alone: numbers of acknowledgements count per channel.
  const channel = randomUUID();
  const headers = {
    authorization: `Splunk ${reveal(settings.token)}`,
    'content-type': 'application/json',
    'x-splunk-request-channel': channel,
  };

  return {
    check: () => check(),
    write: (batches, signal) => {
      const acks = acknowledgements(client, { headers, channel, timeout: settings.ack_timeout });
      return deliver(
        batches,
        {
          maxBytes: settings.max_request,
          // A token may not write to every index: one that is refused then concerns its own events alone.
          group: (batch) => indexOf(settings, batch) ?? '',
          part: (line) => ({ pieces: envelope(settings, line) }),
          send: async (items, _batch, stop) => {
            const reply = await client.send({ path: EVENTS, headers, body: bodyOf(items) }, stop);
            const answer = answerOf(reply, settings.ack);
            if (!('ackId' in answer)) return answer;
            acks.await(items, reply.url, answer.ackId);
            return 'open';
          },
          finish: (settle, stop) => acks.settle(settle, stop),
        },
        signal,
      );
    },
    close: () => client.close(),
  };

  /** Sends no event: a token that may send is told that there is no data (5), any other is told what is wrong with it. */
  async function check(): Promise<void> {
    for (const url of urls) {
      const reply = await client.send({ path: EVENTS, headers, body: Buffer.alloc(0), url });
      if (codeOf(reply) !== 5) throw wrong(`${new URL(url).host} answered ${reply.status}: ${reasonOf(reply)}`);
      if (!settings.ack) continue;
      const path = `/services/collector/ack?channel=${channel}`;
      const asked = await client.send({ path, headers, body: Buffer.from('{"acks":[0]}'), url });
      if (asked.status !== 200) throw wrong(`${new URL(url).host} acknowledges nothing: ${reasonOf(asked)}`);
    }
  }
}

const wrong = (what: string): QuarryError => new QuarryError('QRY5031', { what });
