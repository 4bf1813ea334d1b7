import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, openAt, removalFacts, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { registerSink } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { expire, forgetRemoved } from './retention.ts';
import { listStreams, resetStream } from './streams.ts';
import { concludeSweep, noteAbsentIds, openSweep } from './sweep.ts';
import { verifyCounters } from './verify.ts';

const SINKS = ['sink'];
const thing = (host: number, name = 'a', text = 'x'): Thing => ({ host, name, text, version: '2026-01-01T00:00:00Z' });
const hosts = (n: number, from = 1): Thing[] => Array.from({ length: n }, (_, i) => thing(from + i));

async function prepared(outbox: Outbox, things: readonly Thing[], pull = 100) {
  await registerSink(outbox.store, 'sink', () => true, 1);
  const claim = await claimAt(outbox);
  await appendThings(outbox, claim, things, { pull, sinks: SINKS });
  await drain(outbox, 'sink');
  return claim;
}

/** A full sweep in one page that finds these things. */
async function fullSweep(
  outbox: Outbox,
  claim: Awaited<ReturnType<typeof claimAt>>,
  things: readonly Thing[],
  pull: number,
) {
  const id = await openSweep(outbox, claim, 'full', pull, '');
  const sweep = { id, from: 1, to: null };
  await appendThings(outbox, claim, things, { pull, sinks: SINKS, sweep });
  return concludeSweep(outbox, removalFacts(claim, pull, SINKS), id, 'purged');
}

const ranges = (...ids: number[]) => ({ first: Float64Array.from(ids), last: Float64Array.from(ids) });
const absences = async (outbox: Outbox): Promise<number> =>
  (await outbox.store.db.selectFrom('absence').select('key').execute()).length;
const states = async (outbox: Outbox): Promise<string[]> =>
  (await outbox.store.db.selectFrom('sweep').select('state').orderBy('id').execute()).map(({ state }) => state);

