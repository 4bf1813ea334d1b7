/**
 * An answer on its way to the client: text pieces → bytes → gzip where asked for → socket, each with back-pressure, and
 * the faults of bytes and pace.
 *
 * Pieces are joined to chunks of about CHUNK characters, and the event loop gets a turn after each chunk and after a
 * run of empty pieces, so that one huge answer does not starve the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import type { Clock } from '../core/clock.ts';
import { BAD_BYTES, spoil } from './fault-text.ts';
import type { ActiveFaults } from './faults.ts';
import { type Answer, CutOff } from './routes/route.ts';

const CHUNK = 64 * 1024;
const BREATHS = 20;
/** Milliseconds for what was written to reach the client before the line is cut; a reset throws away what is unread. */
const SETTLE_MS = 25;
const INVALID_UTF8 = Buffer.from([0xc3, 0x28]);

export interface Delivery {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: Answer;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: ActiveFaults;
  readonly clock: Clock;
  /** Ends stalls and sleeps when the simulator closes. */
  readonly closing: AbortSignal;
  bytes(count: number): void;
  /** Called just before the answer's last bytes leave, so that a client that sees the end finds its slot free. */
  ending(): void;
}

/** How it went: all sent, cut off by a fault, or the client went away first. */
export type Outcome = 'whole' | 'cut' | 'left';

/**
 * Resolves when the server is through with the answer, whether or not the client stayed. Rejects only for a defect of a
 * route; the connection is then destroyed, so that the answer cannot pass for a whole one.
 */
export async function deliver(delivery: Delivery): Promise<Outcome> {
  const { request, response, answer, faults } = delivery;
  if (response.destroyed) return 'left';
  const bomb = faults.number('gzip-bomb', 1024);
  const cutGzip = faults.has('gzip-cut');
  const asked = answer.status !== 204 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const gzip = bomb !== undefined || cutGzip || asked;
  const headers: Record<string, string> = { ...delivery.headers, 'Content-Type': answer.type, Vary: 'Accept-Encoding' };
  if (gzip) headers['Content-Encoding'] = 'gzip';

  const extra = faults.number('content-length-too-long', 1000);
  if (extra !== undefined) {
    const whole = await collect(bytesOf(answer.body, delivery), gzip);
    response.writeHead(answer.status, {
      ...headers,
      'Content-Length': String(whole.length + extra),
      Connection: 'close',
    });
    response.write(whole);
    await new Promise<void>((resolve) => {
      if (response.socket === null) resolve();
      else response.socket.end(resolve);
    });
    return 'cut';
  }

  response.writeHead(answer.status, headers);
  if (faults.has('stall')) {
    response.flushHeaders();
    await gone(response, delivery.closing);
    return 'left';
  }
  const body = bomb === undefined ? bytesOf(answer.body, delivery) : blanks(bomb);
  const source = Readable.from(body, { objectMode: false, highWaterMark: CHUNK });
  const sink = socketSink(delivery);
  try {
    if (cutGzip) await pipeline(source, compressor(), withoutTrailer(), sink);
    else if (gzip) await pipeline(source, compressor(), sink);
    else await pipeline(source, sink);
    return 'whole';
  } catch (error) {
    response.destroy();
    if (error instanceof CutOff) return 'cut';
    if (error instanceof ClientGone || delivery.closing.aborted || isPrematureClose(error)) return 'left';
    throw error;
  }
}

class ClientGone extends Error {}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function* bytesOf(body: Iterable<string>, { faults, clock, closing, bytes }: Delivery): AsyncGenerator<Buffer> {
  const cut = faults.number('truncated-at', 2000);
  let left = cut ?? Number.POSITIVE_INFINITY;
  const pace = faults.number('keep-alive-slow', 1000);
  let text = '';
  let breaths = 0;
  for (const piece of pieces(spoil(body, faults))) {
    if (piece instanceof CutOff) {
      yield encode(text);
      await pause(SETTLE_MS);
      throw piece;
    }
    text += piece;
    if (piece === '' && ++breaths % BREATHS === 0) await turn();
    const slow = pace !== undefined && piece.startsWith('<!-- keep-alive');
    if (text.length < CHUNK && !slow) continue;
    const chunk = encode(text);
    text = '';
    bytes(chunk.length);
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
    await (slow ? clock.sleep(pace, closing) : turn());
  }
  // An answer shorter than the cut loses its end all the same, from the last closing tag or bracket on.
  const chunk = encode(cut === undefined ? text : text.slice(0, Math.max(0, lastClosing(text)))).subarray(0, left);
  bytes(chunk.length);
  if (chunk.length > 0) yield chunk;
}

