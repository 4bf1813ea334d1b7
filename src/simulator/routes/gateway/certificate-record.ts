/** Certificates and their instances as JSON; field names of CertView's documentation, their order the sample's. */
import { assetUuid } from '../../world/asset.ts';
import type { Authority, Certificate, CertificateUse } from '../../world/certificate.ts';
import { tagsOf } from '../../world/host.ts';
import { dice, uuid } from '../../world/random.ts';
import type { RestCall } from '../rest.ts';

/** What `includes` asks for. */
export interface Includes {
  readonly interfaces: boolean;
  readonly tags: boolean;
  readonly extensive: boolean;
}

const iso = (ms: number): string => new Date(ms).toISOString();

export function certificateRecord(call: RestCall, one: Certificate, includes: Includes): Record<string, unknown> {
  const country = one.type === 'Leaf' ? 'CH' : (one.issuer?.country ?? 'US');
  const itself = authority({ ...one, country });
  return {
    id: one.id,
    certhash: one.certhash,
    keySize: one.keySize,
    serialNumber: one.serial,
    validToDate: iso(one.validTo),
    validTo: one.validTo,
    validFromDate: iso(one.validFrom),
    validFrom: one.validFrom,
    signatureAlgorithm: one.algorithm,
    extendedValidation: false,
    createdDate: iso(one.created),
    dn: `CN=${one.name}, O=${one.organization}, C=${country}`,
    subject: {
      organization: one.organization,
      locality: one.type === 'Leaf' ? 'Zürich' : '',
      name: one.name,
      state: '',
      country,
      organizationUnit: one.type === 'Leaf' ? ['IT'] : [],
    },
    updateDate: iso(one.lastFound),
    lastFound: one.lastFound,
    imported: false,
    selfSigned: one.selfSigned,
    issuer: one.issuer === undefined ? itself : authority(one.issuer),
    rootissuer: one.root === undefined ? itself : authority(one.root),
    issuerCategory: one.issuer === undefined ? 'Self-Signed' : 'External',
    instanceCount: one.uses.length,
    assetCount: one.uses.length,
    sources: ['QUALYS_VM'],
    type: one.type,
    ...(includes.extensive ? { subjectAlternativeNames: { 'DNS Name': [one.name] } } : {}),
    assets: one.uses.map((use) => assetRecord(call, use, includes)),
  };
}

function authority({ name, organization, country, certhash }: Authority | Signer): object {
  return { organization, organizationUnit: [], name, country, state: '', certhash, locality: '' };
}

type Signer = Pick<Authority, 'name' | 'organization' | 'country' | 'certhash'>;

function assetRecord(
  { world, now }: RestCall,
  { host, instanceId, port, grade }: CertificateUse,
  includes: Includes,
): object {
  const fqdn = host.fqdn ?? null;
  return {
    id: host.assetId,
    uuid: assetUuid(world.seed, host.n),
    netbiosName: host.netbios ?? null,
    name: host.hostname ?? host.ip,
    operatingSystem: host.os ?? null,
    hostInstances: [{ id: instanceId, port, fqdn, protocol: 'tcp', service: 'http', grade }],
    ...(includes.interfaces ? { assetInterfaces: [{ hostname: host.hostname ?? null, address: host.ip }] } : {}),
    ...(includes.tags
      ? { tags: tagsOf(world.seed, host, now).map(({ id, name }) => ({ name, uuid: uuid(dice(id)) })) }
      : {}),
    primaryIp: host.ip,
  };
}

export function instanceRecords({ world }: RestCall, one: Certificate): object[] {
  return one.uses.map(({ host, scan, instanceId, port, grade }) => ({
    id: instanceId,
    port,
    protocol: 'tcp',
    service: 'http',
    scannedDate: scan.scanned,
    grade,
    asset: {
      id: host.assetId,
      uuid: assetUuid(world.seed, host.n),
      name: host.hostname ?? host.ip,
      primaryIp: host.ip,
    },
    certificate: { id: one.id, certhash: one.certhash, name: one.name, lastFound: one.lastFound },
    gradeSummary: {
      grade,
      gradeWithTrustIgnored: grade,
      certificateScore: 100,
      protocolSupportScore: 95,
      keyExchangeScore: 90,
      cipherStrengthScore: 90,
      warnings: [],
      errors: [],
      notices: [],
      infos: [],
      highlights: [],
      protocolSupportInfo: { SSLv2: false, SSLv3: false, 'TLSv1.2': true, 'TLSv1.3': true },
    },
  }));
}
