import { expect, it } from 'vitest';
import { acme, from, parts } from '../../test/support/config-parts.ts';
import { datasets } from '../datasets/registry.gen.ts';
import { loadConfig } from './load.ts';
import { warningsOf } from './warnings.ts';

const warnings = (...lines: string[]): string[] => warningsOf(from(acme(...lines)), parts);

it('[A47] names the data sets that the tags of their connection do not reach', () => {
  expect(warnings('tags_include: [Prod]')).toEqual([
    'configuration:6:5 connections.acme.tags_include: these data sets cannot be asked for by tag name and are read whole: fim_events',
  ]);
});

it('says nothing without tags, where they reach everything, and of data sets that are not collected', () => {
  expect(warnings()).toEqual([]);
  expect(warnings('tags_include: [Prod]', 'datasets: [hosts]')).toEqual([]);
  expect(
    warnings('tags_include: [Prod]', 'datasets: { hosts: {}, fim_events: { enabled: false, deep: { er: true } } }'),
  ).toEqual([]);
});

it('[A47] the data sets about hosts all take tags by name', () => {
  for (const name of ['host_list', 'host_list_detection', 'host_assets', 'assets'])
    expect(Object.keys(datasets.get(name)!.options.shape), name).toContain('tags_include');
});

it('[A43] says when a threshold of the inventory is shorter than the time between two full readings', () => {
  const said = (inventory: string, sweep: string): string[] => {
    const text = [
      'connections:',
      '  acme:',
      '    platform: US1',
      '    username: u',
      '    password: p',
      `    datasets: { host_list: { sweep: { full: ${sweep} } }, users: {} }`,
      `inventory: ${inventory}`,
    ].join('\n');
    const whole = { datasets, sinks: new Map() };
    return warningsOf(loadConfig({ ...whole, text, env: {}, cwd: '/' }), whole);
  };
  expect(said('{ delete_not_returned: { devices: 2d } }', '7d')).toEqual([
    expect.stringMatching(/inventory\.delete_not_returned\.devices: shorter than .* \(7 days\)/),
  ]);
  expect(said('{ delete_not_returned: { devices: 2d }, ignore_not_seen: { devices: 90d } }', '1d')).toEqual([]);
  expect(said('{ delete_not_returned: { users: 1m } }', '7d')).toHaveLength(1);
});
