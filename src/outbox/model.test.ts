import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allDelivered, pendingOf } from '../../test/support/deliveries.ts';
import { newModel } from '../../test/support/outbox-model.ts';
import { appendThings, claimAt, eventsOf, openAt, removalFacts, type Thing } from '../../test/support/pages.ts';
import { scaled } from '../../test/support/scale.ts';
import { describeStores, type StoreKind } from '../../test/support/stores.ts';
import { compact } from './compact.ts';
import { registerSink, type Settlement, settle } from './delivery.ts';
import { discardParked, listParked, retryParked } from './parked.ts';
import { replay } from './replay.ts';
import { expire, forgetRemoved } from './retention.ts';
import { listSinks } from './sink-state.ts';
import { listStreams, resetStream } from './streams.ts';
import { concludeSweep, openSweep } from './sweep.ts';
import { verifyCounters } from './verify.ts';

/**
 * Random commands to a real outbox and to a model of it; after every command both must agree. Fewer than twenty keys, so
 * that no sweep is held.
 */
const SINKS = ['one', 'two', 'three'];

const thing: fc.Arbitrary<Thing> = fc
  .record({
    host: fc.integer({ min: 1, max: 4 }),
    name: fc.constantFrom('a', 'b', 'é'),
    text: fc.constantFrom('A', 'B', 'C'),
    version: fc.constantFrom(undefined, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
  })
  .map(({ version, ...rest }) => (version === undefined ? rest : { ...rest, version }));
const things = fc
  .uniqueArray(thing, { maxLength: 9, selector: ({ host, name }) => `${host}/${name}` })
  .map((list) => list.sort((a, b) => a.host - b.host || (a.name < b.name ? -1 : 1)));
const sink = fc.constantFrom(...SINKS);

type Command =
  | { readonly kind: 'page' | 'sweep'; readonly things: readonly Thing[] }
  /** `fates` by turns: delivered, parked, tried again. */
  | { readonly kind: 'deliver'; readonly sink: string; readonly fates: readonly ('ok' | 'bad' | 'busy')[] }
  | { readonly kind: 'sink' | 'retry' | 'discard' | 'replay'; readonly sink: string }
  | { readonly kind: 'reset' | 'clean' | 'reopen' | 'forget' };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('page', 'sweep'), things }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      sink,
      fates: fc.array(fc.constantFrom('ok', 'ok', 'bad', 'busy'), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('sink', 'retry', 'discard', 'replay'), sink }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('reset', 'clean', 'reopen', 'forget') }) },
);

