/** `/api/2.0/fo/asset/group/`: asset groups (reference, section 11). */
import { invalid } from '../params.ts';
import type { Addresses } from '../world/addresses.ts';
import { addressesOf, type Group, groupsAt, hostIdsOf } from '../world/groups.ts';
import { stamp } from '../world/time.ts';
import { cdata, cdataElement, element } from '../xml.ts';
import { framed, ID_PARAMETERS, idPage, listElement, where } from './id-page.ts';
import { addressElement } from './ip-list.ts';
import type { Call, Route } from './route.ts';

export const assetGroup: Route = {
  path: '/api/{version}/fo/asset/group/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    ...ID_PARAMETERS,
    title: 'free',
    network_ids: 'free',
    unit_id: 'count',
    user_id: 'count',
    truncation_limit: 'count',
    output_format: ['xml'],
    show_attributes: 'free',
  }),
  answer: (call) => {
    const shown = attributes(call);
    const limit = Number(call.params.get('truncation_limit') ?? 1000);
    const page = idPage(call, limit, (idMin) => where(groupsAt(call.world, call.now, idMin), wanted(call)));
    function* payload(): Generator<string> {
      yield* listElement(call, '    ', 'ASSET_GROUP_LIST', page.records, (group) => groupElement(call, group, shown));
      yield page.warning();
    }
    const dtd = '/api/2.0/fo/asset/group/asset_group_list_output.dtd';
    const body = framed(call, 'ASSET_GROUP_LIST_OUTPUT', dtd, payload());
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function wanted({ params }: Call): (group: Group) => boolean {
  const title = params.get('title');
  const networks = params.get('network_ids')?.split(',').map(Number);
  const unit = params.get('unit_id');
  const user = params.get('user_id');
  return (group) =>
    (title === undefined || group.title === title) &&
    (networks === undefined || networks.includes(group.networkId)) &&
    (unit === undefined || group.unitId === Number(unit)) &&
    (user === undefined || group.ownerId === Number(user));
}

type Write = (call: Call, group: Group) => string | Iterable<string>;

const I = '        ';
const CVSS = ['CDP', 'TD', 'CR', 'IR', 'AR'];

/** What `show_attributes` can name, in the order of the DTD. */
const ATTRIBUTES = {
  TITLE: (_, group) => cdataElement(I, 'TITLE', group.title),
  OWNER_USER_ID: (_, group) => element(I, 'OWNER_USER_ID', group.ownerId),
  OWNER_USER_NAME: (_, group) => element(I, 'OWNER_USER_NAME', group.ownerName),
  OWNER_UNIT_ID: (_, group) => element(I, 'OWNER_UNIT_ID', group.unitId),
  NETWORK_IDS: (_, group) => element(I, 'NETWORK_IDS', group.networkId),
  LAST_UPDATE: (_, group) => element(I, 'LAST_UPDATE', stamp(group.lastUpdate)),
  BUSINESS_IMPACT: (_, group) => element(I, 'BUSINESS_IMPACT', group.impact),
  CVSS: (_, group) => group.cvss.map((value, i) => element(I, `CVSS_ENVIRO_${CVSS[i]}`, value)).join(''),
  APPLIANCE_LIST: (_, { applianceIds }) =>
    element(I, 'DEFAULT_APPLIANCE_ID', applianceIds[0]) + listText('APPLIANCE_IDS', applianceIds),
  IP_SET: (call, group) => ipSet(call, addressesOf(call.world, group, call.now)),
  DOMAIN_LIST: (_, group) =>
    wrapped('DOMAIN_LIST', group.domains, (name) => `<DOMAIN netblock="10.0.0.0-10.0.0.255">${cdata(name)}</DOMAIN>`),
  DNS_LIST: (_, group) => wrapped('DNS_LIST', group.dns, (name) => `<DNS network_id="0">${cdata(name)}</DNS>`),
  NETBIOS_LIST: (_, group) =>
    wrapped('NETBIOS_LIST', group.netbios, (name) => `<NETBIOS network_id="0">${cdata(name)}</NETBIOS>`),
  HOST_IDS: (call, group) => hostIds(hostIdsOf(call.world, group, call.now)),
  EC2_ID_LIST: (_, group) => (group.id % 5 === 0 ? listText('EC2_IDS', [`i-0${group.id.toString(16)}`]) : ''),
  ASSIGNED_USER_IDS: (_, group) => listText('ASSIGNED_USER_IDS', group.userIds),
  ASSIGNED_UNIT_IDS: (_, group) => listText('ASSIGNED_UNIT_IDS', group.unitId === 0 ? [] : [group.unitId]),
  COMMENTS: (_, group) => cdataElement(I, 'COMMENTS', group.comments),
} as const satisfies Record<string, Write>;

/** Without `show_attributes` owner, unit and network go by their short names. */
const BY_DEFAULT: readonly Write[] = [
  ATTRIBUTES.TITLE,
  (_, group) => element(I, 'OWNER_ID', group.ownerId),
  (_, group) => element(I, 'UNIT_ID', group.unitId),
  (_, group) => element(I, 'NETWORK_ID', group.networkId),
  ATTRIBUTES.APPLIANCE_LIST,
  ATTRIBUTES.IP_SET,
];

function attributes({ params }: Call): readonly Write[] {
  const text = params.get('show_attributes');
  if (text === undefined) return BY_DEFAULT;
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    const known = name === 'ALL' || name === 'ID' || Object.hasOwn(ATTRIBUTES, name);
    if (!known) throw invalid('show_attributes', text, `no attribute is named ${name}`);
  }
  const all = names.includes('ALL');
  return Object.entries<Write>(ATTRIBUTES).flatMap(([name, write]) => (all || names.includes(name) ? [write] : []));
}

function* groupElement(call: Call, group: Group, shown: readonly Write[]): Generator<string> {
  yield `      <ASSET_GROUP>\n${I}<ID>${group.id}</ID>\n`;
  for (const write of shown) {
    const text = write(call, group);
    if (typeof text === 'string') yield text;
    else yield* text;
  }
  yield '      </ASSET_GROUP>\n';
}

function* ipSet(call: Call, addresses: Iterable<Addresses | undefined>): Generator<string> {
  yield* listElement(call, I, 'IP_SET', addresses, (one) => addressElement(`${I}  `, one));
}

/** `123, 456`; none is no element. */
function listText(name: string, values: readonly (string | number)[]): string {
  return values.length === 0 ? '' : element(I, name, values.join(', '));
}

function wrapped(name: string, values: readonly string[], write: (value: string) => string): string {
  return values.length === 0
    ? ''
    : `${I}<${name}>\n${values.map((value) => `${I}  ${write(value)}\n`).join('')}${I}</${name}>\n`;
}

function* hostIds(ids: Iterable<number | undefined>): Generator<string> {
  let open = false;
  for (const id of ids) {
    if (id === undefined) yield '';
    else {
      yield open ? `, ${id}` : `${I}<HOST_IDS>${id}`;
      open = true;
    }
  }
  if (open) yield '</HOST_IDS>\n';
}
