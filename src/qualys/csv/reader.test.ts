import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, collectWith } from '../../../test/support/collect-records.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import { QuarryError } from '../../core/errors.ts';
import type { CsvFormat } from '../../core/format.ts';
import type { CsvLimits } from './limits.ts';
import { createCsvReader } from './reader.ts';

const LOG: CsvFormat = { kind: 'csv', fields: ['Date', 'Action', 'Details'] };
const WHOLE = Number.MAX_SAFE_INTEGER;

const read = (document: string | Buffer, size = WHOLE, limits: Partial<CsvLimits> = {}) =>
  collectWith((handler) => createCsvReader(LOG, handler, limits), chunksOf(Buffer.from(document as string), size));
const records = (document: string | Buffer) => read(document).got.map(({ record }) => record);

const body = (rows: string) => `----BEGIN_RESPONSE_BODY_CSV\n${rows}----END_RESPONSE_BODY_CSV\n`;
const FOOTER =
  '----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n"CODE","TEXT","URL"\n"1980","more","https://x.example/?id_max=7"\n----END_RESPONSE_FOOTER_CSV\n';
const HEADER = '"Date","Action","Details"\n';
const WARNING = { RESPONSE: { WARNING: { CODE: '1980', TEXT: 'more', URL: 'https://x.example/?id_max=7' } } };

/** What the reader says of a document it cannot read; the same, whole and byte by byte. */
function refusal(document: string | Buffer, limits: Partial<CsvLimits> = {}): string {
  const [whole, bytewise] = [WHOLE, 1].map((size) => {
    try {
      read(document, size, limits);
      return 'read';
    } catch (thrown) {
      if (!(thrown instanceof QuarryError)) throw thrown;
      return `${thrown.code} ${thrown.message}`;
    }
  });
  expect(bytewise).toBe(whole);
  return whole!;
}

