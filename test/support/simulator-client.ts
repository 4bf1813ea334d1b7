/** A client for the simulator that shares nothing with Quarry's own: node:http, bytes as they came, saxes. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { SaxesParser } from 'saxes';
import type { Clock } from '../../src/core/clock.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Body as it came, still compressed. */
  readonly raw: Buffer;
  /** Body decoded; empty where it cannot be. */
  readonly text: string;
  /** Whether the HTTP framing ended as it should. */
  readonly clean: boolean;
}

export interface Ask {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly post?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** `user:password`; none sends no Authorization. */
  readonly as?: string | undefined;
  readonly userAgent?: boolean;
  readonly requestedWith?: boolean;
  readonly method?: string;
  readonly body?: string;
  /** Hang up after so many bytes of body. */
  readonly hangUpAfter?: number;
  /** Hang up when told to. */
  readonly signal?: AbortSignal;
}

interface Target {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export function ask(target: Target, path: string, options: Ask = {}): Promise<Reply> {
  const query = new URLSearchParams(
    Object.entries(options.params ?? {}).map(([k, v]): [string, string] => [k, String(v)]),
  ).toString();
  const url = options.post === true || query === '' ? target.url + path : `${target.url}${path}?${query}`;
  const body = options.body ?? (options.post === true ? query : undefined);
  const as = 'as' in options ? options.as : `${target.username}:${target.password}`;
  const headers: Record<string, string> = {
    ...(options.userAgent === false ? {} : { 'User-Agent': 'test' }),
    ...(options.requestedWith === false ? {} : { 'X-Requested-With': 'test' }),
    ...(as === undefined ? {} : { Authorization: `Basic ${Buffer.from(as).toString('base64')}` }),
    ...(options.post === true ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    let cut: (() => void) | undefined;
    const method = options.method ?? (options.post === true ? 'POST' : 'GET');
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (clean: boolean): void => {
        const raw = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          raw,
          text: decode(raw, response.headers),
          clean,
        });
      };
      cut = () => done(false);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (options.hangUpAfter !== undefined && size >= options.hangUpAfter) request.destroy();
      });
      response.on('end', () => done(response.complete));
      response.on('error', () => done(false));
    });
    // A socket's error is told to the request even when the answer has begun.
    request.on('error', (error) => (cut === undefined ? reject(error) : cut()));
    request.end(body);
    options.signal?.addEventListener('abort', () => request.destroy());
  });
}

function decode(raw: Buffer, headers: IncomingHttpHeaders): string {
  if (headers['content-encoding'] !== 'gzip') return raw.toString('utf8');
  try {
    return gunzipSync(raw).toString('utf8');
  } catch {
    return '';
  }
}

export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** The root element. Throws where saxes finds the text not well-formed. */
export function parseXml(text: string): Node {
  const parser = new SaxesParser();
  const top: Node = { name: '', attributes: {}, children: [], text: '' };
  const stack: Node[] = [top];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const node: Node = { name: tag.name, attributes: tag.attributes as Record<string, string>, children: [], text: '' };
    stack.at(-1)?.children.push(node);
    stack.push(node);
  });
  const add = (piece: string): void => {
    stack.at(-1)!.text += piece;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    stack.pop();
  });
  parser.write(text).close();
  const root = top.children[0];
  if (root === undefined) throw new Error('no root element');
  return root;
}

export function child(node: Node | undefined, name: string): Node | undefined {
  return node?.children.find((one) => one.name === name);
}

/** Trimmed text of a child; undefined where it is absent. */
export function value(node: Node | undefined, name: string): string | undefined {
  return child(node, name)?.text.trim();
}

export function all(node: Node, name: string): Node[] {
  const found: Node[] = [];
  for (const one of node.children) {
    if (one.name === name) found.push(one);
    found.push(...all(one, name));
  }
  return found;
}

/** The id_min a list's WARNING names; undefined on the last page. */
export function nextIdMin(root: Node): number | undefined {
  const warning = child(child(root, 'RESPONSE'), 'WARNING');
  if (warning === undefined) return undefined;
  return Number(new URL(value(warning, 'URL') ?? '').searchParams.get('id_min'));
}

/** A clock that stands until told to go; sleepers wake in order. */
export function manualClock(start: number): Clock & { tick(ms: number): Promise<void>; sleepers(): number } {
  let now = start;
  let waiting: { readonly at: number; wake(): void }[] = [];
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const entry = { at: now + ms, wake: resolve };
        waiting.push(entry);
        signal?.addEventListener('abort', () => {
          waiting = waiting.filter((one) => one !== entry);
          reject(signal.reason as Error);
        });
      }),
    sleepers: () => waiting.length,
    tick: async (ms) => {
      now += ms;
      const due = waiting.filter((one) => one.at <= now).sort((a, b) => a.at - b.at);
      waiting = waiting.filter((one) => one.at > now);
      for (const one of due) one.wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
