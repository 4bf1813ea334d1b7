/** `/msp/user_list.php`: users, whole, without paging and without a DATETIME (reference, section 9). */
import { atMostOne } from '../params.ts';
import { ASSET_GROUPS } from '../world/catalogue.ts';
import { type Person, peopleAt } from '../world/people.ts';
import { stamp } from '../world/time.ts';
import { cdataElement, element } from '../xml.ts';
import { firstError, firstHead, firstRoute } from './first-api.ts';
import { listElement, where } from './id-page.ts';
import type { Call } from './route.ts';

const ROOT = 'USER_LIST_OUTPUT';
const DTD = 'user_list_output.dtd';

export const userList = firstRoute({
  path: '/msp/user_list.php',
  parameters: {
    external_id_contains: 'free',
    external_id_assigned: 'flag',
    show_access_permissions: 'flag',
  },
  answer: (call) => {
    atMostOne(call.params, 'external_id_contains', 'external_id_assigned');
    if (call.faults.has('users-denied')) {
      return firstError(call, ROOT, DTD, '999', 'Internal error: you are not authorized to use this API.');
    }
    return { status: 200, type: 'text/xml', rated: true, body: users(call) };
  },
});

function* users(call: Call): Generator<string> {
  yield firstHead(call, ROOT, DTD);
  const people = where(peopleAt(call.world, call.now), wanted(call));
  yield* listElement(call, '  ', 'USER_LIST', people, (person) => userElement(call, person));
  yield `</${ROOT}>\n`;
}

function wanted({ params }: Call): (person: Person) => boolean {
  const contains = params.get('external_id_contains');
  const assigned = params.get('external_id_assigned');
  return ({ externalId }) =>
    (contains === undefined || externalId?.includes(contains) === true) &&
    (assigned === undefined || (assigned === '1') === (externalId !== undefined));
}

const I = '      ';
const II = `${I}  `;

/** Business units other than the caller's may hide login and id; the names stay. */
function userElement(call: Call, person: Person): string {
  const hidden = call.faults.has('users-hidden') && person.businessUnit !== 'Unassigned';
  return (
    '    <USER>\n' +
    (hidden ? '' : element(I, 'USER_LOGIN', person.login) + element(I, 'USER_ID', person.id)) +
    element(I, 'EXTERNAL_ID', person.externalId) +
    contactInfo(person) +
    assignedGroups(person) +
    element(I, 'USER_STATUS', person.status) +
    element(I, 'CREATION_DATE', stamp(person.created)) +
    element(I, 'LAST_LOGIN_DATE', person.lastLogin === undefined ? 'N/A' : stamp(person.lastLogin)) +
    element(I, 'USER_ROLE', person.role) +
    cdataElement(I, 'BUSINESS_UNIT', person.businessUnit) +
    element(I, 'UNIT_MANAGER_POC', person.role === 'Unit Manager' ? 1 : 0) +
    element(I, 'MANAGER_POC', person.role === 'Manager' ? 1 : 0) +
    element(I, 'UI_INTERFACE_STYLE', 'standard_blue') +
    (call.params.get('show_access_permissions') === '1' ? permissions(person) : '') +
    notifications() +
    '    </USER>\n'
  );
}

function contactInfo(person: Person): string {
  return (
    `${I}<CONTACT_INFO>\n` +
    cdataElement(II, 'FIRSTNAME', person.firstName) +
    cdataElement(II, 'LASTNAME', person.lastName) +
    cdataElement(II, 'TITLE', person.title) +
    cdataElement(II, 'PHONE', person.phone) +
    cdataElement(II, 'FAX', '') +
    cdataElement(II, 'EMAIL', person.email) +
    cdataElement(II, 'COMPANY', 'Acme & Söhne') +
    cdataElement(II, 'ADDRESS1', 'Rue de la Gare 7 <2nd floor>') +
    cdataElement(II, 'ADDRESS2', '') +
    cdataElement(II, 'CITY', person.city) +
    cdataElement(II, 'COUNTRY', 'Switzerland') +
    cdataElement(II, 'STATE', '') +
    cdataElement(II, 'ZIP_CODE', '8004') +
    cdataElement(II, 'TIME_ZONE_CODE', 'Auto') +
    `${I}</CONTACT_INFO>\n`
  );
}

function assignedGroups(person: Person): string {
  const titles = ASSET_GROUPS.slice(person.id % 5, (person.id % 5) + (person.id % 4)).map(({ title }) => title);
  if (titles.length === 0) return '';
  const list = titles.map((title) => cdataElement(II, 'ASSET_GROUP_TITLE', title)).join('');
  return `${I}<ASSIGNED_ASSET_GROUPS>\n${list}${I}</ASSIGNED_ASSET_GROUPS>\n`;
}

function permissions(person: Person): string {
  const may = person.role.includes('Manager') ? 1 : 0;
  const names = ['CREATE_OPTION_PROFILES', 'PURGE_INFO', 'ADD_ASSETS', 'EDIT_REMEDIATION_POLICY', 'EDIT_AUTH_RECORDS'];
  return `${I}<PERMISSIONS>\n${names.map((name) => element(II, name, may)).join('')}${I}</PERMISSIONS>\n`;
}

function notifications(): string {
  const values = { LATEST_VULN: 'weekly', MAP: 'ags', SCAN: 'ags', DAILY_TICKETS: '0' };
  const list = Object.entries(values).map(([name, value]) => element(II, name, value));
  return `${I}<NOTIFICATIONS>\n${list.join('')}${I}</NOTIFICATIONS>\n`;
}
