import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { INVENTORY, inventoryStore } from '../../src/collector/fold/consumer.ts';
import { silentObserver } from '../../src/collector/observer.ts';
import { listSinks, openOutbox } from '../../src/collector/port.ts';
import type { KnowledgeEntry } from '../../src/inventory/knowledge/entry.ts';
import { knowledgeOf } from '../../src/inventory/knowledge/lookup.ts';
import { want } from '../../src/inventory/knowledge/wanted.ts';
import type { InventorySchema } from '../../src/inventory/schema.ts';
import { exportState, importState } from '../../src/outbox/transfer.ts';
import { verifyCounters } from '../../src/outbox/verify.ts';
import { startSimulator, truthLines } from '../../src/simulator/index.ts';
import type { Store } from '../../src/store/store.ts';
import { connectionTo, DAY, newest, type Rig, type RigOptions, startRig } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';

const KB = { knowledge_base: { every: '1h' } };
const hostQids = scaled('QIDs of a KnowledgeBase in the inventory', { quick: 997, full: 4999 });
const SMALL = { hosts: 5, hostQids, extraQids: 400, datasets: KB };
const ENDPOINT = '/api/fo/knowledge_base/vuln/';

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(options);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

/** Opens the rig's database for `work`; the collector is not running. */
async function inside<T>(rig: Rig, work: (store: Store<InventorySchema>) => Promise<T>): Promise<T> {
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, rig.clock.now());
  try {
    expect(await verifyCounters(outbox.store)).toEqual([]);
    return await work(inventoryStore(outbox));
  } finally {
    await outbox.close();
  }
}

async function consumer(rig: Rig) {
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data'), readOnly: true }, rig.clock.now());
  try {
    return (await listSinks(outbox.store)).find(({ sink }) => sink === INVENTORY);
  } finally {
    await outbox.close();
  }
}

interface Known {
  readonly qid: number;
  readonly title: string;
  readonly severity: number;
  readonly modified: string | null;
  readonly cves: readonly string[];
}

/** What Qualys knows now, from the simulator's generator. */
function truth({ simulator }: Rig): Known[] {
  const known: Known[] = [];
  for (const text of truthLines(simulator.world, simulator.now(), simulator.activity, new Set(['knowledge_base']))) {
    const line = JSON.parse(text) as Omit<Known, 'qid'> & { key: [string]; last_modified: string };
    const { key, title, severity, last_modified: modified, cves } = line;
    known.push({ qid: Number(key[0]), title, severity, modified, cves: cves.filter((cve) => cve !== '') });
  }
  return known;
}

const told = ({ qid, title, severity, modified, cves }: KnowledgeEntry): Known => ({
  ...{ qid, title, severity, modified, cves },
});

/** What the inventory says of these QIDs, by QID. */
const inventory = (rig: Rig, qids: readonly number[]) =>
  inside(rig, async (store) => {
    const { entries, misses, version } = await knowledgeOf(store, 'acme', 'acme', qids);
    return { entries: [...entries.values()].toSorted((a, b) => a.qid - b.qid), misses, version };
  });

async function expectTruth(rig: Rig): Promise<void> {
  const known = truth(rig);
  const { entries, misses } = await inventory(
    rig,
    known.map(({ qid }) => qid),
  );
  expect(misses).toEqual([]);
  expect(entries.map(told)).toEqual(known);
}

