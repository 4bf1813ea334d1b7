/**
 * A VULN element, in the order of Qualys's DTD. What the DTD demands and recorded bodies lack is lacking here too:
 * the URL of a CVE, the text of a title, the children of an EXPLT.
 *
 * `Basic` has what the recorded bodies have, asked for without `details`; `All` adds correlation, compliance, threat
 * intelligence and the parts of the CVSS scores. The newest elements stand in 4.0 only. Both are the simulator's choice.
 */

import type { KnowledgeEntry } from '../world/knowledge.ts';
import { chance, type Dice, dice, hash, int, pick } from '../world/random.ts';
import { stamp } from '../world/time.ts';
import type { Vulnerability } from '../world/vulnerabilities.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import type { Call } from './route.ts';

const TYPES = {
  Confirmed: 'Vulnerability',
  Potential: 'Potential Vulnerability',
  Info: 'Information Gathered',
} as const;
const THREATS = [
  [1, 'Zero_Day'],
  [2, 'Exploit_Public'],
  [4, 'High_Lateral_Movement'],
  [5, 'Easy_Exploit'],
  [6, 'High_Data_Loss'],
  [7, 'Denial_of_Service'],
  [8, 'No_Patch'],
  [13, 'Privilege_Escalation'],
  [15, 'Remote_Code_Execution'],
] as const;
const I = '        ';
const II = `${I}  `;
const III = `${II}  `;

/** An element with children; nothing where it has none. */
function nest(indent: string, name: string, children: string): string {
  return children === '' ? '' : `${indent}<${name}>\n${children}${indent}</${name}>\n`;
}

export function vulnElement(call: Call, entry: KnowledgeEntry): string {
  const { params, version } = call;
  const { vulnerability: v, customized, patchPublished } = entry;
  const all = params.get('details') === 'All';
  const newest = version === '4.0';
  const on = (name: string): boolean => params.get(name) === '1';
  const d = dice(entry.seed);
  const fixed = dice(hash(v.qid, 0x6b6));
  return (
    `      <VULN>\n${element(I, 'QID', v.qid)}` +
    element(
      I,
      'VULN_TYPE',
      v.qid % 23 === 0 && v.type !== 'Info' ? 'Vulnerability or Potential Vulnerability' : TYPES[v.type],
    ) +
    element(I, 'SEVERITY_LEVEL', v.severity) +
    cdataElement(I, 'TITLE', entry.title) +
    element(I, 'CATEGORY', chance(fixed, 0.97) ? v.category : undefined) +
    (customized === undefined
      ? ''
      : nest(
          I,
          'LAST_CUSTOMIZATION',
          element(II, 'DATETIME', stamp(customized.at)) + element(II, 'USER_LOGIN', customized.login),
        )) +
    element(I, 'LAST_SERVICE_MODIFICATION_DATETIME', stamp(entry.modified)) +
    element(I, 'PUBLISHED_DATETIME', stamp(entry.published)) +
    element(I, 'CODE_MODIFIED_DATETIME', newest ? stamp(entry.codeModified) : undefined) +
    bugtraq(fixed) +
    element(I, 'PATCHABLE', patchPublished === undefined ? 0 : 1) +
    element(I, 'PATCH_PUBLISHED_DATE', newest && patchPublished !== undefined ? stamp(patchPublished) : undefined) +
    software(v, fixed) +
    references(v, fixed) +
    nest(
      I,
      'CVE_LIST',
      entry.cves
        .map(({ id, url }) => nest(II, 'CVE', cdataElement(III, 'ID', id) + cdataElement(III, 'URL', url)))
        .join(''),
    ) +
    cdataElement(I, 'DIAGNOSIS', diagnosis(v, fixed)) +
    cdataElement(I, 'DIAGNOSIS_COMMENT', customized === undefined ? undefined : 'Siehe Ticket <4711> & Wiki') +
    cdataElement(I, 'CONSEQUENCE', chance(fixed, 0.9) ? ' Successful exploitation compromises the target.<P>' : '') +
    cdataElement(I, 'SOLUTION', solution(entry, d)) +
    (all ? compliance(fixed) + correlation(v, fixed) : '') +
    (chance(fixed, 0.7) && v.type !== 'Info' ? cvss(v, all) : '') +
    element(I, 'PCI_FLAG', v.severity > 2 ? 1 : 0) +
    (on('show_pci_reasons') && v.severity > 2
      ? nest(I, 'PCI_REASONS', cdataElement(II, 'PCI_REASON', 'The CVSS score is 4.0 or more.'))
      : '') +
    (all ? threats(fixed) : '') +
    (on('show_supported_modules_info') ? element(I, 'SUPPORTED_MODULES', 'VM,CA-Windows Agent,WAS') : '') +
    discovery(entry) +
    (on('show_disabled_flag') ? element(I, 'IS_DISABLED', v.disabled ? 1 : 0) : '') +
    (on('show_qid_change_log') && entry.revision > 0 ? changeLog(entry) : '') +
    '      </VULN>\n'
  );
}

