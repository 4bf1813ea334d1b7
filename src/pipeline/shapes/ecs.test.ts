import { describe, expect, it } from 'vitest';
import { everyDataset, factsOf, type Said, sourceOf } from '../../../test/support/shapes/source.ts';
import { shapeEvents } from '../shape.ts';
import { fieldName, fieldNames } from './ecs/names.ts';
import type { ShapeFacts } from './event.ts';

function ecs(dataset: string, said: Said, more: Partial<ShapeFacts> = {}): Record<string, unknown> {
  const known = factsOf(everyDataset.find(({ name }) => name === dataset)!, more);
  const { bytes } = shapeEvents('ecs', sourceOf([said], known.contextAs), known);
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
}

/** As Qualys's guide shows a detection, with the fields that Elastic's published sample event has. */
const DETECTION: Said = {
  record: {
    UNIQUE_VULN_ID: '5555555555',
    QID: '197595',
    TYPE: 'Confirmed',
    SEVERITY: '3',
    SSL: '0',
    RESULTS: 'Package Installed Version Required Version\nlinux-tools 4.4.0 1092',
    STATUS: 'Active',
    FIRST_FOUND_DATETIME: '2021-02-05T04:50:45Z',
    QDS: { '@severity': 'LOW', '#text': '35' },
    QDS_FACTORS: {
      QDS_FACTOR: [
        { '@name': 'CVSS', '#text': '7.7' },
        { '@name': 'CVSS_version', '#text': 'v3.x' },
      ],
    },
    TIMES_FOUND: '5393',
    IS_IGNORED: '0',
    IS_DISABLED: '0',
    PORT: '',
    HOST: {
      ID: '12048633',
      ASSET_ID: '99',
      IP: '10.50.2.111',
      TRACKING_METHOD: 'IP',
      OS: 'Windows 2016/2019/10',
      DNS_DATA: { HOSTNAME: 'adfssrvr', DOMAIN: 'adfs.local', FQDN: 'adfssrvr.adfs.local' },
      NETBIOS: 'ADFSSRVR',
      LAST_VM_SCANNED_DURATION: '1113',
      TAGS: { TAG: [{ TAG_ID: '7', NAME: 'Production' }] },
    },
  },
  key: ['12048633', '197595', '', '', '0', '', ''],
  time: '2024-03-08T20:15:41Z',
};

