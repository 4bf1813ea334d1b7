/** `sourceInfo` of a host asset: where it is known from. Elements and their order as in the recorded and doc samples. */
import type { CloudFacts } from '../../world/cloud.ts';
import type { Host } from '../../world/host.ts';
import { dice, hash, hex, int } from '../../world/random.ts';
import { DAY, stamp } from '../../world/time.ts';
import { type List, listOf, type Tree } from './tree.ts';

/** Cloud hosts have the source of their provider; hosts with an agent, and all others, a bare AssetSource. */
export function sourceInfo(seed: number, host: Host, created: number, updated: number): List {
  const { cloud } = host;
  const bare = { of: 'AssetSource', value: {} };
  if (cloud === undefined) return { list: [bare], counted: false };
  const value = source(seed, host, cloud, stamp(created + 1000), stamp(updated));
  const provided = { of: SOURCE_OF[cloud.provider], value };
  return { list: host.agent ? [provided, bare] : [provided], counted: false };
}

const SOURCE_OF = {
  AWS: 'Ec2AssetSourceSimple',
  Azure: 'AzureAssetSourceSimple',
  GCP: 'GcpAssetSourceSimple',
} as const;

function source(seed: number, host: Host, cloud: CloudFacts, first: string, last: string): Tree {
  const d = dice(hash(seed, host.n * 2, 0xc10d));
  const head = (type: string): Tree => ({ assetId: host.assetId, type, firstDiscovered: first, lastUpdated: last });
  const tags = (of: string): Tree => ({
    tags: {
      ...listOf(
        of,
        cloud.tags.map(({ name, value }) => ({ key: name, value })),
      ),
      kept: true,
    },
  });
  const created = stamp(host.life.birth - int(d, 1, 30) * DAY);
  const dashed = host.ip.replaceAll('.', '-');
  switch (cloud.provider) {
    case 'AWS':
      return {
        ...head('EC_2'),
        ec2InstanceTags: tags('EC2Tags'),
        reservationId: `r-0${hex(d, 16)}`,
        availabilityZone: `${attribute(cloud, 'region')}a`,
        privateDnsName: `ip-${dashed}.ec2.internal`,
        publicDnsName: `ec2-${dashed}.compute-1.amazonaws.com`,
        instanceId: cloud.resourceId,
        instanceType: attribute(cloud, 'instance-type'),
        createdDate: created,
        instanceState: int(d, 0, 9) === 0 ? 'STOPPED' : 'RUNNING',
        groupId: `sg-0${hex(d, 16)}`,
        groupName: 'launch-wizard-2',
        spotInstance: false,
        accountId: attribute(cloud, 'accountId'),
        subnetId: `subnet-${hex(d, 8)}`,
        vpcId: `vpc-${hex(d, 8)}`,
        region: attribute(cloud, 'region'),
        zone: 'VPC',
        imageId: `ami-0${hex(d, 16)}`,
        publicIpAddress: `3.${int(d, 1, 254)}.${int(d, 1, 254)}.${int(d, 1, 254)}`,
        privateIpAddress: host.ip,
        monitoringEnabled: false,
      };
    case 'Azure':
      return {
        ...head('AZURE'),
        azureVmTags: tags('AzureTags'),
        name: host.hostname,
        location: attribute(cloud, 'location'),
        vmSize: 'Standard_B1s',
        vmId: cloud.resourceId,
        offer: 'UbuntuServer',
        state: int(d, 0, 9) === 0 ? 'DEALLOCATED' : 'SUCCEEDED',
        publisher: 'Canonical',
        version: 'latest',
        osType: 'Linux',
        subnet: 'default',
        subscriptionId: `${hex(d, 8)}-0000-4000-8000-${hex(d, 12)}`,
        resourceGroupName: attribute(cloud, 'resourceGroupName'),
        macAddress: `00-0D-3A-${hex(d, 2).toUpperCase()}-${hex(d, 2).toUpperCase()}-3F`,
        privateIpAddress: host.ip,
      };
    case 'GCP':
      return {
        ...head('GCP'),
        instanceId: cloud.resourceId,
        hostname: `${host.hostname ?? 'vm'}.c.sim-project.internal`,
        machineType: attribute(cloud, 'machineType'),
        imageId: 'projects/ubuntu-os-cloud/global/images/ubuntu-2204-jammy-v20260101',
        zone: 'europe-west1-b',
        projectIdNo: 1_035_365_309_111,
        state: 'RUNNING',
        projectId: 'sim-project',
        network: 'default',
        macAddress: `42:01:0a:f0:${hex(d, 2)}:${hex(d, 2)}`,
        publicIpAddress: `34.${int(d, 1, 254)}.${int(d, 1, 254)}.${int(d, 1, 254)}`,
        privateIpAddress: host.ip,
      };
  }
}

export function attribute(cloud: CloudFacts, name: string): string | undefined {
  return cloud.attributes.find((one) => one.name.endsWith(name))?.value;
}
