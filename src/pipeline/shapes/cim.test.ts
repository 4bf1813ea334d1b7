import { describe, expect, it } from 'vitest';
import { everyDataset, factsOf, type Said, sourceOf } from '../../../test/support/shapes/source.ts';
import { shapeEvents } from '../shape.ts';

function cim(dataset: string, said: Said): Record<string, unknown> {
  const known = factsOf(everyDataset.find(({ name }) => name === dataset)!);
  return JSON.parse(shapeEvents('cim', sourceOf([said], known.contextAs), known).bytes.toString('utf8')) as Record<
    string,
    unknown
  >;
}

describe('an event for Splunk', () => {
  it('has a detection in the model Vulnerabilities, and the record as it is', () => {
    const record = {
      QID: '38170',
      SEVERITY: '4',
      STATUS: 'Active',
      PORT: '443',
      PROTOCOL: 'tcp',
      HOST: { ID: '7', IP: '10.0.0.7', DNS: 'srv-7.example.com' },
    };
    const said = { record, key: ['7', '38170', '443', 'tcp', '', '', ''], time: '2026-11-19T22:14:05.250Z' };
    expect(cim('host_list_detection', said)).toMatchObject({
      _time: Date.parse('2026-11-19T22:14:05.250Z') / 1000,
      model: 'Vulnerabilities',
      dest: 'srv-7.example.com',
      dest_ip: '10.0.0.7',
      dest_port: 443,
      transport: 'tcp',
      dvc: 'Qualys',
      signature: 'Title of 38170',
      signature_id: '38170',
      severity: 'high',
      severity_id: 4,
      category: 'General remote services',
      cve: ['CVE-2026-0001', 'CVE-2026-0002'],
      cvss: 7.5,
      vendor_product: 'Qualys VMDR',
      record,
    });
  });

  it.each([
    ['login', 'auth', '', 'Authentication', 'success'],
    ['login', 'auth', 'Login failed', 'Authentication', 'failure'],
    ['create', 'user', 'new account', 'Change', 'created'],
    ['delete', 'report', 'gone', 'Change', 'deleted'],
    ['update', 'scan', 'x', 'Change', 'modified'],
  ])('activity %s of %s (%s) → %s, %s', (Action, Module, Details, model, action) => {
    const record = { Action, Module, Details, 'User Name': 'ada', 'User IP': '192.0.2.1' };
    expect(cim('user_activity', { record, key: ['', '', ''] })).toMatchObject({
      model,
      action,
      user: 'ada',
      src: '192.0.2.1',
    });
  });

  it.each([
    ['host_list', { ID: '7', IP: '10.0.0.7', OS: 'Linux' }, { model: 'Inventory', dest: '10.0.0.7', os: 'Linux' }],
    [
      'fim_events',
      { action: 'Delete', fullPath: '/etc/hosts' },
      { model: 'Endpoint.Filesystem', action: 'deleted', file_path: '/etc/hosts' },
    ],
    [
      'certificates',
      { serialNumber: '04', validTo: 1_772_366_400_000 },
      { model: 'Certificates', ssl_serial: '04', ssl_end_time: '2026-03-01T12:00:00.000Z' },
    ],
    [
      'tickets',
      { NUMBER: '12', VULNINFO: { QID: '38169' } },
      { model: 'Ticket_Management', ticket_id: '12', signature_id: '38169' },
    ],
    ['users', { USER_LOGIN: 'ada', USER_ROLE: 'Reader' }, { model: 'Inventory', user: 'ada', role: 'Reader' }],
    ['reports', { ID: '1' }, { vendor_product: 'Qualys Cloud Platform', record: { ID: '1' } }],
  ])('%s', (dataset, record, expected) => {
    expect(cim(dataset, { record, key: ['7'] })).toMatchObject(expected);
  });
});
