import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { registerSink } from '../../outbox/delivery.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { changeCheckpoint, claimStream } from '../../outbox/streams.ts';
import { openOutbox } from '../open-outbox.ts';
import { feedsInventory, INVENTORY, inventoryConsumer } from './consumer.ts';
import { rebuildInventory } from './rebuild.ts';

const made: { dir: string; outbox: Outbox }[] = [];
afterEach(async () => {
  for (const { dir, outbox } of made.splice(0)) {
    await outbox.close();
    await rm(dir, { recursive: true, force: true });
  }
});

async function open(): Promise<Outbox> {
  const dir = await mkdtemp(join(tmpdir(), 'quarry-consumer-'));
  const outbox = await openOutbox({ dataDir: dir }, 1);
  made.push({ dir, outbox });
  await registerSink(outbox.store, INVENTORY, feedsInventory, 1);
  return outbox;
}

const hasIndex = async ({ store }: Outbox): Promise<boolean> => {
  const { rows } = await sql`SELECT name FROM sqlite_master WHERE name = 'finding_qid'`.execute(store.db);
  return rows.length === 1;
};

const signal = new AbortController().signal;

test('findings get their index by QID when the first reading is over and everything is folded, not before', async () => {
  const outbox = await open();
  const identity = { tenant: 't', subscription: 's', connection: 'c', dataset: 'host_list_detection' };
  const claim = await claimStream(outbox.store, identity);
  const pull = { id: 1, mode: 'full' as const, scope: '', resume: [] };
  await changeCheckpoint(outbox.store, claim, () => ({ pull }));
  const { open: inventory } = inventoryConsumer(outbox);
  await inventory.write([], signal);
  expect(await hasIndex(outbox)).toBe(false);

  await changeCheckpoint(outbox.store, claim, () => ({ watermark: '2026-01-01T00:00:00Z' }));
  const waiting = (batches: number) =>
    outbox.store.db.updateTable('sink').set({ pending_batches: batches }).where('name', '=', INVENTORY).execute();
  await waiting(1);
  await inventory.write([], signal);
  expect(await hasIndex(outbox)).toBe(false);
  await waiting(0);
  await inventory.write([], signal);
  expect(await hasIndex(outbox)).toBe(true);

  // A later pull, or a start with the index in place, changes nothing.
  await changeCheckpoint(outbox.store, claim, () => ({ watermark: '2026-01-01T00:00:00Z', pull }));
  await inventoryConsumer(outbox).open.write([], signal);
  expect(await hasIndex(outbox)).toBe(true);
});

test('a rebuild fills without the index; whoever stops with nothing left makes it', async () => {
  const outbox = await open();
  const { open: inventory } = inventoryConsumer(outbox);
  await inventory.close();
  expect(await hasIndex(outbox)).toBe(true);
  await rebuildInventory(outbox, 2);
  expect(await hasIndex(outbox)).toBe(false);
  await inventoryConsumer(outbox).open.close();
  expect(await hasIndex(outbox)).toBe(true);
});
