import type { Batch } from '../../core/sink.ts';

/** One event of a write and the lines it has in a table. */
export interface Row {
  readonly batch: Batch;
  readonly event: number;
}

/** Columns of the staging table, in the order `copyText` writes them. */
export const STAGED = [
  'n integer',
  'id text',
  'part smallint',
  'tenant text',
  'subscription text',
  'connection text',
  'dataset text',
  'key text',
  'seq bigint',
  'change text',
  'time timestamptz',
  'pulling_id bigint',
  'event text',
];

/** A value in the text form of COPY. JSON has no white space but blanks, so that backslashes are all there is to escape, mostly. */
function escaped(text: string): string {
  const doubled = text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
  if (!/[\n\r\t]/.test(doubled)) return doubled;
  return doubled.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}

/** Rows in the text form of COPY; an event of several lines has a row for each, counted by `part`. */
export function copyText(rows: readonly Row[]): Buffer {
  const pieces: string[] = [];
  let n = 0;
  for (const { batch, event } of rows) {
    const stream = [batch.tenant, batch.subscription, batch.connection, batch.dataset];
    const about = [...stream, batch.key(event)].map(escaped).join('\t');
    const rest = `${batch.seq(event)}\t${batch.change(event)}\t${batch.time(event)}\t${batch.pullingId}`;
    const id = escaped(batch.eventId(event));
    linesOf(batch, event).forEach((line, part) => {
      pieces.push(`${n++}\t${id}\t${part}\t${about}\t${rest}\t`, escaped(line), '\n');
    });
  }
  return Buffer.from(pieces.join(''));
}

function linesOf(batch: Batch, event: number): string[] {
  const start = event === 0 ? 0 : batch.ends[event - 1]!;
  return batch.bytes.toString('utf8', start, batch.ends[event]! - 1).split('\n');
}
