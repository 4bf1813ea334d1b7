import type { Format } from '../../src/core/format.ts';
import { ASSETS, DETECTIONS, EVENTS, HOSTS, LOG } from './bodies.ts';
import { csvAttacks } from './csv-attacks.ts';
import { jsonAttacks } from './json-attacks.ts';
import { xmlAttacks } from './xml-attacks.ts';

/** A body made by hand to break something, and what has to come of it: `read`, or the code of the refusal. */
export interface Attack {
  readonly name: string;
  readonly format: Format;
  readonly body: () => Iterable<Uint8Array>;
  readonly outcome: string;
}

/** A piece of a body: a text, bytes, or either so many times. */
export type Piece = string | Uint8Array | readonly [piece: string | Uint8Array, times: number];

/** A row of a table of attacks. */
export type Row = readonly [name: string, outcome: string, ...body: Piece[]];

const MIB = 2 ** 20;

/** Pieces in chunks of about a MiB, so that no body stands in memory whole. */
function* chunks(pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    const [one, times] = Array.isArray(piece)
      ? (piece as readonly [string | Uint8Array, number])
      : [piece as string, 1];
    const bytes = Buffer.from(one);
    const each = Math.min(times, Math.max(1, Math.floor(MIB / Math.max(1, bytes.length))));
    const block = Buffer.alloc(bytes.length * each, bytes);
    for (let left = times; left > 0; left -= each) yield block.subarray(0, bytes.length * Math.min(left, each));
  }
}

const of = (format: Format, family: string, rows: readonly Row[]): Attack[] =>
  rows.map(([name, outcome, ...pieces]) => ({
    name: `${family}: ${name}`,
    format,
    outcome,
    body: () => chunks(pieces),
  }));

/** All of them; whatever names a URL to be fetched names the canary's. */
export const ATTACKS = (canary: string): Attack[] => {
  const xml = xmlAttacks(canary);
  const json = jsonAttacks(canary);
  return [
    ...of(HOSTS, 'XML document', xml.documents),
    ...of(DETECTIONS, 'XML detection', xml.detections),
    ...of(EVENTS, 'JSON array', json.arrays),
    ...of(ASSETS, 'JSON document', json.documents),
    ...of(LOG, 'CSV', csvAttacks(canary)),
  ];
};
