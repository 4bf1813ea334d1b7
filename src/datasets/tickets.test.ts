import { describe, expect, it } from 'vitest';
import type { AnswerEnd } from '../core/format.ts';
import type { Step } from '../core/range.ts';
import type { Fields } from '../core/words.ts';
import { createXmlReader } from '../qualys/xml/reader.ts';
import tickets from './tickets.ts';

const SINCE = '2026-11-20T10:00:00Z';
const NOW = '2026-11-21T10:00:00Z';
const options = tickets.options.parse({});
const { paging, format } = tickets;
if (paging.by !== 'step' || format.kind !== 'xml') throw new Error('tickets are read by steps from XML');

/** As reference section 8 has it: a header, tickets, and TRUNCATION as the last child of the root. */
function read(truncation: string): { numbers: string[]; end: AnswerEnd } {
  const numbers: string[] = [];
  const reader = createXmlReader(format as Extract<typeof format, { kind: 'xml' }>, {
    record: (view) => numbers.push(view.text('NUMBER') ?? ''),
  });
  reader.write(
    Buffer.from(
      '<?xml version="1.0" encoding="UTF-8" ?>\n<REMEDIATION_TICKETS><HEADER><USER_LOGIN>acme_ab1</USER_LOGIN>' +
        '<COMPANY><![CDATA[Acme]]></COMPANY><DATETIME>2026-11-21T10:00:00Z</DATETIME><WHERE/></HEADER><TICKET_LIST>' +
        '<TICKET><NUMBER>1232</NUMBER></TICKET><TICKET><NUMBER>1234</NUMBER></TICKET></TICKET_LIST>' +
        `${truncation}</REMEDIATION_TICKETS>`,
    ),
  );
  return { numbers, end: reader.end() };
}

const next = (step: Step, end: { envelope: Fields }): Step | undefined =>
  paging.next(step, { end: end as AnswerEnd, highest: undefined, pageSize: 1000 });
const asked = (step: Step, since?: string) =>
  tickets.records(options, { step, pageSize: 1000, ...(since === undefined ? {} : { since }) }).params;

describe('tickets [A16]', () => {
  it('are all read at first: a filter is needed, and all states are one', () => {
    const steps = paging.begin(options, { since: undefined, now: NOW });
    expect(steps.map((step) => asked(step))).toEqual([
      { states: 'OPEN,RESOLVED,CLOSED,IGNORED', show_host_id: '1', since_ticket_number: '1' },
    ]);
  });

  it('go on behind the last number TRUNCATION names, until there is none', () => {
    const { numbers, end } = read('<TRUNCATION last="1234">Truncated after 1000 records</TRUNCATION>');
    expect(numbers).toEqual(['1232', '1234']);
    const [first] = paging.begin(options, { since: undefined, now: NOW });
    const second = next(first!, end);
    expect(asked(second!)['since_ticket_number']).toBe('1235');
    expect(next(second!, read('').end)).toBeUndefined();
  });

  it('lead nowhere where TRUNCATION names no number, or one that was passed', () => {
    const step = { cursor: 'all 2000' };
    expect(next(step, read('<TRUNCATION>Truncated after 1000 records</TRUNCATION>').end)).toEqual(step);
    expect(next(step, read('<TRUNCATION last="soon"/>').end)).toEqual(step);
    expect(next(step, read('<TRUNCATION last="1999"/>').end)).toEqual(step);
  });

  it('are afterwards read as modified, and then as open, page by page each', () => {
    const steps = paging.begin(options, { since: SINCE, now: NOW });
    expect(steps.map((step) => asked(step, SINCE))).toEqual([
      {
        states: 'OPEN,RESOLVED,CLOSED,IGNORED',
        show_host_id: '1',
        since_ticket_number: '1',
        modified_since_datetime: SINCE,
      },
      { states: 'OPEN', show_host_id: '1', since_ticket_number: '1' },
    ]);
    const { end } = read('<TRUNCATION last="1234"/>');
    expect(steps.map((step) => asked(next(step, end)!, SINCE))).toEqual([
      expect.objectContaining({ modified_since_datetime: SINCE, since_ticket_number: '1235' }),
      { states: 'OPEN', show_host_id: '1', since_ticket_number: '1235' },
    ]);
  });

  it('that are open are not read where only others are wanted', () => {
    const closed = tickets.options.parse({ states: ['CLOSED'] });
    expect(paging.begin(closed, { since: SINCE, now: NOW })).toHaveLength(1);
  });
});
