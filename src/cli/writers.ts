import { print, table } from './output.ts';

export const OUTPUT_FORMATS = ['ndjson', 'json', 'csv', 'table'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Writes records to standard output as they come. */
export interface Writer<Record> {
  add(records: readonly Record[]): Promise<void>;
  end(): Promise<void>;
}

/** `columns` are those of CSV and tables, whose cells `cell` makes; the other forms have whole records. */
export function writerOf<Record>(
  format: OutputFormat,
  columns: readonly string[],
  cell: (record: Record, column: string) => string,
): Writer<Record> {
  switch (format) {
    case 'ndjson':
      return {
        add: (records) => print(records.map((record) => `${JSON.stringify(record)}\n`).join('')),
        end: async () => {},
      };
    case 'json':
      return jsonWriter();
    case 'csv':
      return csvWriter(columns, cell);
    case 'table':
      return tableWriter(columns, cell);
  }
}

function jsonWriter<Record>(): Writer<Record> {
  let first = true;
  return {
    add: async (records) => {
      for (const record of records) {
        await print(`${first ? '[\n' : ',\n'}${JSON.stringify(record)}`);
        first = false;
      }
    },
    end: () => print(first ? '[]\n' : '\n]\n'),
  };
}

function csvWriter<Record>(
  columns: readonly string[],
  cell: (record: Record, column: string) => string,
): Writer<Record> {
  let head = `${columns.map(csvCell).join(',')}\r\n`;
  return {
    add: async (records) => {
      const lines = records.map((record) => `${columns.map((column) => csvCell(cell(record, column))).join(',')}\r\n`);
      await print(head + lines.join(''));
      head = '';
    },
    end: () => print(head),
  };
}

const TABLE_COLUMNS = 9;
const TABLE_WIDTH = 40;

function tableWriter<Record>(
  columns: readonly string[],
  cell: (record: Record, column: string) => string,
): Writer<Record> {
  const rows: string[][] = [];
  const shown = columns.slice(0, TABLE_COLUMNS);
  return {
    add: async (records) => {
      for (const record of records)
        rows.push(shown.map((column) => cell(record, column).slice(0, TABLE_WIDTH).replaceAll(/\s+/g, ' ')));
    },
    end: () => print(table(shown, rows)),
  };
}

/** RFC 4180; a leading = + - @ is not touched: this is data for programs, and says so in the help. */
const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
