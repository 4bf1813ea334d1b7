import type { Refusal } from './governor.ts';
import type { Headers } from './limit-headers.ts';
import type { Redact } from './redact.ts';

/** An answer whose headers have come. Its body must be read to the end, left early, or discarded: it holds a call slot. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The Date header, epoch milliseconds. */
  readonly serverTime: number | undefined;
  /** Decompressed; to be read once, a chunk good until the next one is asked for. Leaving it early abandons the call. */
  readonly body: AsyncIterable<Buffer>;
  /** Which of the call's versions answered. */
  readonly version: string | undefined;
  /** For a 409 or 429: what its body said. */
  refused(refusal: Refusal): void;
  /** Its body refuses the credentials, whatever its status says: whoever calls next waits for a new sign-in probe. */
  doubt(): void;
  /** Reads the rest and drops it if it is short, else leaves. */
  discard(): Promise<void>;
  /** Takes this connection's secrets out of a text. */
  readonly redact: Redact;
}
