/** `/api/2.0/fo/asset/ip/`: the subscription's addresses, whole, without paging (reference, section 6). */
import { readIps } from '../params.ts';
import { Refusal } from '../refusal.ts';
import { type Addresses, addressesText } from '../world/addresses.ts';
import { addressesAt } from '../world/ips.ts';
import { framed, listElement } from './id-page.ts';
import type { Call, Route } from './route.ts';

export const ipList: Route = {
  path: '/api/{version}/fo/asset/ip/',
  versions: ['2.0'],
  ended: [],
  requestedWith: true,
  cookie: true,
  parameters: () => ({
    echo_request: 'flag',
    ips: 'ips',
    network_id: 'count',
    tracking_method: 'unsimulated',
    compliance_enabled: 'unsimulated',
    certview_enabled: 'unsimulated',
  }),
  answer: (call) => {
    const ips = call.params.get('ips');
    const wanted = ips === undefined ? undefined : readIps(ips);
    if (wanted !== undefined && selected(call, wanted).next().done === true) {
      throw new Refusal(400, '1905', 'IP(s) do not exist.');
    }
    const set = listElement(call, '    ', 'IP_SET', selected(call, wanted), (one) =>
      addressElement('      ', one, !call.faults.has('no-networks')),
    );
    const body = framed(call, 'IP_LIST_OUTPUT', '/api/2.0/fo/asset/ip/ip_list_output.dtd', set);
    return { status: 200, type: 'application/xml', rated: true, body };
  },
};

/** Of a range, only what was asked for. */
function* selected(call: Call, wanted: readonly [number, number][] | undefined): Generator<Addresses> {
  const network = call.params.get('network_id');
  for (const range of addressesAt(call.world, call.now)) {
    if (range.networkId !== 0 && call.faults.has('no-networks')) continue;
    if (network !== undefined && range.networkId !== Number(network)) continue;
    if (wanted === undefined) yield range;
    for (const [first, last] of wanted ?? []) {
      if (first > range.last || last < range.first) continue;
      yield { ...range, first: Math.max(first, range.first), last: Math.min(last, range.last) };
    }
  }
}

export function addressElement(indent: string, addresses: Addresses, networks = true): string {
  const name = addresses.first === addresses.last ? 'IP' : 'IP_RANGE';
  const network = networks ? ` network_id="${addresses.networkId}"` : '';
  return `${indent}<${name}${network}>${addressesText(addresses)}</${name}>\n`;
}
