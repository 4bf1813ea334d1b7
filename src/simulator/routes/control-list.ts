/** `/api/{version}/fo/compliance/control/`: compliance controls (reference, section 13). */
import { readDate } from '../params.ts';
import { type Control, controlsAt, type Technology } from '../world/controls.ts';
import { stamp } from '../world/time.ts';
import { cdataElement, element } from '../xml.ts';
import { framed, ID_PARAMETERS, idPage, idSetElement, listElement, where } from './id-page.ts';
import type { Call, Route } from './route.ts';

export const controlList: Route = {
  path: '/api/{version}/fo/compliance/control/',
  versions: ['2.0', '3.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    ...ID_PARAMETERS,
    details: ['Basic', 'All', 'None'],
    updated_after_datetime: 'date',
    created_after_datetime: 'date',
    truncation_limit: 'count',
  }),
  answer: (call) => {
    const limit = Number(call.params.get('truncation_limit') ?? 1000);
    const page = idPage(call, limit, (idMin) => where(controlsAt(call.world, call.now, idMin), wanted(call)));
    function* payload(): Generator<string> {
      if (call.params.get('details') === 'None') yield* idSetElement(call, page.records);
      else yield* listElement(call, '    ', 'CONTROL_LIST', page.records, (one) => controlElement(call, one));
      yield page.warning();
    }
    const dtd = `/api/${call.version}/fo/compliance/control/control_list_output.dtd`;
    const body = framed(call, 'CONTROL_LIST_OUTPUT', dtd, payload());
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function wanted({ params }: Call): (control: Control) => boolean {
  const updated = readDate(params.get('updated_after_datetime') ?? '');
  const created = readDate(params.get('created_after_datetime') ?? '');
  return (control) =>
    (updated === undefined || control.updated > updated) && (created === undefined || control.created > created);
}

const I = '        ';
const II = `${I}  `;
const III = `${II}  `;

function controlElement(call: Call, control: Control): string {
  const { criticality, checkType, deprecated } = control;
  return (
    `      <CONTROL>\n${I}<ID>${control.id}</ID>\n` +
    element(I, 'UPDATE_DATE', stamp(control.updated)) +
    element(I, 'CREATED_DATE', stamp(control.created)) +
    element(I, 'CATEGORY', control.category) +
    element(I, 'SUB_CATEGORY', control.subCategory) +
    cdataElement(I, 'STATEMENT', control.statement, control.n % 10 === 0) +
    `${I}<CRITICALITY>\n${cdataElement(II, 'LABEL', criticality.label)}${element(II, 'VALUE', criticality.value)}${I}</CRITICALITY>\n` +
    (deprecated === undefined ? '' : element(I, 'DEPRECATED', 1) + element(I, 'DEPRECATED_DATE', stamp(deprecated))) +
    (checkType === undefined ? '' : ownElements(control, checkType)) +
    technologyList(control) +
    (call.params.get('details') === 'All' ? frameworkList(control) : '') +
    (call.version === '2.0' ? '' : element(I, 'IS_ACTIVE', control.active ? 1 : 0)) +
    '      </CONTROL>\n'
  );
}

/** What only controls of the subscription's own have. */
function ownElements(control: Control, checkType: string): string {
  return (
    element(I, 'CHECK_TYPE', checkType) +
    cdataElement(I, 'COMMENT', control.comment) +
    element(I, 'IGNORE_ERROR', 0) +
    element(I, 'IGNORE_ITEM_NOT_FOUND', 1) +
    `${I}<SCAN_PARAMETERS>\n${cdataElement(II, 'DATA_TYPE', 'String List')}${cdataElement(II, 'DESCRIPTION', `${control.statement} & path`)}${I}</SCAN_PARAMETERS>\n`
  );
}

function technologyList(control: Control): string {
  const one = ({ id, name }: Technology): string =>
    `${II}<TECHNOLOGY>\n${element(III, 'ID', id)}${element(III, 'NAME', name)}${cdataElement(III, 'RATIONALE', rationale(control, name))}${II}</TECHNOLOGY>\n`;
  return `${I}<TECHNOLOGY_LIST>\n${control.technologies.map(one).join('')}${I}</TECHNOLOGY_LIST>\n`;
}

/** Why the control matters on a technology. */
export function rationale(control: Control, technology: string): string {
  return `On ${technology}, ${control.subCategory.toLowerCase()} decides who may enter; “weak” values &lt; 8 are a risk.`;
}

function frameworkList(control: Control): string {
  const { frameworks } = control;
  if (frameworks.length === 0) return '';
  const one = ({ id, name, section }: Control['frameworks'][number]): string =>
    `${II}<FRAMEWORK>\n${element(III, 'ID', id)}${element(III, 'NAME', name)}${III}<REFERENCE_LIST>\n${III}  <REFERENCE>\n` +
    `${element(`${III}    `, 'SECTION', section)}${cdataElement(`${III}    `, 'COMMENTS', `Section ${section}: manage & review`)}${III}  </REFERENCE>\n${III}</REFERENCE_LIST>\n${II}</FRAMEWORK>\n`;
  return `${I}<FRAMEWORK_LIST>\n${frameworks.map(one).join('')}${I}</FRAMEWORK_LIST>\n`;
}
