/** Operating system, hardware, ports, network card and software of an asset, as the Global Asset Inventory tells them. */
import type { Machine } from '../../world/asset.ts';
import type { Host } from '../../world/host.ts';
import type { Software } from '../../world/software.ts';
import { stamp } from '../../world/time.ts';
import type { HostScan } from '../../world/world.ts';

export const iso = (ms: number): string => stamp(ms).replace('Z', '.000Z');

export function operatingSystem(name: string): object {
  const category1 = /windows/i.test(name)
    ? 'Windows'
    : /mac/i.test(name)
      ? 'Mac'
      : /cisco/i.test(name)
        ? 'Network'
        : 'Linux';
  const category2 = /server|linux/i.test(name) ? 'Server' : 'Client';
  return {
    osName: name,
    fullName: name,
    category: `${category1} / ${category2}`,
    category1,
    category2,
    productName: name.split(' ').slice(0, 3).join(' '),
    publisher: category1 === 'Windows' ? 'Microsoft' : null,
    edition: null,
    marketVersion: /\d+(\.\d+)?/.exec(name)?.[0] ?? null,
    version: /Build (\d+)/.exec(name)?.[1] ?? null,
    update: null,
    architecture: /64 bit/.test(name) ? '64-Bit' : null,
    lifecycle: lifecycle(name.length % 3 === 0 ? 'GA' : 'EOS'),
    taxonomy: { id: null, name: `${category1} / ${category2}`, category1, category2 },
    productUrl: ',',
    productFamily: null,
    installDate: null,
    release: null,
    cpeId: null,
    cpe: null,
    cpeType: null,
  };
}

function lifecycle(stage: string): object {
  return {
    gaDate: '2019-10-01T00:00:00.000Z',
    eolDate: stage === 'GA' ? 'Not Announced' : '2024-01-09T00:00:00.000Z',
    eosDate: stage === 'GA' ? 'Not Available' : '2025-01-14T00:00:00.000Z',
    stage,
    lifeCycleConfidence: 'Exact',
    eolSupportStage: null,
    eosSupportStage: null,
    detectionScore: stage === 'GA' ? 0 : 60,
  };
}

export function hardware({ manufacturer, model }: Machine): object {
  return {
    fullName: `${manufacturer} ${model}`,
    category: 'Computers / Server',
    category1: 'Computers',
    category2: 'Server',
    manufacturer,
    productName: model,
    model,
    lifecycle: {
      introDate: null,
      gaDate: 'Not Available',
      eosDate: 'Not Available',
      obsoleteDate: 'Not Available',
      stage: null,
      lifeCycleConfidence: null,
    },
    taxonomy: { id: null, name: 'Computers / Server', category1: 'Computers', category2: 'Server' },
    productUrl: ',,',
    productFamily: null,
  };
}

export function openPorts({ ports }: Machine, scan: HostScan): object[] {
  return ports.map(({ port, protocol, service }) => ({
    port,
    description: service,
    protocol,
    detectedService: service,
    firstFound: iso(scan.firstFound),
    lastUpdated: iso(scan.processed),
    authorization: 'Not Categorized',
  }));
}

export function networkInterface(host: Host, { mac }: Machine): object {
  return {
    hostname: host.hostname ?? null,
    addressIpV4: host.ip,
    addressIpV6: host.ipv6 ?? null,
    macAddress: mac,
    interfaceName: null,
    dnsAddress: null,
    gatewayAddress: null,
    addresses: [host.ip, host.ipv6].filter((one) => one !== undefined).join(','),
    manufacturer: null,
    macVendorIntroDate: 0,
    netmask: null,
  };
}

export function softwareRecord({ id, product, publisher, category, version, installed, updated }: Software): object {
  const [category1, category2] = category.split(' / ');
  return {
    id,
    fullName: `${publisher} ${product} ${version}`,
    softwareType: 'Application',
    isIgnored: false,
    ignoredReason: null,
    category,
    category1,
    category2,
    productName: product,
    component: null,
    publisher,
    edition: null,
    marketVersion: version.split('.')[0],
    version,
    update: null,
    architecture: null,
    installDate: iso(installed),
    installPath: null,
    lastUpdated: iso(updated),
    lastUseDate: null,
    language: null,
    formerlyKnownAs: null,
    isPackage: false,
    isPackageComponent: false,
    packageName: null,
    productUrl: ',',
    lifecycle: lifecycle(version.length % 2 === 0 ? 'GA' : 'EOL'),
    supportStageDesc: null,
    license: { category: 'Open Source', subcategory: null },
    authorization: 'Not Categorized',
    softwareInstances: null,
  };
}
