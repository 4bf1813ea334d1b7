import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { QuarryError } from '../../core/errors.ts';
import type { Outcome } from '../../core/sink.ts';
import { isLinkLocal } from './link-local.ts';
import { hostOf, openTransport, type TransportSettings } from './transport.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Which of the URLs answered. */
  readonly url: string;
}

export interface Sent {
  /** Behind the URL: `/_bulk`, `?key=…`. */
  readonly path?: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** One of the URLs, where it must be that one. */
  readonly url?: string;
}

export interface Client {
  /**
   * Sends and reads the whole reply, whatever its status; a redirect is a reply. A URL that cannot be reached is
   * followed by the next one. Throws QRY5030 when none answers, and the signal's reason when told to stop.
   */
  send(sent: Sent, signal?: AbortSignal): Promise<Reply>;
  close(): Promise<void>;
}

export interface ClientSettings extends TransportSettings {
  readonly urls: readonly string[];
  readonly timeout: number;
  readonly compress: boolean;
  readonly baseDir: string;
}

const MAX_REPLY = 64 << 20;
const pack = promisify(gzip);

/** HTTP to one destination at one or more URLs, which take turns. Throws QRY5032. */
export async function openClient(settings: ClientSettings): Promise<Client> {
  const { urls, timeout, compress, baseDir } = settings;
  const refused = urls.find((url) => isLinkLocal(new URL(url).hostname));
  if (refused !== undefined)
    throw new QuarryError('QRY5032', { what: 'the address is link-local', where: hostOf(refused) });
  const { request } = await import('undici');
  const transport = await openTransport(settings, baseDir);
  let turn = 0;

  async function sendTo(url: string, sent: Sent, body: Buffer | undefined, signal: AbortSignal): Promise<Reply> {
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(`${url}${sent.path ?? ''}`, {
      dispatcher: transport.dispatcher(),
      method: sent.method ?? 'POST',
      headers: { ...sent.headers, ...(body !== undefined && compress && { 'content-encoding': 'gzip' }) },
      body: body ?? null,
      signal,
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_REPLY) throw new Error(`the reply is longer than ${MAX_REPLY} bytes`);
      chunks.push(chunk);
    }
    return { status: statusCode, headers, text: Buffer.concat(chunks).toString('utf8'), url };
  }

  return {
    send: async (sent, signal) => {
      const body = sent.body !== undefined && compress ? await pack(sent.body, { level: 1 }) : sent.body;
      const tried = sent.url === undefined ? urls.map((_, i) => urls[(turn + i) % urls.length]!) : [sent.url];
      if (sent.url === undefined) turn = (turn + 1) % urls.length;
      const failures: string[] = [];
      for (const url of tried) {
        const deadline = AbortSignal.timeout(timeout);
        try {
          return await sendTo(url, sent, body, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
        } catch (error) {
          if (signal?.aborted === true) throw signal.reason;
          if (error instanceof QuarryError) throw error;
          const why = deadline.aborted ? `no reply within ${timeout / 1000} s` : reasonOf(error);
          failures.push(`${hostOf(url)}: ${why}`);
        }
      }
      throw new QuarryError('QRY5030', { what: failures.join('; ') });
    },
    close: () => transport.close(),
  };
}

/** A network error in words. The library's own error may hold the request, and is not passed on. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

const LONGEST_WAIT_MS = 3_600_000;

/** How long the destination asks to be left alone; an hour at most, whatever it says. */
export function retryAfter({ headers }: Reply): number | undefined {
  const header = headers['retry-after'];
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  const date = /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : Number.NaN;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : date - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), LONGEST_WAIT_MS);
}

const MAX_REASON = 500;
export const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line;
};

/** What a reply says that is about the destination and not about the events: they wait. */
export function later(reply: Reply, said = reply.text): Extract<Outcome, { readonly retry: string }> {
  const { status, headers, url } = reply;
  const target =
    status >= 300 && status < 400 ? `redirects to ${hostOfLocation(headers['location'])}, not followed` : '';
  const why = target === '' ? shortened(said) : target;
  const waitMs = retryAfter(reply);
  return { retry: `${hostOf(url)} answered ${status}: ${why}`, ...(waitMs !== undefined && { waitMs }) };
}

const hostOfLocation = (location: string | string[] | undefined): string => {
  const url = typeof location === 'string' ? URL.parse(location) : null;
  return url === null ? 'another path' : url.origin;
};
