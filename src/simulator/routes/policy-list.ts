/** `/api/{version}/fo/compliance/policy/`: compliance policies, a thousand an answer (reference, section 14). */
import { readDate } from '../params.ts';
import { ASSET_GROUPS } from '../world/catalogue.ts';
import { controlsOf, type Policy, policiesAt } from '../world/policies.ts';
import { stamp } from '../world/time.ts';
import { cdataElement, element } from '../xml.ts';
import { framed, ID_PARAMETERS, idPage, idSetElement, listElement, warningOrList, where } from './id-page.ts';
import type { Call, Route } from './route.ts';

/** No parameter changes it. */
const MOST = 1000;

export const policyList: Route = {
  path: '/api/{version}/fo/compliance/policy/',
  versions: ['2.0', '3.0', '4.0'],
  ended: ['2.0'],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    ...ID_PARAMETERS,
    details: ['Basic', 'All', 'None'],
    updated_after_datetime: 'date',
    created_after_datetime: 'date',
  }),
  answer: (call) => {
    const page = idPage(call, MOST, (idMin) => where(policiesAt(call.world, call.now, idMin), wanted(call)));
    const groups = new Set<number>();
    function* payload(): Generator<string> {
      if (call.params.get('details') === 'None') yield* idSetElement(call, page.records);
      else {
        yield* listElement(call, '    ', 'POLICY_LIST', page.records, (policy) => {
          for (const id of policy.assetGroupIds) groups.add(id);
          return policyElement(call, policy);
        });
      }
      yield glossary(groups) + warningOrList(call, page);
    }
    const dtd = `/api/${call.version}/fo/compliance/policy/policy_list_output.dtd`;
    const body = framed(call, 'POLICY_LIST_OUTPUT', dtd, payload());
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function wanted({ params }: Call): (policy: Policy) => boolean {
  const updated = readDate(params.get('updated_after_datetime') ?? '');
  const created = readDate(params.get('created_after_datetime') ?? '');
  return (policy) =>
    (updated === undefined || policy.modified > updated) && (created === undefined || policy.created > created);
}

const I = '        ';
const II = `${I}  `;
const III = `${II}  `;

function policyElement(call: Call, policy: Policy): string {
  return (
    `      <POLICY>\n${I}<ID>${policy.id}</ID>\n` +
    cdataElement(I, 'TITLE', policy.title, policy.n % 4 === 0) +
    happened('CREATED', policy.created, policy.createdBy) +
    happened('LAST_MODIFIED', policy.modified, policy.modifiedBy) +
    (policy.evaluated === undefined ? '' : happened('LAST_EVALUATED', policy.evaluated.last)) +
    element(I, 'STATUS', policy.active ? 'active' : 'inactive') +
    element(I, 'IS_LOCKED', policy.locked ? 1 : 0) +
    element(I, 'EVALUATE_NOW', 'no') +
    `${I}<ASSET_GROUP_IDS has_hidden_data="${policy.n % 7 === 3 ? 1 : 0}">${policy.assetGroupIds.join(',')}</ASSET_GROUP_IDS>\n` +
    element(I, 'INCLUDE_AGENT_IPS', 1) +
    (call.params.get('details') === 'All' ? controlList(call, policy) : '') +
    '      </POLICY>\n'
  );
}

function happened(name: string, at: number, by?: string): string {
  return `${I}<${name}>\n${element(II, 'DATETIME', stamp(at))}${element(II, 'BY', by)}${I}</${name}>\n`;
}

function controlList(call: Call, policy: Policy): string {
  let text = '';
  for (const { id, statement, criticality, n } of controlsOf(call.world, policy, call.now)) {
    text +=
      `${II}<CONTROL>\n${element(III, 'ID', id)}${cdataElement(III, 'STATEMENT', statement)}` +
      `${III}<CRITICALITY>\n${cdataElement(`${III}  `, 'LABEL', criticality.label)}${element(`${III}  `, 'VALUE', criticality.value)}${III}</CRITICALITY>\n` +
      (call.version === '2.0' ? '' : element(III, 'STATUS', n % 9 === 0 ? 'inactive' : 'active')) +
      `${II}</CONTROL>\n`;
  }
  return `${I}<CONTROL_LIST>\n${text}${I}</CONTROL_LIST>\n`;
}

function glossary(groups: ReadonlySet<number>): string {
  const list = ASSET_GROUPS.filter(({ id }) => groups.has(id))
    .map(
      ({ id, title }) =>
        `        <ASSET_GROUP>\n${element('          ', 'ID', id)}${cdataElement('          ', 'TITLE', title)}        </ASSET_GROUP>\n`,
    )
    .join('');
  return list === ''
    ? ''
    : `    <GLOSSARY>\n      <ASSET_GROUP_LIST>\n${list}      </ASSET_GROUP_LIST>\n    </GLOSSARY>\n`;
}