function bugtraq(d: Dice): string {
  if (!chance(d, 0.1)) return '';
  const id = String(int(d, 1000, 99_999));
  const url = chance(d, 0.5) ? `http://www.securityfocus.com/bid/${id}` : '';
  return nest(I, 'BUGTRAQ_LIST', nest(II, 'BUGTRAQ', cdataElement(III, 'ID', id) + cdataElement(III, 'URL', url)));
}

function software(v: Vulnerability, d: Dice): string {
  const list = Array.from({ length: int(d, 0, 3) }, (_, n) =>
    nest(
      II,
      'SOFTWARE',
      cdataElement(III, 'PRODUCT', chance(d, 0.02) ? '' : `product_${v.qid % 97}_${n}`) +
        cdataElement(III, 'VENDOR', pick(d, ['microsoft', 'apache', 'r&d', 'redhat'])),
    ),
  );
  return nest(I, 'SOFTWARE_LIST', list.join(''));
}

function references(v: Vulnerability, d: Dice): string {
  if (!chance(d, 0.6)) return '';
  const id = `ADV-${v.qid}`;
  const url = `https://vendor.example/advisories/${id}?lang=en&v=1`;
  return nest(
    I,
    'VENDOR_REFERENCE_LIST',
    nest(II, 'VENDOR_REFERENCE', cdataElement(III, 'ID', id) + cdataElement(III, 'URL', url)),
  );
}

/** Markup of Qualys's own inside CDATA, entities escaped a second time. */
function diagnosis(v: Vulnerability, d: Dice): string {
  const long = chance(d, 0.02) ? '<P>Affected: all versions before the fixed one.<BR>\n'.repeat(int(d, 20, 400)) : '';
  return `${v.title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')} was found.<P>\n\n<P>QID Detection Logic (Authenticated):<BR>The check reads the version with &quot;show version&quot;; versions &lt; ${int(d, 1, 20)}.${int(d, 0, 9)} are vulnerable. <BR>${chance(d, 0.1) ? 'Größe, été, 共有.<BR>' : ''}${long}`;
}

function solution({ vulnerability: v, revision }: KnowledgeEntry, d: Dice): string {
  const url = `https://vendor.example/advisories/ADV-${v.qid}`;
  return `<P>Customers are advised to refer to <A HREF="${url}" TARGET="_blank">ADV-${v.qid}</A>, revision ${revision}.\n<P>Patch:<BR>\nBuild ${int(d, 1000, 9999)} or later.`;
}

function compliance(d: Dice): string {
  if (!chance(d, 0.05)) return '';
  const children =
    element(III, 'TYPE', pick(d, ['HIPAA', 'GLBA', 'CobIT', 'SOX'])) +
    element(III, 'SECTION', '164.306(a)(1)') +
    cdataElement(III, 'DESCRIPTION', 'Ensure the confidentiality of <all> electronic data & systems.');
  return nest(I, 'COMPLIANCE_LIST', nest(II, 'COMPLIANCE', children));
}

const V = `${III}    `;