async function run(kind: StoreKind, commands: readonly Command[]): Promise<void> {
  const place = await kind.place();
  const model = newModel();
  let outbox = await openAt(place);
  let claim = await claimAt(outbox);
  let now = 1000;

  /** Ids that wait for a sink, read back from the segments. */
  async function waiting(name: string): Promise<string[]> {
    const ids: string[] = [];
    const rows = await outbox.store.db.selectFrom('delivery').select('batch').where('sink', '=', name).execute();
    // Pauses and waits do not matter here: everything is due a day from now.
    const pending = await pendingOf(outbox, name, now + 86_400_000, 1e12);
    if (pending.length < rows.length) expect(pending[0]?.attempts ?? 32).toBeGreaterThan(0);
    for (const one of await everythingPending(name)) {
      const events = await eventsOf(one);
      ids.push(...events.filter((_, i) => !one.settled.includes(i)).map(({ id }) => id));
    }
    return ids;
  }

  /** All that is pending, whatever its number of attempts: the probe after a failure shows one batch only. */
  async function everythingPending(name: string) {
    await outbox.store.db.updateTable('delivery').set({ attempts: 0, next_at: 0 }).where('sink', '=', name).execute();
    return pendingOf(outbox, name, now + 86_400_000, 1e12);
  }

  async function doIt(command: Command): Promise<void> {
    now += 10;
    const sinks = [...model.sinks.keys()];
    switch (command.kind) {
      case 'page':
        model.page(command.things);
        await appendThings(outbox, claim, command.things, { pull: now, sinks });
        return;
      case 'sweep': {
        model.sweep(command.things);
        const id = await openSweep(outbox, claim, 'full', now, '');
        await appendThings(outbox, claim, command.things, { pull: now, sinks, sweep: { id, from: 1, to: null } });
        await concludeSweep(outbox, removalFacts(claim, now, sinks), id, 'purged');
        return;
      }
      case 'deliver': {
        const known = model.sinks.get(command.sink);
        const settlements: Settlement[] = [];
        for (const one of await pendingOf(outbox, command.sink, now)) {
          const events = await eventsOf(one);
          const settled = [...one.settled];
          const parked: Settlement['parked'][number][] = [];
          let delivered = 0;
          events.forEach(({ id }, event) => {
            if (one.settled.includes(event)) return;
            const fate = command.fates[event % command.fates.length];
            if (fate === 'busy') return;
            settled.push(event);
            if (fate === 'bad') parked.push({ event, id, code: 'x', reason: 'bad' });
            else {
              delivered++;
              known?.delivered.push(id);
            }
          });
          const base = { batch: one.batch, delivered, filtered: 0, parked };
          settlements.push(
            settled.length === events.length ? base : { ...base, retry: { settled, at: now + 15, reason: 'busy' } },
          );
        }
        await settle(outbox.store, command.sink, settlements, now);
        return;
      }
      case 'sink': {
        await registerSink(outbox.store, command.sink, () => true, now);
        if (model.sinks.has(command.sink)) return;
        const fed = await waiting(command.sink);
        model.sinks.set(command.sink, { appended: fed, delivered: [], discarded: [] });
        // Whatever was dropped or compacted: the newest body of every live key is among what a new sink is fed.
        const keys = new Set((await everythingFed(command.sink)).map(({ key }) => key.join('/')));
        for (const name of model.live()) expect(keys).toContain(name);
        return;
      }
      case 'retry':
        await retryParked(outbox.store, { sink: command.sink });
        return;
      case 'discard': {
        const ids = (await listParked(outbox.store, { sink: command.sink }, 1000)).map(({ id }) => id);
        expect(await discardParked(outbox.store, { sink: command.sink })).toBe(ids.length);
        model.sinks.get(command.sink)?.discarded.push(...ids);
        return;
      }
      case 'replay': {
        const known = model.sinks.get(command.sink);
        if (known === undefined) return;
        const before = await waiting(command.sink);
        const { events } = await replay(outbox.store, { sink: command.sink, from: 0, to: 1e15, takes: () => true });
        const more = without(await waiting(command.sink), before);
        expect(more).toHaveLength(events);
        known.appended.push(...more);
        return;
      }
      case 'reset':
        await resetStream(outbox.store, 'c', 'things');
        model.reset();
        claim = await claimAt(outbox);
        return;
      case 'clean':
        await expire(outbox, now);
        await compact(outbox, { before: now, worthBytes: 1 });
        return;
      case 'forget':
        await forgetRemoved(outbox, now);
        for (const [name, { removed }] of model.keys) if (removed) model.keys.delete(name);
        return;
      case 'reopen':
        await outbox.close();
        outbox = await openAt(place);
        claim = await claimAt(outbox);
    }
  }

  async function everythingFed(name: string) {
    return (await Promise.all((await everythingPending(name)).map((one) => eventsOf(one)))).flat();
  }

  async function agree(): Promise<void> {
    const [stream] = await listStreams(outbox.store);
    const { received, emitted, unchanged, removed } = model.counts;
    expect(stream).toMatchObject({ ...model.counts, seq: model.seq, appended: emitted + removed });
    expect(received).toBe(emitted + unchanged);
    expect(stream?.knownKeys).toBe(model.live().length);
    const states = await listSinks(outbox.store);
    expect(states.map(({ sink: name }) => name)).toEqual([...model.sinks.keys()].sort());
    for (const { sink: name, ...state } of states) {
      const known = model.sinks.get(name)!;
      const parked = (await listParked(outbox.store, { sink: name }, 1000)).map(({ id }) => id);
      expect(state).toMatchObject({
        appended: known.appended.length,
        delivered: known.delivered.length,
        discarded: known.discarded.length,
        parked: parked.length,
        pending: known.appended.length - known.delivered.length - known.discarded.length - parked.length,
      });
    }
    expect(await verifyCounters(outbox.store)).toEqual([]);
  }

  try {
    for (const one of commands) {
      await doIt(one);
      await agree();
    }
    // In the end every event is where the model says, once.
    for (const [name, known] of model.sinks) {
      now += 100_000_000;
      const parked = (await listParked(outbox.store, { sink: name }, 1000)).map(({ id }) => id);
      for (let more = await everythingPending(name); more.length > 0; more = await everythingPending(name)) {
        for (const one of more) {
          const events = await eventsOf(one);
          known.delivered.push(...events.filter((_, i) => !one.settled.includes(i)).map(({ id }) => id));
          await settle(outbox.store, name, [allDelivered(one)], now);
        }
      }
      expect([...known.delivered, ...known.discarded, ...parked].sort()).toEqual([...known.appended].sort());
    }
    await agree();
  } finally {
    await outbox.close();
  }
}

/** `all` less one of each of `some`. */
function without(all: readonly string[], some: readonly string[]): string[] {
  const rest = [...all];
  for (const one of some) {
    const at = rest.indexOf(one);
    expect(at).not.toBe(-1);
    rest.splice(at, 1);
  }
  return rest;
}

const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000_000);
const RUNS = scaled('runs of the outbox’s model', { quick: 6, full: 15, soak: 500 });

describeStores('the outbox and its model', (kind) => {
  test(
    `agree after any commands, and every event ends in one place [fault 97] (seed ${seed})`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 30, size: 'max' }), (commands) => run(kind, commands)),
        { seed, numRuns: RUNS },
      );
    },
    60_000 + RUNS * 1000,
  );
});
