import { createHash } from 'node:crypto';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';
import type { OpenSink } from '../../core/sink.ts';
import type { SinkContext } from '../define.ts';
import { authorization, type Credentials } from './authorization.ts';
import { later, openClient, type Reply, shortened } from './client.ts';
import { type Answer, deliver, type Item, type Part } from './deliver.ts';
import { signature } from './signature.ts';
import { hostOf, type TransportSettings } from './transport.ts';

export interface Settings extends TransportSettings, Credentials {
  readonly url: string | readonly string[];
  readonly method: 'POST' | 'PUT';
  readonly body: 'ndjson' | 'json' | 'single';
  readonly query: Readonly<Record<string, Secret>>;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly sign?: Secret | readonly Secret[] | undefined;
  readonly max_events: number;
  readonly compress: boolean;
  readonly max_request: number;
  readonly timeout: number;
}

interface Event extends Part {
  readonly id: string;
}

const LF = Buffer.from('\n');
const COMMA = Buffer.from(',\n');

/** Opens the sink; nothing is sent before the first write or check. Throws QRY5032. */
export async function openWebhook(settings: Settings, { baseDir }: SinkContext): Promise<OpenSink> {
  const { method, body: form } = settings;
  const urls = typeof settings.url === 'string' ? [settings.url] : settings.url;
  const keys = settings.sign === undefined ? [] : [settings.sign].flat();
  const query = new URLSearchParams(revealed(settings.query)).toString();
  const path = query === '' ? '' : `?${query}`;
  const own = {
    ...revealed(settings.headers),
    ...authorization(settings),
    'content-type': form === 'ndjson' ? 'application/x-ndjson' : 'application/json',
  };
  const client = await openClient({ ...settings, urls, baseDir });

  const post = async (id: string, body: Buffer, about: Record<string, string>, signal?: AbortSignal) => {
    const timestamp = Math.floor(Date.now() / 1000);
    const signed = keys.length === 0 ? {} : { 'webhook-signature': signature(keys, id, timestamp, body) };
    const headers = { ...own, ...about, 'webhook-id': id, 'webhook-timestamp': `${timestamp}`, ...signed };
    return client.send({ path, method, headers, body }, signal);
  };

  return {
    /** Sends no event: an empty request, signed like any other. One who refuses it as empty has been reached. */
    check: async () => {
      const body = Buffer.from(form === 'json' ? '[]\n' : '');
      const reply = await post('quarry-check', body, { 'quarry-events': '0' });
      const reached = (reply.status >= 200 && reply.status < 300) || reply.status === 400 || reply.status === 422;
      if (!reached) throw new QuarryError('QRY5031', { what: later(reply).retry });
    },
    write: (batches, signal) =>
      deliver<Event>(
        batches,
        {
          maxBytes: settings.max_request,
          maxItems: form === 'single' ? 1 : settings.max_events,
          // A request tells which data set its events are of.
          group: ({ tenant, connection, dataset }) => JSON.stringify([tenant, connection, dataset]),
          part: ({ id, bytes }) => ({ id, pieces: [bytes, LF] }),
          send: async (items, { tenant, connection, dataset }, stop) => {
            const about = { tenant, connection, dataset, events: `${items.length}` };
            const named = Object.entries(about).map(([name, value]) => [`quarry-${name}`, value]);
            return answerOf(await post(idOf(items), bodyOf(items, form), Object.fromEntries(named), stop));
          },
        },
        signal,
      ),
    close: () => client.close(),
  };
}

const revealed = (secrets: Readonly<Record<string, Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, reveal(value)]));

function bodyOf(items: readonly Item<Event>[], form: Settings['body']): Buffer {
  if (form !== 'json') return Buffer.concat(items.flatMap(({ part }) => part.pieces));
  const pieces = items.flatMap(({ part }, i) => [i === 0 ? Buffer.from('[') : COMMA, part.pieces[0]!]);
  return Buffer.concat([...pieces, Buffer.from(']\n')]);
}

/** The same for the same events: of one its id, of several a hash of theirs. */
function idOf(items: readonly Item<Event>[]): string {
  if (items.length === 1) return items[0]!.part.id;
  const hash = createHash('sha256');
  for (const { part } of items) hash.update(`${part.id}\n`);
  return hash.digest('base64url');
}

/**
 * 400, 413 and 422 are about what was sent: halves are tried until the event at fault stands alone. Everything else that
 * is no 2xx is about the way there, the sender or the moment: all waits. 409 waits as well, since receivers mean many things by it.
 */
function answerOf(reply: Reply): Answer {
  const { status } = reply;
  if (status >= 200 && status < 300) return { outcomes: 'delivered' };
  if (status !== 400 && status !== 413 && status !== 422) return { closed: later(reply) };
  return { refused: `${hostOf(reply.url)} answered ${status}: ${shortened(reply.text)}`, code: `${status}` };
}
