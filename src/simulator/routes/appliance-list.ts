/** `/api/2.0/fo/appliance/`: scanner appliances, whole, without paging (reference, section 10). */
import { inRanges, readIds } from '../params.ts';
import { type Appliance, appliancesAt } from '../world/appliances.ts';
import { ASSET_GROUPS, TAGS } from '../world/catalogue.ts';
import { stamp } from '../world/time.ts';
import { cdataElement, element } from '../xml.ts';
import { framed, listElement, where } from './id-page.ts';
import type { Call, Route } from './route.ts';

const LICENSES = 400;

export const applianceList: Route = {
  path: '/api/{version}/fo/appliance/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    echo_request: 'flag',
    output_mode: ['brief', 'full'],
    include_license_info: 'flag',
    include_cloud_info: 'flag',
    show_tags: 'flag',
    busy: 'flag',
    name: 'free',
    ids: 'ids',
    type: ['physical', 'virtual', 'containerized', 'offline'],
    scan_detail: 'unsimulated',
    scan_ref: 'unsimulated',
    platform_provider: 'unsimulated',
  }),
  answer: (call) => {
    function* payload(): Generator<string> {
      const appliances = where(appliancesAt(call.world, call.now), wanted(call));
      yield* listElement(call, '    ', 'APPLIANCE_LIST', appliances, (one) => applianceElement(call, one));
      if (call.params.get('include_license_info') === '1') yield licenseInfo(call);
    }
    const dtd = '/api/2.0/fo/appliance/appliance_list_output.dtd';
    const body = framed(call, 'APPLIANCE_LIST_OUTPUT', dtd, payload());
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

function wanted({ params }: Call): (one: Appliance) => boolean {
  const busy = params.get('busy');
  const name = params.get('name');
  const type = params.get('type');
  const ids = params.get('ids');
  const ranges = ids === undefined ? undefined : readIds(ids);
  return (one) =>
    (busy === undefined || (busy === '1') === one.runningScans > 0) &&
    (name === undefined || one.name.includes(name)) &&
    (type === undefined || (type === 'offline' ? !one.online : one.type === type)) &&
    (ranges === undefined || inRanges(one.id, ranges));
}

function licenseInfo(call: Call): string {
  const used = [...appliancesAt(call.world, call.now)].filter((one) => one.type === 'virtual').length;
  return `    <LICENSE_INFO>\n      <QVSA_LICENSES_COUNT>${LICENSES}</QVSA_LICENSES_COUNT>\n      <QVSA_LICENSES_USED>${used}</QVSA_LICENSES_USED>\n    </LICENSE_INFO>\n`;
}

const I = '        ';
const II = `${I}  `;
const III = `${II}  `;

function applianceElement(call: Call, one: Appliance): string {
  return (
    `      <APPLIANCE>\n${I}<ID>${one.id}</ID>\n` +
    element(I, 'UUID', one.uuid) +
    cdataElement(I, 'NAME', one.name) +
    element(I, 'NETWORK_ID', one.networkId) +
    element(I, 'SOFTWARE_VERSION', one.softwareVersion) +
    element(I, 'RUNNING_SLICES_COUNT', one.runningSlices) +
    element(I, 'RUNNING_SCAN_COUNT', one.runningScans) +
    element(I, 'STATUS', one.online ? 'Online' : 'Offline') +
    (call.params.get('output_mode') === 'full' ? fullElements(call, one) : '') +
    '      </APPLIANCE>\n'
  );
}

function fullElements(call: Call, one: Appliance): string {
  const groups = ASSET_GROUPS.slice(one.id % 4, (one.id % 4) + (one.id % 3));
  return (
    element(I, 'MODEL_NUMBER', one.model) +
    element(I, 'TYPE', one.type === 'physical' ? 'Physical' : one.type === 'virtual' ? 'Virtual' : 'Containerized') +
    element(I, 'SERIAL_NUMBER', one.serial) +
    element(I, 'ACTIVATION_CODE', one.activationCode) +
    interfaceElements(one) +
    proxyElements(one) +
    element(I, 'IS_CLOUD_DEPLOYED', one.ec2Region === undefined ? 0 : 1) +
    (call.params.get('include_cloud_info') === '1' ? cloudElements(one) : '') +
    wrapped('VLANS', element(II, 'SETTING', one.vlans.length > 0 ? 'Enabled' : 'Disabled') + vlanElements(one)) +
    wrapped('STATIC_ROUTES', '') +
    element(I, 'ML_LATEST', '14.6.21-1') +
    versionElement('ML_VERSION', one.upToDate, one.upToDate ? '14.6.21-1' : '14.5.3-1') +
    element(I, 'VULNSIGS_LATEST', '2.6.470-2') +
    versionElement('VULNSIGS_VERSION', one.upToDate, one.upToDate ? '2.6.470-2' : '2.6.398-4') +
    element(I, 'ASSET_GROUP_COUNT', groups.length) +
    wrapped(
      'ASSET_GROUP_LIST',
      groups
        .map(
          ({ id, title }) =>
            `${II}<ASSET_GROUP>\n${III}<ID>${id}</ID>\n${cdataElement(III, 'NAME', title)}${II}</ASSET_GROUP>\n`,
        )
        .join(''),
    ) +
    (call.params.get('show_tags') === '1' ? tagElements(one) : '') +
    element(I, 'LAST_UPDATED_DATE', one.online ? stamp(one.lastUpdated) : 'N/A') +
    element(I, 'POLLING_INTERVAL', '180 seconds') +
    element(I, 'USER_LOGIN', 'quarry_sim') +
    element(I, 'HEARTBEATS_MISSED', one.heartbeatsMissed) +
    element(I, 'SS_CONNECTION', one.online ? 'Connected' : 'N/A') +
    element(I, 'SS_LAST_CONNECTED', one.online ? stamp(one.lastUpdated) : 'N/A') +
    element(I, 'FDCC_ENABLED', 0) +
    wrapped(
      'USER_LIST',
      `${II}<USER_ACCOUNT>\n${III}<ID>7001100</ID>\n${III}<NAME>quarry_sim</NAME>\n${II}</USER_ACCOUNT>\n`,
    ) +
    element(I, 'UPDATED', one.upToDate ? 'Yes' : 'No') +
    cdataElement(I, 'COMMENTS', one.comments) +
    element(I, 'MAX_CAPACITY_UNITS', '100.0000%')
  );
}

/** An element with children; childless as Qualys writes it, `<X />`. */
function wrapped(name: string, inner: string): string {
  return inner === '' ? `${I}<${name} />\n` : `${I}<${name}>\n${inner}${I}</${name}>\n`;
}

function versionElement(name: string, upToDate: boolean, version: string): string {
  return `${I}<${name} updated="${upToDate ? 'yes' : 'no'}">${version}</${name}>\n`;
}

/** Offline appliances show a netmask of 128.0.0.0. */
function interfaceElements(one: Appliance): string {
  const inner = (name: string, address: string): string =>
    element(II, 'INTERFACE', name) +
    element(II, 'IP_ADDRESS', address) +
    element(II, 'NETMASK', one.online ? '255.255.255.0' : '128.0.0.0') +
    element(II, 'GATEWAY', one.online ? one.address.replace(/\d+$/, '1') : '0.0.0.0') +
    element(II, 'LEASE', 'Static') +
    element(II, 'IPV6_ADDRESS', '') +
    element(II, 'SPEED', '') +
    element(II, 'DUPLEX', 'Unknown') +
    `${II}<DNS>\n${III}<DOMAIN>example.com</DOMAIN>\n${III}<PRIMARY>10.0.0.53</PRIMARY>\n${III}<SECONDARY>0.0.0.0</SECONDARY>\n${II}</DNS>\n`;
  return (
    wrapped('INTERFACE_SETTINGS', inner('lan', one.address)) +
    wrapped('INTERFACE_SETTINGS', element(II, 'SETTING', 'Disabled') + inner('wan', '0.0.0.0'))
  );
}

function proxyElements(one: Appliance): string {
  const proxy = `${II}<PROXY>\n${III}<PROTOCOL>http</PROTOCOL>\n${III}<IP_ADDRESS>10.0.0.80</IP_ADDRESS>\n${III}<HOSTNAME />\n${III}<PORT>3128</PORT>\n${III}<USER />\n${II}</PROXY>\n`;
  return wrapped(
    'PROXY_SETTINGS',
    element(II, 'SETTING', one.proxied ? 'Enabled' : 'Disabled') + (one.proxied ? proxy : ''),
  );
}

function cloudElements(one: Appliance): string {
  if (one.ec2Region === undefined) return '';
  const ec2 = `${II}<EC2_INFO>\n${III}<INSTANCE_ID>i-0${one.id.toString(16)}</INSTANCE_ID>\n${III}<EC2_REGION>${one.ec2Region}</EC2_REGION>\n${II}</EC2_INFO>\n`;
  return wrapped('CLOUD_INFO', `${II}<PLATFORM_PROVIDER>ec2</PLATFORM_PROVIDER>\n${ec2}`);
}

/** Up to two tags; an appliance without any has no list. */
function tagElements(one: Appliance): string {
  const tags = TAGS.slice(one.id % 4, (one.id % 4) + (one.id % 3));
  const inner = tags.map(({ id, name }) => {
    const uuid = `7a6c0000-0000-4000-8000-${String(id).padStart(12, '0')}`;
    return `${II}<ASSET_TAG>\n${III}<UUID>${uuid}</UUID>\n${element(III, 'NAME', name)}${II}</ASSET_TAG>\n`;
  });
  return inner.length === 0 ? '' : wrapped('ASSET_TAGS_LIST', inner.join(''));
}

function vlanElements(one: Appliance): string {
  return one.vlans
    .map(
      (id) =>
        `${II}<VLAN>\n${III}<ID>${id}</ID>\n${cdataElement(III, 'NAME', `vlan ${id}`)}${III}<IP_ADDRESS>10.9.9.9</IP_ADDRESS>\n${III}<NETMASK>255.255.255.0</NETMASK>\n${II}</VLAN>\n`,
    )
    .join('');
}
