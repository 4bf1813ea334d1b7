import { chance, type Dice, hex, int, pick, uuid } from './random.ts';

/** One attribute of a host's cloud metadata; the provider's answer may have failed. */
export interface CloudAttribute {
  readonly name: string;
  readonly value: string;
  /** What the provider said instead of a value. */
  readonly error?: string;
}

export interface CloudFacts {
  readonly provider: 'AWS' | 'Azure' | 'GCP';
  readonly service: string;
  readonly resourceId: string;
  /** The element that holds the metadata. */
  readonly element: 'EC2' | 'AZURE' | 'GOOGLE';
  readonly attributes: readonly CloudAttribute[];
  /** The provider's own tags. */
  readonly tags: readonly { readonly name: string; readonly value: string }[];
}

const OWN_TAGS = [
  { name: 'Name', value: 'api & worker' },
  { name: 'cost-center', value: '4711' },
  { name: 'Équipe', value: 'Paiements <core>' },
  { name: 'env', value: 'prod' },
] as const;

export function cloudOf(trackingMethod: string, agent: boolean, d: Dice): CloudFacts | undefined {
  const draw = agent && chance(d, 0.2) ? pick(d, ['EC2', 'EC2', 'AZURE', 'GCP_COMPUTE_ENGINE']) : trackingMethod;
  const tags = OWN_TAGS.slice(0, int(d, 0, OWN_TAGS.length));
  switch (draw) {
    case 'EC2':
      return { provider: 'AWS', service: 'EC2', element: 'EC2', tags, ...ec2(d) };
    case 'AZURE':
      return { provider: 'Azure', service: 'VM', element: 'AZURE', tags, ...azure(d) };
    case 'GCP_COMPUTE_ENGINE':
      return { provider: 'GCP', service: 'Compute Engine', element: 'GOOGLE', tags, ...google(d) };
    default:
      return undefined;
  }
}

function ec2(d: Dice): Pick<CloudFacts, 'resourceId' | 'attributes'> {
  const id = `i-0${hex(d, 16)}`;
  const region = pick(d, ['us-east-1', 'eu-west-3', 'ap-northeast-1']);
  return {
    resourceId: id,
    attributes: [
      {
        name: 'latest/dynamic/instance-identity/document/accountId',
        value: String(int(d, 100_000_000_000, 999_999_999_999)),
      },
      { name: 'latest/dynamic/instance-identity/document/region', value: region },
      { name: 'latest/meta-data/instance-id', value: id },
      { name: 'latest/meta-data/instance-type', value: pick(d, ['t3.large', 'm6i.xlarge']) },
      { name: 'latest/meta-data/spotInstanceRequestId', value: '00000000-0000-0000-0000-000000000000' },
      {
        name: 'latest/dynamic/instance-identity/document/pendingTime',
        value: String(1_700_000_000_000 + int(d, 0, 9_000_000) * 1000),
      },
      { name: 'latest/meta-data/public-ipv4', value: '', error: 'HTTP 404 <Not Found>' },
    ],
  };
}

function azure(d: Dice): Pick<CloudFacts, 'resourceId' | 'attributes'> {
  const id = uuid(d);
  return {
    resourceId: id,
    attributes: [
      { name: 'latest/metadata/instance/compute/vmId', value: id },
      { name: 'latest/metadata/instance/compute/location', value: pick(d, ['westeurope', 'francecentral']) },
      { name: 'latest/metadata/instance/compute/resourceGroupName', value: 'rg-énergie' },
    ],
  };
}

function google(d: Dice): Pick<CloudFacts, 'resourceId' | 'attributes'> {
  const id = `${int(d, 1_000_000_000, 9_999_999_999)}${int(d, 100_000_000, 999_999_999)}`;
  return {
    resourceId: id,
    attributes: [
      { name: 'instance/id', value: id },
      { name: 'instance/zone', value: 'projects/123456/zones/europe-west1-b' },
      { name: 'instance/machineType', value: 'e2-standard-4' },
    ],
  };
}
