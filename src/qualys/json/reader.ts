/**
 * The JSON reader. The document is followed byte by byte to where its records stand (`around.ts`); each record is found
 * by its brackets alone (`element.ts`) and goes through JSON.parse, which judges it (`value.ts`); what stands around the
 * records is kept and parsed at the end. Memory depends on the largest record, not on the document.
 *
 * A record whose bytes already are what JSON.stringify would write, as Qualys's are, is copied; any other is written
 * anew.
 */
import type { AnswerEnd, AnswerReader, JsonFormat } from '../../core/format.ts';
import type { Fields, RecordHandler } from '../../core/words.ts';
import { createWindow, failureAt, overLimitAt, readThrough } from '../window.ts';
import { createAround, LIST, NOTHING } from './around.ts';
import { COMMA, LOOSE, OPEN_BRACE, QUOTE, SPACE, TOKEN } from './bytes.ts';
import { beginElement, createElementScan, scanElement } from './element.ts';
import { JSON_LIMITS, type JsonLimits } from './limits.ts';
import { countNames, failingAt, type Parsed, parseJson } from './value.ts';
import { createObjectView } from './view.ts';

/** Where the reader stands. */
const BEGINNING = 0;
const AROUND = 1;
const BEFORE_RECORD = 2;
const IN_RECORD = 3;
const AFTER_RECORD = 4;

const CLOSE_BRACKET = 0x5d;

/**
 * A reader for one JSON answer: feed it the decompressed bytes in chunks of any size; it calls the handler at once, in
 * document order. After it has thrown, it stays failed.
 */
export function createJsonReader(
  format: JsonFormat,
  handler: RecordHandler,
  limits: Partial<JsonLimits> = {},
): AnswerReader {
  const all = { ...JSON_LIMITS, ...limits };
  const { wrapped } = format;
  const path = format.records === '' ? [] : format.records.split('/');
  const window = createWindow(all);
  const around = createAround(path, window, all);
  const element = createElementScan(all.depth);
  const view = createObjectView(all.names, () => {
    throw overLimitAt(window, 'Too many different names', all.names, element.start);
  });
  const wrappedBytes = wrapped === undefined ? 0 : Buffer.byteLength(JSON.stringify(wrapped));
  let state = BEGINNING;
  let position = 0;
  let single = false;
  let records = 0;
  let last: Fields | undefined;

  const fail = (what: string, at: number) => failureAt(window, 'QRY3001', what, at);

  /** The element's bytes lie between `element.start` and `position`. */
  const endElement = (): void => {
    const { start, seen, outer, inner } = element;
    let parsed: Parsed;
    try {
      parsed = parseJson(window.bytes, start, position, seen);
    } catch (thrown) {
      throw fail('A record is no JSON', failingAt(thrown, window.bytes, start, position));
    }
    const whole = parsed.value as Fields;
    const own = wrapped !== undefined && Object.hasOwn(whole, wrapped) ? whole[wrapped] : undefined;
    const isWrapped = typeof own === 'object' && own !== null && !Array.isArray(own);
    const record = isWrapped ? (own as Fields) : whole;
    last = isWrapped ? whole : undefined;
    if (single && !format.fields.some((name) => Object.hasOwn(record, name)))
      throw fail('An object that is none of these records stands in their place', start);
    view.flags = parsed.flags;
    if (parsed.asWritten && (seen & LOOSE) === 0 && countNames(whole) === element.names) {
      const names = Object.keys(record);
      if (isWrapped) {
        const valueAt = outer.at[Object.keys(whole).indexOf(wrapped!)]! + 1 + wrappedBytes + 1;
        view.show(record, names, window.bytes, start, inner.at, inner.at.indexOf(valueAt));
      } else view.show(record, names, window.bytes, start, outer.at, 0);
    } else view.showWritten(record);
    records++;
    handler.record(view);
  };

  const scan = (): void => {
    const { bytes, length } = window;
    if (state === BEGINNING) {
      if (length < 3 && bytes[0] === 0xef) return;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) position = 3;
      state = AROUND;
    }
    while (position < length) {
      if (state === AROUND) {
        const begins = around.step(position);
        if (begins === NOTHING) position++;
        else if (begins === LIST) {
          state = BEFORE_RECORD;
          position++;
        } else {
          single = true;
          beginElement(element, position);
          state = IN_RECORD;
        }
        continue;
      }
      if (state === IN_RECORD) {
        const whole = scanElement(element, window, all, around.depth);
        position = element.position;
        if (!whole) return;
        endElement();
        state = AFTER_RECORD;
        if (single) {
          single = false;
          state = AROUND;
          around.placed();
        }
        continue;
      }
      betweenRecords(bytes[position]!);
    }
  };

  /** A byte of the array, outside its elements. */
  let first = true;
  const betweenRecords = (byte: number): void => {
    const token = TOKEN[byte]!;
    if (token === SPACE) position++;
    else if (byte === CLOSE_BRACKET && (state === AFTER_RECORD || first)) {
      position++;
      first = true;
      state = AROUND;
      around.placed();
    } else if (state === AFTER_RECORD) {
      if (token !== COMMA) throw fail('No comma stands between two records', position);
      position++;
      first = false;
      state = BEFORE_RECORD;
    } else {
      if (byte !== OPEN_BRACE) throw fail('An element of the list is no record', position);
      beginElement(element, position);
      state = IN_RECORD;
    }
  };

  return readThrough(
    window,
    {
      scan,
      keep: () => (state === IN_RECORD ? element.start : position),
      moved: (by) => {
        position -= by;
        element.start -= by;
        element.position -= by;
      },
      end: (): AnswerEnd => {
        if (!around.ended || state !== AROUND)
          throw failureAt(window, 'QRY3002', 'The answer ends before its document does', window.length);
        const beside = last === undefined ? [] : Object.entries(last).filter(([name]) => name !== wrapped);
        return {
          root: 'json',
          envelope: around.envelope(),
          ...(beside.length > 0 && { beside: Object.fromEntries(beside) }),
          outer: records,
          records,
          bytes: window.offset + window.length,
        };
      },
    },
    all,
    QUOTE,
  );
}