describe('a document of the common schema', () => {
  it('has a detection where Elastic’s integration has it', () => {
    expect(ecs('host_list_detection', DETECTION)).toMatchObject({
      '@timestamp': '2024-03-08T20:15:41.000Z',
      data_stream: { type: 'logs', dataset: 'qualys_vmdr.asset_host_detection', namespace: 'default' },
      event: {
        kind: 'alert',
        category: ['host'],
        type: ['info'],
        severity: 3,
        dataset: 'qualys_vmdr.asset_host_detection',
      },
      host: {
        id: '12048633',
        ip: ['10.50.2.111'],
        name: 'adfssrvr.adfs.local',
        hostname: 'adfssrvr',
        domain: 'ADFSSRVR',
        os: { full: 'Windows 2016/2019/10', platform: 'windows', type: 'windows' },
      },
      observer: { vendor: 'Qualys VMDR' },
      related: { ip: ['10.50.2.111'], hosts: ['12048633', '99', 'adfssrvr.adfs.local', 'adfssrvr', 'ADFSSRVR'] },
      package: { name: ['linux-tools'], version: ['4.4.0'], fixed_version: ['1092'] },
      vulnerability: {
        classification: 'CVSS',
        score: { base: 7.7, version: 'v3.x' },
        // CVSS, not Qualys's severity.
        severity: 'High',
        scanner: { vendor: 'Qualys' },
      },
      qualys_vmdr: {
        asset_host_detection: {
          id: '12048633',
          asset_id: 99,
          ip: '10.50.2.111',
          tracking_method: 'IP',
          last_vm_scanned_duration: 1113,
          dns_data: { fqdn: 'adfssrvr.adfs.local' },
          tags: [{ id: '7', name: 'Production' }],
          vulnerability: {
            qid: '197595',
            severity: 3,
            ssl: '0',
            times_found: 5393,
            is_ignored: false,
            is_disabled: false,
            unique_vuln_id: '5555555555',
            qds: { severity: 'LOW', score: '35' },
            qds_factors: [
              { name: 'CVSS', text: '7.7' },
              { name: 'CVSS_version', text: 'v3.x' },
            ],
          },
        },
      },
    });
  });

  it('joins the KnowledgeBase', () => {
    const said: Said = { ...DETECTION, record: { ...DETECTION.record, QID: '38170', QDS_FACTORS: '' } };
    expect(ecs('host_list_detection', said)).toMatchObject({
      vulnerability: {
        id: ['CVE-2026-0001', 'CVE-2026-0002'],
        enumeration: 'CVE',
        title: 'Title of 38170',
        category: ['General remote services'],
        score: { base: 7.5 },
      },
      qualys_vmdr: {
        asset_host_detection: { knowledge_base: { title: 'Title of 38170', patchable: true, pci_flag: true } },
      },
    });
  });

  it('keeps what is no number under another name where Elastic wants one', () => {
    const said: Said = { ...DETECTION, record: { ...DETECTION.record, PORT: 'https', IS_IGNORED: 'maybe' } };
    const document = ecs('host_list_detection', said) as {
      qualys_vmdr: { asset_host_detection: { vulnerability: object } };
    };
    const { vulnerability } = document.qualys_vmdr.asset_host_detection;
    expect(vulnerability).toMatchObject({ port_text: 'https', is_ignored_text: 'maybe' });
    expect(vulnerability).not.toHaveProperty('port');
  });

  it('has the activity log under Qualys’s own names', () => {
    const record = {
      Date: '2024-01-18T12:45:24Z',
      Action: 'request',
      Module: 'auth',
      Details: 'API: /x',
      'User Name': 'john',
      'User Role': 'Reader',
      'User IP': '10.113.195.136',
    };
    expect(ecs('user_activity', { record, key: ['', '', ''] })).toMatchObject({
      event: { action: 'request', category: ['api'], kind: 'event', provider: 'auth', type: ['info'] },
      message: 'API: /x',
      user: { name: 'john', roles: ['Reader'] },
      source: { ip: '10.113.195.136' },
      related: { ip: ['10.113.195.136'], user: ['john'] },
      qualys_vmdr: {
        user_activity: { User_IP: '10.113.195.136', User_Name: 'john', User_Role: 'Reader', Module: 'auth' },
      },
    });
    expect(ecs('user_activity', { record: { 'User IP': 'unknown' }, key: ['', '', ''] })).toMatchObject({
      source: { address: 'unknown' },
    });
  });

  it('keys the KnowledgeBase by QID', () => {
    const record = {
      QID: '11830',
      CATEGORY: 'CGI',
      PATCHABLE: '0',
      PCI_FLAG: '1',
      SEVERITY_LEVEL: '2',
      SOLUTION: 'x',
      LAST_SERVICE_MODIFICATION_DATETIME: '2023-06-29T12:20:46Z',
    };
    expect(ecs('knowledge_base', { record, key: ['11830'] })).toMatchObject({
      event: { id: '11830', category: ['vulnerability'] },
      vulnerability: { category: ['CGI'], severity: 'Medium' },
      qualys_vmdr: {
        knowledge_base: {
          qid: '11830',
          patchable: false,
          pci_flag: true,
          severity_level: '2',
          solution: { value: 'x' },
          last: { service_modification_datetime: '2023-06-29T12:20:46Z' },
        },
      },
    });
  });

  it('has the asset inventory as Elastic’s package for it, in the namespace that was asked for', () => {
    const record = {
      assetId: 7,
      dnsName: 'srv',
      riskScore: 412,
      operatingSystem: { osName: 'Windows 10' },
      softwareListData: { software: [{ fullName: 'x' }] },
    };
    expect(ecs('assets', { record, key: ['7'] }, { options: { namespace: 'prod' } })).toMatchObject({
      data_stream: { dataset: 'qualys_gav.asset', namespace: 'prod' },
      event: { module: 'qualys_gav', risk_score: 412 },
      observer: { vendor: 'Qualys', product: 'Global AssetView' },
      qualys_gav: {
        asset: {
          asset_id: 7,
          operating_system: { os_name: 'Windows 10' },
          software_list_data: { software: [{ full_name: 'x' }] },
        },
      },
    });
  });

  it.each([
    ['host_list_detection', { QID: '1' }],
    ['users', { USER_LOGIN: 'ada' }],
    ['fim_incidents', { id: 'x' }],
  ])('says that one of %s was removed', (dataset, record) => {
    const gone: Said = { record, key: ['7'], change: 'removed', reason: 'purged' };
    expect(ecs(dataset, gone)).toMatchObject({
      event: { type: ['deletion'], reason: 'purged' },
      quarry: { change: 'removed' },
    });
  });
});

describe('field names', () => {
  it.each([
    ['LAST_BOOT', 'last_boot'],
    ['lastBoot', 'last_boot'],
    ['assetUUID', 'asset_uuid'],
    ['addressIpV4', 'address_ip_v4'],
    ['@id', 'id'],
    ['#text', 'value'],
    ['DNS Name', 'dns_name'],
    ['a.b', 'a_b'],
    ['__proto__', 'proto'],
    ['', 'field'],
    ['Größe', 'größe'],
  ])('%s → %s', (name, field) => {
    expect(fieldName(name)).toBe(field);
  });

  it('lose no member where two names would be one', () => {
    expect(fieldNames({ A: '1', a: '2', '@a': '3', b: '' })).toEqual({ a: '1', a_2: '2', a_3: '3' });
  });
});
