import { expect, test } from 'vitest';
import { drain } from '../../test/support/deliveries.ts';
import { appendThings, claimAt, IDENTITY, openAt, removalFacts, type Thing } from '../../test/support/pages.ts';
import { describeStores } from '../../test/support/stores.ts';
import { registerSink } from './delivery.ts';
import type { Outbox } from './outbox.ts';
import { changeCheckpoint, listStreams } from './streams.ts';
import { concludeSweep, openSweep } from './sweep.ts';
import { exportState, importState } from './transfer.ts';
import { verifyCounters } from './verify.ts';

const things: Thing[] = Array.from({ length: 2500 }, (_, i) => ({
  host: Math.floor(i / 10) + 1,
  name: `é${i}\t"`,
  text: 'x',
  ...(i % 2 === 0 ? { version: '2026-01-01T00:00:00Z' } : {}),
}));

async function exported(outbox: Outbox): Promise<string> {
  let text = '';
  for await (const line of exportState(outbox.store)) text += line;
  return text;
}
async function* lines(text: string): AsyncGenerator<string> {
  yield* text.split('\n');
}

async function filled(outbox: Outbox): Promise<void> {
  const claim = await claimAt(outbox);
  await appendThings(outbox, claim, things, { pull: 100 });
  const id = await openSweep(outbox, claim, 'full', 200, '');
  await appendThings(outbox, claim, things.slice(10), { pull: 200, sweep: { id, from: 1, to: null } });
  await concludeSweep(outbox, removalFacts(claim, 200), id, 'purged');
  const pull = { id: 300, mode: 'full' as const, scope: '', resume: [], sweep: 7 };
  await changeCheckpoint(outbox.store, claim, () => ({ watermark: '2026-01-02T00:00:00Z', scope: 's', pull }));
}

describeStores('moving the state', (kind) => {
  test('nothing is emitted again at the new place, and removals and numbers go on', async () => {
    const [from, to] = [await openAt(await kind.place()), await openAt(await kind.place())];
    await filled(from);
    const text = await exported(from);
    expect(await importState(to.store, lines(text))).toEqual({ keys: 2500, streams: 1 });
    const [before] = await listStreams(from.store);
    const [after] = await listStreams(to.store);
    expect(after).toEqual({ ...before, checkpoint: { watermark: '2026-01-02T00:00:00Z', scope: 's' } });
    expect(await exported(to)).toBe(text);
    expect(await verifyCounters(to.store)).toEqual([]);

    await registerSink(to.store, 'sink', () => true, 1);
    const claim = await claimAt(to);
    const back = things.map((thing) => (thing.name === 'é15\t"' ? { ...thing, text: 'y' } : thing));
    await appendThings(to, claim, back, { pull: 400, sinks: ['sink'] });
    const events = await drain(to, 'sink');
    expect(events.map(({ change }) => change)).toEqual([...Array(10).fill('new'), 'updated']);
    expect(events[0]?.seq).toBe(2511);
    expect(await verifyCounters(to.store)).toEqual([]);
    await from.close();
    await to.close();
  });

  test('what is there already is not overwritten', async () => {
    const [from, to] = [await openAt(await kind.place()), await openAt(await kind.place())];
    await filled(from);
    const text = await exported(from);
    await claimAt(to, { ...IDENTITY, tenant: 'other' });
    await expect(importState(to.store, lines(text))).rejects.toMatchObject({ code: 'QRY4015' });
    await expect(importState(from.store, lines(text))).rejects.toMatchObject({ code: 'QRY4015' });
    expect((await listStreams(from.store))[0]).toMatchObject({ knownKeys: 2490 });
    await from.close();
    await to.close();
  });

  test('cut off, damaged or foreign text imports no stream, and the whole can be imported afterwards', async () => {
    const [from, to] = [await openAt(await kind.place()), await openAt(await kind.place())];
    await filled(from);
    const text = await exported(from);
    const all = text.split('\n');
    const without = (n: number): string => all.filter((_, i) => i !== n).join('\n');
    const bad = [
      ...[all.slice(0, -2).join('\n'), all.slice(0, 3).join('\n'), '', '{}', 'no JSON', '{"quarry_state":2}'],
      ...[without(0), without(1), without(2), without(all.length - 3), `${text}{"quarry_state":1}`],
      text.replace('"keys":[[1,', '"keys":[["1",'),
      all.flatMap((line, i) => (i === 2 ? [line, line] : [line])).join('\n'),
    ];
    for (const one of bad)
      await expect(importState(to.store, lines(one)), one.slice(0, 80)).rejects.toMatchObject({ code: 'QRY4014' });
    expect(await listStreams(to.store)).toEqual([]);
    expect(await importState(to.store, lines(text))).toEqual({ keys: 2500, streams: 1 });
    expect(await verifyCounters(to.store)).toEqual([]);
    await from.close();
    await to.close();
  });
});
