import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type KillOptions, type KillReport, killAgainAndAgain } from '../support/kill/harness.ts';
import { PHASES } from '../support/kill/protocol.ts';
import { outOf, told } from '../support/kill/verdict.ts';
import { scaled } from '../support/scale.ts';

const soak = process.env['QUARRY_SOAK'] === '1';
const kills = scaled('kills', { quick: 18, full: 100, soak: 1000 });
const killsOfOthers = scaled('kills of other kinds', { quick: 14, full: 40, soak: 400 });
const killsOfNone = scaled('kills of a control', { quick: 8, full: 15 });
const hosts = scaled('hosts of a collector that is killed', { quick: 50, full: 100 });
const hostQids = scaled('QIDs of a KnowledgeBase that is read under kills', { quick: 997, full: 4999 });
const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000);

/** `sweep`s often, so that absence is concluded under fire too. */
const restless = { every: '5m', sweep: { ids: '20m', full: '1h' } };
/** The same where there is no call for ids, and for thousands of records. */
const whole = { every: '5m', sweep: { full: '1h' } };
const calm = { every: '30m', sweep: { ids: '8h', full: '1d' } };
/** One full reading and nothing that would heal it. */
const onceOnly = { every: '30d', sweep: false };

async function killed(what: string, options: Omit<KillOptions, 'seed'>): Promise<KillReport> {
  const report = await killAgainAndAgain({ ...options, seed });
  const hits = Object.entries(report.hits).map(([hit, n]) => `${hit} ${n}`);
  console.log(
    `${what}: seed ${seed}, ${options.kills} kills (${hits.join(', ')}), ${report.events} events, ${report.seconds.toFixed(0)} s; exist: ${JSON.stringify(report.truth)}`,
  );
  return report;
}

describe('a collector killed again and again with SIGKILL', () => {
  async function survives(what: string, options: Omit<KillOptions, 'seed'>, share: number): Promise<void> {
    const hitsEach = Math.ceil(options.kills * share);
    const report = await killed(what, { ...options, hitsEach });
    expect(report.errors).toEqual([]);
    expect(Object.entries(report.truth).filter(([, exist]) => exist === 0)).toEqual([]);
    expect(told(report.first)).toBe('');
    expect(report.last).toBeDefined();
    expect(told(report.last!)).toBe('');
    for (const phase of PHASES) expect(report.hits[phase], `kills in ${phase}`).toBeGreaterThanOrEqual(hitsEach);
  }

  it(
    '[D51] [fault 1] [fault 2] [fault 3] [fault 4] [fault 5] [fault 6] [fault 22] loses nothing, repeats nothing',
    () =>
      survives(
        'kills',
        {
          ...{ kills, hosts, hostQids },
          aims: PHASES,
          unaimed: 0.15,
          datasets: {
            vm_scans: whole,
            vm_scan_results: { every: '5m' },
            host_list: { page_size: 20, ...restless },
            host_list_detection: { page_size: 10, ...restless },
            user_activity: { page_size: 10, every: '5m' },
            knowledge_base: { page_size: Math.ceil(hostQids / 16), ...calm },
          },
          advanceUpTo: 5 * 3_600_000,
          thorough: true,
        },
        1 / 20,
      ),
    soak ? 5_400_000 : 1_800_000,
  );

  it(
    'the same of tickets, certificates, file-integrity events, web application findings and posture',
    () =>
      survives(
        'kills, other kinds',
        {
          ...{ kills: killsOfOthers, hosts },
          aims: PHASES,
          unaimed: 0.15,
          datasets: {
            tickets: { page_size: 10, ...whole },
            certificates: { page_size: 5, ...whole },
            fim_events: { page_size: 20, every: '5m' },
            webapp_findings: { page_size: 5, ...whole },
            compliance_posture: { page_size: 50, ...whole },
          },
          advanceUpTo: 5 * 3_600_000,
          thorough: true,
        },
        1 / 20,
      ),
    soak ? 5_400_000 : 1_800_000,
  );

  // The same twice: what the control finds must come from the sabotage, not from its circumstances.
  const control = {
    kills: 15,
    hosts: 100,
    aims: ['commit'],
    unaimed: 0,
    datasets: {
      host_list_detection: { page_size: 4, ...onceOnly },
      user_activity: { page_size: 5, every: onceOnly.every },
    },
    advanceUpTo: 0,
    thorough: false,
  } as const;

  it('control: a checkpoint that moves before the events are in loses some, and the harness says so', async () => {
    const { first, dir } = await killed('control, checkpoint first', { ...control, preload: ['sabotage.ts'] });
    await rm(dir, { recursive: true, force: true });
    expect(first.lost.length).toBeGreaterThan(0);
    expect(first.unbalanced.length).toBeGreaterThan(0);
  }, 300_000);

  it('control: the same without the sabotage loses none', async () => {
    const { first, errors } = await killed('control, none', { ...control, kills: killsOfNone });
    expect(errors).toEqual([]);
    expect(told(first)).toBe('');
  }, 300_000);

  it('control: a sink that forgets its journal repeats lines, and the harness says so', async () => {
    const { first, dir } = await killed('control, journal forgotten', {
      ...control,
      aims: ['settle'],
      kills: 6,
      beforeStart: (dir) => rm(join(outOf(dir), '.quarry-journal'), { force: true }),
    });
    await rm(dir, { recursive: true, force: true });
    expect(first.repeated.length).toBeGreaterThan(0);
  }, 300_000);
});
