import { describe, expect, it } from 'vitest';
import { everyDataset, factsOf, type Said, sourceOf } from '../../../test/support/shapes/source.ts';
import { shapeEvents } from '../shape.ts';

function interflow(dataset: string, said: Said) {
  const known = factsOf(everyDataset.find(({ name }) => name === dataset)!);
  const { bytes, routing } = shapeEvents('interflow', sourceOf([said], known.contextAs), known);
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), indices: routing?.(0) };
}

const HOST: Said = {
  record: { ID: '7', IP: '10.0.0.7', DNS: 'srv-7.example.com', NETBIOS: '', TAGS: { TAG: [] }, OS: ' ' },
  key: ['7'],
  time: '2026-11-19T22:14:05Z',
};

describe('an Interflow record', () => {
  it('[S5-S9, S23, S51, S53] of a host goes to Syslog and Assets, with the constants of the vendor and no blank field', () => {
    const { lines, indices } = interflow('host_list', HOST);
    expect(indices).toEqual(['Syslog', 'Assets']);
    expect(lines.map(({ index }) => index)).toEqual(indices);
    expect(lines[0]).toEqual({
      index: 'Syslog',
      msg_class: 'qualys_hosts',
      msg_origin: {
        vendor: 'qualys',
        source: 'qualys_cloud_platform',
        category: 'security_scan',
        processor: { name: 'qualys_cloud_platform', type: 'log_collector' },
      },
      tenant_name: 'acme',
      timestamp: Date.parse('2026-11-19T22:14:05Z'),
      hostname: 'srv-7.example.com',
      ip: '10.0.0.7',
      srcip: '10.0.0.7',
      event_id: '00000000000000000000000000000001',
      event_change: 'new',
      qualys: { ID: '7', IP: '10.0.0.7', DNS: 'srv-7.example.com' },
    });
  });

  it('[S6, S51, S52] of a vulnerability goes to Syslog and Scans, with what the KnowledgeBase says', () => {
    const said = {
      record: { QID: '38170', SEVERITY: '3', HOST: HOST.record },
      key: ['7', '38170', '', '', '', '', ''],
    };
    const { lines, indices } = interflow('host_list_detection', said);
    expect(indices).toEqual(['Syslog', 'Scans']);
    expect(lines[1]).toMatchObject({
      index: 'Scans',
      msg_class: 'qualys_vulnerabilities',
      vulnerability: { qid: 38170, severity: 3, title: 'Title of 38170', cve: ['CVE-2026-0001', 'CVE-2026-0002'] },
    });
  });

  it('of anything else goes to Syslog', () => {
    expect(interflow('users', { record: { USER_LOGIN: 'ada' }, key: ['ada', '', ''] }).indices).toEqual(['Syslog']);
    const row = { record: { 'User IP': '192.0.2.1' }, key: ['', '', ''] };
    expect(interflow('user_activity', row).lines).toMatchObject([
      { srcip: '192.0.2.1', msg_class: 'qualys_user_activity' },
    ]);
  });
});
