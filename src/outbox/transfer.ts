/**
 * The state of all streams as text, to move an installation without reading or sending anything again: what is known of
 * every key, checkpoints between pulls, counters. Bodies, sinks and what is still pending do not move: deliver first.
 *
 * One JSON value a line (NDJSON), in this order:
 *   { "quarry_state": 1 }
 *   { "keyspace": { "tenant", "subscription", "dataset", "unknown_fields" } }     and for each of it, in key order:
 *   { "keys": [[lead, key, fingerprint, version, changes, form, since], …] }      up to 1,000 a line
 *   { "stream": { …identity, "seq", "checkpoint", counters } }
 *   { "end": { "keys": n, "streams": n } }
 *
 * A pull under way is left out of the checkpoint: the importing side begins a new one from the watermark. Importing
 * writes keys first and streams last, in one transaction, when the end has been seen; killed before that, no stream is
 * there and the import can be repeated.
 */
import { QuarryError } from '../core/errors.ts';
import type { Store } from '../store/store.ts';
import { REMOVED } from './identity.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { keyLine, readLine, type StreamLine } from './transfer-lines.ts';
import { FIRST, keysBehind } from './walk.ts';

const VERSION = 1;
const KEYS_PER_LINE = 1000;
const COLUMNS = ['lead', 'key', 'fingerprint', 'version', 'changes', 'form', 'since'] as const;

/** The state as lines, each ended by a line feed. Memory does not grow with the number of keys. */
export async function* exportState(store: Store<OutboxSchema>): AsyncGenerator<string> {
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
  yield line({ quarry_state: VERSION });
  let keys = 0;
  for (const { id, keys: _, ...keyspace } of await store.db
    .selectFrom('keyspace')
    .selectAll()
    .orderBy('id')
    .execute()) {
    yield line({ keyspace });
    for await (const rows of keysOf(store, id)) {
      keys += rows.length;
      yield line({ keys: rows.map(keyLine) });
    }
  }
  const streams = await store.db.selectFrom('stream').selectAll().orderBy('id').execute();
  for (const { id: _, keyspace: __, fence: ___, checkpoint, ...stream } of streams) {
    const { pull: ____, ...settled } = JSON.parse(checkpoint) as StreamLine['checkpoint'];
    yield line({ stream: { ...stream, checkpoint: settled } });
  }
  yield line({ end: { keys, streams: streams.length } });
}

async function* keysOf(store: Store<OutboxSchema>, keyspace: number) {
  for (let after = FIRST; ; ) {
    const rows = await keysBehind(store, keyspace, after, null, KEYS_PER_LINE, COLUMNS);
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)!;
  }
}

export interface Imported {
  readonly keys: number;
  readonly streams: number;
}

/** Reads what `exportState` wrote, line by line. Throws QRY4014 on anything else, QRY4015 where a stream is there already. */
export async function importState(store: Store<OutboxSchema>, lines: AsyncIterable<string>): Promise<Imported> {
  const spaces: { id: number; tenant: string; subscription: string; dataset: string; keys: number }[] = [];
  const streams: StreamLine[] = [];
  let number = 0;
  let ended = false;
  let keys = 0;
  for await (const text of lines) {
    if (text === '') continue;
    const line = readLine(text, ++number);
    if (ended || (number === 1) !== 'quarry_state' in line) throw notState(number, 'this line does not belong here');
    if ('quarry_state' in line) {
      if (line.quarry_state !== VERSION) throw notState(number, `version ${line.quarry_state} is not known`);
    } else if ('keyspace' in line) {
      const { tenant, subscription, dataset, unknown_fields } = line.keyspace;
      spaces.push({ ...(await newKeyspace(store, tenant, subscription, dataset, unknown_fields)), keys: 0 });
    } else if ('keys' in line) {
      const space = spaces.at(-1);
      if (space === undefined) throw notState(number, 'keys of no key space');
      const written = await store.transaction((tx) =>
        tx.insertMany('known_key', { keyspace: space.id, ...line.keys, batch: 0, event: 0 }),
      );
      if (written !== line.keys.lead.length) throw notState(number, 'a key stands there twice');
      keys += written;
      space.keys += line.keys.fingerprint.filter((fingerprint) => fingerprint !== REMOVED).length;
    } else if ('stream' in line) {
      streams.push(line.stream);
    } else {
      ended = true;
      if (line.end.keys !== keys || line.end.streams !== streams.length)
        throw notState(
          number,
          `${keys} keys and ${streams.length} streams came, not ${line.end.keys} and ${line.end.streams}`,
        );
    }
  }
  if (!ended) throw notState(number, 'it ends before its end');
  await store.transaction(async (tx) => {
    for (const { id, keys } of spaces) await tx.db.updateTable('keyspace').set({ keys }).where('id', '=', id).execute();
    for (const stream of streams) {
      const space = spaces.find(
        ({ tenant, subscription, dataset }) =>
          tenant === stream.tenant && subscription === stream.subscription && dataset === stream.dataset,
      );
      if (space === undefined) throw notState(number, `no key space for ${stream.connection}/${stream.dataset}`);
      await refuseExisting(tx.db, stream);
      const checkpoint = JSON.stringify(stream.checkpoint);
      const row = { ...stream, id: await takeNumber(tx, 'stream'), keyspace: space.id, fence: 0, checkpoint };
      await tx.db.insertInto('stream').values(row).execute();
    }
  });
  return { keys, streams: streams.length };
}

/** The key space, empty: keys that an import left when it was killed go first. */
async function newKeyspace(
  store: Store<OutboxSchema>,
  tenant: string,
  subscription: string,
  dataset: string,
  unknown_fields: string,
) {
  return store.transaction(async (tx) => {
    await refuseExisting(tx.db, { tenant, subscription, dataset });
    const known = await tx.db
      .selectFrom('keyspace')
      .select('id')
      .where('tenant', '=', tenant)
      .where('subscription', '=', subscription)
      .where('dataset', '=', dataset)
      .executeTakeFirst();
    const id = known?.id ?? (await takeNumber(tx, 'keyspace'));
    if (known !== undefined) await tx.db.deleteFrom('known_key').where('keyspace', '=', id).execute();
    const row = { id, tenant, subscription, dataset, unknown_fields };
    await tx.db
      .insertInto('keyspace')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ unknown_fields, keys: 0 }))
      .execute();
    return { id, tenant, subscription, dataset };
  });
}

async function refuseExisting(
  db: Store<OutboxSchema>['db'],
  stream: Partial<Pick<OutboxSchema['stream'], 'tenant' | 'subscription' | 'connection' | 'dataset'>>,
): Promise<void> {
  let query = db.selectFrom('stream').select(['connection', 'dataset']);
  for (const name of ['tenant', 'subscription', 'connection', 'dataset'] as const) {
    const value = stream[name];
    // A connection's name is taken whatever its tenant.
    if (value !== undefined && (stream.connection === undefined || name === 'connection' || name === 'dataset'))
      query = query.where(name, '=', value);
  }
  const found = await query.executeTakeFirst();
  if (found !== undefined)
    throw new QuarryError('QRY4015', { what: `The stream ${found.connection}/${found.dataset} is here already.` });
}

const notState = (line: number, what: string): QuarryError =>
  new QuarryError('QRY4014', { what, where: `line ${line}` });
