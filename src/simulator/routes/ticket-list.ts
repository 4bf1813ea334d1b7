/** `/msp/ticket_list.php`: remediation tickets by number, a thousand an answer (reference, section 8). */
import type { ParameterKinds } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { type Ticket, ticketsAt } from '../world/tickets.ts';
import { stamp } from '../world/time.ts';
import { cdata, escaped } from '../xml.ts';
import { firstError, firstHead, firstRoute } from './first-api.ts';
import { listElement } from './id-page.ts';
import type { Call } from './route.ts';
import { ticketElement } from './ticket-element.ts';
import { ticketTests } from './ticket-filter.ts';

const ROOT = 'REMEDIATION_TICKETS';
const DTD = 'ticket_list_output.dtd';
const MOST = 1000;

const FILTERS: ParameterKinds = {
  ticket_numbers: 'ids',
  since_ticket_number: 'count',
  until_ticket_number: 'count',
  ticket_assignee: 'free',
  overdue: 'flag',
  invalid: 'flag',
  states: 'free',
  modified_since_datetime: 'date',
  unmodified_since_datetime: 'date',
  ips: 'ips',
  asset_groups: 'free',
  dns_contains: 'free',
  netbios_contains: 'free',
  host_id: 'count',
  vuln_severities: 'severities',
  potential_vuln_severities: 'severities',
  qids: 'ids',
  vuln_title_contains: 'free',
  vuln_details_contains: 'unsimulated',
  vendor_ref_contains: 'unsimulated',
};

export const ticketList = firstRoute({
  path: '/msp/ticket_list.php',
  parameters: { ...FILTERS, show_host_id: 'flag', show_vuln_details: 'flag' },
  answer: (call) => {
    const given = [...call.params.keys()].filter((name) => Object.hasOwn(FILTERS, name));
    if (given.length === 0) {
      throw new Refusal(200, '1922', 'At least one ticket selection parameter must be specified.');
    }
    if (call.faults.has('tickets-error')) return firstError(call, ROOT, DTD, '999', 'Internal error');
    return { status: 200, type: 'text/xml', rated: true, body: tickets(call, given, ticketTests(call)) };
  },
});

function* tickets(
  call: Call,
  given: readonly string[],
  tests: readonly ((one: Ticket) => boolean)[],
): Generator<string> {
  const { params, faults } = call;
  const most = Math.min(MOST, faults.number('page-size-capped', 10) ?? MOST);
  let truncation = '';
  function* page(): Generator<Ticket | undefined> {
    let count = 0;
    let last: Ticket | undefined;
    let passed = 0;
    for (const ticket of ticketsAt(call.world, call.now, firstNumber(call))) {
      if (ticket === undefined || !tests.every((test) => test(ticket))) {
        if (++passed % 100 === 0) yield undefined;
        continue;
      }
      if (count === most) {
        truncation = `  <TRUNCATION last="${last!.number}">Truncated after ${most} records</TRUNCATION>\n`;
        return;
      }
      count++;
      last = ticket;
      yield ticket;
    }
  }
  yield firstHead(call, ROOT, DTD);
  const where = given.map((name) => `${name}=${params.get(name)}`).join(', ');
  yield `  <HEADER>\n    <USER_LOGIN>${escaped(call.user)}</USER_LOGIN>\n    <COMPANY>${cdata('Acme & Söhne')}</COMPANY>\n    <DATETIME>${stamp(call.now)}</DATETIME>\n    <WHERE>${cdata(where)}</WHERE>\n  </HEADER>\n`;
  yield* listElement(call, '  ', 'TICKET_LIST', page(), (ticket) => ticketElement(call, ticket));
  yield `${truncation}</${ROOT}>\n`;
}

/** The fault lets a page begin with the ticket the one before ended with. */
function firstNumber({ world, now, params, faults }: Call): number {
  const since = Number(params.get('since_ticket_number') ?? 0);
  if (!faults.has('duplicate-ticket')) return since;
  for (let number = since - 1; number > since - 1000 && number > 0; number -= 1) {
    for (const ticket of ticketsAt(world, now, number)) {
      if (ticket === undefined) continue;
      if (ticket.number < since) return ticket.number;
      break;
    }
  }
  return since;
}
