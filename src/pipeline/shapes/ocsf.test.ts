import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { CLASSES } from '../../../test/support/ocsf/classes.ts';
import { anyEvent } from '../../../test/support/shapes/arbitrary.ts';
import { everyDataset, exampleOf, factsOf, type Said, sourceOf } from '../../../test/support/shapes/source.ts';
import type { DatasetFile } from '../../datasets/define.ts';
import { shapeEvents } from '../shape.ts';
import type { ShapeFacts } from './event.ts';

type Event = Record<string, unknown> & { class_uid: number; activity_id: number };

function ocsf(facts: DatasetFile, said: Said, more: Partial<ShapeFacts> = {}): Event {
  const known = factsOf(facts, more);
  return JSON.parse(shapeEvents('ocsf', sourceOf([said], known.contextAs), known).bytes.toString('utf8')) as Event;
}

/** What is wrong with an event, in words. */
function faults(event: Event): string[] {
  const result = (CLASSES.get(event.class_uid) as z.ZodType).safeParse(event);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const set = (name: string): DatasetFile => everyDataset.find((one) => one.name === name)!;
const detection = (record: Said['record'], more: Partial<Said> = {}): Said => ({
  record: { QID: '38170', SEVERITY: '3', STATUS: 'Active', HOST: { ID: '7', IP: '10.0.0.7' }, ...record },
  key: ['7', '38170', '', '', '', '', ''],
  ...more,
});

describe('an OCSF event', () => {
  it.each(everyDataset.map((facts) => [facts.name, facts] as const))('%s: the example is valid', (_, facts) => {
    expect(faults(ocsf(facts, exampleOf(facts)))).toEqual([]);
  });

  it.each(everyDataset.map((facts) => [facts.name, facts] as const))('%s: any record is valid', (_, facts) => {
    fc.assert(
      fc.property(anyEvent(facts), (said) => {
        expect(faults(ocsf(facts, said))).toEqual([]);
      }),
      { seed: Date.now() % 2 ** 31, numRuns: 150 },
    );
  });

  it('the schemas refuse what is wrong', () => {
    const good = ocsf(set('host_list_detection'), detection({}));
    expect(faults({ ...good, type_uid: 1 })).not.toEqual([]);
    expect(faults({ ...good, nonsense: 1 })).not.toEqual([]);
    expect(faults({ ...good, vulnerabilities: [] })).not.toEqual([]);
    expect(faults({ ...good, time: 1.5 })).not.toEqual([]);
    expect(faults({ ...good, activity_id: 99, type_uid: 200299 })).not.toEqual([]);
    expect(faults({ ...good, vulnerabilities: [{ cve: { uid: 'CVE-1' }, advisory: { uid: 'QID-1' } }] })).not.toEqual(
      [],
    );
  });

  it.each([
    ['New', {}, 'new', undefined, 1, 1],
    ['Active', {}, 'new', undefined, 2, 2],
    ['Re-Opened', {}, 'updated', undefined, 2, 1],
    ['Fixed', {}, 'updated', undefined, 3, 4],
    ['Active', { IS_IGNORED: '1' }, 'updated', undefined, 2, 3],
    ['Active', { IS_DISABLED: '1' }, 'updated', undefined, 2, 3],
    ['Active', {}, 'removed', 'purged', 3, 6],
    ['Active', {}, 'removed', 'out_of_scope', 3, 5],
    ['Active', {}, 'removed', 'aged_out', 3, 5],
  ] as const)('detection %s %j %s %s → activity %i, status %i', (STATUS, more, change, reason, activity, status) => {
    const said = detection({ STATUS, ...more }, { change, ...(reason === undefined ? {} : { reason }) });
    expect(ocsf(set('host_list_detection'), said)).toMatchObject({ activity_id: activity, status_id: status });
  });

  it('a vulnerability for each CVE, else the QID; long texts once', () => {
    const found = ocsf(set('host_list_detection'), detection({}))['vulnerabilities'] as Record<string, unknown>[];
    expect(found.map(({ cve }) => (cve as { uid: string }).uid)).toEqual(['CVE-2026-0001', 'CVE-2026-0002']);
    expect(found.filter(({ remediation }) => remediation !== undefined)).toHaveLength(1);
    const alone = ocsf(set('host_list_detection'), detection({}), { knowledge: new Map() });
    expect(alone['vulnerabilities']).toMatchObject([{ advisory: { uid: 'QID-38170' } }]);
  });

  it('packages of a results table, severity as configured, one uid for one finding', () => {
    const facts = set('host_list_detection');
    const RESULTS = 'Package\tInstalled Version\tRequired Version\nopenssl\t1.0\t1.1\nzlib\t2';
    const event = ocsf(facts, detection({ RESULTS }), { options: { severities: [1, 3, 3, 4, 5] } });
    expect(event).toMatchObject({
      severity_id: 3,
      vulnerabilities: [
        {
          affected_packages: [
            { name: 'openssl', version: '1.0', fixed_in_version: '1.1' },
            { name: 'zlib', version: '2' },
          ],
        },
        {},
      ],
    });
    const uid = (said: Said): unknown => (ocsf(facts, said)['finding_info'] as { uid: string }).uid;
    expect(uid(detection({ STATUS: 'Fixed' }))).toBe(uid(detection({})));
    expect(uid(detection({}, { key: ['8', '38170', '', '', '', '', ''] }))).not.toBe(uid(detection({})));
  });

  const row = (more: Record<string, string>): Said => ({
    record: { Date: '2026-11-19T22:14:05Z', ...more },
    key: ['', '', ''],
  });
  it.each([
    ['login', 'auth', 3002, 1],
    ['logout', 'auth', 3002, 2],
    ['create', 'user', 3001, 1],
    ['lock', 'user', 3001, 9],
    ['unlock', 'users', 3001, 12],
    ['reset password', 'user', 3001, 4],
    ['request', 'auth', 6003, 2],
    ['create', 'scan', 6003, 1],
    ['delete', 'report', 6003, 4],
    ['update', 'option_profile', 6003, 3],
  ])('activity log %s of %s → class %i, activity %i', (action, module, uid, activity) => {
    const event = ocsf(
      set('user_activity'),
      row({ Action: action, Module: module, 'User Name': 'ada', 'User IP': '192.0.2.1' }),
    );
    expect(event).toMatchObject({ class_uid: uid, activity_id: activity, src_endpoint: { ip: '192.0.2.1' } });
  });

  it.each([
    ['Create', 1],
    ['Content', 3],
    ['Delete', 4],
    ['Rename', 5],
    ['Attributes', 6],
    ['Security', 7],
    ['Other', 99],
  ])('FIM %s → activity %i', (action, activity) => {
    const said = { record: { id: 'x', action, name: 'hosts', fullPath: '/etc/hosts', type: 'File' }, key: ['x'] };
    expect(ocsf(set('fim_events'), said)).toMatchObject({
      activity_id: activity,
      file: { path: '/etc/hosts', type_id: 1 },
    });
  });
});
