/**
 * The CSV reader: RFC 4180 with Qualys's markers around body and footer, or without. One row at a time is looked for in
 * the bytes (`row.ts`); memory depends on the largest row.
 *
 * What says that the answer is whole: the END marker of a body that had a BEGIN marker, the END marker of a footer, or,
 * where there are no markers, a last row that ended. Rows with too few or too many fields are kept.
 */
import { isUtf8 } from 'node:buffer';
import type { AnswerEnd, AnswerReader, CsvFormat } from '../../core/format.ts';
import type { Fields, Flag, RecordHandler } from '../../core/words.ts';
import { createObjectView } from '../json/view.ts';
import { createWindow, failureAt, overLimitAt, readThrough } from '../window.ts';
import { CSV_LIMITS, type CsvLimits } from './limits.ts';
import { AT_START, beginRow, createRowScan, fieldsOf, QUOTED, scanRow } from './row.ts';

const BEGIN_BODY = '----BEGIN_RESPONSE_BODY_CSV';
const END_BODY = '----END_RESPONSE_BODY_CSV';
const BEGIN_FOOTER = '----BEGIN_RESPONSE_FOOTER_CSV';
const END_FOOTER = '----END_RESPONSE_FOOTER_CSV';
const MARKER = '----';

/** Where the reader stands. */
const BEGINNING = 0;
const HEADER = 1;
const ROWS = 2;
const AFTER_BODY = 3;
const FOOTER = 4;
const DONE = 5;

const NO_FLAGS: readonly Flag[] = [];

