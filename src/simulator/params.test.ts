import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, ask, child, parseXml, value } from '../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from './index.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const DETECTIONS = '/api/5.0/fo/asset/host/vm/detection/';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 5 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

describe('refused parameters', () => {
  test.each([
    [HOSTS, {}, '1903', 'Missing required parameter(s): action'],
    [HOSTS, { action: 'list', colour: 'blue', Ids: '1' }, '1901', 'Unrecognized parameter(s): colour, Ids'],
    [
      DETECTIONS,
      { action: 'list', ids: 'abc123' },
      '1905',
      'parameter ids has invalid value: abc123 (neither a positive integer nor a range: abc123)',
    ],
    [
      HOSTS,
      { action: 'list', ag_ids: '1', ag_titles: 'All' },
      '1904',
      'Please specify only one of these parameters: ag_ids, ag_titles',
    ],
    [
      HOSTS,
      { action: 'list', vm_scan_since: '2099-01-01' },
      '1905',
      'parameter vm_scan_since has invalid value: 2099-01-01 (date is in the future)',
    ],
    [HOSTS, { action: 'list', use_tags: '1' }, '1922', undefined],
    [DETECTIONS, { action: 'list', output_format: 'csv' }, '1907', undefined],
    [DETECTIONS, { action: 'list', status: 'Open' }, '1905', undefined],
    ['/api/4.0/fo/asset/host/vm/detection/', { action: 'list', vuln_detection_source: '1' }, '1901', undefined],
  ] as const)('%s %j: 400 %s', async (path, params, code, text) => {
    const reply = await ask(sim, path, { params });
    expect(reply.status).toBe(400);
    expect(reply.text.startsWith('<!DOCTYPE SIMPLE_RETURN'), 'no XML declaration').toBe(true);
    expect(reply.headers['x-ratelimit-limit']).toBeDefined();
    const response = child(parseXml(reply.text), 'RESPONSE');
    expect(value(response, 'CODE')).toBe(code);
    if (text !== undefined) expect(value(response, 'TEXT')).toBe(text);
  });

  test('a repeated parameter keeps its last value', async () => {
    const reply = await ask(sim, `${HOSTS}?action=list&truncation_limit=abc&truncation_limit=3`);
    expect(all(parseXml(reply.text), 'HOST')).toHaveLength(3);
  });
});
