import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { presets } from '../../datasets/presets.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { sinks } from '../../sinks/registry.gen.ts';
import { shapingOf } from './shape.ts';

function shaping(sink: Record<string, unknown>) {
  const text = JSON.stringify({
    connections: { acme: { platform: 'US1', username: 'u', password: 'p', datasets: ['host_list'] } },
    sinks: { out: sink },
  });
  const config = loadConfig({ text, env: {}, cwd: '/', datasets, sinks, presets });
  return shapingOf(config.sinks.get('out')!);
}

const usual = { eventFormat: 'xml', namespace: undefined, severities: undefined };

describe('how a sink wants its events', () => {
  it.each([
    [
      { type: 'file', path: 'x' },
      { format: 'raw', options: usual },
    ],
    [
      { type: 'stdout', format: 'ocsf' },
      { format: 'ocsf', options: usual },
    ],
    [
      { type: 'file', path: 'x', format: 'devo', event_format: 'json' },
      { format: 'devo', options: { ...usual, eventFormat: 'json' } },
    ],
    [
      { type: 'file', path: 'x', format: 'ocsf', severity_ids: [1, 3, 3, 4, 5] },
      { format: 'ocsf', options: { ...usual, severities: [1, 3, 3, 4, 5] } },
    ],
    [
      { type: 'elasticsearch', url: 'https://es.example.com', namespace: 'prod' },
      { format: 'ecs', options: { eventFormat: undefined, namespace: 'prod', severities: undefined } },
    ],
  ])('%j', (sink, expected) => {
    expect(shaping(sink)).toEqual(expected);
  });

  it.each([
    { type: 'file', path: 'x', format: 'leef' },
    { type: 'file', path: 'x', event_format: 'csv' },
    { type: 'file', path: 'x', severity_ids: [1, 2, 3] },
    { type: 'file', path: 'x', severity_ids: [1, 2, 3, 4, 9] },
    { type: 'elasticsearch', url: 'https://es.example.com', event_format: 'json' },
  ])('%j is refused', (sink) => {
    expect(() => shaping(sink)).toThrow();
  });
});