function lastClosing(text: string): number {
  const tag = text.lastIndexOf('</');
  return tag >= 0 ? tag : Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'));
}

/** The pieces, and as the last one the cut a route made, so that what came before it is still sent. */
function* pieces(body: Iterable<string>): Generator<string | CutOff> {
  try {
    yield* body;
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
    yield error;
  }
}

function encode(text: string): Buffer {
  const buffer = Buffer.from(text, 'utf8');
  if (!text.includes(BAD_BYTES)) return buffer;
  const mark = Buffer.from(BAD_BYTES, 'utf8');
  const at = buffer.indexOf(mark);
  return Buffer.concat([buffer.subarray(0, at), INVALID_UTF8, buffer.subarray(at + mark.length)]);
}

function compressor(): Transform {
  return createGzip({ level: constants.Z_BEST_SPEED });
}

async function collect(body: AsyncIterable<Buffer>, gzip: boolean): Promise<Buffer> {
  const source = Readable.from(body, { objectMode: false });
  const stream = gzip ? source.pipe(compressor()) : source;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function* blanks(megabytes: number): Generator<Buffer> {
  yield Buffer.from('<?xml version="1.0" encoding="UTF-8" ?>\n<X_OUTPUT>');
  const blank = Buffer.alloc(1024 * 1024, 0x20);
  for (let n = 0; n < megabytes; n++) yield blank;
  yield Buffer.from('</X_OUTPUT>\n');
}

/** Gzip without its last eight bytes: checksum and length. */
function withoutTrailer(): Transform {
  let tail: Buffer = Buffer.alloc(0);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const all = Buffer.concat([tail, chunk]);
      tail = all.subarray(Math.max(0, all.length - 8));
      done(null, all.subarray(0, Math.max(0, all.length - 8)));
    },
  });
}

/** Writes to the response as fast as the client reads, unless a fault says otherwise. */
function socketSink({ response, faults, clock, closing, ending }: Delivery): Writable {
  const resetAt = faults.number('reset-at', 2000);
  const chunkCut = faults.number('chunk-cut', 2000);
  const loris = faults.has('slow-loris');
  const cutAt = resetAt ?? chunkCut;
  let sent = 0;
  const cut = async (part: Buffer): Promise<never> => {
    if (part.length > 0) response.write(part);
    await pause(SETTLE_MS);
    const { socket } = response;
    if (socket === null) throw new ClientGone();
    if (resetAt !== undefined) socket.resetAndDestroy();
    // A chunk announced longer than what comes of it, then a clean end of the connection.
    else await new Promise<void>((resolve) => socket.end('fff\r\n<HOST', resolve));
    throw new CutOff('cut by a fault');
  };
  const put = async (chunk: Buffer): Promise<void> => {
    if (response.destroyed) throw new ClientGone();
    if (loris) {
      for (const byte of chunk) {
        if (response.destroyed) throw new ClientGone();
        response.write(Buffer.of(byte));
        await clock.sleep(1000, closing);
      }
      return;
    }
    if (cutAt !== undefined && sent + chunk.length >= cutAt) await cut(chunk.subarray(0, cutAt - sent));
    sent += chunk.length;
    if (!response.write(chunk)) await drained(response);
  };
  return new Writable({
    highWaterMark: CHUNK,
    write: (chunk: Buffer, _encoding, done) => {
      put(chunk).then(() => done(), done);
    },
    final: (done) => {
      // An answer shorter than asked for is cut as well, just before its end.
      if (cutAt !== undefined) {
        cut(Buffer.alloc(0)).catch(done);
        return;
      }
      ending();
      response.end(done);
    },
    destroy: (error, done) => {
      // A failed answer must never look finished.
      if (error !== null && chunkCut === undefined) response.destroy();
      done(error);
    },
  });
}

async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) throw new ClientGone();
  await new Promise<void>((resolve, reject) => {
    const onDrain = (): void => {
      response.off('close', onClose);
      resolve();
    };
    const onClose = (): void => {
      response.off('drain', onDrain);
      reject(new ClientGone());
    };
    response.once('drain', onDrain);
    response.once('close', onClose);
  });
}

async function gone(response: ServerResponse, closing: AbortSignal): Promise<void> {
  if (response.destroyed || closing.aborted) return;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    closing.addEventListener('abort', () => resolve(), { once: true });
  });
}