describe('rows', () => {
  it('stand between markers, and the footer says where to go on', () => {
    const { got, end } = read(body(`${HEADER}"1","a","b"\n`) + FOOTER);
    expect(got).toEqual([
      {
        text: '{"Date":"1","Action":"a","Details":"b"}',
        record: { Date: '1', Action: 'a', Details: 'b' },
        flags: [],
        members: [
          ['Date', '"Date":"1"'],
          ['Action', '"Action":"a"'],
          ['Details', '"Details":"b"'],
        ],
      },
    ]);
    expect(end).toMatchObject({ root: 'csv', envelope: WARNING, outer: 1, records: 1 });
  });

  it('stand without markers, with or without a footer', () => {
    expect(read(`${HEADER}"1","a","b"\n`).end).toMatchObject({ records: 1, envelope: {} });
    expect(read(`${HEADER}"1","a","b"\n${FOOTER}`).end).toMatchObject({ records: 1, envelope: WARNING });
    expect(read(`${HEADER}"1","a","b"\n----END_RESPONSE_BODY_CSV`).end).toMatchObject({ records: 1 });
    expect(read(`\ufeff\r\n${HEADER}`).end).toMatchObject({ records: 0 });
    expect(read(body('')).end).toMatchObject({ records: 0 });
  });

  it('hold quotes, commas, line ends and megabytes', () => {
    const long = 'x,"\n'.repeat(400_000);
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    expect(records(`Date , Action,Details\r\n1,"a ""b"", c","d\r\ne"\r\n"",${quoted(long)},\r\n`)).toEqual([
      { Date: '1', Action: 'a "b", c', Details: 'd\r\ne' },
      { Date: '', Action: long, Details: '' },
    ]);
  });

  it('[fault 58] too short or too long are kept, and so are names unknown, empty or twice', () => {
    expect(records('Date,New,,New\n1\n2,a,b,c,d,e\n\n3,,,\n')).toEqual([
      { Date: '1' },
      { Date: '2', New: 'a', '#3': 'b', '#4': 'c', '#5': 'd', '#6': 'e' },
      { Date: '3', New: '', '#3': '', '#4': '' },
    ]);
    expect(read('Date,__proto__,constructor\n1,2,3\n').got[0]!.text).toBe(
      '{"Date":"1","__proto__":"2","constructor":"3"}',
    );
  });

  it('against the rules are kept as they are: quotes inside bare fields, text behind a closing quote', () => {
    expect(records('Date,Action\n1,say "hi"\n2,"a"b"c\n3," d" \n')).toEqual([
      { Date: '1', Action: 'say "hi"' },
      { Date: '2', Action: 'ab"c' },
      { Date: '3', Action: ' d ' },
    ]);
  });

  it('look like formulas and stay text', () => {
    expect(records(`${HEADER}"=cmd|' /C calc'!A0","+1","@x"\n`)).toEqual([
      { Date: "=cmd|' /C calc'!A0", Action: '+1', Details: '@x' },
    ]);
  });

  it('[fault 59] are flagged where bytes were replaced or control characters kept', () => {
    const invalid = Buffer.concat([Buffer.from(`${HEADER}1,`), Buffer.from([0xff]), Buffer.from(',\0\n2,\ufffd,\t\n')]);
    expect(read(invalid).got).toMatchObject([
      { record: { Date: '1', Action: '\ufffd', Details: '\0' }, flags: ['invalid_utf8', 'control_chars'] },
      { record: { Date: '2', Action: '\ufffd', Details: '\t' }, flags: [] },
    ]);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['', 'QRY3002 The answer is empty'],
    ['\r\n ', 'QRY3002 The answer is empty'],
    ['----BEGIN_RESPONSE_BODY_CSV\n', 'QRY3002 The answer ends inside its body'],
    [`----BEGIN_RESPONSE_BODY_CSV\n${HEADER}"1","a","b"\n`, 'QRY3002 The answer ends inside its body'],
    [`----BEGIN_RESPONSE_BODY_CSV\n${HEADER}"1","a","b"`, 'QRY3002 The answer ends inside its body'],
    [`${body(HEADER)}${FOOTER.slice(0, -9)}`, 'QRY3002 The answer ends inside a row'],
    [`${body(HEADER)}${FOOTER.slice(0, 60)}`, 'QRY3002 The answer ends inside quotes'],
    [`${body(HEADER)}----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n`, 'QRY3002 The answer ends inside its footer'],
    [`${HEADER}"1","a`, 'QRY3002 The answer ends inside quotes'],
    [`${HEADER}"1","a"`, 'QRY3002 The answer ends inside a row'],
    [`${HEADER}"1","a",`, 'QRY3002 The answer ends inside a row'],
    [`${HEADER}----END_RESP`, 'QRY3002 The answer ends inside a row'],
    ['"Date","Act', 'QRY3002 The answer ends inside quotes'],
    ['Date,Act', 'QRY3002 The answer ends inside a row'],
    [`${body(HEADER)}x\n`, 'QRY3001 Something follows the body'],
    [`${body(HEADER)}${FOOTER}${FOOTER}`, 'QRY3001 Something follows the body'],
    [
      `${body(HEADER)}----BEGIN_RESPONSE_FOOTER_CSV\n----END_RESPONSE_FOOTER_CSV\n`,
      'QRY3001 The footer does not say what a footer says',
    ],
    ['<?xml version="1.0"?>\n<SIMPLE_RETURN/>', 'QRY3001 This is no CSV: it begins like XML or HTML'],
    ['{"error":1}', 'QRY3001 This is no CSV: it begins like JSON'],
    ['Service unavailable', 'QRY3001 This is another document: its first row does not name Date'],
    ['Name,Value\n1,2\n', 'QRY3001 This is another document: its first row does not name Date'],
  ])('%j: %s', (document, says) => {
    expect(refusal(document)).toBe(says);
  });

  it('a last row without line end counts where it is whole', () => {
    expect(records(`${HEADER}"1","a","b"`)).toEqual([{ Date: '1', Action: 'a', Details: 'b' }]);
    expect(records(`${HEADER}1,a,b\n2,c,d`)).toHaveLength(2);
    expect(refusal(`${HEADER}"1","a",b`)).toBe('QRY3002 The answer ends inside a row');
  });

  it('holds its limits', () => {
    expect(refusal(`${HEADER}${','.repeat(20)}\n`, { fields: 20 })).toMatch(/^QRY3003 A row has too many fields/);
    expect(refusal(body(HEADER) + FOOTER, { footerRows: 2 })).toMatch(/^QRY3003 The footer/);
    expect(refusal(`${HEADER}1,2,3,4\n`, { names: 3 })).toMatch(/^QRY3003 Too many different names/);
    expect(() => read(`${HEADER}"${'x'.repeat(5000)}`, 100, { recordBytes: 2000 })).toThrow('A record is too large');
    expect(() => read(`${HEADER}${'x\n'.repeat(5000)}`, 100, { totalBytes: 2000 })).toThrow('The answer is too large');
  });
});

