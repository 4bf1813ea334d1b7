/** One INFO of a posture. Order and names after the reference, section 15. */
import { someLogin } from '../world/people.ts';
import type { Posture } from '../world/posture.ts';
import { DAY, stamp } from '../world/time.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import type { Call } from './route.ts';

export function postureElement(call: Call, posture: Posture, indent: string): string {
  const { params } = call;
  const I = `${indent}  `;
  const on = (name: string): boolean => params.get(name) === '1';
  const { status, host, control } = posture;
  const evidence = ['Light', 'All'].includes(params.get('details') ?? 'Basic') && !on('hide_evidence');
  const passed = status === 'Passed';
  const first = stamp(posture.modified);
  const last = stamp(posture.evaluated);
  return (
    `${indent}<INFO>\n${I}<ID>${posture.id}</ID>\n${I}<HOST_ID>${host.id}</HOST_ID>\n${I}<CONTROL_ID>${control.id}</CONTROL_ID>\n` +
    `${I}<TECHNOLOGY_ID>${posture.technology.id}</TECHNOLOGY_ID>\n` +
    element(I, 'INSTANCE', posture.instance) +
    element(I, 'STATUS', status) +
    (on('show_remediation_info') ? cdataElement(I, 'REMEDIATION', 'Set the value & restart <service>.') : '') +
    element(I, 'POSTURE_MODIFIED_DATE', first) +
    element(I, 'EVALUATION_DATE', last) +
    element(I, 'PREVIOUS_STATUS', posture.previous) +
    (status === 'Failed' ? element(I, 'FIRST_FAIL_DATE', first) + element(I, 'LAST_FAIL_DATE', last) : '') +
    (passed ? element(I, 'FIRST_PASS_DATE', first) + element(I, 'LAST_PASS_DATE', last) : '') +
    (posture.excepted && !passed ? exceptionElement(call, posture, I) : '') +
    (evidence ? evidenceElement(posture, I, on('show_extended_evidence')) : '') +
    (on('cause_of_failure') && status === 'Failed' ? causeElement(posture, I) : '') +
    `${indent}</INFO>\n`
  );
}

function exceptionElement(call: Call, posture: Posture, I: string): string {
  const II = `${I}  `;
  const by = someLogin(call.world, posture.found);
  const when = (name: string): string =>
    `${II}<${name}>\n${element(`${II}  `, 'BY', by)}${element(`${II}  `, 'DATETIME', stamp(posture.modified))}${II}</${name}>\n`;
  return (
    `${I}<EXCEPTION>\n` +
    element(II, 'ASSIGNEE', by) +
    element(II, 'STATUS', 'Accepted') +
    element(II, 'END_DATETIME', stamp(posture.modified + 365 * DAY)) +
    when('CREATED') +
    when('LAST_MODIFIED') +
    `${II}<COMMENT_LIST>\n${II}  <COMMENT>\n${element(`${II}    `, 'DATETIME', stamp(posture.modified))}${element(`${II}    `, 'BY', by)}${cdataElement(`${II}    `, 'TEXT', 'Tolerated until <Q4> & reviewed')}${II}  </COMMENT>\n${II}</COMMENT_LIST>\n` +
    `${I}</EXCEPTION>\n`
  );
}

/** Labels are the control's: `:dp_n` what was found, `#fv_n` what is fixed, `$tp_n` what is meant. */
export function labels(control: Posture['control']): { readonly dp: string; readonly fv: string; readonly tp: string } {
  return { dp: `:dp_${control.n + 1}`, fv: `#fv_${control.n + 1}`, tp: `$tp_${control.n + 1}` };
}

export function foundValue(posture: Posture): string {
  return posture.status === 'Error' ? 'Setting not found' : String(posture.found % 24);
}

function evidenceElement(posture: Posture, I: string, extended: boolean): string {
  const II = `${I}  `;
  const { dp, fv, tp } = labels(posture.control);
  const updated = stamp(posture.modified);
  const value =
    posture.control.n % 6 === 0
      ? `${II}    <TM_REF>@tm_${posture.control.n + 1}</TM_REF>\n`
      : `${II}    <V>${cdata(foundValue(posture))}</V>\n${II}    <V>${cdata('été <1>')}</V>\n`;
  return (
    `${I}<EVIDENCE>\n` +
    cdataElement(II, 'BOOLEAN_EXPR', `(${dp} >= ${tp} or ${dp} matches ${fv}) and ${dp} < 99`) +
    `${II}<DPV_LIST>\n${II}  <DPV lastUpdated="${updated}">\n${element(`${II}    `, 'LABEL', dp)}${value}${II}  </DPV>\n${II}</DPV_LIST>\n` +
    (extended ? cdataElement(II, 'EXTENDED_EVIDENCE', `File\tOwner\n/etc/passwd\troot & <wheel>\n`) : '') +
    `${I}</EVIDENCE>\n`
  );
}

function causeElement(posture: Posture, I: string): string {
  const II = `${I}  `;
  const missing = posture.found % 2 === 0;
  const values = (name: string, attribute: string): string =>
    `${II}<${name}${attribute}>\n${II}  <V>${cdata(foundValue(posture))}</V>\n${II}</${name}>\n`;
  return `${I}<CAUSE_OF_FAILURE>\n${missing ? values('MISSING', ' logic="OR"') : values('UNEXPECTED', '')}${I}</CAUSE_OF_FAILURE>\n`;
}
