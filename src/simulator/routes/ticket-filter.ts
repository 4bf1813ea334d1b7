/** Which tickets a call selects. `since` and `until` numbers include themselves; `…_since` dates their moment. */
import { inRanges, invalid, readDate, readIds, readIps } from '../params.ts';
import { ASSET_GROUPS } from '../world/catalogue.ts';
import type { Ticket } from '../world/tickets.ts';
import type { Call } from './route.ts';

type Test = (ticket: Ticket) => boolean;

const STATES = ['OPEN', 'RESOLVED', 'CLOSED', 'IGNORED'];
const MOST_QIDS = 10;

/** Throws Refusal for values that make no sense. */
export function ticketTests({ params, now }: Call): Test[] {
  const tests: Test[] = [];
  const by = (name: string, test: (value: string) => Test): void => {
    const value = params.get(name);
    if (value !== undefined) tests.push(test(value));
  };
  const ids = (name: string, of: (ticket: Ticket) => number): void =>
    by(name, (value) => {
      const ranges = readIds(value);
      return (ticket) => inRanges(of(ticket), ranges);
    });
  const contains = (name: string, of: (ticket: Ticket) => string | undefined): void =>
    by(name, (value) => (ticket) => of(ticket)?.toLowerCase().includes(value.toLowerCase()) === true);

  ids('ticket_numbers', (ticket) => ticket.number);
  by('until_ticket_number', (value) => (ticket) => ticket.number <= Number(value));
  by('ticket_assignee', (value) => (ticket) => ticket.assignee === value);
  by('overdue', (value) => (ticket) => (value === '1') === (ticket.state === 'OPEN' && ticket.due < now));
  by('invalid', (value) => (ticket) => (value === '1') === ticket.invalid);
  by('states', states);
  by('modified_since_datetime', (value) => (ticket) => ticket.modified >= readDate(value)!);
  by('unmodified_since_datetime', (value) => (ticket) => ticket.modified < readDate(value)!);
  by('ips', (value) => {
    const ranges = readIps(value);
    return (ticket) => inRanges(ticket.host.ipNumber, ranges);
  });
  by('asset_groups', (value) => {
    const titles = value.split(',').map((title) => title.trim());
    const groups = ASSET_GROUPS.filter(({ title }) => titles.includes(title)).map(({ id }) => id);
    return (ticket) => ticket.host.assetGroupIds.some((id) => groups.includes(id));
  });
  contains('dns_contains', (ticket) => ticket.host.fqdn);
  contains('netbios_contains', (ticket) => ticket.host.netbios);
  by('host_id', (value) => (ticket) => ticket.host.id === Number(value));
  tests.push(...severityTests(params));
  by('qids', (value) => {
    if (value.split(',').length > MOST_QIDS) throw invalid('qids', value, `at most ${MOST_QIDS} QIDs`);
    return () => true;
  });
  ids('qids', (ticket) => ticket.detection.vulnerability.qid);
  contains('vuln_title_contains', (ticket) => ticket.detection.vulnerability.title);
  return tests;
}

function states(value: string): Test {
  const wanted = value.split(',').map((state) => state.trim());
  const odd = wanted.find((state) => !STATES.includes(state));
  if (odd !== undefined) throw invalid('states', value, `must be one of: ${STATES.join(', ')}`);
  return (ticket) => wanted.includes(ticket.state);
}

/** One of the two alone leaves the other kind out. */
function severityTests(params: Call['params']): Test[] {
  const kinds = { Confirmed: params.get('vuln_severities'), Potential: params.get('potential_vuln_severities') };
  if (kinds.Confirmed === undefined && kinds.Potential === undefined) return [];
  return [
    ({ detection }) => {
      const { type, severity } = detection.vulnerability;
      const text = type === 'Info' ? undefined : kinds[type];
      return text !== undefined && inRanges(severity, readIds(text));
    },
  ];
}
