import { z } from 'zod';
import { defineDataset, flag, params } from './define.ts';
import { oneAnswer } from './paging.ts';

const options = z.object({
  ips: z.string().meta({ description: 'Only these addresses: 10.0.0.1-10.0.0.255,10.1.2.3' }).optional(),
  network_id: z.string().meta({ description: 'Only addresses of this network.' }).optional(),
  tracking_method: z
    .enum(['IP', 'DNS', 'NETBIOS'])
    .meta({ description: 'Only addresses whose hosts are tracked this way.' })
    .optional(),
  compliance_enabled: z
    .boolean()
    .meta({ description: 'Only addresses that Policy Compliance covers, or only those that it does not.' })
    .optional(),
});

const filters = ({ ips, network_id, tracking_method, compliance_enabled }: z.output<typeof options>) =>
  params({
    ips,
    network_id,
    tracking_method,
    compliance_enabled: compliance_enabled === undefined ? undefined : flag(compliance_enabled),
  });

export default defineDataset({
  name: 'ips',
  aliases: [],
  title: 'IP addresses',
  about: 'Every address and address range of the subscription, scanned or not, with its network.',
  kind: 'entity',
  options,
  format: {
    kind: 'xml',
    root: 'IP_LIST_OUTPUT',
    record: 'RESPONSE/IP_SET/IP|IP_RANGE',
    lists: [],
    verbatim: [],
    fields: ['@network_id', '#text'],
  },
  key: [
    { from: 'record', field: '#text' },
    { from: 'record', field: '@network_id' },
  ],
  order: 'none',
  paging: oneAnswer,
  incremental: false,
  noise: [],
  time: [],
  records: (options) => ({
    api: 'asset/ip',
    path: '/api/2.0/fo/asset/ip/',
    method: 'POST',
    params: { action: 'list', ...filters(options) },
  }),
  overlapMs: 0,
  scope: (options) => JSON.stringify(filters(options)),
  schedule: { every: 86_400_000 },
  pageSize: 1000,
  fields: {
    '#text': {
      type: 'text',
      about: 'One address, or the first and last of a range: 10.0.0.1-10.0.0.9.',
      sensitive: true,
    },
    '@network_id': {
      type: 'integer',
      about: 'Network, where the subscription has several; tells equal addresses apart.',
    },
  },
  permission: {
    roles: 'Managers see all addresses; Unit Managers those of their business unit; others those of their account.',
    licence: 'VM or VMDR with API access.',
  },
  signIn: ['basic', 'token'],
  destinations: {
    devo: 'my.app.qualys.ips',
    interflow: 'qualys_ips',
    elastic: 'qualys_vmdr.ip',
    ocsf: 'inventory_info',
  },
  example: { '@network_id': '0', '#text': '10.0.0.1-10.0.0.9' },
  links: ['https://docs.qualys.com/en/vm/qweb-all-api/mergedProjects/qapi-assets/ip_addresses/list_ips.htm'],
});
