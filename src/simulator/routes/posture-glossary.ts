/** SUMMARY and GLOSSARY of a page of postures: what the page names, and nothing else. */

import type { Control } from '../world/controls.ts';
import type { Posture } from '../world/posture.ts';
import { stamp } from '../world/time.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import { rationale } from './control-list.ts';
import { labels } from './posture-element.ts';
import type { Call } from './route.ts';

export interface Glossary {
  note(posture: Posture): void;
  summary(indent: string): string;
  element(indent: string): Generator<string>;
}

/** Of hosts only ordinals are held, so that an answer without a limit stays small here. */
export function createGlossary(call: Call): Glossary {
  const details = call.params.get('details') ?? 'Basic';
  const hosts: number[] = [];
  const controls = new Map<number, Control>();
  const technologies = new Map<number, string>();
  const counts = { Passed: 0, Failed: 0, Error: 0 };
  let excepted = 0;
  const total = (): number => counts.Passed + counts.Failed + counts.Error;
  return {
    note({ host, control, technology, status, excepted: exception }) {
      if (hosts.at(-1) !== host.n) hosts.push(host.n);
      controls.set(control.id, control);
      technologies.set(technology.id, technology.name);
      counts[status]++;
      if (exception && status !== 'Passed') excepted++;
    },
    summary(indent) {
      if (details === 'None' || total() === 0) return '';
      const I = `${indent}  `;
      return (
        `${indent}<SUMMARY>\n` +
        element(I, 'TOTAL_ASSETS', hosts.length) +
        element(I, 'TOTAL_CONTROLS', controls.size) +
        `${I}<CONTROL_INSTANCES>\n` +
        element(`${I}  `, 'TOTAL', total()) +
        element(`${I}  `, 'TOTAL_PASSED', counts.Passed) +
        element(`${I}  `, 'TOTAL_FAILED', counts.Failed) +
        element(`${I}  `, 'TOTAL_ERROR', counts.Error) +
        element(`${I}  `, 'TOTAL_EXCEPTIONS', excepted) +
        `${I}</CONTROL_INSTANCES>\n${indent}</SUMMARY>\n`
      );
    },
    *element(indent) {
      if (details === 'None' || total() === 0) return;
      const I = `${indent}  `;
      yield `${indent}<GLOSSARY>\n${I}<HOST_LIST>\n`;
      for (const n of hosts) yield hostElement(call, n, `${I}  `);
      yield `${I}</HOST_LIST>\n`;
      const sorted = [...controls.values()].sort((a, b) => a.id - b.id);
      yield `${I}<CONTROL_LIST>\n${sorted.map((one) => controlElement(one, `${I}  `, details)).join('')}${I}</CONTROL_LIST>\n`;
      const names = [...technologies].sort((a, b) => a[0] - b[0]);
      yield `${I}<TECHNOLOGY_LIST>\n${names.map(([id, name]) => `${I}  <TECHNOLOGY>\n${element(`${I}    `, 'ID', id)}${element(`${I}    `, 'NAME', name)}${I}  </TECHNOLOGY>\n`).join('')}${I}</TECHNOLOGY_LIST>\n`;
      if (details === 'All') yield wordLists(sorted, I);
      yield `${indent}</GLOSSARY>\n`;
    },
  };
}

function hostElement(call: Call, n: number, indent: string): string {
  const host = call.world.host(n);
  const scan = call.world.scanOf(n, call.now);
  const I = `${indent}  `;
  return (
    `${indent}<HOST>\n${I}<ID>${host.id}</ID>\n` +
    element(I, 'IP', host.ip) +
    element(I, 'TRACKING_METHOD', host.trackingMethod) +
    cdataElement(I, 'DNS', host.fqdn) +
    cdataElement(I, 'NETBIOS', host.netbios) +
    cdataElement(I, 'OS', host.os) +
    element(I, 'LAST_COMPLIANCE_SCAN_DATETIME', scan === undefined ? undefined : stamp(scan.scanned)) +
    `${indent}</HOST>\n`
  );
}

function controlElement(control: Control, indent: string, details: string): string {
  const I = `${indent}  `;
  const II = `${I}  `;
  const rationales = control.technologies
    .map(
      ({ id, name }) =>
        `${II}<RATIONALE>\n${element(`${II}  `, 'TECHNOLOGY_ID', id)}${cdataElement(`${II}  `, 'TEXT', rationale(control, name))}${II}</RATIONALE>\n`,
    )
    .join('');
  return (
    `${indent}<CONTROL>\n${I}<ID>${control.id}</ID>\n` +
    cdataElement(I, 'STATEMENT', control.statement) +
    `${I}<CRITICALITY>\n${cdataElement(II, 'LABEL', control.criticality.label)}${element(II, 'VALUE', control.criticality.value)}${I}</CRITICALITY>\n` +
    (details === 'All' ? `${I}<RATIONALE_LIST>\n${rationales}${I}</RATIONALE_LIST>\n` : '') +
    `${indent}</CONTROL>\n`
  );
}

/** What the labels of the evidence stand for. */
function wordLists(controls: readonly Control[], I: string): string {
  const list = (name: string, entry: string, values: (control: Control) => string): string =>
    `${I}<${name}>\n${controls.map((one) => `${I}  <${entry}>\n${values(one)}${I}  </${entry}>\n`).join('')}${I}</${name}>\n`;
  const II = `${I}    `;
  const V = (text: string): string => `${II}<V>${cdata(text)}</V>\n`;
  return (
    list('TP_LIST', 'TP', (one) => element(II, 'LABEL', labels(one).tp) + V('8')) +
    list(
      'FV_LIST',
      'FV',
      (one) => element(II, 'LABEL', labels(one).fv) + V('Setting not found') + V('^(root|<none>)$'),
    ) +
    list('TM_LIST', 'TM', (one) => element(II, 'LABEL', `@tm_${one.n + 1}`) + V('/etc/shadow\t0400')) +
    list(
      'DPD_LIST',
      'DPD',
      (one) => element(II, 'LABEL', labels(one).dp) + cdataElement(II, 'DESC', `Value of: ${one.statement}`),
    )
  );
}
