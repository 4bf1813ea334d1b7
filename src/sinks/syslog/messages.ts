import type { Batch } from '../../core/sink.ts';

/** The header of one line of event i, everything before the payload; `route` is where the format wants the line. */
export type Header = (batch: Batch, i: number, route: string | undefined) => string;

export interface MessageForm {
  readonly header: Header;
  /** What ends a message: a line feed, or nothing where its length is said before it. */
  readonly end: '' | '\n';
  /** Whether the length of header, payload and end is said before each message, in bytes (RFC 6587, 3.4.1). */
  readonly counted: boolean;
  /** Longest message in bytes. */
  readonly longest: number;
}

const LF = 0x0a;

/**
 * The messages of event i as pieces to be sent one after another, one message for each line of its payload. A number
 * where one is longer than allowed: its length in bytes.
 */
export function messagesOf(batch: Batch, i: number, form: MessageForm): Buffer[] | number {
  const pieces: Buffer[] = [];
  const end = batch.ends[i]! - 1;
  const routes = batch.routing?.(i);
  let start = i === 0 ? 0 : batch.ends[i - 1]!;
  for (let n = 0; start <= end; n++) {
    const feed = batch.bytes.indexOf(LF, start);
    const stop = feed === -1 || feed > end ? end : feed;
    const header = Buffer.from(form.header(batch, i, routes?.[n]));
    const length = header.length + (stop - start);
    if (length > form.longest) return length;
    if (form.counted) pieces.push(Buffer.from(`${length + form.end.length} `));
    pieces.push(header, batch.bytes.subarray(start, stop));
    if (form.end !== '') pieces.push(FEED);
    start = stop + 1;
  }
  return pieces;
}

const FEED = Buffer.from('\n');

/** Why an event is parked whose message is too long. */
export const tooLong = (length: number, longest: number) => ({
  rejected: `the message has ${length} bytes, more than the ${longest} of max_message`,
  code: 'QRY5026',
});

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time of an event as RFC 3164 writes it, in UTC: `Nov  9 22:14:05`. */
export function bsdTime(iso: string): string {
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  if (month === undefined) return 'Jan  1 00:00:00';
  const day = String(Number(iso.slice(8, 10))).padStart(2, ' ');
  return `${month} ${day} ${iso.slice(11, 19)}`;
}

/** A value of a structured data parameter (RFC 5424, 6.3.3); control characters, which could end a message, are blanks. */
const escaped = (value: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is meant
  value.replaceAll(/[\x00-\x1f\x7f]/g, ' ').replaceAll(/["\\\]]/g, '\\$&');

export interface Names {
  /** Facility × 8 + severity. */
  readonly priority: number;
  readonly hostname: string;
  readonly app: string;
}

/** RFC 3164: `<14>Nov 19 22:14:05 host quarry: `. */
export const rfc3164 =
  ({ priority, hostname, app }: Names): Header =>
  (batch, i) =>
    `<${priority}>${bsdTime(batch.time(i))} ${hostname} ${app}: `;

/**
 * RFC 5424, the data set as MSGID and what tells events apart in structured data. No byte-order mark: receivers hand it
 * on, and what follows would be JSON no more.
 */
export const rfc5424 =
  ({ priority, hostname, app }: Names, element: string): Header =>
  (batch, i, route) => {
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(batch.time(i)) ? batch.time(i) : '-';
    const index = route === undefined ? '' : ` index="${escaped(route)}"`;
    return (
      `<${priority}>1 ${time} ${hostname} ${app} - ${batch.dataset.slice(0, 32)} [${element} id="${escaped(batch.eventId(i))}"` +
      ` seq="${batch.seq(i)}" change="${batch.change(i)}" tenant="${escaped(batch.tenant)}" connection="${escaped(batch.connection)}"${index}] `
    );
  };
