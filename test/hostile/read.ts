import { QuarryError } from '../../src/core/errors.ts';
import type { Format } from '../../src/core/format.ts';
import type { RecordView } from '../../src/core/words.ts';
import { createReader } from '../../src/qualys/reader.ts';

/** What came of one body: `read`, or the code of the refusal. Anything else thrown is a crash. */
export interface Outcome {
  readonly outcome: string;
  readonly records: number;
  /** CPU, so that a busy machine changes nothing. */
  readonly cpuMs: number;
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** Used again for every record, so that what this check leaves behind does not count as the reader's memory. */
let target = Buffer.alloc(0);

/** One line of valid JSON, no more and no less; throws where it is not. */
function checkWritten(view: RecordView): void {
  if (target.length < view.maxBytes) target = Buffer.alloc(view.maxBytes);
  const text = strict.decode(target.subarray(0, view.write(target, 0)));
  const record: unknown = JSON.parse(text);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw new TypeError('no object');
  if (/[\n\r]/.test(text)) throw new TypeError('more than one line');
  if (JSON.stringify(record) !== text) throw new TypeError('not as JSON.stringify writes it');
  const { count, ends, starts } = view.members;
  if (count !== Object.keys(record).length) throw new TypeError('members are missing');
  for (let i = 0; i < count; i++) JSON.parse(`{${target.toString('utf8', starts[i], ends[i])}}`);
}

/** Reads a body in chunks as the product would, checking whatever it accepts. */
export function readHostile(format: Format, body: Iterable<Uint8Array>): Outcome {
  const before = process.cpuUsage();
  let records = 0;
  const check = (view: RecordView) => {
    records++;
    checkWritten(view);
  };
  let outcome = 'read';
  try {
    const reader = createReader(format, { record: check, outer: checkWritten, ids: () => undefined });
    for (const chunk of body) reader.write(chunk);
    JSON.stringify(reader.end());
  } catch (thrown) {
    if (!(thrown instanceof QuarryError)) throw thrown;
    outcome = thrown.code;
  }
  const { user, system } = process.cpuUsage(before);
  return { outcome, records, cpuMs: (user + system) / 1000 };
}

export function* inChunks(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
