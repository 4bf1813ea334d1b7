import type { Readable } from 'node:stream';
import { QuarryError } from '../core/errors.ts';
import { type BodyLimits, decodedBody } from './body.ts';
import type { CallTimer } from './call-timer.ts';
import type { Slot } from './governor.ts';
import { type Headers, header } from './limit-headers.ts';

/** The rest of a discarded answer is read up to here, so that its connection and its slot are free at once. */
const DISCARD_MOST = 256 * 1024;

export interface AnswerBody extends AsyncIterable<Buffer> {
  discard(): Promise<void>;
}

/**
 * The body of an answer and the end of its call: read to the end, or cut by the other side, the slot is released; left
 * by us (early return, time-out, abort, a limit), it is abandoned, since Qualys may go on.
 */
export function answerBody(options: {
  readonly body: Readable;
  readonly headers: Headers;
  readonly timer: CallTimer;
  readonly slot: Slot;
  readonly limits: BodyLimits;
  readonly where: string;
  /** A network error as a QuarryError. */
  readonly broken: (thrown: unknown) => QuarryError;
}): AnswerBody {
  const { body, headers, timer, slot, limits, where, broken } = options;
  const encoding = header(headers, 'content-encoding')?.toLowerCase();
  const chunks = decodedBody(body, encoding, timer, limits, where);

  function left(): void {
    timer.stop();
    slot.abandon();
    body.destroy();
  }
  body.on('error', () => undefined); // it reaches the reader, if there is one; destroying a body midway is one, too
  timer.signal.addEventListener('abort', left, { once: true });

  const iterator: AsyncIterator<Buffer> = {
    async next() {
      try {
        const next = await chunks.next();
        if (next.done !== true) return next;
        timer.stop();
        slot.release();
        return { done: true, value: undefined };
      } catch (thrown) {
        if (timer.ended !== undefined) {
          left();
          throw timer.ended.reason;
        }
        if (thrown instanceof QuarryError && thrown.code !== 'QRY3002' && thrown.code !== 'QRY2005') {
          left();
          throw thrown;
        }
        timer.stop();
        slot.release();
        throw thrown instanceof QuarryError ? thrown : broken(thrown);
      }
    },
    async return() {
      left();
      await chunks.return();
      return { done: true, value: undefined };
    },
  };
  return {
    [Symbol.asyncIterator]: () => iterator,
    async discard() {
      let bytes = 0;
      try {
        for (;;) {
          const next = await iterator.next();
          if (next.done === true) return;
          bytes += next.value.length;
          if (bytes > DISCARD_MOST) break;
        }
      } catch {
        return; // nobody wants it: a broken rest is as good as a whole one
      }
      await iterator.return?.();
    },
  };
}