/** An EXPLT with all its children, with one, and one without any. */
function correlation(v: Vulnerability, d: Dice): string {
  const exploits = chance(d, 0.15)
    ? `${II}<EXPLOITS>\n${III}<EXPLT_SRC>\n${III}  <SRC_NAME>${cdata('nvd')}</SRC_NAME>\n${III}  <EXPLT_LIST>\n` +
      nest(
        V,
        'EXPLT',
        cdataElement(V, 'REF', v.cve) +
          cdataElement(V, 'DESC', 'Proof of concept') +
          cdataElement(V, 'LINK', 'https://exploits.example/1?a=b&c=d'),
      ) +
      nest(V, 'EXPLT', cdataElement(V, 'REF', v.cve)) +
      (chance(d, 0.5) ? `${V}<EXPLT>\n${V}</EXPLT>\n` : `${V}<EXPLT />\n`) +
      `${III}  </EXPLT_LIST>\n${III}</EXPLT_SRC>\n${II}</EXPLOITS>\n`
    : '';
  const malware = chance(d, 0.03)
    ? `${II}<MALWARE>\n${III}<MW_SRC>\n${III}  <SRC_NAME>${cdata('Trend Micro')}</SRC_NAME>\n${III}  <MW_LIST>\n` +
      nest(V, 'MW_INFO', cdataElement(V, 'MW_ID', `TROJ_${v.qid}`) + cdataElement(V, 'MW_PLATFORM', 'Win32,Script')) +
      `${III}  </MW_LIST>\n${III}</MW_SRC>\n${II}</MALWARE>\n`
    : '';
  return nest(I, 'CORRELATION', exploits + malware);
}

function cvss(v: Vulnerability, all: boolean): string {
  const temporal = (Number(v.cvss) * 0.8).toFixed(1);
  const two =
    `${II}<BASE source="service">${v.cvss}</BASE>\n${element(II, 'TEMPORAL', temporal)}` +
    (all
      ? element(II, 'VECTOR_STRING', 'CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P/E:U/RL:OF/RC:C') +
        nest(II, 'ACCESS', element(III, 'VECTOR', 3) + element(III, 'COMPLEXITY', 1)) +
        nest(
          II,
          'IMPACT',
          element(III, 'CONFIDENTIALITY', 2) + element(III, 'INTEGRITY', 2) + element(III, 'AVAILABILITY', 2),
        ) +
        element(II, 'AUTHENTICATION', 1) +
        element(II, 'EXPLOITABILITY', 1) +
        element(II, 'REMEDIATION_LEVEL', 1) +
        element(II, 'REPORT_CONFIDENCE', 3)
      : '');
  const three =
    element(II, 'BASE', v.cvss) +
    element(II, 'TEMPORAL', temporal) +
    (all
      ? element(II, 'VECTOR_STRING', `CVSS:3.1/${v.vector}`) +
        element(II, 'CVSS3_VERSION', '3.1') +
        nest(II, 'ATTACK', element(III, 'VECTOR', 1) + element(III, 'COMPLEXITY', 1)) +
        nest(
          II,
          'IMPACT',
          element(III, 'CONFIDENTIALITY', 3) + element(III, 'INTEGRITY', 3) + element(III, 'AVAILABILITY', 3),
        ) +
        element(II, 'PRIVILEGES_REQUIRED', 1) +
        element(II, 'USER_INTERACTION', 1) +
        element(II, 'SCOPE', 1) +
        element(II, 'EXPLOIT_CODE_MATURITY', 1) +
        element(II, 'REMEDIATION_LEVEL', 1) +
        element(II, 'REPORT_CONFIDENCE', 3)
      : '');
  return nest(I, 'CVSS', two) + nest(I, 'CVSS_V3', v.qid % 4 === 0 ? '' : three);
}

function threats(d: Dice): string {
  const list = THREATS.filter(() => chance(d, 0.15));
  return nest(
    I,
    'THREAT_INTELLIGENCE',
    list.map(([id, name]) => `${II}<THREAT_INTEL id="${id}">${cdata(name)}</THREAT_INTEL>\n`).join(''),
  );
}

function discovery({ discovery: how, authTypes, patchPublished }: KnowledgeEntry): string {
  return nest(
    I,
    'DISCOVERY',
    element(II, 'REMOTE', how === 'authenticated' ? 0 : 1) +
      nest(II, 'AUTH_TYPE_LIST', authTypes.map((type) => element(III, 'AUTH_TYPE', type)).join('')) +
      element(II, 'ADDITIONAL_INFO', patchPublished === undefined ? undefined : 'Patch Available'),
  );
}

function changeLog({ modified, revision }: KnowledgeEntry): string {
  const children = element(III, 'CHANGE_DATE', stamp(modified)) + cdataElement(III, 'COMMENTS', `Revision ${revision}`);
  return nest(I, 'CHANGE_LOG_LIST', nest(II, 'CHANGE_LOG_INFO', children));
}
