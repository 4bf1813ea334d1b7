import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import {
  appendThings,
  claimAt,
  openAt,
  stageThings,
  type Thing,
  thingKeyed,
  toAppend,
} from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { appendPage } from './append.ts';
import { blocksOfPage } from './blocks.ts';
import { registerSink } from './delivery.ts';
import { idMaker } from './identity.ts';
import { RepeatedKeyError } from './occurrence.ts';
import type { Outbox } from './outbox.ts';
import { changeCheckpoint, listStreams, resetStream } from './streams.ts';
import { verifyCounters } from './verify.ts';

const A: Thing = { host: 7, name: 'a', text: 'A', version: '2026-01-01T00:00:00Z' };

const everything = () => true;
async function withSink(outbox: Outbox): Promise<void> {
  await registerSink(outbox.store, 'sink', everything, 1);
}
const files = (outbox: Outbox): Promise<string[]> => readdir(outbox.spool);

describeStores('appending', (kind) => {
  test('an event has the id its key, content and version give, the envelope of its stream, and the context of its host', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    await appendThings(outbox, claim, [A, { host: 8, name: 'é', text: '“x”' }], { pull: 100, sinks: ['sink'] });
    const [first, second] = await drain(outbox, 'sink');
    const id = idMaker('t', 's', 'things');
    expect(first).toEqual({
      id: id(7, 'a', thingKeyed(A).fingerprint, '2026-01-01T00:00:00Z'),
      seq: 1,
      dataset: 'things',
      tenant: 't',
      subscription: 's',
      connection: 'c',
      pulling_id: '100',
      pulled_at: '1970-01-01T00:00:00.100Z',
      time: '2026-01-01T00:00:00Z',
      change: 'new',
      key: ['7', 'a'],
      record: { NAME: 'a', TEXT: 'A', AT: '2026-01-01T00:00:00Z', HOST: { ID: '7', IP: '10.0.0.7' } },
    });
    expect(second).toMatchObject({ seq: 2, key: ['8', 'é'], record: { TEXT: '“x”', HOST: { ID: '8' } } });
    expect(second?.id).toBe(id(8, 'é', thingKeyed({ host: 8, name: 'é', text: '“x”' }).fingerprint, '#0'));
    await outbox.close();
  });

  test('unchanged is no event; A, B and A again are three, also while the change time stands still', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const texts = ['A', 'A', 'B', 'A', 'A'];
    for (const [i, text] of texts.entries()) {
      const things = [
        { ...A, text },
        { host: 7, name: 'b', text },
      ];
      await appendThings(outbox, claim, things, { pull: 100 + i, sinks: ['sink'] });
    }
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq, change, key, record }) => [seq, change, key[1], record.TEXT])).toEqual([
      [1, 'new', 'a', 'A'],
      [2, 'new', 'b', 'A'],
      [3, 'updated', 'a', 'B'],
      [4, 'updated', 'b', 'B'],
      [5, 'updated', 'a', 'A'],
      [6, 'updated', 'b', 'A'],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(6);
    const [stream] = await listStreams(outbox.store);
    expect(stream).toMatchObject({ received: 10, emitted: 6, unchanged: 4, appended: 6, knownKeys: 2, seq: 6 });
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('many pages read at once, most of them with one block to take turns with, are what they are one by one [promise 10]', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const pages = Array.from({ length: 12 }, (_, page) =>
      Array.from({ length: 30 }, (_, i): Thing => ({ host: 100 * page + i, name: 'n', text: `${page}/${i}` })),
    );
    const padding = 200_000;
    const staged = await Promise.all(pages.map((things) => stageThings(outbox, claim, things, { pull: 100, padding })));
    expect(staged.map(({ emitted, batches }) => [emitted, batches.length > 1])).toEqual(pages.map(() => [30, true]));
    for (const page of staged) await appendPage(outbox.store, toAppend(claim, page, { pull: 100, sinks: ['sink'] }));
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq, key, record }) => [seq, key[0], record.TEXT])).toEqual(
      pages.flat().map(({ host, text }, i) => [i + 1, String(host), text]),
    );
    const pad = 'x'.repeat(padding);
    expect(events.every(({ record }) => 'PAD' in record && record.PAD === pad)).toBe(true);
    // They gave back what they were lent.
    const blocks = blocksOfPage();
    expect(blocks.second()).toBeDefined();
    blocks.end();
    await outbox.close();
  });

  test('after a reset the same ids come again where Qualys names the time [fault 12]', async () => {
    const outbox = await openAt(await kind.place());
    await withSink(outbox);
    const things = [A, { ...A, name: 'b', version: '2026-01-02T00:00:00Z' }];
    await appendThings(outbox, await claimAt(outbox), things, { pull: 100, sinks: ['sink'] });
    const before = await drain(outbox, 'sink');
    expect(await resetStream(outbox.store, 'c', 'things')).toBe(true);
    expect((await listStreams(outbox.store))[0]).toMatchObject({ knownKeys: 0, checkpoint: {} });
    await appendThings(outbox, await claimAt(outbox), things, { pull: 200, sinks: ['sink'] });
    const after = await drain(outbox, 'sink');
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(after.map(({ seq }) => seq)).toEqual([3, 4]);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a new field or form is adopted without an event where the change time stands still, and emitted where it moved', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    const moved = { ...A, name: 'b' };
    await appendThings(outbox, claim, [A, moved], { pull: 100, form: 1 });
    const asked: unknown[] = [];
    const same = (record: string, form: number, fingerprint: string): boolean => {
      asked.push([JSON.parse(record), form, fingerprint]);
      return true;
    };
    const things = [
      { ...A, text: 'A+' },
      { ...moved, text: 'A+', version: '2026-02-01T00:00:00Z' },
    ];
    const page = await appendThings(outbox, claim, things, { pull: 101, form: 2, same });
    expect(page).toMatchObject({ received: 2, unchanged: 1, emitted: 1 });
    expect(asked).toEqual([[{ NAME: 'a', TEXT: 'A+', AT: A.version }, 1, thingKeyed(A).fingerprint]]);
    // Adopted for good: the next time it is simply unchanged, and nobody is asked.
    const again = await appendThings(outbox, claim, things, { pull: 102, form: 2, same: () => expect.unreachable() });
    expect(again).toMatchObject({ unchanged: 2, emitted: 0, segment: undefined });
    await outbox.close();
  });

  test('two records with one key: equal ones count once, different ones are both kept and flagged', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const things = [A, A, { ...A, text: 'other' }, { ...A, text: 'third' }, { ...A, text: 'other' }];
    const page = await appendThings(outbox, claim, things, { pull: 100, sinks: ['sink'] });
    expect(page).toMatchObject({ received: 5, emitted: 3, unchanged: 2, duplicateKeys: 2 });
    const events = await drain(outbox, 'sink');
    expect(events.map(({ key, flags, record }) => [key, flags, record.TEXT])).toEqual([
      [['7', 'a'], undefined, 'A'],
      [['7', 'a'], ['duplicate_key'], 'other'],
      [['7', 'a'], ['duplicate_key'], 'third'],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    expect(await appendThings(outbox, claim, things, { pull: 101 })).toMatchObject({ emitted: 0, unchanged: 5 });
    await outbox.close();
  });

  test('an id that comes back far apart is refused, and read carefully it is handled like one that stands together', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    const things = [A, { host: 9, name: 'z', text: 'z' }, { ...A, text: 'other' }, A];
    await expect(stageThings(outbox, claim, things, { pull: 100 })).rejects.toBeInstanceOf(RepeatedKeyError);
    expect(await files(outbox)).toEqual([]);
    const page = await appendThings(outbox, claim, things, { pull: 100, careful: true });
    expect(page).toMatchObject({ received: 4, emitted: 3, unchanged: 1, duplicateKeys: 1 });
    await outbox.close();
  });

  test('one host over many blocks and batches keeps its context everywhere, once stored [fault 57]', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const things = Array.from({ length: 6000 }, (_, i) => ({ host: 5, name: String(i).padStart(5, '0'), text: 'x' }));
    const page = await appendThings(outbox, claim, things, { pull: 100, sinks: ['sink'], padding: 1500 });
    expect(page.batches.length).toBeGreaterThan(3);
    const contexts = new Set(page.batches.flatMap((batch) => batch.groups.map((group) => group.contextOffset)));
    expect(contexts.size).toBe(1);
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq }) => seq)).toEqual(things.map((_, i) => i + 1));
    expect(events.every(({ record }) => record.HOST?.ID === '5')).toBe(true);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    // The same host again, with one thing changed: one event.
    const again = things.map((thing, i) => (i === 4321 ? { ...thing, text: 'y' } : thing));
    const second = await appendThings(outbox, claim, again, { pull: 101, sinks: ['sink'], padding: 1500 });
    expect(second).toMatchObject({ emitted: 1, unchanged: 5999 });
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a page without records moves the checkpoint and leaves no file', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    const advance = () => ({ watermark: '2026-01-01T00:00:00Z' });
    const page = await appendThings(outbox, claim, [], { pull: 100, advance });
    expect(page).toMatchObject({ received: 0, emitted: 0, segment: undefined });
    expect((await listStreams(outbox.store))[0]?.checkpoint).toEqual(advance());
    expect(await files(outbox)).toEqual([]);
    await outbox.close();
  });

  test('the same page twice, or a key that changed under it, is refused whole [QRY4011]', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const options = { pull: 100, sinks: ['sink'], advance: () => ({ watermark: 'moved' }) };
    const [one, two] = [await stageThings(outbox, claim, [A], options), await stageThings(outbox, claim, [A], options)];
    await appendPage(outbox.store, toAppend(claim, one, options));
    for (const page of [one, two]) {
      const again = appendPage(
        outbox.store,
        toAppend(claim, page, { ...options, advance: () => ({ watermark: 'no' }) }),
      );
      await expect(again).rejects.toMatchObject({ code: 'QRY4011' });
      await page.discard();
    }
    const [stream] = await listStreams(outbox.store);
    expect(stream).toMatchObject({ received: 1, emitted: 1, seq: 1, checkpoint: { watermark: 'moved' } });
    // What the first append made visible is still there; what the second staged is not.
    expect(await files(outbox)).toHaveLength(1);
    expect(await drain(outbox, 'sink')).toHaveLength(1);
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a claim that was taken over can write no more [QRY4010] [fault 24]', async () => {
    const outbox = await openAt(await kind.place());
    const old = await claimAt(outbox);
    const page = await stageThings(outbox, old, [A], { pull: 100 });
    const claim = await claimAt(outbox);
    expect(claim.fence).toBe(old.fence + 1);
    const late = appendPage(outbox.store, toAppend(old, page, { pull: 100 }));
    await expect(late).rejects.toMatchObject({ code: 'QRY4010' });
    await page.discard();
    expect(await files(outbox)).toEqual([]);
    expect(await changeCheckpoint(outbox.store, old, () => ({ watermark: 'late' }))).toBeUndefined();
    expect((await listStreams(outbox.store))[0]).toMatchObject({ received: 0, checkpoint: {} });
    await outbox.close();
  });

  test('pages of one stream that are appended at once each count, and `seq` has no gap and no repetition', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await withSink(outbox);
    const pages = Array.from({ length: 12 }, (_, i) => [
      { ...A, host: i + 1 },
      { ...A, host: i + 1, name: 'b' },
    ]);
    await Promise.all(
      pages.map((things, i) =>
        appendThings(outbox, claim, things, {
          pull: 100,
          sinks: ['sink'],
          advance: (before) => ({ ...before, watermark: `${before.watermark ?? ''}${String.fromCharCode(97 + i)}` }),
        }),
      ),
    );
    const [stream] = await listStreams(outbox.store);
    expect([...stream!.checkpoint.watermark!].sort().join('')).toBe('abcdefghijkl');
    const events = await drain(outbox, 'sink');
    expect(events.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(await verifyCounters(outbox.store)).toEqual([]);
    await outbox.close();
  });

  test('a stream that moves to another tenant reads everything there', async () => {
    const outbox = await openAt(await kind.place());
    const claim = await claimAt(outbox);
    await changeCheckpoint(outbox.store, claim, () => ({ watermark: '2026-01-01T00:00:00Z' }));
    const moved = await claimAt(outbox, { tenant: 'other', subscription: 's', connection: 'c', dataset: 'things' });
    expect(moved.keyspace).not.toBe(claim.keyspace);
    expect(moved.checkpoint).toEqual({});
    await outbox.close();
  });
});