describe('the inventory knows the KnowledgeBase', () => {
  it('as Qualys has it, before and after changes; it is counted like a sink [promise 5]', () =>
    withRig(SMALL, async (rig) => {
      const first = await rig.run();
      expect(first.imbalances).toEqual([]);
      await expectTruth(rig);
      const { version } = await inventory(rig, []);
      await rig.run();
      expect((await inventory(rig, [])).version).toBe(version);
      rig.pass(3 * DAY);
      const [report] = (await rig.run()).reports;
      expect(report).toMatchObject({ mode: 'incremental', outcome: 'complete' });
      await expectTruth(rig);
      expect((await inventory(rig, [])).version).toBeGreaterThan(version);
      const { appended } = await rig.state('knowledge_base');
      expect(await consumer(rig)).toMatchObject({ appended, delivered: appended, pending: 0, parked: 0 });
      const [entry] = (await inventory(rig, [truth(rig).find(({ cves }) => cves.length > 0)!.qid])).entries;
      const record = newest(await rig.lines('knowledge_base')).get(String(entry!.qid))!.record;
      expect(entry).toMatchObject({ solution: record['SOLUTION'], diagnosis: record['DIAGNOSIS'] });
    }));

  it('QIDs that are gone at Qualys are gone; what was folded before is not folded again', () =>
    withRig(SMALL, async (rig) => {
      await rig.run();
      const all = truth(rig).map(({ qid }) => qid);
      const fewer = await startSimulator({ hosts: 5, hostQids, extraQids: 385 });
      try {
        const connections = rig.config['connections'] as Record<string, unknown>;
        connections['acme'] = connectionTo(fewer, KB);
        const { reports } = await rig.run({ sweep: true });
        expect(reports[0]?.removed).toBe(15);
        const { entries, misses } = await inventory(rig, all);
        expect([entries.length, misses.length]).toEqual([all.length - 15, 15]);
      } finally {
        await fewer.close();
      }
    }));

  it('killed between folding and settling: nothing is lost, and the same batches again change nothing', () =>
    withRig(SMALL, async (rig) => {
      // The inventory alone takes the events, so that it is the one that is about to settle.
      rig.config['sinks'] = {};
      const kill = new AbortController();
      const phase = (now: string): void => {
        if (now !== 'settle') return;
        kill.abort(new Error('killed'));
        throw new Error('killed');
      };
      await rig.run({ now: kill.signal, observer: { ...silentObserver, phase } }).catch(() => {});
      const waiting = await consumer(rig);
      expect(waiting?.delivered).toBe(0);
      expect(waiting?.pending).toBeGreaterThan(0);
      const all = truth(rig).map(({ qid }) => qid);
      const folded = await inventory(rig, all);
      expect(folded.entries.length).toBeGreaterThan(0);
      // Were a batch folded again, it would put its own title back.
      const marked = folded.entries[0]!.qid;
      await inside(rig, (store) => store.db.updateTable('knowledge').set({ title: 'kept' }).execute());
      const summary = await rig.run();
      expect(summary.imbalances).toEqual([]);
      const { appended } = await rig.state('knowledge_base');
      expect(await consumer(rig)).toMatchObject({ appended, delivered: appended, pending: 0 });
      const after = await inventory(rig, all);
      expect(after.misses).toEqual([]);
      expect(after.entries.find(({ qid }) => qid === marked)?.title).toBe('kept');
    }));

  it('QIDs that were missed are asked for by id, once a day, whatever their dates', () =>
    withRig(
      { ...SMALL, datasets: { knowledge_base: { every: '1h', start_time_utc: '2026-11-01T00:00:00Z' } } },
      async (rig) => {
        await rig.run();
        const known = truth(rig);
        const old = known.filter(({ modified }) => modified! < '2026-10-01').map(({ qid }) => qid);
        expect(old.length).toBeGreaterThan(700);
        const before = await inventory(rig, old);
        expect(before.misses).toEqual(old);
        const missed = old.slice(0, 620);
        const unknown = 999_999;
        await inside(rig, (store) => want(store, 'acme', 'acme', [...missed, unknown], rig.clock.now()));
        const idsAsked = (): string[] =>
          rig.simulator
            .counters()
            .recent.filter(({ endpoint, params }) => endpoint === ENDPOINT && /\bids=/.test(params))
            .map(({ method, params }) => `${method} ${/last_modified_after|id_min/.test(params)}`);
        rig.pass(2 * 3_600_000);
        const { reports, imbalances } = await rig.run();
        expect(reports.map(({ mode, outcome }) => [mode, outcome])).toEqual([['incremental', 'complete']]);
        expect(imbalances).toEqual([]);
        expect(idsAsked()).toEqual(['POST false', 'POST false']);
        const { entries, misses } = await inventory(rig, [...missed, unknown]);
        expect(misses).toEqual([unknown]);
        const now = truth(rig);
        expect(entries.map(told)).toEqual(now.filter(({ qid }) => missed.includes(qid)));
        // Beside them the pull read what had changed, as ever.
        const untouched = now.filter(({ qid, modified }) => old.includes(qid) && modified! < '2026-11-01');
        const left = untouched.map(({ qid }) => qid).filter((qid) => !missed.includes(qid));
        expect((await inventory(rig, old)).misses).toEqual(left);
        // What Qualys does not know is asked for again after a day.
        rig.pass(2 * 3_600_000);
        await rig.run();
        expect(idsAsked()).toHaveLength(2);
        rig.pass(DAY);
        await rig.run();
        expect(idsAsked()).toHaveLength(3);
      },
    ));

  it.each([
    ['host_list_detection', 'QID'],
    ['vm_scan_results', 'qid'],
  ])('QIDs that records of %s name and the table has not are asked for', (dataset, field) =>
    withRig(
      {
        ...SMALL,
        datasets: {
          knowledge_base: { every: '1d', start_time_utc: '2026-11-19T00:00:00Z' },
          [dataset]: { every: '1d' },
        },
      },
      async (rig) => {
        await rig.run();
        rig.pass(DAY);
        const { imbalances, reports } = await rig.run();
        expect(imbalances).toEqual([]);
        expect(reports.filter(({ outcome }) => outcome !== 'complete')).toEqual([]);
        // Named the day before, that is: what is new today is asked for tomorrow.
        const old = (await rig.lines(dataset)).filter(
          ({ pulling_id }) => Number(pulling_id) < rig.clock.now() - DAY / 2,
        );
        const named = new Set(old.map(({ record }) => Number(record[field])));
        expect(named.size).toBeGreaterThan(20);
        const known = truth(rig).map(({ qid }) => qid);
        const { misses } = await inventory(rig, [...named]);
        expect(misses.filter((qid) => known.includes(qid))).toEqual([]);
        // And nothing but these and what has changed.
        expect((await inventory(rig, known)).misses.length).toBeGreaterThan(100);
      },
    ),
  );

  it('what is gone at Qualys for longer than the retention is forgotten', () =>
    withRig(SMALL, async (rig) => {
      await rig.run();
      const [long, lately] = truth(rig).map(({ qid }) => qid);
      const gone = (qid: number, days: number) =>
        inside(rig, (store) =>
          store.db
            .updateTable('knowledge')
            .set({ removed: 1, accepted: rig.clock.now() - days * DAY })
            .where('qid', '=', qid)
            .execute(),
        );
      await gone(long!, 8);
      await gone(lately!, 6);
      await rig.run();
      const left = await inside(rig, (store) =>
        store.db.selectFrom('knowledge').select('qid').where('removed', '=', 1).execute(),
      );
      expect(left.map(({ qid }) => qid)).toEqual([lately]);
    }));

  it('after an import of state the table is filled from Qualys, and no sink gets anything again', () =>
    withRig(SMALL, async (rig) => {
      await rig.run();
      const lines: string[] = [];
      await inside(rig, async (store) => {
        for await (const line of exportState(store as never)) lines.push(line);
      });
      await rm(join(rig.dir, 'data'), { recursive: true });
      const before = await rig.lines('knowledge_base');
      await inside(rig, async (store) => {
        await importState(store as never, Readable.from(lines) as AsyncIterable<string>);
      });
      rig.pass(2 * 3_600_000);
      const { reports, imbalances } = await rig.run();
      expect(imbalances).toEqual([]);
      expect(reports.map(({ mode, outcome }) => [mode, outcome])).toEqual([['incremental', 'complete']]);
      await expectTruth(rig);
      const changed = reports.reduce((sum, { emitted }) => sum + emitted, 0);
      expect(changed).toBeLessThan(20);
      expect(await rig.lines('knowledge_base')).toHaveLength(before.length + changed);
      // Filled once; what changes afterwards is folded over it.
      const calls = () => rig.simulator.counters().recent.filter(({ endpoint }) => endpoint === ENDPOINT).length;
      const asked = calls();
      rig.pass(3 * DAY);
      await rig.run();
      expect(calls() - asked).toBeLessThan(4);
      await expectTruth(rig);
    }));

  it('a table that cannot be written holds up neither the sinks nor the end of a run; its events wait', () =>
    withRig(SMALL, async (rig) => {
      await inside(rig, (store) => store.db.schema.alterTable('knowledge').renameTo('away').execute());
      const finish = new AbortController();
      // Once a run is to finish, it does not wait for a consumer that fails, be its time-out ever so long.
      const summary = await rig.run({ finish: finish.signal, onReport: () => finish.abort(new Error('enough')) });
      const { appended } = await rig.state('knowledge_base');
      expect(summary.imbalances).toEqual([]);
      expect(summary.sinks.map(({ sink, delivered, pending }) => [sink, delivered, pending])).toEqual([
        [INVENTORY, 0, appended],
        ['archive', appended, 0],
      ]);
      expect(summary.sinks[0]?.reason).toContain('knowledge');
      await inside(rig, (store) =>
        store.db.schema
          .alterTable('away' as 'knowledge')
          .renameTo('knowledge')
          .execute(),
      );
      await rig.run();
      await expectTruth(rig);
    }));
});