describe('any table, however it is cut', () => {
  const field = fc.string({ unit: fc.constantFrom(...'ab",\n\r -=é資🔒\t\\'), maxLength: 8 });
  const table = fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { maxLength: 8 });
  const style = fc.record({
    end: fc.constantFrom('\n', '\r\n'),
    marked: fc.boolean(),
    footer: fc.boolean(),
    bare: fc.boolean(),
    size: fc.integer({ min: 1, max: 30 }),
  });

  it('reads what was written', () => {
    fc.assert(
      fc.property(table, style, (rows, { end, marked, footer, bare, size }) => {
        const written = (text: string) => (bare && /^[a-z -]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`);
        const lines = [['Date', 'Action', 'Details'], ...rows].map((row) => row.map(written).join(',') + end).join('');
        const document = ((marked ? body(lines) : lines) + (footer ? FOOTER : '')).replaceAll('CSV\n', `CSV${end}`);
        const { got, end: said } = read(document, size);
        expect(got.map(({ record }) => record)).toEqual(
          rows.map((row) => ({ Date: row[0], Action: row[1], Details: row[2] })),
        );
        for (const { text, record } of got) expect(text).toBe(JSON.stringify(record));
        expect(said).toMatchObject({ records: rows.length, envelope: footer ? WARNING : {} });
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 400 },
    );
  });

  it('[fault 43] no part of a marked answer passes for the whole', () => {
    const whole = body(`${HEADER}"1","a","b"\n"2","c","d ""e"""\n`) + FOOTER;
    const bodyOnly = whole.indexOf('----BEGIN_RESPONSE_FOOTER');
    for (let cut = 0; cut < whole.length - 1; cut++) {
      const says = refusal(whole.slice(0, cut));
      // Behind the body's own END marker it cannot be known that a footer was to come.
      if (cut === bodyOnly || cut === bodyOnly - 1) expect(says).toBe('read');
      else expect(says).toMatch(/^QRY3002/);
    }
  });
});

/** Recorded answers of Qualys, where they are at hand: they are not part of this repository. */
const SAMPLE = join(import.meta.dirname, '../../../../shared/samples/classic/activity-log-csv-truncated.csv');

describe(
  'a sample of a Qualys answer',
  skipUnless(existsSync(SAMPLE), 'recorded answers of Qualys are not here'),
  () => {
    it('an activity log page with more to come', () => {
      const { got, end } = read(readFileSync(SAMPLE), 1);
      expect(got.map(({ record }) => record)).toEqual([
        {
          Date: '2020-09-23T21:39:10Z',
          Action: 'request',
          Module: 'auth',
          Details: 'API: /api/2.0/fo/activity_log/index.php',
          'User Name': 'upter3aw',
          'User Role': 'Manager',
          'User IP': '76.216.19.33',
        },
      ]);
      expect(end.envelope).toMatchObject({ RESPONSE: { WARNING: { CODE: '1980' } } });
    });
  },
);