/** A reader for one CSV answer, fed and ended like the others. After it has thrown, it stays failed. */
export function createCsvReader(
  format: CsvFormat,
  handler: RecordHandler,
  limits: Partial<CsvLimits> = {},
): AnswerReader {
  const all = { ...CSV_LIMITS, ...limits };
  const window = createWindow(all);
  const row = createRowScan();
  const view = createObjectView(all.names, () => {
    throw overLimitAt(window, 'Too many different names', all.names, row.start);
  });
  let state = BEGINNING;
  let marked = false;
  let names: readonly string[] = [];
  /** The last field of every row so far stood in quotes; then so does that of a last row that is whole. */
  let quotes = false;
  const footer: string[][] = [];
  let records = 0;

  const fail = (what: string) => failureAt(window, 'QRY3001', what, row.start);
  const cut = (what: string) => failureAt(window, 'QRY3002', what, window.length);
  const lastIsQuoted = (): boolean => {
    const from = row.ends.length < 2 ? 0 : row.ends.at(-2)! + 1;
    return window.bytes[row.start + from] === 0x22;
  };

  const header = (fields: readonly string[]): void => {
    const seen = new Set<string>();
    names = fields.map((text, i) => {
      const name = text.trim();
      const usable = name !== '' && !seen.has(name);
      seen.add(name);
      return usable ? name : `#${i + 1}`;
    });
    const wanted = format.fields[0];
    if (wanted !== undefined && !seen.has(wanted))
      throw fail(`This is another document: its first row does not name ${wanted}`);
    quotes = lastIsQuoted();
  };

  const record = (fields: readonly string[]): void => {
    view.flags = flagsOf(fields);
    view.showWritten(Object.fromEntries(fields.map((text, i) => [names[i] ?? `#${i + 1}`, text])));
    records++;
    quotes &&= lastIsQuoted();
    handler.record(view);
  };
  const flagsOf = (fields: readonly string[]): readonly Flag[] => {
    const replaced = fields.some((text) => text.includes('\ufffd'));
    const flags: Flag[] = replaced && !isUtf8(window.bytes.subarray(row.start, row.position)) ? ['invalid_utf8'] : [];
    if (row.control) flags.push('control_chars');
    return flags.length === 0 ? NO_FLAGS : flags;
  };

  /** A row, or a marker, has ended. */
  const rowEnded = (): void => {
    const fields = fieldsOf(row, window.bytes);
    const text = fields[0]!.trim();
    const alone = fields.length === 1 && window.bytes[row.start] !== 0x22;
    if (alone && text === '' && state !== FOOTER) return;
    const marker = alone && text.startsWith(MARKER) ? text : undefined;
    if (state === FOOTER) {
      if (marker === END_FOOTER) state = DONE;
      else if (footer.push(fields) > all.footerRows)
        throw overLimitAt(window, 'The footer has too many rows', all.footerRows, row.start);
    } else if (marker === BEGIN_FOOTER && state !== HEADER && state !== DONE && (!marked || state === AFTER_BODY)) {
      state = FOOTER;
    } else if (state === HEADER && marker === BEGIN_BODY && !marked) marked = true;
    else if (marker === END_BODY && (state === ROWS || (state === HEADER && marked))) state = AFTER_BODY;
    else if (state === AFTER_BODY || state === DONE) throw fail('Something follows the body');
    else if (state === HEADER) {
      header(fields);
      state = ROWS;
    } else record(fields);
  };

  /** Space before the first row goes; true when it has begun. */
  const begun = (): boolean => {
    const { bytes, length } = window;
    if (row.position === 0 && bytes[0] === 0xef) {
      if (length < 3) return false;
      if (bytes[1] === 0xbb && bytes[2] === 0xbf) row.position = 3;
    }
    while (row.position < length && ' \t\r\n'.includes(String.fromCharCode(bytes[row.position]!))) row.position++;
    if (row.position === length) return false;
    beginRow(row);
    const first = String.fromCharCode(bytes[row.position]!);
    if ('<{['.includes(first)) throw fail(`This is no CSV: it begins like ${first === '<' ? 'XML or HTML' : 'JSON'}`);
    state = HEADER;
    return true;
  };

  const scan = (): void => {
    if (state === BEGINNING && !begun()) return;
    while (scanRow(row, window, all)) {
      rowEnded();
      beginRow(row);
    }
  };

  /** What stands behind the last line end. */
  const lastRow = (): void => {
    if (row.position === row.start) return;
    if (row.state === QUOTED) throw cut('The answer ends inside quotes');
    row.ends.push(row.position - row.start);
    const text = window.bytes.toString('latin1', row.start, row.position).trim();
    const isEnd = text === END_BODY || text === END_FOOTER;
    const whole = state === ROWS && row.ends.length === names.length && !text.startsWith(MARKER);
    if (text !== '' && !isEnd && !(whole && (!quotes || lastIsQuoted()))) {
      if (state === HEADER && !BEGIN_BODY.startsWith(text)) header(fieldsOf(row, window.bytes));
      throw cut('The answer ends inside a row');
    }
    row.state = AT_START;
    rowEnded();
  };

  return readThrough(
    window,
    {
      scan,
      keep: () => row.start,
      moved: (by) => {
        row.start -= by;
        row.position -= by;
      },
      end: (): AnswerEnd => {
        if (state === BEGINNING) throw cut('The answer is empty');
        lastRow();
        if (state === FOOTER) throw cut('The answer ends inside its footer');
        if (state === HEADER || (marked && state === ROWS)) throw cut('The answer ends inside its body');
        const envelope = state === DONE ? envelopeOf(footer) : {};
        // A footer means that there is more: not knowing how to go on is not an end.
        if (envelope === undefined) throw fail('The footer does not say what a footer says');
        return {
          root: 'csv',
          envelope,
          outer: records,
          records,
          bytes: window.offset + window.length,
        };
      },
    },
    all,
    0,
  );
}

/** The footer as XML says it: `{ RESPONSE: { WARNING: { CODE, TEXT, URL } } }`; undefined where it says nothing. */
function envelopeOf(footer: readonly string[][]): Fields | undefined {
  const [title, header, ...rows] = footer.filter((fields) => fields.length > 1 || fields[0]!.trim() !== '');
  if (title?.length !== 1 || header === undefined || rows.length === 0) return undefined;
  const names = header.map((name) => name.trim());
  const said = rows.map(
    (fields): Fields => Object.fromEntries(fields.map((text, i) => [names[i] ?? `#${i + 1}`, text])),
  );
  return { RESPONSE: Object.fromEntries([[title[0]!.trim(), said.length === 1 ? said[0]! : said]]) };
}
