import { createHash } from 'node:crypto';
import type { Batch } from '../../core/sink.ts';
import type { Line, Part } from '../http/deliver.ts';

/** One operation of a `_bulk` body. */
export interface Action extends Part {
  readonly op: 'create' | 'index' | 'delete';
  readonly id: string;
}

export interface Choice {
  readonly mode: 'log' | 'current';
  readonly removed: 'delete' | 'keep';
  /** `@timestamp` is put into documents: their format has none, and a data stream wants one. */
  readonly stamped: boolean;
}

const LF = Buffer.from('\n');
const BRACE = 0x7b;

/** What is asked for one record: to be made once under its id, or to be put under its key if it is the newest. */
export function actionOf(line: Line, index: string, { mode, removed, stamped }: Choice): Action {
  const { batch, event, id } = line;
  const document = stamped ? withTimestamp(line) : [line.bytes];
  if (mode === 'log') {
    const head = JSON.stringify({ create: { _index: index, _id: id } });
    return { op: 'create', id, pieces: [Buffer.from(`${head}\n`), ...document, LF] };
  }
  const op = batch.change(event) === 'removed' && removed === 'delete' ? 'delete' : 'index';
  const key = keyId(line);
  // Not by JSON.stringify: the version has more digits than a JavaScript number.
  const target = `"_index":${JSON.stringify(index)},"_id":"${key}","version":${version(batch, event)},"version_type":"external"`;
  const head = Buffer.from(`{"${op}":{${target}}}\n`);
  return { op, id: key, pieces: op === 'delete' ? [head] : [head, ...document, LF] };
}

function withTimestamp({ batch, event, bytes }: Line): readonly Buffer[] {
  if (bytes[0] !== BRACE) return [bytes];
  const comma = bytes.length > 2 ? ',' : '';
  return [Buffer.from(`{"@timestamp":${JSON.stringify(batch.time(event))}${comma}`), bytes.subarray(1)];
}

/** Ids may have 512 bytes, keys are longer; further records of one event stand beside the first. */
function keyId({ batch, event, number, route }: Line): string {
  const { tenant, subscription, dataset } = batch;
  const hash = createHash('sha256').update(JSON.stringify([tenant, subscription, dataset]));
  hash.update(batch.key(event));
  if (number > 0) hash.update(`\n${number} ${route ?? ''}`);
  return hash.digest('base64url');
}

/** Seconds before which no pull was made, so that the version has room for sixty years. */
const FIRST_SECOND = Date.UTC(2020) / 1000;

/**
 * What says which of two events of a key is the newer: the second its pull began, then the stream's sequence number. The
 * number alone would begin anew with a new data directory, and nothing would ever be newer than what is there.
 */
export function version(batch: Batch, event: number): bigint {
  const second = Math.max(0, Math.floor(Number(batch.pullingId) / 1000) - FIRST_SECOND);
  return (BigInt(second) << 32n) | (BigInt(batch.seq(event)) & 0xffffffffn);
}
