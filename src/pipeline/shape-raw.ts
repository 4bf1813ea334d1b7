import type { StreamIdentity } from '../core/words.ts';

/** Events as stored: see `outbox/segment.ts` for what id, tail and context are. */
export interface EventSource {
  readonly count: number;
  readonly bytes: Buffer;
  /** Where the id of event i begins; 32 characters. */
  idStart(i: number): number;
  tailStart(i: number): number;
  tailEnd(i: number): number;
  context(i: number): Buffer | undefined;
  /** The number event i had when it was stored. */
  number(i: number): number;
}

export interface EnvelopeFacts extends StreamIdentity {
  readonly pull: number;
  /** Epoch ms. */
  readonly pulledAt: number;
  /** The `seq` of event number 0. */
  readonly firstSeq: number;
  /** The name the context has inside a record (HOST). */
  readonly contextAs: string | undefined;
}

export interface Shaped {
  readonly bytes: Buffer;
  readonly ends: number[];
}

const CLOSE_BOTH = Buffer.from('}}\n');
const CLOSE_THREE = Buffer.from('}}}\n');
const OPEN_BRACE = 0x7b;
/** More than what is not counted of a line: an id, a number, quotes and braces. */
const ENVELOPE = 128;
const ID_LENGTH = 32;

/**
 * The `raw` format: one JSON object a line. The envelope is written, everything else is copied: nothing is parsed.
 * `only` picks events by number; all without it. The lines are written to a buffer from `take`.
 */
export function shapeRaw(
  events: EventSource,
  facts: EnvelopeFacts,
  only?: readonly number[],
  take: (bytes: number) => Buffer = Buffer.allocUnsafe,
): Shaped {
  const open = Buffer.from('{"id":"');
  const beforeSeq = Buffer.from('","seq":');
  const constant = Buffer.from(
    `,"dataset":${JSON.stringify(facts.dataset)},"tenant":${JSON.stringify(facts.tenant)},"subscription":${JSON.stringify(facts.subscription)}` +
      `,"connection":${JSON.stringify(facts.connection)},"pulling_id":"${facts.pull}","pulled_at":"${new Date(facts.pulledAt).toISOString()}",`,
  );
  const before = Buffer.from(`,${JSON.stringify(facts.contextAs ?? '')}:`);
  const fixed = ENVELOPE + constant.length + before.length;
  const count = only?.length ?? events.count;
  let size = 0;
  for (let k = 0; k < count; k++) {
    const i = only === undefined ? k : only[k]!;
    size += fixed + events.tailEnd(i) - events.tailStart(i) + (events.context(i)?.length ?? 0);
  }
  const bytes = take(size);
  const ends: number[] = [];
  let at = 0;
  for (let k = 0; k < count; k++) {
    const i = only === undefined ? k : only[k]!;
    at += open.copy(bytes, at);
    const id = events.idStart(i);
    at += events.bytes.copy(bytes, at, id, id + ID_LENGTH);
    at += beforeSeq.copy(bytes, at);
    at = writeNumber(bytes, at, facts.firstSeq + events.number(i));
    at += constant.copy(bytes, at);
    const end = events.tailEnd(i);
    at += events.bytes.copy(bytes, at, events.tailStart(i), end);
    const context = events.context(i);
    if (context === undefined) {
      at += CLOSE_BOTH.copy(bytes, at);
    } else {
      // A record without a member of its own takes no comma.
      at += before.copy(bytes, at, events.bytes[end - 1] === OPEN_BRACE ? 1 : 0);
      at += context.copy(bytes, at, 0, context.length - 1);
      at += CLOSE_THREE.copy(bytes, at);
    }
    ends.push(at);
  }
  return { bytes: bytes.subarray(0, at), ends };
}

/** A whole number in decimal; returns where it ends. */
function writeNumber(bytes: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}
