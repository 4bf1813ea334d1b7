/**
 * The values of a finding, read from the bytes of JSON as the functions of `said.ts` read them from what JSON.parse
 * makes: what is spelled as nearly all are (digits, `2026-01-01T00:00:00Z`) at once, anything else by parsing it.
 */
import type { Value } from '../../core/words.ts';
import { bit, time, whole } from '../values.ts';
import { HOST, QID } from './events.ts';
import type { JsonBytes } from './json-bytes.ts';
import { MEMBERS } from './said.ts';
import { findingKey, type Place, placeOf } from './state.ts';

type Read = (value: Value | undefined) => number;

export interface Member {
  readonly name: Uint8Array;
  /** Its place among what is said of a finding. */
  readonly slot: number;
  readonly read: Read;
  /** Spellings that were read by parsing. */
  readonly known: { readonly json: Buffer; readonly number: number }[];
}

/** Members by the length of their names. */
export const MEMBERS_BY_LENGTH: readonly (readonly Member[])[] = Array.from({ length: 32 }, (_, length) =>
  Object.values(MEMBERS).flatMap(([name, read], slot) =>
    name.length === length ? [{ name: Buffer.from(name), slot, read, known: [] }] : [],
  ),
);

const [QUOTE, COMMA, COLON, MINUS, LETTER_T, LETTER_Z, ZERO, CLOSE] = [...Buffer.from('",:-TZ0}')] as [
  ...[number, number, number, number, number, number, number, number],
];
/** The record's own time, beside the members of a record. */
export const EVENT_TIME: Pick<Member, 'read' | 'known'> = { read: time, known: [] };

/** For each month from January 1970 to December 2200: the day it begins, counted from 1970, and how many it has. */
const MONTHS = Array.from({ length: 231 * 12 }, (_, month) => Date.UTC(1970, month, 1) / 86_400_000);
const DAYS_IN = MONTHS.map((from, month) => Date.UTC(1970, month + 1, 1) / 86_400_000 - from);
const DATE_TIME = 20;
const SHORT = 64;
/** Of a member: statuses and types are few; what has more spellings is no such thing. */
const MOST_SPELLINGS = 32;
const MOST_PLACES = 20_000;
/** Ends what Qualys gives as a score with a severity around it: `{"@severity":"HIGH","#text":"95"}`. */
const TEXT = Buffer.from('"#text":"');

/** Places by a hash of their JSON, with that JSON: comparing bytes is cheaper than making a text to look up. */
const places = new Map<number, { readonly json: Buffer; readonly place: Place }>();

export function findingValues(bytes: Buffer, { digits, isAt, stringEnd, parse }: JsonBytes) {
  /** What `time` says of the 20 characters from `from` on; -1 where they are no such date. */
  function dateTime(from: number): number {
    if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS || bytes[from + 10] !== LETTER_T) return -1;
    if (bytes[from + 13] !== COLON || bytes[from + 16] !== COLON || bytes[from + 19] !== LETTER_Z) return -1;
    const year = two(from) * 100 + two(from + 2);
    const month = two(from + 5);
    const day = two(from + 8);
    const hour = two(from + 11);
    const minute = two(from + 14);
    const second = two(from + 17);
    // Nobody asks what Date.parse makes of a 30th of February or of second 60: it is given to it.
    if (!(year >= 1970 && year <= 2200 && month >= 1 && month <= 12 && day >= 1)) return -1;
    if (day > 28 && day > DAYS_IN[(year - 1970) * 12 + month - 1]!) return -1;
    if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59)) return -1;
    const midnight = (MONTHS[(year - 1970) * 12 + month - 1]! + (day - 1)) * 86_400;
    return (midnight + hour * 3600 + minute * 60 + second) * 1000;
  }

  /** Two digits; far below 0 for anything else. */
  function two(at: number): number {
    const tens = bytes[at]! - ZERO;
    const ones = bytes[at + 1]! - ZERO;
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1_000_000;
  }

  /** The number in an object in from..to that ends with a text of digits; -1 where it does not. */
  function numberAtEnd(from: number, to: number): number {
    let at = to - 3;
    while (at > from && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at--;
    const isText = bytes[to - 1] === CLOSE && bytes[to - 2] === QUOTE && isAt(TEXT, at + 1 - TEXT.length);
    return isText ? digits(at + 1, to - 2) : -1;
  }

  /** The value in from..to as the member's `read` says. */
  function value({ read, known }: Pick<Member, 'read' | 'known'>, from: number, to: number): number {
    const isText = bytes[from] === QUOTE;
    if (isText && to - from === 2) return 0;
    let number = -1;
    if (read === whole) number = isText ? digits(from + 1, to - 1) : numberAtEnd(from, to);
    else if (isText && read === time) number = to - from === DATE_TIME + 2 ? dateTime(from + 1) : -1;
    else if (isText && read === bit && to - from === 3)
      number = digits(from + 1, to - 1) > 1 ? -1 : digits(from + 1, to - 1);
    if (number >= 0) return number;
    for (const { json, number } of known) if (json.length === to - from && isAt(json, from)) return number;
    number = read(parse(from, to) as Value);
    if (known.length < MOST_SPELLINGS && to - from <= SHORT)
      known.push({ json: Buffer.from(bytes.subarray(from, to)), number });
    return number;
  }

  /** The place whose JSON, from behind the QID on, lies in at..to. */
  function placeAt(from: number, at: number, to: number): Place {
    let name = 0;
    for (let i = at; i < to; i++) name = Math.imul(name ^ bytes[i]!, 16_777_619);
    const found = places.get(name);
    if (found !== undefined && found.json.length === to - at && isAt(found.json, at)) return found.place;
    if (places.size >= MOST_PLACES) places.clear();
    const place = placeOf((parse(from, to) as string[]).slice(2));
    places.set(name, { json: Buffer.from(bytes.subarray(at, to)), place });
    return place;
  }

  /** Puts host and QID of the key whose JSON lies in from..to among `numbers`; the place, undefined without both. */
  function key(from: number, to: number, numbers: Float64Array): Place | undefined {
    const hostTo = stringEnd(from + 2);
    const host = bytes[from + 1] === QUOTE ? digits(from + 2, hostTo) : -1;
    const isQid = bytes[hostTo + 1] === COMMA && bytes[hostTo + 2] === QUOTE;
    const qidTo = isQid ? stringEnd(hostTo + 3) : hostTo;
    const qid = isQid ? digits(hostTo + 3, qidTo) : -1;
    numbers[HOST] = host;
    numbers[QID] = qid;
    if (host > 0 && qid > 0) return placeAt(from, qidTo, to);
    const found = findingKey(parse(from, to) as string[]);
    numbers[HOST] = found?.host ?? 0;
    numbers[QID] = found?.qid ?? 0;
    return found?.place;
  }

  return { value, key };
}
