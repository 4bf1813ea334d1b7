/** One TICKET. Order and names after the reference, section 8. */
import { resultsOf } from '../world/detection.ts';
import type { Ticket, TicketState, TicketStep } from '../world/tickets.ts';
import { DAY, stamp } from '../world/time.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import type { Call } from './route.ts';

const I = '      ';
const II = `${I}  `;
const III = `${II}  `;

export function ticketElement(call: Call, ticket: Ticket): string {
  return (
    `    <TICKET>\n${I}<NUMBER>${ticket.number}</NUMBER>\n` +
    element(I, 'CREATION_DATETIME', stamp(ticket.created)) +
    element(I, 'DUE_DATETIME', stamp(ticket.due)) +
    element(I, 'CURRENT_STATE', ticket.state) +
    element(I, 'CURRENT_STATUS', ticket.status) +
    (ticket.invalid ? element(I, 'INVALID', 1) : '') +
    `${I}<ASSIGNEE>\n${cdataElement(II, 'NAME', `Renée ${ticket.assignee}`)}${cdataElement(II, 'EMAIL', `${ticket.assignee}@example.com`)}${element(II, 'LOGIN', ticket.assignee)}${I}</ASSIGNEE>\n` +
    detectionElement(call, ticket) +
    statsElement(ticket) +
    `${I}<HISTORY_LIST>\n${ticket.steps.map((step, i) => historyElement(ticket, step, ticket.steps.slice(0, i))).join('')}${I}</HISTORY_LIST>\n` +
    vulnElement(ticket) +
    (call.params.get('show_vuln_details') === '1' ? detailsElement(ticket) : '') +
    '    </TICKET>\n'
  );
}

function detectionElement(call: Call, { host, detection }: Ticket): string {
  return (
    `${I}<DETECTION>\n` +
    element(II, 'IP', host.ip) +
    (call.params.get('show_host_id') === '1' ? element(II, 'HOST_ID', host.id) : '') +
    cdataElement(II, 'DNSNAME', host.fqdn) +
    cdataElement(II, 'FQDN', detection.fqdn) +
    cdataElement(II, 'NBHNAME', host.netbios) +
    element(II, 'PORT', detection.port) +
    element(II, 'SERVICE', detection.port === undefined ? undefined : detection.ssl ? 'http over ssl' : 'unknown') +
    element(II, 'PROTOCOL', detection.protocol) +
    element(II, 'INSTANCE', detection.instance) +
    `${I}</DETECTION>\n`
  );
}

function statsElement({ detection, scan, steps }: Ticket): string {
  const last = (state: TicketState): string | undefined => {
    const step = steps.findLast((one) => one.to === state && one.from !== state);
    return step === undefined ? undefined : stamp(step.at);
  };
  return (
    `${I}<STATS>\n` +
    element(II, 'FIRST_FOUND_DATETIME', stamp(detection.firstFound)) +
    element(II, 'LAST_FOUND_DATETIME', stamp(detection.lastFound)) +
    element(II, 'LAST_SCAN_DATETIME', stamp(scan.scanned)) +
    element(II, 'TIMES_FOUND', detection.timesFound) +
    element(II, 'TIMES_NOT_FOUND', detection.status === 'Fixed' ? 1 : 0) +
    element(II, 'LAST_OPEN_DATETIME', last('OPEN')) +
    element(II, 'LAST_RESOLVED_DATETIME', last('RESOLVED')) +
    element(II, 'LAST_CLOSED_DATETIME', last('CLOSED')) +
    element(II, 'LAST_IGNORED_DATETIME', last('IGNORED')) +
    `${I}</STATS>\n`
  );
}

function historyElement(ticket: Ticket, step: TicketStep, before: readonly TicketStep[]): string {
  const removed = before.findLast((one) => one.assignee !== undefined)?.assignee;
  const changed = step.from !== step.to;
  return (
    `${II}<HISTORY>\n` +
    element(III, 'DATETIME', stamp(step.at)) +
    element(III, 'ACTOR', step.actor) +
    (changed
      ? `${III}<STATE>\n${element(`${III}  `, 'OLD', step.from)}${element(`${III}  `, 'NEW', step.to)}${III}</STATE>\n`
      : '') +
    element(III, 'ADDED_ASSIGNEE', step.assignee) +
    (step.assignee === undefined ? '' : element(III, 'REMOVED_ASSIGNEE', removed)) +
    (step.byScan
      ? `${III}<SCAN>\n${III}  <REF>scan/${step.at / 1000}.${ticket.number}</REF>\n${III}  <DATETIME>${stamp(step.at)}</DATETIME>\n${III}</SCAN>\n`
      : '') +
    (before.length === 0 ? cdataElement(III, 'RULE', step.actor) : '') +
    cdataElement(III, 'COMMENT', step.comment) +
    `${II}</HISTORY>\n`
  );
}

function vulnElement({ detection }: Ticket): string {
  const { title, type, qid, severity, cve } = detection.vulnerability;
  return (
    `${I}<VULNINFO>\n` +
    cdataElement(II, 'TITLE', title) +
    element(II, 'TYPE', type === 'Potential' ? 'POSS' : 'VULN') +
    element(II, 'QID', qid) +
    element(II, 'SEVERITY', severity) +
    element(II, 'STANDARD_SEVERITY', severity) +
    `${II}<CVE_ID_LIST>\n${III}<CVE_ID>${cdata(cve)}</CVE_ID>\n${II}</CVE_ID_LIST>\n` +
    `${I}</VULNINFO>\n`
  );
}

function detailsElement({ detection, created }: Ticket): string {
  const { title } = detection.vulnerability;
  const due = stamp(created + 30 * DAY);
  return (
    `${I}<DETAILS>\n` +
    cdataElement(II, 'DIAGNOSIS', `${title} was found.<P>See the vendor&apos;s advisory &amp; notes.`) +
    cdataElement(II, 'CONSEQUENCE', 'An attacker <b>may</b> run code.') +
    cdataElement(II, 'SOLUTION', `Apply the patch before ${due}.`) +
    cdataElement(II, 'RESULT', resultsOf(detection)) +
    `${I}</DETAILS>\n`
  );
}