describeStores('sweeps', (kind) => {
  test('a sink that is added when a removal is long forgotten is not fed what was removed', async () => {
    const outbox = await openAt(await kind.place());
    const known = [thing(1), thing(2), thing(2, 'b'), thing(3), thing(4)];
    const claim = await prepared(outbox, known);
    await fullSweep(outbox, claim, [thing(2), thing(4)], 200);
    await drain(outbox, 'sink');
    // The removals had nobody waiting any more; the bodies stand beside others that still are the newest.
    expect(await expire(outbox, Number.MAX_SAFE_INTEGER)).toMatchObject({ batches: 1 });
    const fed = async (name: string, before: number) => {
      await registerSink(outbox.store, name, () => true, 300, { before, of: () => true });
      return (await drain(outbox, name)).map(({ key }) => key.join());
    };
    expect(await fed('late', Number.MAX_SAFE_INTEGER)).toEqual(['2,a', '4,a']);
    // Nothing is older than this: the rule is about age alone.
    expect(await fed('early', 0)).toHaveLength(5);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('what a full reading does not hold is removed: host, thing on a host, first, last and in between', async () => {
    const outbox = await openAt(await kind.place());
    const known = [thing(1), thing(2), thing(2, 'b'), thing(2, 'c'), thing(3), thing(4), thing(9)];
    const claim = await prepared(outbox, known);
    const there = [thing(2), thing(2, 'c'), thing(4)];
    expect(await fullSweep(outbox, claim, there, 200)).toEqual({ state: 'concluded', known: 7, absent: 4, removed: 4 });
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq, change, reason, key, record }) => ({ seq, change, reason, key, record }))).toEqual(
      [
        ['1', 'a'],
        ['2', 'b'],
        ['3', 'a'],
        ['9', 'a'],
      ].map((key, i) => ({
        seq: 8 + i,
        change: 'removed',
        reason: 'purged',
        key,
        record: { NAME: key[1], HOST: { ID: key[0] } },
      })),
    );
    expect((await listStreams(outbox.store))[0]).toMatchObject({ removed: 4, appended: 11, knownKeys: 3 });
    expect(await absences(outbox)).toBe(0);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a sweep by pages concludes each range and nothing outside of it', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(20));
    const id = await openSweep(outbox, claim, 'full', 200, '');
    const page = (things: readonly Thing[], from: number, to: number | null) =>
      appendThings(outbox, claim, things, { pull: 200, sinks: SINKS, sweep: { id, from, to } });
    await page(hosts(4, 1), 1, 5);
    await page([], 6, 10);
    expect(await absences(outbox)).toBe(6);
    await page(hosts(9, 11), 11, null);
    expect(await concludeSweep(outbox, removalFacts(claim, 200, SINKS), id, 'purged')).toMatchObject({ removed: 7 });
    const gone = (await drain(outbox, 'sink')).map(({ key }) => Number(key[0]));
    expect(gone).toEqual([5, 6, 7, 8, 9, 10, 20]);
    await outbox.close();
  });

  test('out of order (careful) a sweep finds the same', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(6));
    const id = await openSweep(outbox, claim, 'full', 200, '');
    const sweep = { id, from: 1, to: null };
    await appendThings(outbox, claim, [thing(5), thing(2), thing(6), thing(2, 'new')], {
      pull: 200,
      careful: true,
      sweep,
      sinks: SINKS,
    });
    await concludeSweep(outbox, removalFacts(claim, 200, SINKS), id, 'purged');
    const events = await drain(outbox, 'sink');
    expect(events.map(({ change, key }) => `${change} ${key.join()}`)).toEqual([
      'new 2,new',
      'removed 1,a',
      'removed 3,a',
      'removed 4,a',
    ]);
    await outbox.close();
  });

  test('by ids: everything of an absent host goes, nothing of a present one', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, [thing(1), thing(3), thing(3, 'b'), thing(5), thing(7), thing(8)]);
    const id = await openSweep(outbox, claim, 'ids', 200, '');
    const there = { first: Float64Array.of(1, 4), last: Float64Array.of(2, 7) };
    await noteAbsentIds(outbox, claim, id, 200, there);
    // A kill and a second walk note nothing twice.
    await noteAbsentIds(outbox, claim, id, 200, there);
    expect(await concludeSweep(outbox, removalFacts(claim, 200, SINKS), id, 'out_of_scope')).toMatchObject({
      removed: 3,
    });
    const events = await drain(outbox, 'sink');
    expect(events.map(({ key, reason }) => [...key, reason])).toEqual([
      ['3', 'a', 'out_of_scope'],
      ['3', 'b', 'out_of_scope'],
      ['8', 'a', 'out_of_scope'],
    ]);
    await outbox.close();
  });

  test('an answer without any id leaves nothing, and one of a single open gap walks it whole', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(12));
    const id = await openSweep(outbox, claim, 'ids', 200, '');
    await noteAbsentIds(outbox, claim, id, 200, ranges());
    expect(await absences(outbox)).toBe(12);
    await outbox.close();
  });

  test('what was written since the sweep began is not absent', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(3));
    const id = await openSweep(outbox, claim, 'full', 200, '');
    const sweep = { id, from: 1, to: null };
    // Another stream of the subscription writes host 2 while this one reads: before the page sees the key table …
    await appendThings(outbox, claim, [thing(2, 'a', 'changed')], { pull: 250, sinks: SINKS });
    await appendThings(outbox, claim, [thing(1)], { pull: 200, sinks: SINKS, sweep });
    // … and host 3 after the page noted it.
    expect(await absences(outbox)).toBe(1);
    await appendThings(outbox, claim, [thing(3, 'a', 'changed')], { pull: 260, sinks: SINKS });
    expect(await concludeSweep(outbox, removalFacts(claim, 200, SINKS), id, 'purged')).toMatchObject({ removed: 0 });
    expect(await absences(outbox)).toBe(0);
    await outbox.close();
  });

  test('more than 5 % and more than 20 is held, and a second sweep confirms only what both found', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(100));
    expect(await fullSweep(outbox, claim, hosts(70), 200)).toEqual({
      state: 'held',
      known: 100,
      absent: 30,
      removed: 0,
    });
    expect(await drain(outbox, 'sink')).toEqual([]);
    // Ten came back, five others went.
    const second = await fullSweep(outbox, claim, hosts(75, 6), 300);
    expect(second).toMatchObject({ state: 'concluded', removed: 20 });
    const gone = (await drain(outbox, 'sink')).map(({ key }) => Number(key[0]));
    expect(gone).toEqual(hosts(20, 81).map(({ host }) => host));
    expect(await states(outbox)).toEqual(['dropped', 'concluded']);
    expect(await absences(outbox)).toBe(0);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('two sweeps that contradict each other confirm nothing, and the third is held against the second', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(100));
    expect(await fullSweep(outbox, claim, hosts(70), 200)).toMatchObject({ state: 'held', absent: 30 });
    expect(await fullSweep(outbox, claim, hosts(70, 31), 300)).toMatchObject({ state: 'held', absent: 30 });
    expect(await states(outbox)).toEqual(['dropped', 'held']);
    expect(await absences(outbox)).toBe(30);
    expect(await fullSweep(outbox, claim, hosts(70, 31), 400)).toMatchObject({ state: 'concluded', removed: 30 });
    await outbox.close();
  });

  test('20 of few go at once; 21 of few are held until an operator says so', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(41));
    expect(await fullSweep(outbox, claim, hosts(21), 200)).toMatchObject({ state: 'concluded', removed: 20 });
    expect(await fullSweep(outbox, claim, [], 300)).toMatchObject({ state: 'held', absent: 21 });
    const facts = removalFacts(claim, 300, SINKS);
    expect(await concludeSweep(outbox, facts, 2, 'purged', true)).toMatchObject({ state: 'concluded', removed: 21 });
    await outbox.close();
  });

  test('a sweep that finds all is no second witness, and takes a held one back', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(100));
    await fullSweep(outbox, claim, hosts(70), 200);
    expect(await fullSweep(outbox, claim, hosts(100), 300)).toMatchObject({ state: 'concluded', removed: 0 });
    expect(await fullSweep(outbox, claim, hosts(70), 400)).toMatchObject({ state: 'held' });
    await outbox.close();
  });

  test('a reset drops what an open or held sweep noted', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(100));
    await fullSweep(outbox, claim, [], 200);
    expect(await absences(outbox)).toBe(100);
    await resetStream(outbox.store, 'c', 'things');
    expect(await absences(outbox)).toBe(0);
    expect(await states(outbox)).toEqual(['dropped']);
    await outbox.close();
  });

  test('a new sweep drops one that never ended', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(5));
    const id = await openSweep(outbox, claim, 'full', 200, '');
    await appendThings(outbox, claim, [], { pull: 200, sweep: { id, from: 1, to: 3 } });
    await openSweep(outbox, claim, 'full', 300, '');
    expect(await states(outbox)).toEqual(['dropped', 'open']);
    expect(await absences(outbox)).toBe(0);
    await outbox.close();
  });

  test('removed and back is new, under an id of its own; removed again too; a tombstone is forgotten in time', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, [thing(1), thing(2)]);
    const ids = new Set<string>();
    const changes: string[] = [];
    for (let i = 0; i < 3; i++) {
      await fullSweep(outbox, claim, [thing(1)], 200 + i * 10);
      await fullSweep(outbox, claim, [thing(1), thing(2)], 205 + i * 10);
    }
    await fullSweep(outbox, claim, [thing(1)], 300);
    for (const { id, change } of await drain(outbox, 'sink')) {
      ids.add(id);
      changes.push(change);
    }
    expect(changes).toEqual(['removed', 'new', 'removed', 'new', 'removed', 'new', 'removed']);
    expect(ids.size).toBe(7);
    expect(await forgetRemoved(outbox, 300)).toBe(0);
    expect(await forgetRemoved(outbox, 301)).toBe(1);
    expect(await outbox.store.db.selectFrom('known_key').select('lead').execute()).toEqual([{ lead: 1 }]);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a gap of many thousand keys is noted and removed in pieces, and a kill in between goes on where it stood', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await prepared(outbox, hosts(6000));
    const id = await openSweep(outbox, claim, 'full', 200, '');
    await appendThings(outbox, claim, [thing(1)], { pull: 200, sweep: { id, from: 1, to: null }, sinks: SINKS });
    expect(await absences(outbox)).toBe(5999);
    const facts = removalFacts(claim, 200, SINKS);
    // The kill: the clock that dates the second piece throws.
    let pieces = 0;
    const killed = {
      ...facts,
      now: () => {
        if (++pieces === 2) throw new Error('killed');
        return 200;
      },
    };
    await expect(concludeSweep(outbox, killed, id, 'purged', true)).rejects.toThrow('killed');
    expect(await absences(outbox)).toBe(3999);
    expect(await readdir(outbox.spool)).toHaveLength(2);
    expect(await concludeSweep(outbox, facts, id, 'purged', true)).toMatchObject({ state: 'concluded', removed: 3999 });
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 5999 }, (_, i) => 6001 + i));
    expect(new Set(events.map(({ key }) => key[0])).size).toBe(5999);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a claim that was taken over removes nothing', async () => {
    const outbox = await openAt(await kind.place());
    const old = await prepared(outbox, hosts(3));
    const id = await openSweep(outbox, old, 'full', 200, '');
    await appendThings(outbox, old, [], { pull: 200, sweep: { id, from: 1, to: null } });
    await claimAt(outbox);
    await expect(concludeSweep(outbox, removalFacts(old, 200), id, 'purged')).rejects.toMatchObject({
      code: 'QRY4010',
    });
    expect((await listStreams(outbox.store))[0]).toMatchObject({ removed: 0, knownKeys: 3 });
    expect(await readdir(outbox.spool)).toHaveLength(1);
    await outbox.close();
  });
});
