import { DEVICE_SOURCES } from '../device/source.ts';
import { DEVICE_NUMBERS } from '../tables.ts';
import { beforeNow, returnedSince } from './shown.ts';
import { count, flag, list, number, ownedBy, owner, text, time, type View, type ViewContext, words } from './view.ts';

const SOURCES = Object.keys(DEVICE_SOURCES);

/** SQL: whether device `d` is shown under the policy. */
export function deviceShown({ policy, now, readings = [] }: ViewContext): string {
  const { ignoreNotSeen, deleteNotReturned, deleteNotReturnedBySuccess } = policy.devices;
  const conditions = [
    deleteNotReturnedBySuccess === undefined
      ? `d.removed = ''`
      : `(d.removed = '' OR d.removed_at >= ${beforeNow(now, deleteNotReturnedBySuccess)})`,
  ];
  if (ignoreNotSeen !== undefined)
    conditions.push(`(d.last_seen = 0 OR d.last_seen >= ${beforeNow(now, ignoreNotSeen)})`);
  if (deleteNotReturned !== undefined) {
    const returned = returnedSince('r', 'r.dataset', beforeNow(now, deleteNotReturned), readings);
    conditions.push(
      `EXISTS (SELECT 1 FROM device_source r WHERE r.space = d.space AND r.device = d.device AND ${returned})`,
    );
  }
  return conditions.join(' AND ');
}

const findings = (condition: string): string =>
  `(SELECT count(*) FROM device_host dh JOIN finding f ON f.space = dh.space AND f.host = dh.host
    WHERE dh.space = d.space AND dh.device = d.device AND f.closed = 0 AND f.type <> 3 AND f.ignored = 0 AND f.disabled = 0${condition})`;

const FROM_DEVICE = `device d ${ownedBy('d')}`;

export const devices = (context: ViewContext): View => ({
  name: 'devices',
  title: 'Devices',
  about: 'Machines: what the host list, detections, host assets and the asset inventory say of each, as one.',
  sources: SOURCES,
  from: FROM_DEVICE,
  where: deviceShown(context),
  key: ['tenant', 'subscription', 'device'],
  columns: [
    ...owner(),
    text('device', 'd.device', {
      searchable: true,
      about: 'Its name in the inventory: the lowest asset id, else h and the host id.',
    }),
    number('host_id', 'd.host'),
    number('asset_id', 'd.asset'),
    list('host_ids', 'd.hosts'),
    list('agent_ids', 'd.agents'),
    text('cloud_instance', 'd.cloud', { searchable: true, about: 'Provider and instance: aws/i-0….' }),
    ...[words('name', 'd.name'), words('fqdn', 'd.fqdn'), words('netbios', 'd.netbios'), text('domain', 'd.domain')],
    words('ip', 'd.ip'),
    list('ips', 'd.ips', { searchable: true }),
    list('macs', 'd.macs', { searchable: true }),
    ...['gateway', 'network'].map((name) => text(name, `d.${name}`)),
    words('os', 'd.os'),
    ...['os_category', 'os_lifecycle', 'manufacturer', 'model', 'serial', 'hardware_uuid', 'bios'].map((name) =>
      text(name, `d.${name}`),
    ),
    ...['asset_type', 'tracking_method', 'cloud_provider', 'cloud_account', 'cloud_region', 'cloud_type'].map((name) =>
      text(name, `d.${name}`),
    ),
    ...['cloud_state', 'public_ip', 'owner', 'last_user', 'agent_status', 'agent_version'].map((name) =>
      text(name, `d.${name}`),
    ),
    words('comment', 'd.comment'),
    ...DEVICE_NUMBERS.map((name) =>
      /^(last_|first_|modified)/.test(name) ? time(name, `d.${name}`) : number(name, `d.${name}`),
    ),
    list('tags', 'd.tags', { searchable: true }),
    list('asset_groups', 'd.asset_groups', { about: 'Ids of asset groups.' }),
    list('accounts', 'd.accounts'),
    list('sources', 'd.sources', { about: 'Data sets that know it now.' }),
    count('open_ports', 'd.ports'),
    count('installed_software', 'd.softwares'),
    count('open_findings', findings(''), {
      about: 'Open, not ignored or disabled; information gathered is not counted.',
    }),
    count('open_critical', findings(' AND f.severity = 5'), { about: 'The same, of severity 5.' }),
    flag('is_removed', `CASE WHEN d.removed = '' THEN 0 ELSE 1 END`),
    text('removed_reason', 'd.removed', { about: 'purged, out_of_scope or aged_out.' }),
    time('removed_at', 'd.removed_at'),
  ],
});

const ofDevice = (alias: string): string =>
  `JOIN device d ON d.space = ${alias}.space AND d.device = ${alias}.device ${ownedBy('d')}`;
const device = (): View['columns'] => [
  ...owner(),
  text('device', 'd.device'),
  words('device_name', 'd.name'),
  text('device_ip', 'd.ip'),
];

export const ports = (context: ViewContext): View => ({
  name: 'ports',
  title: 'Open ports and services',
  about: 'Open ports of devices, with the service found on each.',
  sources: ['host_assets', 'assets'],
  from: `device_port p ${ofDevice('p')}`,
  where: deviceShown(context),
  key: ['tenant', 'subscription', 'device', 'port', 'protocol'],
  columns: [...device(), number('port', 'p.port'), text('protocol', 'p.protocol'), words('service', 'p.service')],
});

export const interfaces = (context: ViewContext): View => ({
  name: 'interfaces',
  title: 'Network interfaces',
  about: 'Interfaces of devices: name, MAC, addresses, gateway.',
  sources: ['host_assets', 'assets'],
  from: `device_interface i ${ofDevice('i')}`,
  where: deviceShown(context),
  key: ['tenant', 'subscription', 'device', 'n'],
  columns: [
    ...device(),
    number('n', 'i.n'),
    ...[words('interface', 'i.name'), words('mac', 'i.mac'), words('addresses', 'i.ips')],
    text('gateway', 'i.gateway'),
    words('hostname', 'i.hostname'),
  ],
});

export const installations = (context: ViewContext): View => ({
  name: 'installations',
  title: 'Installed software by device',
  about: 'Each program on each device.',
  sources: ['assets', 'host_assets'],
  from: `device_software s ${ofDevice('s')}`,
  where: deviceShown(context),
  key: ['tenant', 'subscription', 'device', 'name', 'version', 'publisher'],
  columns: [
    ...device(),
    ...[words('name', 's.name'), text('version', 's.version'), words('publisher', 's.publisher')],
    ...[text('category', 's.category'), text('lifecycle', 's.lifecycle')],
  ],
});

export const software = (context: ViewContext): View => ({
  name: 'software',
  title: 'Software',
  about: 'Programs found on devices, each version once, with how many devices have it.',
  sources: ['assets', 'host_assets'],
  from: `(SELECT s.space, s.name, s.version, s.publisher, max(s.category) AS category, max(s.lifecycle) AS lifecycle, count(*) AS devices
    FROM device_software s ${ofDevice('s')} WHERE ${deviceShown(context)}
    GROUP BY s.space, s.name, s.version, s.publisher) s ${ownedBy('s')}`,
  where: '1 = 1',
  key: ['tenant', 'subscription', 'name', 'version', 'publisher'],
  columns: [
    ...owner(),
    ...[words('name', 's.name'), text('version', 's.version'), words('publisher', 's.publisher')],
    ...[text('category', 's.category'), text('lifecycle', 's.lifecycle'), count('devices', 's.devices')],
  ],
});
