import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testClock } from '../../../test/support/test-clock.ts';
import type { Happening } from '../../collector/happening.ts';
import { datasets, presets, type SinkState, sinks } from '../../collector/port.ts';
import type { PullReport } from '../../collector/report.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { QuarryError } from '../../core/errors.ts';
import type { StreamIdentity } from '../../core/words.ts';
import { createDevoLog } from './devo-log.ts';
import { devoErrorOf, devoMessage } from './errors.ts';
import { memoryLine } from './memory.ts';
import { createOutputsLog } from './outputs.ts';
import { createStreamsLog } from './streams.ts';

/** Lines of the documents of Devo's two collectors, word for word; see the README beside them. */
const documented = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/devo-log', name), 'utf8')
    .split('\n')
    .slice(0, -1);
const withoutTime = (line: string): string => line.replace(/^[\d-]+T[\d:.]+ +/, '').trimEnd();

/** What would not be true of Quarry, and is therefore not said. */
const LEFT_OUT = [
  /executing_period=/, // one process, that no other restarts
  /lookup_senders|internal_senders|InputStatsThread/, // no lookups are made, no internal messages sent
  /Adding raw config to the collector store/, // there is no such store
  /\[GC\]/, // one process, one line: below
];

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'quarry-devo-log-'));
  for (const name of ['chain.crt', 'domain.crt', 'domain.key']) writeFileSync(join(root, name), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function configOf(collector: string, input: string, id: number, services: readonly string[]): Config {
  const named = Object.fromEntries(services.map((service) => [service, {}]));
  const account = { hostname: 'qualysapi.qualys.com', username: 'joe', password: 'secret' };
  const output = {
    address: 'collector-eu.devo.io',
    port: 443,
    chain: 'chain.crt',
    cert: 'domain.crt',
    key: 'domain.key',
  };
  const layout = {
    globals: { name: collector },
    outputs: { devo_1: { type: 'devo_platform', config: output } },
    inputs: { [input]: { id, ...account, services: named } },
  };
  return loadConfig({ text: JSON.stringify(layout), env: {}, cwd: root, datasets, sinks, presets });
}

/** A log on a clock of its own. */
function rig(config: Config) {
  const lines: string[] = [];
  const clock = testClock(0);
  const log = createDevoLog(config, (line) => lines.push(withoutTime(line.slice(0, -1))), clock);
  const tell = (...happenings: Happening[]): void => happenings.forEach(log.observer.happening);
  return { lines, clock, tell, log };
}

const streamOf = (config: Config, dataset: string): StreamIdentity => {
  const [connection = ''] = config.connections.keys();
  return { tenant: 'devo', subscription: connection, connection, dataset };
};

const report = (pull: number, sums: Partial<PullReport>): PullReport => ({
  ...{ stream: '', pull, mode: 'incremental', outcome: 'complete', requests: 1, waitedMs: 0, pages: 1, hosts: 0 },
  ...{ received: 0, emitted: 0, unchanged: 0, quarantined: 0, removed: 0, duplicateKeys: 0, bytes: 0, elapsedMs: 0 },
  ...sums,
});

/** Every documented line that may be true is there, in its order within its thread; said once where they say it twice. */
function expectSaid(lines: readonly string[], wanted: readonly string[]): void {
  const threadOf = (line: string): string => / (\w+::.*?) -> /.exec(` ${line}`)?.[1] ?? '';
  const left = wanted.map(withoutTime).filter((line) => !LEFT_OUT.some((pattern) => pattern.test(line)));
  const once = left.filter((line, i) => line !== left[i - 1] || !line.includes('Token is valid'));
  for (const thread of new Set(once.map(threadOf))) {
    const said = lines.filter((line) => threadOf(line) === thread);
    let from = 0;
    for (const line of once.filter((one) => threadOf(one) === thread)) {
      const at = said.indexOf(line, from);
      expect(at, `${line}\nnot said after line ${from} of\n${said.join('\n')}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
  }
}

it('[D38] [D39] [D40] [D41] [D42] [D43] [D44] [D45] [D46] [D47] [D48] [D49] [F30] scans are told as the document tells them', () => {
  const config = configOf('example_collector', 'qualys', 13241243, ['vm_scans']);
  const { lines, clock, tell, log } = rig(config);
  const stream = streamOf(config, 'vm_scan_results');
  const pull = 1704880028290;
  const counts = { delivered: 9, settled: 9, bytes: 900 };
  const from = '2024-01-07T05:00:00Z';
  const to = '2024-01-09T05:00:00Z';
  tell(
    {
      kind: 'claimed',
      stream,
      before: { start: from, watermark: undefined },
      after: { start: to, watermark: undefined },
      restarted: true,
    },
    { kind: 'stream_began', stream, every: 60_000, ways: ['basic', 'token'] },
    { kind: 'sign_in', connection: stream.connection, way: 'basic', state: 'good' },
    { kind: 'pull_began', stream, pull, mode: 'incremental' },
  );
  const scans = documented('scans.txt').flatMap((line) => /reference (\S+)/.exec(line)?.[1] ?? []);
  expect(scans).toHaveLength(9);
  scans.forEach((object, i) => {
    tell({ kind: 'object', stream, object, number: i + 1, of: 9 });
  });
  tell({ kind: 'page', stream, pull, requests: 1, received: 9, unchanged: 0, emitted: 9 });
  clock.advance(187_500);
  tell({ kind: 'pull_ended', stream, report: report(pull, { received: 9, emitted: 9 }) });
  expect(lines.join('\n')).not.toMatch(/Sent|Statistics/);
  tell({ kind: 'settled', sink: 'devo_1', stream, pull, appended: clock.now(), ...counts });
  log.observer.wrote({ sink: 'devo_1', events: 9, failed: false, ms: 1 });
  expectSaid(lines, documented('scans.txt'));
  // What goes before the first pull goes before no other.
  tell({ kind: 'pull_began', stream, pull: pull + 60_000, mode: 'incremental' });
  expect(lines.filter((line) => line.endsWith('Starting the execution of pre_pull()'))).toHaveLength(1);
});

it('[F16] [F17] [F18] [F19] [F21] [F22] [F23] [F24] [F25] the setup of FIM is told as the document tells it', () => {
  const config = configOf('qualys_fim_collector', 'qualys_fim', 123123, ['fim_events', 'fim_incidents']);
  const { lines, tell, log } = rig(config);
  log.started(async () => []);
  log.end();
  const streams = ['fim_events', 'fim_incidents'].map((dataset) => streamOf(config, dataset));
  const nothing = { start: undefined, watermark: undefined };
  for (const stream of streams) tell({ kind: 'claimed', stream, before: nothing, after: nothing, restarted: false });
  tell({ kind: 'sink_began', sink: 'devo_1', pending: 0 });
  for (const stream of streams) tell({ kind: 'stream_began', stream, every: 60_000, ways: ['token'] });
  const { connection } = streams[0]!;
  tell({ kind: 'sign_in', connection, way: 'token', state: 'first' });
  tell({ kind: 'sign_in', connection, way: 'token', state: 'good' });
  // One token serves both: the second setup finds what the first has made.
  const firstRun = /fim_incidents#predefined\) -> First run/;
  expect(lines.filter((line) => firstRun.test(line))).toEqual([]);
  const setup = documented('fim-setup.txt').filter((line) => !firstRun.test(line));
  expectSaid(lines, setup);
  expectSaid(lines, documented('start.txt'));
  const processes = new Set(lines.map((line) => /(\w+Process)\b/.exec(line)?.[1]));
  expect([...processes].toSorted()).toEqual(['InputProcess', 'MainProcess', 'OutputProcess']);
});

it('[F31] [F32] [F33] [F34] windows, pages of a thousand and 24168 events are told as the document tells them', () => {
  const config = configOf('qualys_fim_collector', 'qualys_fim', 123123, ['fim_events', 'fim_incidents']);
  const { lines, clock, tell, log } = rig(config);
  const wrote = (): void => log.observer.wrote({ sink: 'devo_1', events: 1, failed: false, ms: 1 });
  const ready = (stream: StreamIdentity): void => {
    tell({ kind: 'stream_began', stream, every: 60_000, ways: ['token'] });
    tell({ kind: 'sign_in', connection: stream.connection, way: 'token', state: 'good' });
  };
  const incidents = streamOf(config, 'fim_incidents');
  ready(incidents);
  const small = 1717069365052;
  tell(
    { kind: 'pull_began', stream: incidents, pull: small, mode: 'incremental' },
    { kind: 'window', stream: incidents, from: '2024-01-03T10:00:00.000Z', to: '2024-01-05T10:00:00.000Z' },
    { kind: 'page', stream: incidents, pull: small, requests: 1, received: 2, unchanged: 0, emitted: 2 },
  );
  clock.advance(1996);
  const two = { delivered: 2, settled: 2, bytes: 840 };
  tell({ kind: 'settled', sink: 'devo_1', stream: incidents, pull: small, appended: clock.now(), ...two });
  wrote();
  tell({ kind: 'pull_ended', stream: incidents, report: report(small, { received: 2, emitted: 2 }) });
  expectSaid(lines, documented('fim-incidents.txt'));

  const events = streamOf(config, 'fim_events');
  ready(events);
  const large = 1717056672114;
  tell(
    { kind: 'pull_began', stream: events, pull: large, mode: 'incremental' },
    { kind: 'window', stream: events, from: '2024-01-06T10:00:00.000Z', to: '2024-01-08T10:00:00.000Z' },
    { kind: 'page', stream: events, pull: large, requests: 1, received: 1000, unchanged: 0, emitted: 1000 },
  );
  const settled = (count: number): void => {
    const counts = { delivered: count, settled: count, bytes: count };
    tell({ kind: 'settled', sink: 'devo_1', stream: events, pull: large, appended: clock.now(), ...counts });
    wrote();
  };
  clock.advance(181_576);
  settled(1000);
  // Their two lines are of two pulls under one number: the average of the second one is of its own time.
  tell({ kind: 'pull_began', stream: events, pull: large, mode: 'incremental' });
  clock.advance((24_168 / 1130.494) * 1000);
  settled(24_168);
  tell({ kind: 'pull_ended', stream: events, report: report(large, { received: 24_168, emitted: 24_168 }) });
  const pulled = documented('fim-events.txt').filter((line) =>
    / -> (Pull|Fetching|Sent|\(Partial|Statistics)/.test(line),
  );
  expect(pulled).toHaveLength(5);
  expectSaid(lines, pulled);
});

it('[F27] [F36] [F46] [D63] [D64] what senders say is counted, and has the form of the document', () => {
  const config = configOf('c', 'qualys', 1, ['host_list']);
  const lines: string[] = [];
  const clock = testClock(0);
  const outputs = createOutputsLog(
    config,
    (level, { part, thread }, message) => lines.push(`${level} ${part}::${thread} -> ${message}`),
    clock,
  );
  const stream = streamOf(config, 'host_list');
  /** The same line of the document with what differs by the machine, and by the kind of sender, put in. */
  const like = (name: string, pattern: RegExp): string[] =>
    documented(name)
      .filter((line) => pattern.test(line))
      .map((line) =>
        withoutTime(line)
          .replaceAll('lookup_senders', 'standard_senders')
          .replaceAll('internal_senders', 'standard_senders')
          .replaceAll('devo_us_1', 'devo_1')
          .replace('Lookup - ', 'Standard - '),
      );
  const state = { sink: 'devo_1', pending: 0, waitingSince: null } as unknown as SinkState;
  outputs.monitor([state]);
  const since = /since "([^"]*)"/.exec(lines.at(-1)!)![1]!;
  expect(since).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  expect(lines).toEqual(
    like('delivery.txt', /Monitor/).map((line) => line.replace(/since "[^"]*"/, `since "${since}"`)),
  );

  lines.length = 0;
  outputs.happening({ kind: 'connection', sink: 'devo_1', sender: 0, open: true });
  const machine = (line: string): string =>
    line.replace(/"([a-z]+_path)": "[^"]*"/g, '"$1": "…"').replace(/hostname: .*/, 'hostname: …');
  expect(machine(lines[0]!)).toBe(machine(like('fim-setup.txt', /Created a sender/)[0]!));
  expect(lines[0]).toMatch(/hostname: "[^"]+", session_id: "\d+"$/);
  outputs.monitor([{ ...state, pending: 3, waitingSince: clock.now() - 1500 } as SinkState]);
  expect(lines.join('\n')).toContain('internal queue size: 3');
  expect(lines.join('\n')).toContain("enqueued_elapsed_times_in_seconds_stats: {'oldest': 1.5}");
  expect(lines.join('\n')).toContain('"is_connection_open": True}');

  lines.length = 0;
  outputs.happening({ kind: 'connection', sink: 'devo_1', sender: 0, open: false });
  const counts = { delivered: 37, settled: 40, bytes: 25_816 };
  outputs.happening({ kind: 'settled', sink: 'devo_1', stream, pull: 1, appended: 0, ...counts });
  outputs.happening({ kind: 'settled', sink: 'another', stream, pull: 1, appended: 0, ...counts });
  outputs.wrote({ sink: 'devo_1', events: 37, failed: false, ms: 250 });
  clock.advance(60_000);
  outputs.consumers();
  outputs.consumers();
  expect(lines).toHaveLength(2);
  const form = (line: string): string =>
    line.replace(/\([\d.]+ seconds\)/, '(s)').replace(/Output\w+\(\w+\)/, 'consumer');
  expect(lines.map(form)).toEqual(
    [like('fim-events.txt', /total_bytes: 25816/)[0]!, like('fim-events.txt', /37 messages/)[0]!].map(form),
  );
  outputs.monitor([state]);
  expect(lines.at(-1)).toMatch(
    / -> Standard - Total number of messages sent: 37, messages sent since "[^"]+": 37 \(elapsed 0\.250 seconds\)$/,
  );
  expect(lines.join('\n')).toContain('"is_connection_open": False}');
});

it('[D65] [F29] [F50] memory before and after is told in the form of the document', () => {
  const [first] = documented('fim-setup.txt').filter((line) => line.includes('[GC]'));
  const mib = (n: number): number => n * 2 ** 20;
  const before = { global: 32.3, rss: mib(41.68), vms: mib(928.46) };
  expect(first).toContain(memoryLine(before, { ...before, rss: mib(42.68) }));
  // Where the system does not say it, nothing is said of it.
  expect(memoryLine({ ...before, vms: undefined }, { ...before, vms: undefined })).toBe(
    '[GC] global: 32.3% -> 32.3%, process: RSS(41.68MiB -> 41.68MiB)',
  );
});

it('[F32] what another output still waits for, and what an earlier process had appended, is not counted as sent', () => {
  const config = configOf('c', 'qualys', 1, ['host_list']);
  const two: Config = {
    ...config,
    sinks: new Map([...config.sinks, ['b', { ...config.sinks.get('devo_1')!, name: 'b' }]]),
  };
  const lines: string[] = [];
  const clock = testClock(0);
  const log = createStreamsLog(two, (_level, _place, message) => lines.push(message), clock);
  const stream = streamOf(config, 'host_list');
  log.happening({ kind: 'stream_began', stream, every: 60_000, ways: ['basic'] });
  log.happening({ kind: 'sign_in', connection: stream.connection, way: 'basic', state: 'good' });
  log.happening({ kind: 'pull_began', stream, pull: 7, mode: 'full' });
  const settle = (sink: string, count: number, appended: number): void => {
    log.happening({ kind: 'settled', sink, stream, pull: 7, appended, delivered: count, settled: count, bytes: 1 });
    log.wrote();
  };
  log.happening({ kind: 'pull_ended', stream, report: report(7, { received: 5, emitted: 5 }) });
  lines.length = 0;
  settle('devo_1', 5, clock.now());
  expect(lines).toEqual([]);
  settle('b', 2, clock.now());
  expect(lines).toEqual(['Sent 2 host_list events to Devo.', expect.stringMatching(/^\(Partial\).*sent: 2;/)]);
  settle('b', 9, clock.now() - 1000);
  settle('devo_1', 9, clock.now() - 1000);
  expect(lines.join('\n')).not.toContain('The data is up to date!');
  settle('b', 3, clock.now());
  expect(lines.slice(-2)).toEqual([
    expect.stringMatching(/^Statistics .*received: 5;.*sent: 5;/),
    'The data is up to date!',
  ]);
});

it('[D57] [D58] [F40] [F41] [F42] [F43] [F44] [F45] errors have the ids and words of the collector they come from', () => {
  const error = new QuarryError('QRY2003', { what: 'Qualys had a fault.', qualys: { status: 502 } });
  const said = (...given: Parameters<typeof devoErrorOf>): string => {
    const found = devoErrorOf(...given);
    return `${found.type} ${found.id}: ${devoMessage(found, error)}`;
  };
  expect(said('QRY2010', 'classic', true, true)).toBe('SetupError 102: ERROR: API Error. Cause: Qualys had a fault.');
  expect(said('QRY2003', 'classic', true, true)).toBe(
    'PullError PullError: ERROR: API Error. Cause: Qualys had a fault.',
  );
  expect(said('QRY2001', 'fim', false, false)).toBe(
    'SetupError 100: Error occurred while requesting from the Qualys server. Error message: Qualys had a fault.',
  );
  expect(said('QRY2010', 'fim', true, true)).toBe(
    'SetupError 101: The tokens provided are incorrect. Please specify the correct credentials',
  );
  expect(said('QRY2012', 'fim', true, true)).toBe(
    'SetupError 102: The provided tokens are valid but they do not have the permission to get data',
  );
  expect(said('QRY2003', 'fim', false, true)).toBe(
    'SetupError 103: Unexpected HTTP error occurred at the Qualys server. 502',
  );
  expect(said('QRY2003', 'fim', true, true)).toBe(
    'PullError 300: HTTP Error occurred while retrieving events from Qualys server 502 , Qualys had a fault.',
  );
  expect(said('QRY3002', 'fim', true, false)).toBe(
    'PullError 301: Some error occurred while retrieving events from Qualys server. Error details: Qualys had a fault.',
  );
});

it('without an output to Devo, statistics count what the sinks there are have, and nothing is said to be sent to Devo', () => {
  const sink = (name: string) => ({ [name]: { type: 'file', path: `./${name}` } });
  const connection = { platform: 'US1', username: 'joe', password: 'secret', datasets: ['host_list'] };
  const text = JSON.stringify({ connections: { acme: connection }, sinks: { ...sink('a'), ...sink('b') } });
  const config = loadConfig({ text, env: {}, cwd: root, datasets, sinks, presets });
  const { lines, tell, log, clock } = rig(config);
  const stream = streamOf(config, 'host_list');
  tell(
    { kind: 'stream_began', stream, every: 60_000, ways: ['basic'] },
    { kind: 'sign_in', connection: 'acme', way: 'basic', state: 'good' },
    { kind: 'pull_began', stream, pull: 7, mode: 'full' },
    { kind: 'pull_ended', stream, report: report(7, { received: 3, emitted: 3 }) },
  );
  for (const name of ['a', 'b']) {
    expect(lines.join('\n')).not.toContain('Statistics');
    tell({ kind: 'settled', sink: name, stream, pull: 7, appended: clock.now(), delivered: 3, settled: 3, bytes: 1 });
    log.observer.wrote({ sink: name, events: 3, failed: false, ms: 1 });
  }
  const puller = 'INFO InputProcess::QualysHostListPuller(acme,acme,host_list,predefined) ->';
  expect(lines.slice(-2)).toEqual([
    expect.stringMatching(/-> Statistics .*generated and sent: 3;/),
    `${puller} The data is up to date!`,
  ]);
  expect(lines.join('\n')).not.toContain(' -> Sent ');
});
