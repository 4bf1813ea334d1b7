import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The guide on permissions says what Qualys's documentation says of roles; it is made from the data sets. */
const guide = readFileSync('docs/guide/qualys-permissions.md', 'utf8');
const rowOf = (dataset: string): string => guide.split('\n').find((line) => line.startsWith(`| [${dataset}]`)) ?? '';

it.each([
  ['D26-D29', 'vm_scans', ['Managers', 'Unit Managers', 'business unit', 'Scanners and Readers', 'Auditors have no']],
  [
    'D30',
    'host_list',
    [
      'Managers see all',
      'Unit Managers their business unit',
      'Scanners and Readers their own',
      'Auditors compliance hosts',
    ],
  ],
  ['D33', 'host_list_detection', ['Managers all', 'Unit Managers their business unit', 'Auditors have no access']],
  ['D34', 'users', ['Managers and Administrators see all users', 'Unit Managers']],
  ['D32', 'compliance_posture', ['Unit Managers, Scanners and Readers', '“manage compliance”']],
  ['A35, M3', 'host_assets', ['Managers see all', 'API Access', '“Read Asset”']],
])('[%s] the guide says what each role sees of %s', (_, dataset, words) => {
  for (const word of words) expect(rowOf(dataset)).toContain(word);
});

it('[A36, A37, D31, M4-M6, S15, S17] the guide says how to make a user and a role, with what access and scope', () => {
  const steps = guide.slice(guide.indexOf('## How to allow it'));
  for (const words of ['allow access to API', 'assign the asset groups', 'Role Management', 'API Access'])
    expect(steps).toContain(words);
  for (const words of ['Roles and Scopes', '“Allow user view access to all objects”']) expect(steps).toContain(words);
});

it('[A38] an option that needs more permissions than its data set says so where it is explained', () => {
  expect(readFileSync('docs/reference/datasets/users.md', 'utf8')).toMatch(/^\| `roles` \|.*needs the permission/m);
});
