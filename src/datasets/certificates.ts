import { z } from 'zod';
import { defineDataset } from './define.ts';
import { gatewaySearch, nextOfPages, pageOf } from './gateway.ts';

/** Certificates per answer at the most. */
const MAX_PAGE = 200;
const DETAILS = [
  'ASSET_INTERFACES',
  'ASSET_TAGS',
  'VULNERABILITIES',
  'SSL_PROTOCOLS',
  'CIPHER_SUITES',
  'EXTENSIVE_CERTIFICATE_INFO',
] as const;

export default defineDataset({
  name: 'certificates',
  aliases: [],
  title: 'Certificates',
  about: 'Every certificate that CertView knows, with subject, issuers, validity and the assets that present it.',
  kind: 'entity',
  options: z.object({
    version: z
      .enum(['v1', 'v2', 'v2.1', 'v2.2'])
      .default('v2')
      .meta({ description: 'Version of the CertView API; v1 answers for the first 10,000 certificates only.' }),
    includes: z
      .array(z.enum(DETAILS))
      .default([...DETAILS])
      .meta({ description: 'What is sent besides the certificate itself; v1 does not know the choice.' }),
  }),
  format: {
    kind: 'json',
    records: '',
    fields: [
      'id',
      'certhash',
      'serialNumber',
      'dn',
      'keySize',
      'signatureAlgorithm',
      'extendedValidation',
      'selfSigned',
      'imported',
      'type',
      'validFrom',
      'validTo',
      'validFromDate',
      'validToDate',
      'createdDate',
      'updateDate',
      'lastFound',
      'subject',
      'issuer',
      'rootissuer',
      'issuerCategory',
      'instanceCount',
      'assetCount',
      'sources',
      'subjectAlternativeNames',
      'assets',
    ],
  },
  key: [{ from: 'record', field: 'id' }],
  // No order is promised, and nothing to go on behind but the number of a page.
  order: 'none',
  paging: {
    by: 'step',
    begin: () => [{}],
    next: (step, answer) => nextOfPages(step, answer, MAX_PAGE),
  },
  // Which fields a filter may name is known of a few only, none of them a time of change.
  incremental: false,
  noise: [],
  unordered: ['sources', 'subjectAlternativeNames', 'assets'],
  version: 'updateDate',
  time: ['updateDate', 'createdDate'],
  records: ({ version, includes }, { step = {}, pageSize: wanted }) => {
    const pageSize = Math.min(wanted, MAX_PAGE);
    return gatewaySearch('certview/certificates', `/certview/${version}/certificates`, {
      pageNumber: pageOf(step, pageSize),
      pageSize,
      ...(version === 'v1' ? {} : { includes, assetType: 'ALL' }),
    });
  },
  overlapMs: 0,
  scope: ({ version, includes }) => JSON.stringify([version, includes]),
  schedule: { every: 6 * 3_600_000 },
  pageSize: MAX_PAGE,
  fields: {
    id: { type: 'integer', about: 'Qualys id of the certificate.' },
    certhash: { type: 'text', about: 'SHA-256 of the certificate, hexadecimal.' },
    serialNumber: { type: 'text', about: 'Serial number, hexadecimal.' },
    dn: { type: 'text', about: 'Distinguished name of the subject.' },
    keySize: { type: 'integer', about: 'Length of the key in bits.' },
    signatureAlgorithm: { type: 'text', about: 'Signature algorithm: SHA256withRSA …' },
    selfSigned: { type: 'boolean', about: 'Whether it signs itself.' },
    type: { type: 'text', about: 'Leaf, Intermediate or Root.' },
    validFromDate: { type: 'date-time', about: 'Valid from, UTC.' },
    validToDate: { type: 'date-time', about: 'Valid until, UTC.' },
    updateDate: { type: 'date-time', about: 'Last change, UTC.' },
    lastFound: { type: 'integer', about: 'Last seen on an asset, epoch milliseconds.' },
    subject: { type: 'object', about: 'Name, organization, units, locality, country.' },
    issuer: { type: 'object', about: 'The same of the issuer, with its certhash.' },
    rootissuer: { type: 'object', about: 'The same of the root.' },
    subjectAlternativeNames: { type: 'object', about: 'Further names by kind; extensive information only.' },
    assets: { type: 'list', about: 'Assets that present it: names, addresses, ports, grades, tags.', sensitive: true },
  },
  permission: {
    roles: 'Managers see all certificates; others, with API Access and the CertView module, those in their tag scope.',
    licence: 'Certificate View (CertView).',
  },
  signIn: ['token'],
  destinations: {
    devo: 'my.app.qualys.certificates',
    interflow: 'qualys_certificates',
    elastic: 'qualys.certificate',
    ocsf: 'cloud_resources_inventory_info',
  },
  example: {
    id: 9001,
    certhash: '8b3f5a1e9d7c4b2a6f0e1d3c5b7a9f8e0d2c4b6a8f1e3d5c7b9a0f2e4d6c8b1a',
    serialNumber: '04d6f1c2a3b4',
    dn: 'CN=app.example.com, O=Example Inc, C=US',
    keySize: 2048,
    validToDate: '2026-03-01T12:00:00.000Z',
    updateDate: '2025-06-01T00:00:00.000Z',
    type: 'Leaf',
  },
  links: ['https://docs.qualys.com/en/certview/api/certview_api/ch02/list_certificates_v2.htm'],
});
