import { expect, test } from 'vitest';
import { readAsset } from './asset.ts';

test('[M13] an asset gives gateway, FQDN, IP, MAC, operating system and criticality', () => {
  const reading = readAsset({
    assetId: 7,
    hostId: 9,
    dnsName: 'srv.example.com',
    address: '10.0.0.7',
    operatingSystem: { osName: 'Debian 13', category: 'Linux / Server' },
    criticality: { score: 4 },
    networkInterfaceListData: {
      networkInterface: [
        {
          macAddress: '00:50:56:AA:BB:CC',
          addressIpV4: '10.0.0.7',
          addressIpV6: 'fe80::7',
          gatewayAddress: '10.0.0.1',
        },
      ],
    },
  });
  expect(reading?.ids).toMatchObject({ asset: 7, host: 9 });
  expect(reading?.facts).toMatchObject({
    fqdn: 'srv.example.com',
    ip: '10.0.0.7',
    ips: ['10.0.0.7', 'fe80::7'],
    macs: ['00:50:56:aa:bb:cc'],
    gateway: '10.0.0.1',
    os: 'Debian 13',
    criticality: 4,
    interfaces: [{ mac: '00:50:56:aa:bb:cc', ips: '10.0.0.7,fe80::7', gateway: '10.0.0.1' }],
  });
});
