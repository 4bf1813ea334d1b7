import { expect, test } from 'vitest';
import { parts } from '../../test/support/config-parts.ts';
import { loadConfig } from './load.ts';

const load = (inventory: string) =>
  loadConfig({
    text: `connections: { a: { platform: US1, username: u, password: p } }\ninventory: ${inventory}\n`,
    ...{ env: {}, cwd: '/nowhere', ...parts },
  }).inventory;

test('the policy of the inventory: durations by severity and by kind, nothing by default', () => {
  expect(load('{}')).toEqual({ sla: {}, devices: {}, users: {}, results: false });
  expect(
    load(
      '{ sla: { 5: 7d, 4: 30d }, ignore_not_seen: { devices: 90d }, delete_not_returned: { users: 48h, devices: 2d } }',
    ),
  ).toEqual({
    sla: { 5: 604_800_000, 4: 2_592_000_000 },
    devices: { ignoreNotSeen: 7_776_000_000, deleteNotReturned: 172_800_000 },
    users: { deleteNotReturned: 172_800_000 },
    results: false,
  });
});

test('texts of findings are kept where the configuration says so', () => {
  expect(load('{ results: true }').results).toBe(true);
  expect(() => load('{ results: some }')).toThrow(/inventory\.results/);
});

test('what is no severity or no duration is said with its place', () => {
  expect(() => load('{ sla: { 6: 7d } }')).toThrow(/sla/);
  expect(() => load('{ sla: { 5: soon } }')).toThrow(/inventory\.sla\.5/);
  expect(() => load('{ ignore_not_sen: {} }')).toThrow(/ignore_not_seen/);
});
